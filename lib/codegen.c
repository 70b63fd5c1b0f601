// SPDX-License-Identifier: LGPL-2.1-or-later
/* codegen.c: turns expressions into instructions: values into registers, conditions into forward jumps. */
#include <string.h>

#include "compile.h"

int kt_emit(struct kt_gen *g, const struct ktally_insn *insn)
{
	if (g->nr >= KTALLY_INSNS_MAX)
		return kt_fail(g->c, -EINVAL, -1, 0, "expression too complex: the program has more than %d instructions", KTALLY_INSNS_MAX);
	g->insns[g->nr] = *insn;
	g->target[g->nr++] = -1;
	return 0;
}

/* ---- labels ---- */

int kt_label_new(struct kt_gen *g)
{
	if (g->nr_labels >= KT_LABELS_MAX)
		return kt_fail(g->c, -EINVAL, -1, 0, "expression too complex: it has more than %d branches", KT_LABELS_MAX);
	g->labels[g->nr_labels].pos = -1;
	g->labels[g->nr_labels].jumped = false;
	g->labels[g->nr_labels].cached = ~0U;
	return g->nr_labels++;
}

int kt_emit_jump(struct kt_gen *g, const struct ktally_insn *insn, int label)
{
	int rc = kt_emit(g, insn);

	if (rc)
		return rc;
	g->target[g->nr - 1] = label;
	g->labels[label].jumped = true;
	g->labels[label].cached &= kt_cache_mask(g);
	return 0;
}

void kt_label_bind(struct kt_gen *g, int label)
{
	g->labels[label].pos = g->nr;
	kt_cache_keep(g, g->labels[label].cached);
}

/* Jumps get their distances; that of an END is its constant. */
void kt_labels_resolve(struct kt_gen *g)
{
	unsigned int i, distance;

	for (i = 0; i < g->nr; i++) {
		if (g->target[i] < 0)
			continue;
		distance = g->labels[g->target[i]].pos - i - 1;
		if (g->insns[i].op == KTALLY_OP_END)
			g->insns[i].imm = distance;
		else
			g->insns[i].aux = distance;
	}
}

/* ---- operands ---- */

static int gen_leaf(struct kt_gen *g, const struct kt_node *node, unsigned int dst)
{
	struct ktally_insn insn = node->insn;

	insn.dst = dst;
	return kt_emit(g, &insn);
}

int kt_gen_operand(struct kt_gen *g, const struct kt_node *node, struct kt_operand *op)
{
	int rc, reg;

	op->words = node->words;
	op->cached = node->op == KT_LEAF ? kt_cache_find(g, &node->insn) : NULL;
	if (op->cached) {
		op->cached->pins++;
		op->reg = op->cached->reg;
		return 0;
	}
	reg = kt_reg_alloc(g, node->words, node);
	if (reg < 0)
		return reg;
	op->reg = reg;
	if (node->op != KT_LEAF)
		return kt_gen_into(g, node, reg);
	rc = gen_leaf(g, node, reg);
	op->cached = kt_cache_add(g, &node->insn, reg, node->words);
	op->cached->pins++;
	return rc;
}

void kt_operand_release(struct kt_gen *g, struct kt_operand *op)
{
	if (op->cached)
		op->cached->pins--;
	else
		kt_reg_free(g, op->reg, op->words);
}

/* The second operand of an instruction: a register, or the constant itself. */
static int gen_second(struct kt_gen *g, const struct kt_node *node, struct ktally_insn *insn, struct kt_operand *op)
{
	int rc;

	op->cached = NULL;
	op->words = 0;
	op->reg = 0;
	if (node->op == KT_CONST) {
		insn->b = KTALLY_NO_REG;
		insn->imm = node->value;
		return 0;
	}
	rc = kt_gen_operand(g, node, op);
	insn->b = op->reg;
	return rc;
}

/* ---- values ---- */

/* @dst serves as the temporary of the first operand, so that a chain of operators needs no other. */
static int gen_first(struct kt_gen *g, const struct kt_node *node, unsigned int dst, struct kt_operand *op)
{
	if (node->op == KT_LEAF)
		return kt_gen_operand(g, node, op);
	op->cached = NULL;
	op->words = 0;
	op->reg = dst;
	return kt_gen_into(g, node, dst);
}

static int gen_binary(struct kt_gen *g, const struct kt_node *node, unsigned int dst)
{
	struct ktally_insn insn = { .op = node->insn.op, .dst = dst };
	struct kt_operand first, second;
	int rc;

	rc = gen_first(g, node->a, dst, &first);
	if (rc)
		return rc;
	insn.a = first.reg;
	rc = gen_second(g, node->b, &insn, &second);
	if (rc)
		return rc;
	kt_operand_release(g, &second);
	kt_operand_release(g, &first);
	return kt_emit(g, &insn);
}

static int gen_load(struct kt_gen *g, const struct kt_node *node, unsigned int dst)
{
	struct ktally_insn insn = node->insn;
	struct kt_operand address;
	int rc;

	rc = gen_first(g, node->a, dst, &address);
	if (rc)
		return rc;
	insn.dst = dst;
	insn.a = address.reg;
	kt_operand_release(g, &address);
	return kt_emit(g, &insn);
}

/* Patterns that occur twice are kept once. */
static int add_data(struct kt_gen *g, const struct kt_node *literal, __u64 *where)
{
	unsigned char *found = memmem(g->data, g->data_len, literal->text, literal->text_len);
	unsigned int offset = found ? (unsigned int)(found - g->data) : g->data_len;

	if (!found) {
		if (literal->text_len > sizeof(g->data) - g->data_len)
			return kt_fail(g->c, -EINVAL, literal->pos, literal->len, "all strings of an event have at most %d characters", KTALLY_DATA_MAX);
		memcpy(g->data + g->data_len, literal->text, literal->text_len);
		g->data_len += literal->text_len;
	}
	*where = (__u64)literal->text_len << 32 | offset;
	return 0;
}

static int gen_match(struct kt_gen *g, const struct kt_node *node, unsigned int dst)
{
	struct ktally_insn insn = node->insn;
	struct kt_operand string;
	int rc;

	rc = kt_gen_operand(g, node->a, &string);
	if (rc)
		return rc;
	insn.dst = dst;
	insn.a = string.reg;
	rc = add_data(g, node->b, &insn.imm);
	kt_operand_release(g, &string);
	return rc ? rc : kt_emit(g, &insn);
}

static int gen_imm(struct kt_gen *g, unsigned int dst, uint64_t value)
{
	struct ktally_insn insn = { .op = KTALLY_OP_IMM, .dst = dst, .imm = value };

	return kt_emit(g, &insn);
}

/* 1, and 0 unless the condition jumps over that. */
static int gen_condition(struct kt_gen *g, const struct kt_node *node, unsigned int dst)
{
	int label = kt_label_new(g), rc;

	if (label < 0)
		return label;
	rc = gen_imm(g, dst, 1);
	if (!rc)
		rc = kt_gen_jump(g, node, true, label);
	if (!rc)
		rc = gen_imm(g, dst, 0);
	kt_label_bind(g, label);
	return rc;
}

static int gen_copy(struct kt_gen *g, unsigned int dst, unsigned int reg, unsigned int words)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < words && !rc; i++) {
		struct ktally_insn insn = { .op = KTALLY_OP_MOV, .dst = dst + i, .a = reg + i };

		rc = kt_emit(g, &insn);
	}
	return rc;
}

int kt_gen_into(struct kt_gen *g, const struct kt_node *node, unsigned int dst)
{
	const struct kt_cached *cached;

	switch (node->op) {
	case KT_CONST:
		return gen_imm(g, dst, node->value);
	case KT_LEAF:
		cached = kt_cache_find(g, &node->insn);
		return cached ? gen_copy(g, dst, cached->reg, cached->words) : gen_leaf(g, node, dst);
	case KT_LOAD:
		return gen_load(g, node, dst);
	case KT_BINARY:
		return gen_binary(g, node, dst);
	case KT_MATCH:
		if (node->b->text_len)
			return gen_match(g, node, dst);
		/* fallthrough */
	default:
		return gen_condition(g, node, dst);
	}
}

/* ---- conditions ---- */

/* Jump if register @reg is not 0 (@when) or is 0. */
static int jump_on(struct kt_gen *g, unsigned int reg, bool when, int label)
{
	struct ktally_insn insn = { .op = when ? KTALLY_OP_JNE : KTALLY_OP_JEQ, .a = reg, .b = KTALLY_NO_REG };

	return kt_emit_jump(g, &insn, label);
}

static int jump_compare(struct kt_gen *g, const struct kt_node *node, bool when, int label)
{
	struct ktally_insn insn = { .op = when ? node->insn.op : kt_jump_inverse(node->insn.op) };
	const struct kt_node *a = node->a, *b = node->b;
	struct kt_operand first, second;
	int rc;

	if (insn.op == KTALLY_OP_JNE && b->op == KT_CONST && !b->value && a->op == KT_BINARY && a->insn.op == KTALLY_OP_AND) {
		insn.op = KTALLY_OP_JSET;	/* a & b: no need to have it */
		b = a->b;
		a = a->a;
	}
	rc = kt_gen_operand(g, a, &first);
	if (rc)
		return rc;
	insn.a = first.reg;
	rc = gen_second(g, b, &insn, &second);
	if (rc)
		return rc;
	kt_operand_release(g, &second);
	kt_operand_release(g, &first);
	return kt_emit_jump(g, &insn, label);
}

/* "" matches where the first word, NUL padded, is 0. */
static int jump_match(struct kt_gen *g, const struct kt_node *node, bool when, int label)
{
	struct kt_operand value;
	bool empty = !node->b->text_len;
	int rc;

	rc = kt_gen_operand(g, empty ? node->a : node, &value);
	if (rc)
		return rc;
	kt_operand_release(g, &value);
	return jump_on(g, value.reg, when != empty, label);
}

/*
 * A chain of the same operator hangs to the left; its conditions are jumped from in order. @through: the jump of the
 * whole is the jump of each (all of && when false, all of || when true); otherwise each but the last jumps past it.
 */
static int jump_logical(struct kt_gen *g, const struct kt_node *node, bool when, int label)
{
	bool through = (node->op == KT_OR) == when;
	int past, rc;

	if (through) {
		rc = kt_gen_jump(g, node->a, when, label);
		return rc ? rc : kt_gen_jump(g, node->b, when, label);
	}
	past = kt_label_new(g);
	if (past < 0)
		return past;
	rc = kt_gen_jump(g, node->a, !when, past);
	if (!rc)
		rc = kt_gen_jump(g, node->b, when, label);
	kt_label_bind(g, past);
	return rc;
}

int kt_gen_jump(struct kt_gen *g, const struct kt_node *node, bool when, int label)
{
	struct kt_operand value;
	int rc;

	switch (node->op) {
	case KT_AND:
	case KT_OR:
		return jump_logical(g, node, when, label);
	case KT_NOT:
		return kt_gen_jump(g, node->a, !when, label);
	case KT_COMPARE:
		return jump_compare(g, node, when, label);
	case KT_MATCH:
		return jump_match(g, node, when, label);
	default:
		rc = kt_gen_operand(g, node, &value);
		if (rc)
			return rc;
		kt_operand_release(g, &value);
		return jump_on(g, value.reg, when, label);
	}
}
