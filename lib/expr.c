// SPDX-License-Identifier: LGPL-2.1-or-later
/* expr.c: makes expression nodes: checks types as C does with 64-bit integers, folds constants. */
#include <stdlib.h>
#include <string.h>

#include "compile.h"

struct kt_node *kt_node_new(struct kt_compile *c, enum kt_op op, enum kt_type type, int pos, int len)
{
	struct kt_node *node = calloc(1, sizeof(*node));

	if (!node)
		return KT_NULL(c, -ENOMEM, -1, 0, "out of memory");
	node->op = op;
	node->type = type;
	node->kind = type == KT_STRING ? KTALLY_KIND_STRING : type == KT_U64 ? KTALLY_KIND_UINT : KTALLY_KIND_INT;
	node->words = 1;
	node->pos = pos;
	node->len = len;
	node->next = c->nodes;
	c->nodes = node;
	return node;
}

struct kt_node *kt_number(struct kt_compile *c, uint64_t value, enum kt_type type, int pos, int len)
{
	struct kt_node *node = kt_node_new(c, KT_CONST, type, pos, len);

	if (node)
		node->value = value;
	return node;
}

struct kt_node *kt_literal(struct kt_compile *c, const struct kt_token *tok)
{
	struct kt_node *node = kt_node_new(c, KT_LITERAL, KT_STRING, tok->pos, tok->len);

	if (!node)
		return NULL;
	node->text = malloc(tok->text_len + 1);
	if (!node->text)
		return KT_NULL(c, -ENOMEM, -1, 0, "out of memory");
	memcpy(node->text, tok->text, tok->text_len + 1);
	node->text_len = tok->text_len;
	return node;
}

static bool is_const(const struct kt_node *node, uint64_t value)
{
	return node->op == KT_CONST && node->value == value;
}

bool kt_is_condition(const struct kt_node *node)
{
	return node->op == KT_COMPARE || node->op == KT_AND || node->op == KT_OR || node->op == KT_NOT || node->op == KT_MATCH;
}

uint8_t kt_jump_inverse(uint8_t op)
{
	static const uint8_t inverse[] = {
		[KTALLY_OP_JEQ] = KTALLY_OP_JNE, [KTALLY_OP_JNE] = KTALLY_OP_JEQ,
		[KTALLY_OP_JULT] = KTALLY_OP_JUGE, [KTALLY_OP_JUGE] = KTALLY_OP_JULT,
		[KTALLY_OP_JULE] = KTALLY_OP_JUGT, [KTALLY_OP_JUGT] = KTALLY_OP_JULE,
		[KTALLY_OP_JSLT] = KTALLY_OP_JSGE, [KTALLY_OP_JSGE] = KTALLY_OP_JSLT,
		[KTALLY_OP_JSLE] = KTALLY_OP_JSGT, [KTALLY_OP_JSGT] = KTALLY_OP_JSLE,
	};

	return inverse[op];
}

/* The jump that decides the same when the operands change places. */
static uint8_t jump_mirror(uint8_t op)
{
	static const uint8_t mirror[] = {
		[KTALLY_OP_JEQ] = KTALLY_OP_JEQ, [KTALLY_OP_JNE] = KTALLY_OP_JNE,
		[KTALLY_OP_JULT] = KTALLY_OP_JUGT, [KTALLY_OP_JUGT] = KTALLY_OP_JULT,
		[KTALLY_OP_JULE] = KTALLY_OP_JUGE, [KTALLY_OP_JUGE] = KTALLY_OP_JULE,
		[KTALLY_OP_JSLT] = KTALLY_OP_JSGT, [KTALLY_OP_JSGT] = KTALLY_OP_JSLT,
		[KTALLY_OP_JSLE] = KTALLY_OP_JSGE, [KTALLY_OP_JSGE] = KTALLY_OP_JSLE,
	};

	return mirror[op];
}

static int span_end(const struct kt_node *node)
{
	return node->pos + node->len;
}

static struct kt_node *pair(struct kt_compile *c, enum kt_op op, enum kt_type type, struct kt_node *a, struct kt_node *b)
{
	int pos = a->pos < b->pos ? a->pos : b->pos;
	int end = span_end(a) > span_end(b) ? span_end(a) : span_end(b);
	struct kt_node *node = kt_node_new(c, op, type, pos, end - pos);

	if (node) {
		node->a = a;
		node->b = b;
	}
	return node;
}

/* Several cgroups are one container: only what shows it can tell. */
static int refuse_container(struct kt_compile *c, const struct kt_node *node)
{
	if (node->kind != KTALLY_KIND_CONTAINER && node->kind != KTALLY_KIND_POD)
		return 0;
	return kt_fail(c, -EINVAL, node->pos, node->len,
		       "'%s' has no value while it is measured: it goes alone into a key or a record; to measure but one use --%s NAME, or compare cgroup",
		       ktally_kind_name(node->kind), ktally_kind_name(node->kind));
}

static int require_number(struct kt_compile *c, const struct kt_node *node)
{
	if (node->type != KT_STRING)
		return refuse_container(c, node);
	return kt_fail(c, -EINVAL, node->pos, node->len,
		       "a number is needed here and '%.*s' is a string; compare a string with == or ~ and text in quotes",
		       node->len > 60 ? 60 : node->len, c->text + node->pos);
}

/* ---- conditions ---- */

static struct kt_node *negate(struct kt_compile *c, struct kt_node *a)
{
	struct kt_node *node;

	if (!a)
		return NULL;
	if (a->op == KT_NOT)
		return a->a;
	node = kt_node_new(c, KT_NOT, KT_S64, a->pos, a->len);
	if (!node)
		return NULL;
	if (a->op == KT_COMPARE) {
		node->op = KT_COMPARE;
		node->insn.op = kt_jump_inverse(a->insn.op);
		node->a = a->a;
		node->b = a->b;
		return node;
	}
	node->a = a;
	return node;
}

static struct kt_node *compare(struct kt_compile *c, uint8_t op, struct kt_node *a, struct kt_node *b)
{
	struct kt_node *node;

	if (a->op == KT_CONST && b->op != KT_CONST) {
		struct kt_node *swap = a;

		a = b;
		b = swap;
		op = jump_mirror(op);
	}
	node = pair(c, KT_COMPARE, KT_S64, a, b);
	if (!node)
		return NULL;
	if (a->op == KT_CONST)
		return kt_number(c, kt_fold_jump(op, a->value, b->value), KT_S64, node->pos, node->len);
	if (kt_is_condition(a) && is_const(b, 0) && op == KTALLY_OP_JNE)
		return a;
	if (kt_is_condition(a) && is_const(b, 0) && op == KTALLY_OP_JEQ)
		return negate(c, a);
	node->insn.op = op;
	return node;
}

struct kt_node *kt_condition(struct kt_compile *c, struct kt_node *a)
{
	struct kt_node *zero;

	if (!a || require_number(c, a))
		return NULL;
	if (kt_is_condition(a))
		return a;
	zero = kt_number(c, 0, KT_S64, a->pos, a->len);
	return zero ? compare(c, KTALLY_OP_JNE, a, zero) : NULL;
}

/* && and ||: a constant side decides now, so that no constant is left inside a condition. */
static struct kt_node *logical(struct kt_compile *c, enum kt_op op, struct kt_node *a, struct kt_node *b)
{
	uint64_t decides = op == KT_OR;

	a = kt_condition(c, a);
	b = kt_condition(c, b);
	if (!a || !b)
		return NULL;
	if (is_const(a, decides) || is_const(b, !decides))
		return a;
	if (is_const(b, decides) || is_const(a, !decides))
		return b;
	return pair(c, op, KT_S64, a, b);
}

static struct kt_node *compare_token(struct kt_compile *c, int tok, struct kt_node *a, struct kt_node *b)
{
	bool u = a->type == KT_U64 || b->type == KT_U64;
	uint8_t op;

	if (refuse_container(c, a) || refuse_container(c, b))
		return NULL;
	if (a->type == KT_STRING || b->type == KT_STRING || tok == '~' || tok == KT_TOK_NOTMATCH)
		return kt_string_compare(c, tok, a, b);
	switch (tok) {
	case KT_TOK_EQ:
		op = KTALLY_OP_JEQ;
		break;
	case KT_TOK_NE:
		op = KTALLY_OP_JNE;
		break;
	case '<':
		op = u ? KTALLY_OP_JULT : KTALLY_OP_JSLT;
		break;
	case KT_TOK_LE:
		op = u ? KTALLY_OP_JULE : KTALLY_OP_JSLE;
		break;
	case '>':
		op = u ? KTALLY_OP_JUGT : KTALLY_OP_JSGT;
		break;
	default:
		op = u ? KTALLY_OP_JUGE : KTALLY_OP_JSGE;
		break;
	}
	return compare(c, op, a, b);
}

/* ---- arithmetic ---- */

static uint8_t arithmetic_op(int tok, bool u)
{
	switch (tok) {
	case '+':
		return KTALLY_OP_ADD;
	case '-':
		return KTALLY_OP_SUB;
	case '*':
		return KTALLY_OP_MUL;
	case '/':
		return u ? KTALLY_OP_UDIV : KTALLY_OP_SDIV;
	case '%':
		return u ? KTALLY_OP_UMOD : KTALLY_OP_SMOD;
	case '&':
		return KTALLY_OP_AND;
	case '|':
		return KTALLY_OP_OR;
	case '^':
		return KTALLY_OP_XOR;
	case KT_TOK_SHL:
		return KTALLY_OP_SHL;
	default:
		return u ? KTALLY_OP_SHR : KTALLY_OP_SAR;
	}
}

static bool commutes(int tok)
{
	return tok == '+' || tok == '*' || tok == '&' || tok == '|' || tok == '^';
}

/* What a sum, difference or mask still means: a moment minus a moment is a duration, flags stay flags. */
static enum ktally_kind result_kind(int tok, const struct kt_node *a, const struct kt_node *b, enum kt_type type)
{
	enum ktally_kind plain = type == KT_U64 ? KTALLY_KIND_UINT : KTALLY_KIND_INT;

	if (tok == '-' && a->kind == KTALLY_KIND_TIME && b->kind == KTALLY_KIND_TIME)
		return KTALLY_KIND_NS;
	if (tok == '&' || tok == '|' || tok == '^')
		return a->kind == KTALLY_KIND_HEX || b->kind == KTALLY_KIND_HEX ? KTALLY_KIND_HEX : plain;
	if (tok != '+' && tok != '-')
		return plain;
	if (a->kind != KTALLY_KIND_NS && a->kind != KTALLY_KIND_BYTES && a->kind != KTALLY_KIND_TIME && a->kind != KTALLY_KIND_HEX)
		return plain;
	return b->op == KT_CONST || (b->kind == a->kind && a->kind != KTALLY_KIND_TIME) ? a->kind : plain;
}

static int check_operand(struct kt_compile *c, int tok, const struct kt_node *b)
{
	if ((tok == '/' || tok == '%') && is_const(b, 0))
		return kt_fail(c, -EINVAL, b->pos, b->len, "division by zero");
	if ((tok == KT_TOK_SHL || tok == KT_TOK_SHR) && b->op == KT_CONST && b->value >= 64)
		return kt_fail(c, -EINVAL, b->pos, b->len, "a shift goes from 0 to 63 bits");
	return 0;
}

/* x + 0, x * 1 and the like. */
static bool is_identity(int tok, const struct kt_node *b)
{
	if (tok == '*' || tok == '/')
		return is_const(b, 1);
	return tok != '&' && tok != '%' && is_const(b, 0);
}

static struct kt_node *arithmetic(struct kt_compile *c, int tok, struct kt_node *a, struct kt_node *b)
{
	bool shift = tok == KT_TOK_SHL || tok == KT_TOK_SHR;
	bool u = a->type == KT_U64 || (!shift && b->type == KT_U64);
	enum kt_type type = u ? KT_U64 : KT_S64;
	struct kt_node *node;
	uint8_t op = arithmetic_op(tok, u);

	if (require_number(c, a) || require_number(c, b) || check_operand(c, tok, b))
		return NULL;
	if (a->op == KT_CONST && b->op != KT_CONST && commutes(tok)) {
		struct kt_node *swap = a;

		a = b;
		b = swap;
	}
	node = pair(c, KT_BINARY, type, a, b);
	if (!node)
		return NULL;
	if (a->op == KT_CONST && b->op == KT_CONST)
		return kt_number(c, kt_fold_binary(op, a->value, b->value), type, node->pos, node->len);
	if (is_identity(tok, b) && a->type == type)
		return a;
	node->insn.op = op;
	node->kind = result_kind(tok, a, b, type);
	return node;
}

struct kt_node *kt_binary(struct kt_compile *c, int tok, struct kt_node *a, struct kt_node *b)
{
	if (!a || !b)
		return NULL;
	switch (tok) {
	case KT_TOK_ANDAND:
		return logical(c, KT_AND, a, b);
	case KT_TOK_OROR:
		return logical(c, KT_OR, a, b);
	case KT_TOK_EQ:
	case KT_TOK_NE:
	case KT_TOK_LE:
	case KT_TOK_GE:
	case KT_TOK_NOTMATCH:
	case '<':
	case '>':
	case '~':
		return compare_token(c, tok, a, b);
	default:
		return arithmetic(c, tok, a, b);
	}
}

struct kt_node *kt_unary(struct kt_compile *c, int tok, int pos, struct kt_node *a)
{
	struct kt_node *node, *operand;

	if (!a || require_number(c, a))
		return NULL;
	if (tok == '+')
		return a;
	if (tok == '!') {
		node = kt_condition(c, a);
		if (node && node->op == KT_CONST)
			return kt_number(c, !node->value, KT_S64, pos, span_end(a) - pos);
		return negate(c, node);
	}
	operand = kt_number(c, ~0ULL, KT_S64, pos, 1);
	return operand ? arithmetic(c, tok == '-' ? '*' : '^', a, operand) : NULL;
}
