// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * parse.c: the grammar of expressions: C's operators and precedence, '~' and '!~' beside '=='.
 *
 * '/' divides inside parentheses only; outside it ends the part of the event text, and so the expression.
 */
#include <string.h>

#include "compile.h"

static int precedence(const struct kt_compile *c)
{
	switch (c->tok.type) {
	case KT_TOK_OROR:
		return 1;
	case KT_TOK_ANDAND:
		return 2;
	case '|':
		return 3;
	case '^':
		return 4;
	case '&':
		return 5;
	case KT_TOK_EQ:
	case KT_TOK_NE:
	case '~':
	case KT_TOK_NOTMATCH:
		return 6;
	case '<':
	case '>':
	case KT_TOK_LE:
	case KT_TOK_GE:
		return 7;
	case KT_TOK_SHL:
	case KT_TOK_SHR:
		return 8;
	case '+':
	case '-':
		return 9;
	case '*':
	case '%':
		return 10;
	case '/':
		return c->parens ? 10 : 0;
	default:
		return 0;
	}
}

int kt_expect(struct kt_compile *c, int type, const char *after)
{
	char found[64];

	if (c->tok.type == type)
		return kt_next(c);
	if (type == ')' && c->tok.type == '=')
		return kt_fail(c, -EINVAL, c->tok.pos, 1, "'=' assigns nothing here; compare with '=='");
	return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "expected '%c' %s, found %s", type, after, kt_token_name(c, found, sizeof(found)));
}

static struct kt_node *parse_binary(struct kt_compile *c, int lowest);

static struct kt_node *parse_group(struct kt_compile *c)
{
	int start = c->tok.pos;
	struct kt_node *node;

	c->parens++;
	node = kt_next(c) ? NULL : parse_binary(c, 1);
	c->parens--;
	if (!node)
		return NULL;
	if (c->tok.type == ')') {
		/* A leaf keeps its own place, a sum or comparison is pointed at with its parentheses. */
		if (node->op != KT_LEAF) {
			node->pos = start;
			node->len = c->tok.pos + 1 - start;
		}
	}
	return kt_expect(c, ')', "to close the parenthesis") ? NULL : node;
}

#define ARGS_MAX 2

static struct kt_node *parse_call(struct kt_compile *c, const struct kt_token *name)
{
	struct kt_node *args[ARGS_MAX], *node;
	unsigned int nr = 0;

	c->parens++;
	do {
		if (nr == ARGS_MAX) {
			c->parens--;
			return KT_NULL(c, -EINVAL, c->tok.pos, c->tok.len, "%s() takes at most %d arguments", name->text, ARGS_MAX);
		}
		node = kt_next(c) ? NULL : parse_binary(c, 1);
		args[nr++] = node;
	} while (node && c->tok.type == ',');
	c->parens--;
	if (!node)
		return NULL;
	node = kt_function(c, name, args, nr);
	if (node)
		node->len = c->tok.pos + 1 - node->pos;
	if (kt_expect(c, ')', "to close the arguments"))
		return NULL;
	return node;
}

static struct kt_node *parse_index(struct kt_compile *c, const struct kt_token *name)
{
	struct kt_node *node;

	c->parens++;
	node = kt_next(c) ? NULL : parse_binary(c, 1);
	c->parens--;
	if (!node)
		return NULL;
	node = kt_element(c, name, node);
	if (node)
		node->len = c->tok.pos + 1 - node->pos;
	return kt_expect(c, ']', "to close the index") ? NULL : node;
}

static struct kt_node *parse_name(struct kt_compile *c)
{
	struct kt_token name = c->tok;

	if (kt_next(c))
		return NULL;
	if (c->tok.type == '[')
		return parse_index(c, &name);
	if (c->tok.type == '(')
		return strcmp(name.text, "pmu") ? parse_call(c, &name) : kt_pmu_call(c, &name);
	return kt_name(c, &name);
}

static struct kt_node *parse_primary(struct kt_compile *c)
{
	struct kt_node *node;
	char found[64];

	switch (c->tok.type) {
	case '(':
		return parse_group(c);
	case KT_TOK_NAME:
		return parse_name(c);
	case KT_TOK_NUMBER:
		node = kt_number(c, c->tok.value, c->tok.value > INT64_MAX ? KT_U64 : KT_S64, c->tok.pos, c->tok.len);
		return node && !kt_next(c) ? node : NULL;
	case KT_TOK_TEXT:
		node = kt_literal(c, &c->tok);
		return node && !kt_next(c) ? node : NULL;
	case '/':
		if (c->tok.pos > 0 && !c->parens)
			return KT_NULL(c, -EINVAL, c->tok.pos, 1, "an expression is missing before this '/', which ends its part");
		/* fallthrough */
	default:
		return KT_NULL(c, -EINVAL, c->tok.pos, c->tok.len, "expected a value (a number, a name, text in quotes or '('), found %s",
			       kt_token_name(c, found, sizeof(found)));
	}
}

static struct kt_node *parse_unary(struct kt_compile *c)
{
	int tok = c->tok.type, pos = c->tok.pos;
	struct kt_node *node;

	if (c->nesting >= KT_NESTING_MAX)
		return KT_NULL(c, -EINVAL, pos, c->tok.len, "the expression is nested deeper than %d levels", KT_NESTING_MAX);
	c->nesting++;
	if (tok != '!' && tok != '-' && tok != '+' && tok != '~' && tok != KT_TOK_NOTMATCH) {
		node = parse_primary(c);
	} else {
		node = kt_next(c) ? NULL : parse_unary(c);
		if (tok == KT_TOK_NOTMATCH)	/* !~x: not of the complement */
			node = kt_unary(c, '!', pos, kt_unary(c, '~', pos + 1, node));
		else
			node = kt_unary(c, tok, pos, node);
	}
	c->nesting--;
	return node;
}

static struct kt_node *parse_binary(struct kt_compile *c, int lowest)
{
	struct kt_node *left = parse_unary(c);

	while (left && precedence(c) >= lowest) {
		int tok = c->tok.type, level = precedence(c);

		left = kt_next(c) ? NULL : kt_binary(c, tok, left, parse_binary(c, level + 1));
	}
	return left;
}

struct kt_node *kt_parse_expr(struct kt_compile *c)
{
	return parse_binary(c, 1);
}

int kt_parse_const(struct kt_compile *c, const char *what, int64_t *value, enum kt_unit *unit)
{
	struct kt_node *node;

	if (unit)
		*unit = c->tok.type == KT_TOK_NUMBER ? c->tok.unit : KT_UNIT_NONE;
	node = kt_parse_expr(c);
	if (!node)
		return c->rc;
	if (node->op != KT_CONST)
		return kt_fail(c, -EINVAL, node->pos, node->len, "%s must be a constant number", what);
	if (node->type == KT_U64 && node->value > INT64_MAX)
		return kt_fail(c, -EINVAL, node->pos, node->len, "%s is too large", what);
	*value = (int64_t)node->value;
	return 0;
}
