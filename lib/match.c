// SPDX-License-Identifier: LGPL-2.1-or-later
/* match.c: makes the nodes that compare strings with text and patterns. */
#include <string.h>

#include "compile.h"

static int check_pattern(struct kt_compile *c, const struct kt_node *literal)
{
	const char *s = literal->text;

	for (; *s; s++) {
		if (*s == '\\' && !*++s)
			return kt_fail(c, -EINVAL, literal->pos, literal->len, "the pattern ends with a lone backslash");
		if (*s != '[')
			continue;
		s += s[1] == '!' || s[1] == '^';
		s += s[1] == ']';
		do {
			if (!*++s)
				return kt_fail(c, -EINVAL, literal->pos, literal->len,
					       "the pattern has a '[' without its ']'; a literal '[' is \"\\\\[\"");
		} while (*s != ']');
	}
	return 0;
}

/* Longer than the string can be: it would never match, surely a mistake. */
static int check_length(struct kt_compile *c, const struct kt_node *string, const struct kt_node *literal)
{
	if (literal->text_len <= string->capacity)
		return 0;
	return kt_fail(c, -EINVAL, literal->pos, literal->len,
		       "this can never match: '%.*s' holds at most %u characters; match its beginning with ~ \"...*\"",
		       string->len > 60 ? 60 : string->len, c->text + string->pos, string->capacity);
}

static int check_operands(struct kt_compile *c, int tok, const struct kt_node *a, const struct kt_node *b)
{
	if (a->type != KT_STRING || b->type != KT_STRING) {
		const struct kt_node *number = a->type == KT_STRING ? b : a;

		if (tok == '~' || tok == KT_TOK_NOTMATCH)
			return kt_fail(c, -EINVAL, number->pos, number->len, "%s",
				       number == a ? "~ matches strings and this is a number" :
						     "expected a pattern in quotes after ~");
		return kt_fail(c, -EINVAL, number->pos, number->len, "a string cannot be compared with a number; put text in double quotes");
	}
	if (tok != '~' && tok != KT_TOK_NOTMATCH && tok != KT_TOK_EQ && tok != KT_TOK_NE)
		return kt_fail(c, -EINVAL, a->pos, b->pos + b->len - a->pos, "strings have no order; compare them with ==, != or ~");
	if (a->op == KT_LITERAL)
		return kt_fail(c, -EINVAL, a->pos, a->len, "text in quotes goes to the right of a field or context string");
	if (b->op != KT_LITERAL)
		return kt_fail(c, -EINVAL, b->pos, b->len, "a string is compared with text in double quotes only");
	return 0;
}

static struct kt_node *negated(struct kt_compile *c, bool negate, struct kt_node *node)
{
	return negate ? kt_unary(c, '!', node ? node->pos : 0, node) : node;
}

struct kt_node *kt_string_compare(struct kt_compile *c, int tok, struct kt_node *a, struct kt_node *b)
{
	bool negate = tok == KT_TOK_NE || tok == KT_TOK_NOTMATCH, glob = tok == '~' || tok == KT_TOK_NOTMATCH;
	struct kt_node *node;

	if (a->op == KT_LITERAL && b->op != KT_LITERAL && !glob) {
		node = a;
		a = b;
		b = node;
	}
	if (check_operands(c, tok, a, b))
		return NULL;
	if (glob && check_pattern(c, b))
		return NULL;
	if (glob && !strcmp(b->text, "*"))
		return kt_number(c, !negate, KT_S64, a->pos, b->pos + b->len - a->pos);
	if (glob && !strpbrk(b->text, "*?[\\"))
		glob = false;
	if (!glob && check_length(c, a, b))
		return NULL;
	node = kt_node_new(c, KT_MATCH, KT_S64, a->pos, b->pos + b->len - a->pos);
	if (!node)
		return NULL;
	node->a = a;
	node->b = b;
	node->insn.op = KTALLY_OP_MATCH;
	node->insn.aux = a->words * 8 | (glob ? KTALLY_MATCH_GLOB : 0);
	return negated(c, negate, node);
}
