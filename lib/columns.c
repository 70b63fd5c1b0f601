// SPDX-License-Identifier: LGPL-2.1-or-later
/* columns.c: attributes that list expressions: the key, the record, the value columns and their formats. */
#include <ctype.h>
#include <string.h>

#include "attrs.h"

/* ---- expressions with a format ---- */

static const enum ktally_kind formats[] = {
	KTALLY_KIND_UINT, KTALLY_KIND_INT, KTALLY_KIND_HEX, KTALLY_KIND_NS, KTALLY_KIND_TIME, KTALLY_KIND_BYTES, KTALLY_KIND_PID,
	KTALLY_KIND_CPU, KTALLY_KIND_SYSCALL, KTALLY_KIND_KSYM, KTALLY_KIND_USYM, KTALLY_KIND_STATE, KTALLY_KIND_ERRNO,
};
#define NR_FORMATS (sizeof(formats) / sizeof(formats[0]))

static int unknown_format(struct kt_compile *c, bool hist)
{
	char found[64];

	return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "unknown format %s behind ':'; known are uint int hex ns time bytes pid cpu syscall ksym usym state errno%s",
		       kt_token_name(c, found, sizeof(found)), hist ? ", and for a histogram log2 lin(LOW,HIGH,STEP) ll(BITS) exemplars" : "");
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
	if (prefix && (item->node->kind == KTALLY_KIND_CONTAINER || item->node->kind == KTALLY_KIND_POD))
		return kt_fail(c, -EINVAL, item->node->pos, item->node->len, "%s= needs a number; '%s' is one for a key", prefix,
			       ktally_kind_name(item->node->kind));
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

int kt_parse_key(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)attr;
	(void)given;
	c->keyed = true;
	return parse_list(c, &c->keys, KTALLY_KEYS_MAX, "keys");
}

/* emit= and keep=: the attribute's data */
int kt_parse_emit(struct kt_compile *c, const struct attr *attr, bool given)
{
	if (attr->data ? c->emit : c->keep)
		return kt_fail_attr(c, attr->name, "emit and keep both say what the record of this event holds; use one of them");
	c->emit = !attr->data;
	c->keep = attr->data;
	return given ? parse_list(c, &c->emits, KTALLY_REGS, "emitted values") : 0;
}

/* ---- pair, save ---- */

int kt_parse_joins(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)attr;
	(void)given;
	if (!c->opens && !c->closes)
		return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "pair= says what joins two events: 'START/pair=EXPR/ -> END/pair=EXPR/'");
	if (c->tok.type == KT_TOK_NAME && !strcmp(c->tok.text, "none"))
		return kt_next(c);
	return parse_list(c, &c->joins, KTALLY_PAIR_KEYS_MAX, "values that join a pair");
}

int kt_parse_save(struct kt_compile *c, const struct attr *attr, bool given)
{
	(void)attr;
	(void)given;
	return parse_list(c, &c->saves, KTALLY_PAIR_SAVED_MAX, "saved values");
}

/* ---- value columns ---- */

int kt_parse_count(struct kt_compile *c, const struct attr *attr, bool given)
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

int kt_parse_aggregate(struct kt_compile *c, const struct attr *attr, bool given)
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

int kt_parse_hist(struct kt_compile *c, const struct attr *attr, bool given)
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
		if (c->tok.type == KT_TOK_NAME && !strcmp(c->tok.text, "exemplars")) {
			item->column.flags |= KTALLY_COLUMN_EXEMPLARS;
			rc = kt_next(c);
			continue;
		}
		rc = parse_buckets(c, &item->column);
		if (rc > 0)
			rc = parse_format(c, item, true);
	}
	return rc;
}
