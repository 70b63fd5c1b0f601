// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Demangles the usual names of C++ (Itanium ABI), in a tenth of libiberty's time: it is most of what symbolizing a large profile takes.
 *
 * What parts stand for is written at once, one behind the other, so whatever is referred to later is a range of the text that is there
 * already, and no tree of it is made. That goes for names, types, and template arguments. What does not fit is left to libiberty: among
 * others expressions, lambdas, local names, arrays, pointers to members; and whatever is not understood.
 */
#include <stdint.h>
#include <string.h>

#include "demangle.h"
#include "demangle_cxx.h"

#define TEXT_MAX	8192U	/* what is dropped or put elsewhere included */
#define SUBS_MAX	256U
#define ARGS_MAX	64U
#define ITEMS_MAX	128U
#define DEPTH_MAX	64U

/* WRAPPED: "*" and the like would go into its middle, as of functions. HIDDEN: differs from one use to the next */
enum kind { PLAIN, FUNCTION, WRAPPED, HIDDEN };

struct range {
	uint16_t from, to;
	uint8_t kind;
};

/* A template argument; a pack is @nr items from @first on. */
struct arg {
	struct range text;
	bool pack;
	uint16_t first, nr;
};

struct cxx {
	const char *at, *end;
	size_t len;
	struct range subs[SUBS_MAX];
	unsigned int nr_subs, nr_args, nr_items, depth;
	struct arg args[ARGS_MAX];		/* of the function, when those of its name are known */
	struct range items[ITEMS_MAX];
	bool has_args;
	const struct arg *pack;			/* that is being expanded, and which item of it is shown */
	unsigned int item;
	bool expands, again;
	char last;				/* what was written last, which may have been taken back */
	char text[TEXT_MAX];
};

/* What a name turned out to be. */
struct name {
	bool is_template, is_ctor, is_const, has_operator;
};

static bool type(struct cxx *cxx, enum kind *kind);
static bool template_args(struct cxx *cxx, bool keep);

/* ---- text ---- */

static bool put(struct cxx *cxx, const char *text, size_t len)
{
	if (len > TEXT_MAX - cxx->len)
		return false;
	memcpy(cxx->text + cxx->len, text, len);
	cxx->len += len;
	if (len)
		cxx->last = text[len - 1];
	return true;
}

static bool puts_at(struct cxx *cxx, const char *text)
{
	return put(cxx, text, strlen(text));
}

static bool put_char(struct cxx *cxx, char c)
{
	return put(cxx, &c, 1);
}

static bool put_range(struct cxx *cxx, const struct range *range)
{
	return put(cxx, cxx->text + range->from, (size_t)(range->to - range->from));
}

static bool ends_in(const struct cxx *cxx, size_t start, const char *text)
{
	size_t len = strlen(text);

	return cxx->len - start >= len && !memcmp(cxx->text + cxx->len - len, text, len);
}

/* Take back the comma before what turned out to be empty. Whether two brackets may follow each other then goes by the blank in it. */
static void take_back(struct cxx *cxx, size_t len)
{
	if (cxx->len == len)
		return;
	cxx->len = len;
	cxx->last = ' ';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The text from @start on may be referred to. */
static bool remember(struct cxx *cxx, size_t start, enum kind kind)
{
	if (cxx->again)
		return true;
	if (cxx->nr_subs == SUBS_MAX)
		return false;
	cxx->subs[cxx->nr_subs++] = (struct range){ (uint16_t)start, (uint16_t)cxx->len, cxx->expands ? HIDDEN : kind };
	return true;
}

/* ---- names ---- */

static bool number(struct cxx *cxx, size_t *value)
{
	if (!is_digit(*cxx->at))
		return false;
	for (*value = 0; is_digit(*cxx->at); cxx->at++) {
		*value = *value * 10 + (size_t)(*cxx->at - '0');
		if (*value > KTALLY_MANGLED_MAX)
			return false;
	}
	return true;
}

static bool source_name(struct cxx *cxx)
{
	const char *name;
	size_t len;

	if (!number(cxx, &len) || !len || len > (size_t)(cxx->end - cxx->at))
		return false;
	name = cxx->at;
	cxx->at += len;
	if (name[len - 1] == '&' || (len >= 6 && name[len - 6] == ' '))	/* a type that looks as if more had been said of it */
		return false;
	if (len >= 10 && !memcmp(name, "_GLOBAL_", 8) && (name[8] == '_' || name[8] == '.' || name[8] == '$') && name[9] == 'N')
		return puts_at(cxx, "(anonymous namespace)");
	return put(cxx, name, len);
}

static bool operator_name(struct cxx *cxx)
{
	static const char operators[][12] = {
		"aN&=", "aS=", "aa&&", "ad&", "an&", "cl()", "cm,", "co~", "dV/=", "dadelete[]", "de*", "dldelete", "dv/", "eO^=", "eo^", "eq==", "ge>=",
		"gt>", "ix[]", "lS<<=", "le<=", "ls<<", "lt<", "mI-=", "mL*=", "mi-", "ml*", "mm--", "nanew[]", "ne!=", "ng-", "nt!", "nwnew",
		"oR|=", "oo||", "or|", "pL+=", "pl+", "pm->*", "pp++", "ps+", "pt->", "qu?", "rM%=", "rS>>=", "rm%", "rs>>",
	};
	unsigned int i;

	for (i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
		if (operators[i][0] != cxx->at[0] || operators[i][1] != cxx->at[1])
			continue;
		cxx->at += 2;
		return puts_at(cxx, operators[i][2] >= 'a' && operators[i][2] <= 'z' ? "operator " : "operator") && puts_at(cxx, operators[i] + 2);
	}
	return false;
}

/* "C1", "D0": named as the class, the last name that was seen. */
static bool ctor_name(struct cxx *cxx, const struct range *last, struct name *name)
{
	bool dtor = *cxx->at == 'D';

	if (last->to == last->from || cxx->at[1] < (dtor ? '0' : '1') || cxx->at[1] > (dtor ? '2' : '3'))
		return false;
	cxx->at += 2;
	name->is_ctor = true;
	return (!dtor || put_char(cxx, '~')) && put_range(cxx, last);
}

static bool tags(struct cxx *cxx)
{
	while (*cxx->at == 'B') {
		cxx->at++;
		if (!puts_at(cxx, "[abi:") || !source_name(cxx) || !put_char(cxx, ']'))
			return false;
	}
	return true;
}

/* @last: that of the class, if it is inside of one, and then this one */
static bool unqualified_name(struct cxx *cxx, struct range *last, struct name *name)
{
	size_t start = cxx->len;
	bool local = *cxx->at == 'L';

	name->is_ctor = false;
	if (*cxx->at == 'C' || *cxx->at == 'D')
		return ctor_name(cxx, last, name) && *cxx->at != 'B';
	if (*cxx->at >= 'a' && *cxx->at <= 'z') {
		*last = (struct range){ 0 };
		name->has_operator = true;
		return operator_name(cxx) && tags(cxx);
	}
	cxx->at += local;
	if (!source_name(cxx) || (local && *cxx->at == '_'))
		return false;
	*last = (struct range){ (uint16_t)start, (uint16_t)cxx->len, PLAIN };
	return tags(cxx);
}

/* "Sa", "Ss": whole, they are another name as the class of a constructor */
static bool standard_name(struct cxx *cxx)
{
	static const char *const names[] = { "aallocator", "bbasic_string", "sstring", "iistream", "oostream", "diostream" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (cxx->at[1] != names[i][0])
			continue;
		cxx->at += 2;
		return *cxx->at != 'C' && *cxx->at != 'D' && *cxx->at != 'B' && puts_at(cxx, "std::") && puts_at(cxx, names[i] + 1);
	}
	return false;
}

/* "S_", "S0_", ..., "SZ_", "S10_": the first, the second, ... that may be referred to */
static bool substitution(struct cxx *cxx, enum kind *kind)
{
	const char *at = cxx->at + 1;
	size_t n = 0;

	for (; *at != '_'; at++) {
		if (!is_digit(*at) && (*at < 'A' || *at > 'Z'))
			return false;
		n = n * 36 + (size_t)(is_digit(*at) ? *at - '0' : *at - 'A' + 10);
		if (n >= SUBS_MAX)
			return false;
	}
	n += at > cxx->at + 1;
	cxx->at = at + 1;
	if (n >= cxx->nr_subs || cxx->subs[n].kind == HIDDEN)
		return false;
	*kind = cxx->subs[n].kind;
	return put_range(cxx, &cxx->subs[n]);
}

/* One part of a nested name. */
static bool nested_part(struct cxx *cxx, size_t start, struct range *last, struct name *name, bool keep)
{
	bool first = cxx->len == start;
	enum kind kind = PLAIN;

	if (*cxx->at == 'S') {
		if (!first)
			return false;
		if (cxx->at[1] == 't') {
			cxx->at += 2;
			return puts_at(cxx, "std");
		}
		return is_digit(cxx->at[1]) || cxx->at[1] == '_' || (cxx->at[1] >= 'A' && cxx->at[1] <= 'Z') ? substitution(cxx, &kind) && kind == PLAIN :
												      standard_name(cxx);
	}
	if (*cxx->at == 'I') {
		if (first || name->is_template || !template_args(cxx, keep))
			return false;
		name->is_template = true;
	} else {
		name->is_template = false;
		if ((!first && !put(cxx, "::", 2)) || !unqualified_name(cxx, last, name))
			return false;
	}
	return *cxx->at == 'E' || remember(cxx, start, PLAIN);
}

/* "N...E". @keep: template arguments of the last part are those of the function */
static bool nested_name(struct cxx *cxx, struct name *name, bool keep)
{
	struct range last = { 0 };
	size_t start = cxx->len;
	unsigned int parts;

	cxx->at++;
	if (*cxx->at == 'K') {
		name->is_const = true;
		cxx->at++;
	}
	if (*cxx->at == 'r')	/* restrict, no operator */
		return false;
	for (parts = 0; *cxx->at != 'E' || parts < 2; parts++)
		if (!nested_part(cxx, start, &last, name, keep))
			return false;
	cxx->at++;
	return true;
}

/* Of a function or a type: "N...E", "St3foo", "3foo", with template arguments or without. */
static bool name_of(struct cxx *cxx, struct name *name, bool keep)
{
	struct range last = { 0 };
	size_t start = cxx->len;

	if (*cxx->at == 'N')
		return nested_name(cxx, name, keep);
	if (*cxx->at == 'S' && cxx->at[1] == 't') {
		cxx->at += 2;
		if (!put(cxx, "std::", 5))
			return false;
	}
	if (!unqualified_name(cxx, &last, name))
		return false;
	if (*cxx->at != 'I')
		return true;
	name->is_template = true;
	return remember(cxx, start, PLAIN) && template_args(cxx, keep);
}

/* ---- template arguments ---- */

static const char *builtin(char c)
{
	static const char *const names[26] = {
		['v' - 'a'] = "void", ['w' - 'a'] = "wchar_t", ['b' - 'a'] = "bool", ['c' - 'a'] = "char", ['a' - 'a'] = "signed char",
		['h' - 'a'] = "unsigned char", ['s' - 'a'] = "short", ['t' - 'a'] = "unsigned short", ['i' - 'a'] = "int",
		['j' - 'a'] = "unsigned int", ['l' - 'a'] = "long", ['m' - 'a'] = "unsigned long", ['x' - 'a'] = "long long",
		['y' - 'a'] = "unsigned long long", ['n' - 'a'] = "__int128", ['o' - 'a'] = "unsigned __int128", ['f' - 'a'] = "float",
		['d' - 'a'] = "double", ['e' - 'a'] = "long double", ['g' - 'a'] = "__float128", ['z' - 'a'] = "...",
	};

	return c >= 'a' && c <= 'z' ? names[c - 'a'] : NULL;
}

static const char *integer_suffix(char c)
{
	switch (c) {
	case 'i':
		return "";
	case 'j':
		return "u";
	case 'l':
		return "l";
	case 'm':
		return "ul";
	case 'x':
		return "ll";
	case 'y':
		return "ull";
	default:
		return NULL;
	}
}

/* "Li5E", "Lb1E", "LN1a4EnumE3E" */
static bool literal(struct cxx *cxx)
{
	const char *suffix = integer_suffix(cxx->at[1]), *digits;
	enum kind kind = PLAIN;

	cxx->at++;
	if (*cxx->at == 'b' && (cxx->at[1] == '0' || cxx->at[1] == '1') && cxx->at[2] == 'E') {
		cxx->at += 3;
		return puts_at(cxx, cxx->at[-2] == '1' ? "true" : "false");
	}
	if (suffix)
		cxx->at++;
	else if (strchr("bdefgvz_Z", *cxx->at) || !put_char(cxx, '(') || !type(cxx, &kind) || kind != PLAIN || !put_char(cxx, ')'))
		return false;
	if (*cxx->at == 'n') {
		cxx->at++;
		if (!put_char(cxx, '-'))
			return false;
	}
	for (digits = cxx->at; is_digit(*cxx->at); cxx->at++)
		;
	if (cxx->at == digits || *cxx->at != 'E' || !put(cxx, digits, (size_t)(cxx->at - digits)))
		return false;
	cxx->at++;
	return !suffix || puts_at(cxx, suffix);
}

static bool template_arg(struct cxx *cxx, enum kind *kind)
{
	*kind = PLAIN;
	return *cxx->at == 'L' ? literal(cxx) : type(cxx, kind);
}

/* Until "E", with commas; none is left behind the last that is not empty. */
static bool items(struct cxx *cxx, bool keep)
{
	size_t shown = cxx->len, start, nr;
	enum kind kind;

	for (nr = 0; *cxx->at != 'E'; nr++) {
		if (nr && !put(cxx, ", ", 2))
			return false;
		start = cxx->len;
		if (!template_arg(cxx, &kind) || (keep && cxx->nr_items == ITEMS_MAX))
			return false;
		if (keep)
			cxx->items[cxx->nr_items++] = (struct range){ (uint16_t)start, (uint16_t)cxx->len, kind };
		if (cxx->len > start)
			shown = cxx->len;
	}
	cxx->at++;
	take_back(cxx, shown);
	return true;
}

static bool arg_or_pack(struct cxx *cxx, bool keep)
{
	struct arg arg = { .first = (uint16_t)cxx->nr_items };
	size_t start = cxx->len;
	enum kind kind = PLAIN;

	arg.pack = *cxx->at == 'J';
	cxx->at += arg.pack;
	if (arg.pack ? !items(cxx, keep) : !template_arg(cxx, &kind))
		return false;
	if (!keep)
		return true;
	if (cxx->nr_args == ARGS_MAX)
		return false;
	arg.text = (struct range){ (uint16_t)start, (uint16_t)cxx->len, kind };
	arg.nr = (uint16_t)(cxx->nr_items - arg.first);
	cxx->args[cxx->nr_args++] = arg;
	return true;
}

static bool template_args(struct cxx *cxx, bool keep)
{
	size_t shown, start, nr;

	if (++cxx->depth > DEPTH_MAX)
		return false;
	if (keep)
		cxx->nr_args = cxx->nr_items = 0;
	cxx->at++;
	if ((cxx->last == '<' && !put_char(cxx, ' ')) || !put_char(cxx, '<'))
		return false;
	shown = cxx->len;
	for (nr = 0; *cxx->at != 'E'; nr++) {
		if (nr && !put(cxx, ", ", 2))
			return false;
		start = cxx->len;
		if (!arg_or_pack(cxx, keep))
			return false;
		if (cxx->len > start)
			shown = cxx->len;
	}
	cxx->at++;
	take_back(cxx, shown);
	cxx->depth--;
	return (cxx->last != '>' || put_char(cxx, ' ')) && put_char(cxx, '>');
}

/* "T_", "T0_", ...: an argument of the function's own template */
static bool template_param(struct cxx *cxx, enum kind *kind)
{
	const struct arg *arg;
	size_t n = 0;

	cxx->at++;
	if (*cxx->at != '_') {
		if (!number(cxx, &n))
			return false;
		n++;
	}
	if (*cxx->at++ != '_' || *cxx->at == 'I' || !cxx->has_args || n >= cxx->nr_args)
		return false;
	arg = &cxx->args[n];
	if (!arg->pack) {
		*kind = arg->text.kind;
		return put_range(cxx, &arg->text);
	}
	if (!cxx->expands || (cxx->pack && cxx->pack != arg))
		return false;
	cxx->pack = arg;
	if (!arg->nr)
		return true;
	*kind = cxx->items[arg->first + cxx->item].kind;
	return put_range(cxx, &cxx->items[arg->first + cxx->item]);
}

/* "DpT_": what it says of each item of a pack. */
static bool expansion(struct cxx *cxx)
{
	const char *pattern = cxx->at + 2;
	char last = cxx->last;
	enum kind kind = PLAIN;
	size_t start = cxx->len;
	bool done = false;

	if (cxx->expands)
		return false;
	cxx->expands = true;
	cxx->pack = NULL;
	for (cxx->item = 0; !done; cxx->item++) {
		cxx->at = pattern;
		if ((cxx->item && !put(cxx, ", ", 2)) || !type(cxx, &kind) || kind != PLAIN || !cxx->pack)
			return false;
		cxx->again = true;
		done = cxx->item + 1 >= cxx->pack->nr;
	}
	if (!cxx->pack->nr) {
		cxx->len = start;
		cxx->last = last;
	}
	cxx->again = false;
	done = remember(cxx, start, HIDDEN);
	cxx->expands = false;
	return done;
}

/* ---- types ---- */

/* "(int, char)", until "E" or the end. */
static bool parameters(struct cxx *cxx)
{
	size_t shown, start, nr;
	enum kind kind;

	if (!put_char(cxx, '('))
		return false;
	if (*cxx->at == 'v' && (cxx->at + 1 == cxx->end || cxx->at[1] == 'E' || cxx->at[1] == '.')) {
		cxx->at++;
		return put_char(cxx, ')');
	}
	shown = cxx->len;
	for (nr = 0; cxx->at < cxx->end && *cxx->at != 'E' && *cxx->at != '.'; nr++) {
		if (*cxx->at == 'v' || (nr && !put(cxx, ", ", 2)))
			return false;
		start = cxx->len;
		if (!type(cxx, &kind))
			return false;
		if (cxx->len > start)
			shown = cxx->len;
	}
	take_back(cxx, shown);
	return nr && put_char(cxx, ')');
}

/* "FvivE": "void (int)". *@paren: where the first bracket is */
static bool function_type(struct cxx *cxx, size_t *paren)
{
	size_t start = cxx->len;
	enum kind kind;

	cxx->at++;
	if (*cxx->at == 'Y' || !type(cxx, &kind) || kind != PLAIN || !put_char(cxx, ' '))
		return false;
	*paren = cxx->len;
	if (!parameters(cxx) || *cxx->at != 'E')
		return false;
	cxx->at++;
	return remember(cxx, start, FUNCTION);
}

/* "PFvivE": "void (*)(int)". What was remembered of the function itself is of no use any more, what lies in its brackets has moved. */
static bool function_pointer(struct cxx *cxx, enum kind *kind)
{
	static const char mark[] = "(*)";
	size_t start = cxx->len, paren, more = sizeof(mark) - 1, i;

	cxx->at++;
	if (!function_type(cxx, &paren) || more > TEXT_MAX - cxx->len)
		return false;
	if (!cxx->again)
		cxx->subs[cxx->nr_subs - 1].kind = HIDDEN;
	memmove(cxx->text + paren + more, cxx->text + paren, cxx->len - paren);
	memcpy(cxx->text + paren, mark, more);
	cxx->len += more;
	for (i = 0; i < cxx->nr_subs; i++) {
		if (cxx->subs[i].from < paren)
			continue;
		cxx->subs[i].from += more;
		cxx->subs[i].to += more;
	}
	*kind = WRAPPED;
	return remember(cxx, start, WRAPPED);
}

/* What comes behind the type that it is said of. Of a reference to an argument that is a reference one is left. */
static bool suffixed(struct cxx *cxx, enum kind *kind)
{
	bool ok = true, argument = cxx->at[1] == 'T';
	size_t start = cxx->len;
	char what = *cxx->at;

	if (what == 'P' && cxx->at[1] == 'F')
		return function_pointer(cxx, kind);
	cxx->at++;
	if ((what == 'K' && strchr("KVrF", *cxx->at)) || !type(cxx, kind) || *kind != PLAIN)
		return false;
	if (what == 'K')
		ok = ends_in(cxx, start, " const") || puts_at(cxx, " const");
	else if (what == 'P')
		ok = put_char(cxx, '*');
	else if (!ends_in(cxx, start, "&"))
		ok = puts_at(cxx, what == 'R' ? "&" : "&&");
	else
		ok = argument && (what == 'O' || !ends_in(cxx, start, "&&"));
	return ok && remember(cxx, start, PLAIN);
}

static bool class_type(struct cxx *cxx, enum kind *kind)
{
	size_t start = cxx->len;
	struct name name = { 0 };

	if (*cxx->at != 'S' || cxx->at[1] == 't')
		return name_of(cxx, &name, false) && !name.is_const && !name.is_ctor && !name.has_operator && remember(cxx, start, PLAIN);
	if (cxx->at[1] >= 'a' && cxx->at[1] <= 'z' ? !standard_name(cxx) : !substitution(cxx, kind))
		return false;
	if (*cxx->at != 'I')
		return true;
	return *kind == PLAIN && template_args(cxx, false) && remember(cxx, start, PLAIN);
}

static bool type_at(struct cxx *cxx, enum kind *kind)
{
	const char *name = builtin(*cxx->at);
	size_t start = cxx->len, paren;

	*kind = PLAIN;
	if (name) {
		cxx->at++;
		return puts_at(cxx, name);
	}
	switch (*cxx->at) {
	case 'K':
	case 'P':
	case 'R':
	case 'O':
		return suffixed(cxx, kind);
	case 'F':
		*kind = FUNCTION;
		return function_type(cxx, &paren);
	case 'T':
		return template_param(cxx, kind) && remember(cxx, start, *kind);
	case 'D':
		return cxx->at[1] == 'p' && expansion(cxx);
	case 'S':
	case 'N':
		return class_type(cxx, kind);
	default:
		return is_digit(*cxx->at) && class_type(cxx, kind);
	}
}

static bool type(struct cxx *cxx, enum kind *kind)
{
	bool ok;

	if (++cxx->depth > DEPTH_MAX)
		return false;
	ok = type_at(cxx, kind);
	cxx->depth--;
	return ok;
}

/* ---- whole names ---- */

/* What compilers add to parts of a function: ".isra.0", ".cold" */
static bool clones(struct cxx *cxx)
{
	const char *start;

	while (cxx->at < cxx->end) {
		start = cxx->at++;
		if (*start != '.' || ((*cxx->at < 'a' || *cxx->at > 'z') && *cxx->at != '_'))
			return false;
		while ((*cxx->at >= 'a' && *cxx->at <= 'z') || *cxx->at == '_')
			cxx->at++;
		while (*cxx->at == '.' && is_digit(cxx->at[1]))
			for (cxx->at++; is_digit(*cxx->at); cxx->at++)
				;
		if (!puts_at(cxx, " [clone ") || !put(cxx, start, (size_t)(cxx->at - start)) || !put_char(cxx, ']'))
			return false;
	}
	return true;
}

static void append(char **to, const struct cxx *cxx, size_t from, size_t end)
{
	memcpy(*to, cxx->text + from, end - from);
	*to += end - from;
}

/* A function of a template is written behind what it returns, which is mangled behind it. */
static bool whole(struct cxx *cxx, char *buf)
{
	struct name name = { 0 };
	enum kind kind = PLAIN;
	size_t end, rest;

	if (!name_of(cxx, &name, true))
		return false;
	end = rest = cxx->len;
	cxx->has_args = name.is_template;
	if (cxx->at < cxx->end) {
		if (name.is_template && !name.is_ctor && (!type(cxx, &kind) || kind != PLAIN || !put_char(cxx, ' ')))
			return false;
		rest = cxx->len;
		if (!parameters(cxx) || *cxx->at == 'E')
			return false;
	}
	if ((name.is_const && !puts_at(cxx, " const")) || !clones(cxx) || cxx->len >= KTALLY_DEMANGLED_MAX)
		return false;
	append(&buf, cxx, end, rest);
	append(&buf, cxx, 0, end);
	append(&buf, cxx, rest, cxx->len);
	*buf = 0;
	return true;
}

bool ktally_demangle_usual(const char *name, char *buf)
{
	struct cxx cxx;

	if (name[0] != '_' || name[1] != 'Z')
		return false;
	cxx.at = name + 2;
	cxx.end = name + strlen(name);
	cxx.len = cxx.nr_subs = cxx.nr_args = cxx.nr_items = cxx.depth = 0;
	cxx.has_args = cxx.expands = cxx.again = false;
	cxx.last = 0;
	return whole(&cxx, buf);
}
