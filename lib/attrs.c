// SPDX-License-Identifier: LGPL-2.1-or-later
/* attrs.c: the parts of an event text behind SOURCE: FILTER and the table of attributes. */
#include <ctype.h>
#include <string.h>

#include "compile.h"

enum argument {
	ARG_NONE,
	ARG_OPTIONAL,
	ARG_REQUIRED,
	ARG_UNAVAILABLE,	/* a word of the language that this version does not do */
};

/**
 * struct attr - one attribute
 * @parse: reads what follows '='; the token at hand is the first of it, or the end of the part without '='
 * @data: for @parse
 * @many: may be given more than once
 */
struct attr {
	const char *name;
	enum argument argument;
	int (*parse)(struct kt_compile *c, const struct attr *attr, bool given);
	int data;
	bool many;
};

static bool at_part_end(const struct kt_compile *c)
{
	return c->tok.type == '/' || c->tok.type == KT_TOK_END;
}

/* ---- expressions with a format ---- */

static const enum ktally_kind formats[] = {
	KTALLY_KIND_UINT, KTALLY_KIND_INT, KTALLY_KIND_HEX, KTALLY_KIND_NS, KTALLY_KIND_TIME, KTALLY_KIND_BYTES, KTALLY_KIND_PID,
	KTALLY_KIND_CPU, KTALLY_KIND_SYSCALL, KTALLY_KIND_KSYM,
};
#define NR_FORMATS (sizeof(formats) / sizeof(formats[0]))

static int unknown_format(struct kt_compile *c, bool hist)
{
	char found[64];

	return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "unknown format %s behind ':'; known are uint int hex ns time bytes pid cpu syscall ksym%s",
		       kt_token_name(c, found, sizeof(found)), hist ? ", and for a histogram log2 lin(LOW,HIGH,STEP) ll(BITS)" : "");
}

static int parse_format(struct kt_compile *c, struct kt_item *item, bool hist)
{
	size_t i;

	for (i = 0; i < NR_FORMATS && c->tok.type == KT_TOK_NAME; i++) {
		if (strcmp(ktally_kind_name(formats[i]), c->tok.text))
			continue;
		if (item->node->type == KT_STRING)
			return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "a string has no number format");
		item->kind = formats[i];
		return kt_next(c);
	}
	return unknown_format(c, hist);
}

/* Text that will be a column's name: trimmed, cut to its place, without control characters. */
static void set_name(struct kt_item *item, const char *prefix, const char *text, int len)
{
	char *p;

	while (len > 0 && isspace((unsigned char)text[len - 1]))
		len--;
	if (prefix)
		snprintf(item->name, sizeof(item->name), "%s(%.*s)", prefix, len, text);
	else
		snprintf(item->name, sizeof(item->name), "%.*s", len, text);
	for (p = item->name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = ' ';
}

static int parse_item(struct kt_compile *c, struct kt_item *item, const char *prefix)
{
	int start = c->tok.pos;

	item->node = kt_parse_expr(c);
	if (!item->node)
		return c->rc;
	if (item->node->op == KT_LITERAL)
		return kt_fail(c, -EINVAL, item->node->pos, item->node->len, "text in quotes is only good for comparisons");
	item->kind = item->node->kind;
	set_name(item, prefix, c->text + start, c->tok.pos - start);
	return 0;
}

static struct kt_item *add_item(struct kt_compile *c, struct kt_items *items, unsigned int max, const char *what)
{
	if (items->nr >= max) {
		kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "more than %u %s", max, what);
		return NULL;
	}
	return &items->item[items->nr++];
}

static int parse_list(struct kt_compile *c, struct kt_items *items, unsigned int max, const char *what)
{
	int rc;

	for (;;) {
		struct kt_item *item = add_item(c, items, max, what);

		rc = item ? parse_item(c, item, NULL) : c->rc;
		while (!rc && c->tok.type == ':') {
			rc = kt_next(c);
			if (!rc)
				rc = parse_format(c, item, false);
		}
		if (rc || c->tok.type != ',')
			return rc;
		rc = kt_next(c);
		if (rc)
			return rc;
	}
}

/* ---- key, emit ---- */

static int parse_key(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)attr;
	(void)given;
	c->keyed = true;
	return parse_list(c, &c->keys, KTALLY_KEYS_MAX, "keys");
}

static int parse_emit(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)attr;
	c->emit = true;
	return given ? parse_list(c, &c->emits, KTALLY_REGS, "emitted values") : 0;
}

/* ---- value columns ---- */

static int parse_count(struct kt_compile *c, const struct attr *attr, bool given)
{
	struct kt_item *item = add_item(c, &c->values, KTALLY_COLUMNS_MAX, "columns");

	(void)given;
	if (!item)
		return c->rc;
	snprintf(item->name, sizeof(item->name), "%s", attr->name);
	item->kind = KTALLY_KIND_UINT;
	item->column.kind = KTALLY_COLUMN_COUNT;
	return 0;
}

static int parse_value(struct kt_compile *c, const struct attr *attr, bool given, struct kt_item **out)
{
	struct kt_item *item = add_item(c, &c->values, KTALLY_COLUMNS_MAX, "columns");

	(void)given;
	if (!item || parse_item(c, item, attr->name))
		return c->rc;
	if (item->node->type == KT_STRING)
		return kt_fail(c, -EINVAL, item->node->pos, item->node->len, "%s= needs a number and this is a string; it can be a key", attr->name);
	item->column.kind = attr->data;
	*out = item;
	return 0;
}

static int parse_aggregate(struct kt_compile *c, const struct attr *attr, bool given)
{
	struct kt_item *item;
	int rc;

	for (;;) {
		rc = parse_value(c, attr, given, &item);
		while (!rc && c->tok.type == ':') {
			rc = kt_next(c);
			if (!rc)
				rc = parse_format(c, item, false);
		}
		if (!rc && c->tok.type == ',')
			rc = kt_next(c);
		else
			return rc;
		if (rc)
			return rc;
	}
}

static int parse_linear(struct kt_compile *c, struct ktally_column *column)
{
	static const char *const what[] = { "the low end", "the high end", "the step" };
	int64_t param[3] = { 0, 0, 0 };
	unsigned int i;
	int rc = 0;

	for (i = 0; i < 3 && !rc; i++) {
		rc = kt_parse_const(c, what[i], &param[i], NULL);
		if (!rc && i < 2)
			rc = kt_expect(c, ',', "in lin(LOW,HIGH,STEP)");
	}
	column->param0 = param[0];
	column->param1 = param[1];
	column->param2 = param[2];
	return rc;
}

static int parse_loglin(struct kt_compile *c, struct ktally_column *column)
{
	int64_t bits = 0;
	int rc = kt_parse_const(c, "the number of bits", &bits, NULL);

	column->param0 = bits;
	return rc;
}

/* log2, lin(LOW,HIGH,STEP) or ll(BITS); 1: it is none of them */
static int parse_buckets(struct kt_compile *c, struct ktally_column *column)
{
	bool lin = !strcmp(c->tok.text, "lin"), ll = !strcmp(c->tok.text, "ll");
	int rc, pos = c->tok.pos;

	if (c->tok.type != KT_TOK_NAME)
		return 1;
	if (!strcmp(c->tok.text, "log2")) {
		column->hist = KTALLY_HIST_LOG2;
		return kt_next(c);
	}
	if (!lin && !ll)
		return 1;
	column->hist = lin ? KTALLY_HIST_LINEAR : KTALLY_HIST_LOGLIN;
	rc = kt_next(c);
	if (rc)
		return rc;
	c->parens++;
	rc = kt_expect(c, '(', lin ? "in lin(LOW,HIGH,STEP)" : "in ll(BITS)");
	if (!rc)
		rc = lin ? parse_linear(c, column) : parse_loglin(c, column);
	c->parens--;
	if (!rc && c->tok.type == ')' && ktally_column_cells(column) < 0)
		return kt_fail(c, -EINVAL, pos, c->tok.pos + 1 - pos, lin ?
			       "lin(LOW,HIGH,STEP) needs LOW < HIGH, STEP > 0 and at most %d buckets" :
			       "ll(BITS) has 1 to 6 bits (at most %d buckets)", KTALLY_HIST_BUCKETS_MAX);
	return rc ? rc : kt_expect(c, ')', "to close the parenthesis");
}

static int parse_hist(struct kt_compile *c, const struct attr *attr, bool given)
{
	struct kt_item *item;
	int rc = parse_value(c, attr, given, &item);

	if (rc)
		return rc;
	item->column.hist = KTALLY_HIST_LOG2;
	while (!rc && c->tok.type == ':') {
		rc = kt_next(c);
		if (rc)
			return rc;
		rc = parse_buckets(c, &item->column);
		if (rc > 0)
			rc = parse_format(c, item, true);
	}
	return rc;
}

/* ---- the rest ---- */

static int parse_stack(struct kt_compile *c, const struct attr *attr, bool given)
{
	static const char *const names[] = { "", "kernel", "user", "both" };
	int pos = c->tok.pos, len = c->tok.len;
	unsigned int i;

	(void)attr;
	c->stack = KTALLY_STACK_KERNEL | KTALLY_STACK_USER;
	if (!given && !(c->cat->features & KTALLY_FEATURE_USTACK))
		c->stack = KTALLY_STACK_KERNEL;
	if (given) {
		for (i = 1; i < 4 && (c->tok.type != KT_TOK_NAME || strcmp(names[i], c->tok.text)); i++)
			;
		if (i == 4)
			return kt_fail(c, -EINVAL, pos, len, "expected kernel, user or both after stack=");
		c->stack = i;
	}
	if ((c->stack & KTALLY_STACK_KERNEL) && !(c->cat->features & KTALLY_FEATURE_KSTACK))
		return kt_fail(c, -EOPNOTSUPP, pos, len, "the module cannot walk kernel stacks on this kernel; `ktally doctor` says why");
	if ((c->stack & KTALLY_STACK_USER) && !(c->cat->features & KTALLY_FEATURE_USTACK))
		return kt_fail(c, -EOPNOTSUPP, pos, len, "the module cannot walk user stacks on this kernel; `ktally doctor` says why");
	return given ? kt_next(c) : 0;
}

/* A bounded whole number; the bound is the attribute's data. */
static int parse_number(struct kt_compile *c, const struct attr *attr, unsigned int *out)
{
	int pos = c->tok.pos, rc;
	int64_t value;

	rc = kt_parse_const(c, attr->name, &value, NULL);
	if (rc)
		return rc;
	if (value < 1 || value > attr->data)
		return kt_fail(c, -EINVAL, pos, c->tok.pos - pos, "%s is between 1 and %d", attr->name, attr->data);
	*out = value;
	return 0;
}

static int parse_depth(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)given;
	return parse_number(c, attr, &c->depth);
}

static int parse_rows(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)given;
	return parse_number(c, attr, &c->rows);
}

static int parse_alias(struct kt_compile *c, const struct attr *attr, bool given)
{
	int pos = c->tok.pos, end = pos, len;

	(void)attr;
	(void)given;
	while (c->text[end] && c->text[end] != '/')
		end++;
	for (len = end - pos; len > 0 && isspace((unsigned char)c->text[pos + len - 1]);)
		len--;
	if (!len || len >= (int)sizeof(c->alias))
		return kt_fail(c, -EINVAL, pos, len, "an alias has 1 to %zu characters", sizeof(c->alias) - 1);
	memcpy(c->alias, c->text + pos, len);
	c->alias[len] = '\0';
	return kt_restart(c, end);
}

static int parse_rate(struct kt_compile *c, const struct attr *attr, bool given)
{
	enum kt_unit unit, natural = attr->data;
	int pos = c->tok.pos, rc;
	int64_t value;

	(void)given;
	if (!c->periodic)
		return kt_fail(c, -EINVAL, pos, c->tok.len, "%s= is for cpu-clock; the rate of a timer is part of its name (timer:99hz)", attr->name);
	rc = kt_parse_const(c, attr->name, &value, &unit);
	if (rc)
		return rc;
	if (unit != KT_UNIT_NONE && unit != natural)
		return kt_fail(c, -EINVAL, pos, c->tok.pos - pos, "%s", natural == KT_UNIT_HZ ? "freq= is a number a second, such as freq=99" :
			       "period= is a time, such as period=10ms");
	return kt_set_period(c, value < 0 ? 0 : value, natural, pos, c->tok.pos - pos);
}

static const struct attr attrs[] = {
	{ "key", ARG_REQUIRED, parse_key, 0, true },
	{ "count", ARG_NONE, parse_count, 0, false },
	{ "sum", ARG_REQUIRED, parse_aggregate, KTALLY_COLUMN_SUM, true },
	{ "min", ARG_REQUIRED, parse_aggregate, KTALLY_COLUMN_MIN, true },
	{ "max", ARG_REQUIRED, parse_aggregate, KTALLY_COLUMN_MAX, true },
	{ "avg", ARG_REQUIRED, parse_aggregate, KTALLY_COLUMN_AVG, true },
	{ "var", ARG_REQUIRED, parse_aggregate, KTALLY_COLUMN_VAR, true },
	{ "hist", ARG_REQUIRED, parse_hist, KTALLY_COLUMN_HIST, true },
	{ "stack", ARG_OPTIONAL, parse_stack, 0, false },
	{ "depth", ARG_REQUIRED, parse_depth, KTALLY_STACK_DEPTH_MAX, false },
	{ "emit", ARG_OPTIONAL, parse_emit, 0, false },
	{ "rows", ARG_REQUIRED, parse_rows, KTALLY_ROWS_MAX, false },
	{ "alias", ARG_REQUIRED, parse_alias, 0, false },
	{ "freq", ARG_REQUIRED, parse_rate, KT_UNIT_HZ, false },
	{ "period", ARG_REQUIRED, parse_rate, KT_UNIT_TIME, false },
	{ "every", ARG_UNAVAILABLE, NULL, 0, false },
	{ "pmu", ARG_UNAVAILABLE, NULL, 0, false },
	{ "ptr", ARG_UNAVAILABLE, NULL, 0, false },
	{ "size", ARG_UNAVAILABLE, NULL, 0, false },
	{ "num", ARG_UNAVAILABLE, NULL, 0, false },
	{ "top-by", ARG_UNAVAILABLE, NULL, 0, false },
	{ "top-add", ARG_UNAVAILABLE, NULL, 0, false },
	{ "untraced", ARG_UNAVAILABLE, NULL, 0, false },
	{ "trigger", ARG_UNAVAILABLE, NULL, 0, false },
	{ "role", ARG_UNAVAILABLE, NULL, 0, false },
};
#define NR_ATTRS (sizeof(attrs) / sizeof(attrs[0]))

/** struct head - what a part begins with when it may be an attribute */
struct head {
	char name[32];
	int pos, len, next;
	bool assigns;		/* NAME= */
	bool alone;		/* NAME is the whole part */
};

static void read_head(const struct kt_compile *c, struct head *head)
{
	const char *s = c->text;
	int p = c->tok.pos;

	memset(head, 0, sizeof(*head));
	head->pos = p;
	while (isalnum((unsigned char)s[p]) || s[p] == '_' || (s[p] == '-' && p > head->pos && isalpha((unsigned char)s[p + 1])))
		p++;
	head->len = p - head->pos;
	if (!head->len || head->len >= (int)sizeof(head->name) || !isalpha((unsigned char)s[head->pos])) {
		head->len = 0;
		return;
	}
	memcpy(head->name, s + head->pos, head->len);
	while (isspace((unsigned char)s[p]))
		p++;
	head->assigns = s[p] == '=' && s[p + 1] != '=';
	head->alone = !s[p] || s[p] == '/';
	head->next = head->assigns ? p + 1 : p;
}

static const struct attr *find_attr(const char *name)
{
	size_t i;

	for (i = 0; i < NR_ATTRS; i++)
		if (!strcmp(attrs[i].name, name))
			return &attrs[i];
	return NULL;
}

static int unknown_attr(struct kt_compile *c, const struct head *head)
{
	struct kt_near near = { .want = head->name };
	char near_text[128];
	size_t i;

	if (kt_is_field(c, head->name))
		return kt_fail(c, -EINVAL, head->pos, head->len, "'%s' is a field, not an attribute; to compare it write '%s =='", head->name, head->name);
	for (i = 0; i < NR_ATTRS; i++)
		kt_near_add(&near, attrs[i].name);
	return kt_fail(c, -ENOENT, head->pos, head->len,
		       "unknown attribute '%s'%s (known: key count sum min max avg var hist stack depth emit rows alias freq period)",
		       head->name, kt_near_text(&near, near_text, sizeof(near_text)));
}

static int parse_attr(struct kt_compile *c, const struct attr *attr, const struct head *head)
{
	uint64_t bit = 1ULL << (attr - attrs);
	int rc;

	if (attr->argument == ARG_UNAVAILABLE)
		return kt_fail(c, -EOPNOTSUPP, head->pos, head->len, "the attribute '%s' is not supported by this version%s", attr->name,
			       head->alone && kt_is_field(c, attr->name) ? "; for the field put it in parentheses" : "");
	if (attr->argument == ARG_REQUIRED && !head->assigns)
		return kt_fail(c, -EINVAL, head->pos, head->len, "expected '=' after '%s'", attr->name);
	if (attr->argument == ARG_NONE && head->assigns)
		return kt_fail(c, -EINVAL, head->pos, head->len, "'%s' takes no value", attr->name);
	if ((c->seen & bit) && !attr->many)
		return kt_fail(c, -EINVAL, head->pos, head->len, "'%s' is given twice", attr->name);
	c->seen |= bit;
	rc = kt_restart(c, head->next);
	if (rc)
		return rc;
	if (head->assigns && at_part_end(c))
		return kt_fail(c, -EINVAL, head->pos, head->len, "expected a value after '%s='", attr->name);
	return attr->parse(c, attr, head->assigns);
}

static int parse_filter(struct kt_compile *c)
{
	c->filter = kt_parse_expr(c);
	if (!c->filter)
		return c->rc;
	c->filter = kt_condition(c, c->filter);
	return c->filter ? 0 : c->rc;
}

static int parse_part(struct kt_compile *c, bool first)
{
	const struct attr *attr;
	struct head head;

	if (at_part_end(c)) {
		if (first || c->tok.type == KT_TOK_END)
			return 0;
		return kt_fail(c, -EINVAL, c->tok.pos, 1, "expected an attribute before this '/'");
	}
	read_head(c, &head);
	attr = head.len ? find_attr(head.name) : NULL;
	if (attr && (head.assigns || head.alone))
		return parse_attr(c, attr, &head);
	if (head.len && head.assigns)
		return unknown_attr(c, &head);
	if (first)
		return parse_filter(c);
	if (head.len && head.alone)
		return unknown_attr(c, &head);
	return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len,
		       "expected an attribute, such as key=EXPR or count; the filter is the first part, and a division needs parentheses");
}

static int unexpected(struct kt_compile *c)
{
	char found[64];

	if (c->tok.type == '=')
		return kt_fail(c, -EINVAL, c->tok.pos, 1, "'=' assigns nothing here; compare with '=='");
	return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "expected an operator or '/', found %s", kt_token_name(c, found, sizeof(found)));
}

int kt_parse_parts(struct kt_compile *c)
{
	bool first = true;
	int rc;

	while (c->tok.type == '/') {
		rc = kt_next(c);
		if (!rc)
			rc = parse_part(c, first);
		if (rc)
			return rc;
		if (!at_part_end(c))
			return unexpected(c);
		first = false;
	}
	return 0;
}
