// SPDX-License-Identifier: LGPL-2.1-or-later
/* attrs.c: the parts of an event text behind SOURCE: FILTER and the table of attributes. */
#include <ctype.h>
#include <string.h>

#include "attrs.h"

static bool at_part_end(const struct kt_compile *c)
{
	return c->tok.type == '/' || c->tok.type == KT_TOK_END;
}

/* The bytes behind "dump:"; the module copies whole words. */
static int parse_dump_size(struct kt_compile *c)
{
	int pos = c->tok.pos, rc;
	int64_t value;

	rc = kt_parse_const(c, "the size of a dump", &value, NULL);
	if (rc)
		return rc;
	if (value < 8 || value > (int64_t)KTALLY_USER_STACK_MAX)
		return kt_fail(c, -EINVAL, pos, c->tok.pos - pos, "a dump takes 8 to %u bytes of the stack", KTALLY_USER_STACK_MAX);
	c->dump_bytes = (value + 7) & ~7LL;
	return 0;
}

/* One word of stack=: kernel, user, both, dump[:SIZE]. */
static int parse_side(struct kt_compile *c)
{
	static const char *const names[] = { "", "kernel", "user", "both", "dump" };
	unsigned int i;
	int rc;

	for (i = 1; i < 5 && (c->tok.type != KT_TOK_NAME || strcmp(names[i], c->tok.text)); i++)
		;
	if (i == 5)
		return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "expected kernel, user or both, or dump[:SIZE], after stack=");
	c->stack |= i;
	rc = kt_next(c);
	if (rc || i != KT_STACK_DUMP || c->tok.type != ':')
		return rc;
	rc = kt_next(c);
	return rc ? rc : parse_dump_size(c);
}

static int parse_stack(struct kt_compile *c, const struct attr *attr, bool given)
{
	int pos = c->tok.pos, len = c->tok.len, rc = 0;

	(void)attr;
	if (!given) {
		c->stack = KTALLY_STACK_KERNEL | (c->cat->features & KTALLY_FEATURE_USTACK ? KTALLY_STACK_USER : 0);
	} else {
		for (rc = parse_side(c); !rc && c->tok.type == ',';) {
			rc = kt_next(c);
			if (!rc)
				rc = parse_side(c);
		}
		len = c->tok.pos - pos;
	}
	if (rc)
		return rc;
	if ((c->stack & KTALLY_STACK_KERNEL) && !(c->cat->features & KTALLY_FEATURE_KSTACK))
		return kt_fail(c, -EOPNOTSUPP, pos, len, "the module cannot walk kernel stacks on this kernel; `ktally doctor` says why");
	if ((c->stack & (KTALLY_STACK_USER | KT_STACK_DUMP)) && !(c->cat->features & KTALLY_FEATURE_USTACK))
		return kt_fail(c, -EOPNOTSUPP, pos, len, "the module cannot walk user stacks on this kernel; `ktally doctor` says why");
	return 0;
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
		return kt_fail(c, -EINVAL, pos, c->tok.len, "%s= is for counters, such as cycles or cpu-clock; the rate of a timer is part of its name (timer:99hz)",
			       attr->name);
	rc = kt_parse_const(c, attr->name, &value, &unit);
	if (rc)
		return rc;
	if (unit != KT_UNIT_NONE && (unit != natural || (c->counted && natural == KT_UNIT_TIME)))
		return kt_fail(c, -EINVAL, pos, c->tok.pos - pos, "%s", natural == KT_UNIT_HZ ? "freq= is a number a second, such as freq=99" :
			       c->counted ? "period= is a number of counts here, such as period=100k" : "period= is a time, such as period=10ms");
	return kt_set_period(c, value < 0 ? 0 : value, natural, pos, c->tok.pos - pos);
}

static int parse_exstack(struct kt_compile *c, const struct attr *attr, bool given)
{
	bool user = given && c->tok.type == KT_TOK_NAME && !strcmp(c->tok.text, "user");

	(void)attr;
	if (given && !user && (c->tok.type != KT_TOK_NAME || strcmp(c->tok.text, "kernel")))
		return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "expected kernel or user after exstack=; an exemplar keeps one stack");
	c->exstack = user ? KTALLY_COLUMN_USTACK : KTALLY_COLUMN_KSTACK;
	if (!(c->cat->features & (user ? KTALLY_FEATURE_USTACK : KTALLY_FEATURE_KSTACK)))
		return kt_fail(c, -EOPNOTSUPP, c->tok.pos, c->tok.len, "the module cannot walk %s stacks on this kernel; `ktally doctor` says why",
			       user ? "user" : "kernel");
	return given ? kt_next(c) : 0;
}

/* ---- of pairs ---- */

static int parse_than(struct kt_compile *c, const struct attr *attr, bool given)
{
	enum kt_unit unit;
	int pos = c->tok.pos, rc;
	int64_t value;

	(void)given;
	rc = kt_parse_const(c, attr->name, &value, &unit);
	if (rc)
		return rc;
	if (unit != KT_UNIT_TIME || value < 1)
		return kt_fail(c, -EINVAL, pos, c->tok.pos - pos, "than= is a time, such as than=4ms: only pairs that took at least so long");
	c->than = value;
	return 0;
}

static int parse_nest(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)attr;
	(void)given;
	c->closes->nest = (struct kt_place){ c, c->tok.pos, 0 };
	return 0;
}

enum { FIRST, STAY, DUMP };

static int parse_flag(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)given;
	if (attr->data == FIRST)
		c->first = true;
	else if (attr->data == STAY)
		c->stay = true;
	else
		c->dump = true;
	return 0;
}

static const struct attr attrs[] = {
	{ "key", ARG_REQUIRED, kt_parse_key, 0, true, ANYWHERE },
	{ "count", ARG_NONE, kt_parse_count, 0, false, ANYWHERE },
	{ "sum", ARG_REQUIRED, kt_parse_aggregate, KTALLY_COLUMN_SUM, true, ANYWHERE },
	{ "min", ARG_REQUIRED, kt_parse_aggregate, KTALLY_COLUMN_MIN, true, ANYWHERE },
	{ "max", ARG_REQUIRED, kt_parse_aggregate, KTALLY_COLUMN_MAX, true, ANYWHERE },
	{ "avg", ARG_REQUIRED, kt_parse_aggregate, KTALLY_COLUMN_AVG, true, ANYWHERE },
	{ "var", ARG_REQUIRED, kt_parse_aggregate, KTALLY_COLUMN_VAR, true, ANYWHERE },
	{ "hist", ARG_REQUIRED, kt_parse_hist, KTALLY_COLUMN_HIST, true, ANYWHERE },
	{ "stack", ARG_OPTIONAL, parse_stack, 0, false, ANYWHERE },
	{ "depth", ARG_REQUIRED, parse_depth, KTALLY_STACK_DEPTH_MAX, false, ANYWHERE },
	{ "emit", ARG_OPTIONAL, kt_parse_emit, 0, false, ANYWHERE },
	{ "rows", ARG_REQUIRED, parse_rows, KTALLY_ROWS_MAX, false, ANYWHERE },
	{ "alias", ARG_REQUIRED, parse_alias, 0, false, ANYWHERE },
	{ "freq", ARG_REQUIRED, parse_rate, KT_UNIT_HZ, false, ANYWHERE },
	{ "period", ARG_REQUIRED, parse_rate, KT_UNIT_TIME, false, ANYWHERE },
	{ "exemplar", ARG_REQUIRED, kt_parse_aggregate, KTALLY_COLUMN_EXEMPLAR, true, ANYWHERE },
	{ "exstack", ARG_OPTIONAL, parse_exstack, 0, false, ANYWHERE },
	{ "keep", ARG_OPTIONAL, kt_parse_emit, true, false, ANYWHERE },
	{ "pmu", ARG_REQUIRED, kt_parse_pmu, KTALLY_COLUMN_SUM, true, ANYWHERE },
	{ "every", ARG_REQUIRED, kt_parse_every, KT_GATE_EVERY, false, ANYWHERE },
	{ "chance", ARG_REQUIRED, kt_parse_chance, KT_GATE_CHANCE, false, ANYWHERE },
	{ "bytes", ARG_REQUIRED, kt_parse_bytes, KT_GATE_BYTES, false, ANYWHERE },
	{ "tiers", ARG_REQUIRED, kt_parse_tiers, KT_GATE_TIERS, false, ANYWHERE },
	{ "per", ARG_REQUIRED, kt_parse_per, KT_GATE_PER, false, ANYWHERE },
	{ "pair", ARG_REQUIRED, kt_parse_joins, 0, false, ANYWHERE },
	{ "save", ARG_REQUIRED, kt_parse_save, 0, true, AT_START },
	{ "first", ARG_NONE, parse_flag, FIRST, false, AT_START },
	{ "stay", ARG_NONE, parse_flag, STAY, false, AT_END },
	{ "nest", ARG_NONE, parse_nest, 0, false, AT_END },
	{ "than", ARG_REQUIRED, parse_than, 0, false, AT_END },
	{ "dump", ARG_NONE, parse_flag, DUMP, false, AT_END },
	{ "ptr", ARG_UNAVAILABLE, NULL, 0, false, ANYWHERE },
	{ "size", ARG_UNAVAILABLE, NULL, 0, false, ANYWHERE },
	{ "num", ARG_UNAVAILABLE, NULL, 0, false, ANYWHERE },
	{ "top-by", ARG_UNAVAILABLE, NULL, 0, false, ANYWHERE },
	{ "top-add", ARG_UNAVAILABLE, NULL, 0, false, ANYWHERE },
	{ "untraced", ARG_UNAVAILABLE, NULL, 0, false, ANYWHERE },
	{ "trigger", ARG_UNAVAILABLE, NULL, 0, false, ANYWHERE },
	{ "role", ARG_UNAVAILABLE, NULL, 0, false, ANYWHERE },
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

_Static_assert(NR_ATTRS <= KT_ATTRS_MAX, "attributes have a bit each");

int kt_fail_attr(struct kt_compile *c, const char *name, const char *what)
{
	const struct attr *attr = find_attr(name);

	return kt_fail(c, -EINVAL, c->where[attr - attrs].pos, c->where[attr - attrs].len, "%s", what);
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
		       "unknown attribute '%s'%s (known: key count sum min max avg var hist exemplar exstack stack depth emit keep rows alias freq period pmu every chance bytes tiers per; of pairs: pair save first stay nest than dump)",
		       head->name, kt_near_text(&near, near_text, sizeof(near_text)));
}

static int parse_attr(struct kt_compile *c, const struct attr *attr, const struct head *head)
{
	uint64_t bit = 1ULL << (attr - attrs);
	int rc;

	if (attr->argument == ARG_UNAVAILABLE)
		return kt_fail(c, -EOPNOTSUPP, head->pos, head->len, "the attribute '%s' is not supported by this version%s", attr->name,
			       head->alone && kt_is_field(c, attr->name) ? "; for the field put it in parentheses" : "");
	if (attr->role && kt_check_role(c, attr->role == AT_START, attr->name, head->pos, head->len))
		return c->rc;
	if (attr->argument == ARG_REQUIRED && !head->assigns)
		return kt_fail(c, -EINVAL, head->pos, head->len, "expected '=' after '%s'%s", attr->name,
			       kt_is_field(c, attr->name) ? "; for the field put it in parentheses" : "");
	if (attr->argument == ARG_NONE && head->assigns)
		return kt_fail(c, -EINVAL, head->pos, head->len, "'%s' takes no value", attr->name);
	if ((c->seen & bit) && !attr->many)
		return kt_fail(c, -EINVAL, head->pos, head->len, "'%s' is given twice", attr->name);
	c->seen |= bit;
	c->where[attr - attrs].pos = head->pos;
	c->where[attr - attrs].len = head->len;
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
