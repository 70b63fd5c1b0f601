// SPDX-License-Identifier: LGPL-2.1-or-later
/* gates.c: attributes that let only some hits through, every=, chance=, bytes=, tiers=, per=, and their instructions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "attrs.h"

#define NUMBER_MAX	(1 << 30)

/* Sizes of allocations: all of the large ones, half of those in between, one in a hundred of the small ones. */
#define TIER_ALL	(64U << 10)
#define TIER_HALF	(2U << 10)
#define TIER_SMALL	100

static int set_gate(struct kt_compile *c, const struct attr *attr, uint64_t number, struct kt_node *size, int pos)
{
	if (c->gate.kind != KT_GATE_NONE)
		return kt_fail(c, -EINVAL, pos, c->tok.pos - pos, "an event has one gate, and '%s=' is given already", c->gate.name);
	c->gate.kind = attr->data;
	c->gate.name = attr->name;
	c->gate.number = number;
	c->gate.size = size;
	return 0;
}

int kt_parse_every(struct kt_compile *c, const struct attr *attr, bool given)
{
	int pos = c->tok.pos, rc;
	int64_t value;

	(void)given;
	rc = kt_parse_const(c, attr->name, &value, NULL);
	if (rc)
		return rc;
	if (value < 1 || value > NUMBER_MAX)
		return kt_fail(c, -EINVAL, pos, c->tok.pos - pos, "every is between 1 and %d: every=10 lets each tenth hit through", NUMBER_MAX);
	return set_gate(c, attr, value, NULL, pos);
}

/* 1/100, 1% or 0.01; read by hand, because '/' ends a part and the language knows no other fractions. Return: 0 if it is none */
static double read_chance(const char *text, int *len)
{
	char *end = (char *)text, *next;
	double value = 0;

	if (*text >= '0' && *text <= '9')
		value = strtod(text, &end);
	if (*end == '/' && end[1] >= '0' && end[1] <= '9') {
		value /= strtod(end + 1, &next);
		end = next;
	} else if (*end == '%') {
		value /= 100;
		end++;
	}
	*len = (int)(end - text);
	return value > 0 && value <= 1 ? value : 0;
}

int kt_parse_chance(struct kt_compile *c, const struct attr *attr, bool given)
{
	int pos = c->tok.pos, len, rc;
	double chance = read_chance(c->text + pos, &len), number = chance > 0 ? round(1 / chance) : 0;

	(void)given;
	if (!len)
		len = c->tok.len;
	if (number < 1 || number > NUMBER_MAX || fabs(number * chance - 1) > 1e-9)
		return kt_fail(c, -EINVAL, pos, len, "chance is one in a whole number of hits, such as chance=1/100 or chance=1%%");
	rc = kt_restart(c, pos + len);
	return rc ? rc : set_gate(c, attr, (uint64_t)number, NULL, pos);
}

static int parse_size(struct kt_compile *c, const struct attr *attr, struct kt_node **size)
{
	*size = kt_parse_expr(c);
	if (!*size)
		return c->rc;
	if ((*size)->type == KT_STRING || (*size)->op == KT_CONST)
		return kt_fail(c, -EINVAL, (*size)->pos, (*size)->len, "%s= needs the size that differs from hit to hit, such as %s=%s", attr->name, attr->name,
			       attr->data == KT_GATE_BYTES ? "bytes_alloc:512K" : "bytes_alloc");
	return 0;
}

int kt_parse_bytes(struct kt_compile *c, const struct attr *attr, bool given)
{
	struct kt_node *size;
	int64_t interval = 0;
	int pos = c->tok.pos, at, rc;

	(void)given;
	rc = parse_size(c, attr, &size);
	if (!rc)
		rc = kt_expect(c, ':', "and the bytes between two samples, such as bytes=bytes_alloc:512K");
	at = c->tok.pos;
	if (!rc)
		rc = kt_parse_const(c, "the number of bytes between two samples", &interval, NULL);
	if (rc)
		return rc;
	if (interval < 1 || interval > UINT32_MAX)
		return kt_fail(c, -EINVAL, at, c->tok.pos - at, "the bytes between two samples are 1 to %u", UINT32_MAX);
	return set_gate(c, attr, interval, size, pos);
}

int kt_parse_tiers(struct kt_compile *c, const struct attr *attr, bool given)
{
	int pos = c->tok.pos, rc;
	struct kt_node *size;

	(void)given;
	rc = parse_size(c, attr, &size);
	return rc ? rc : set_gate(c, attr, 0, size, pos);
}

int kt_parse_per(struct kt_compile *c, const struct attr *attr, bool given)
{
	enum kt_unit unit;
	int pos = c->tok.pos, rc;
	int64_t value;

	(void)given;
	rc = kt_parse_const(c, attr->name, &value, &unit);
	if (rc)
		return rc;
	if (unit != KT_UNIT_TIME || value < 1)
		return kt_fail(c, -EINVAL, pos, c->tok.pos - pos, "per= is a time, such as per=10ms: one hit in each 10 ms on each CPU");
	return set_gate(c, attr, value, NULL, pos);
}

/* ---- instructions ---- */

void kt_forget_weight(struct kt_gen *g)
{
	struct ktally_insn leaf = { .op = KTALLY_OP_CONTEXT, .aux = KTALLY_CTX_WEIGHT };

	kt_cache_drop(g, &leaf);
}

static int gate(struct kt_gen *g, enum ktally_gate kind, uint64_t number, unsigned int reg)
{
	struct ktally_insn insn = { .op = KTALLY_OP_GATE, .aux = kind, .imm = number, .a = reg };

	return kt_emit(g, &insn);
}

static int jump(struct kt_gen *g, enum ktally_op op, unsigned int reg, uint64_t value, int label)
{
	struct ktally_insn insn = { .op = op, .a = reg, .b = op == KTALLY_OP_JMP ? 0 : KTALLY_NO_REG, .imm = value };

	return kt_emit_jump(g, &insn, label);
}

static int gen_tiers(struct kt_gen *g, unsigned int reg)
{
	int pass = kt_label_new(g), small = kt_label_new(g), rc;

	if (pass < 0 || small < 0)
		return g->c->rc;
	rc = jump(g, KTALLY_OP_JUGE, reg, TIER_ALL, pass);
	if (!rc)
		rc = jump(g, KTALLY_OP_JULT, reg, TIER_HALF, small);
	if (!rc)
		rc = gate(g, KTALLY_GATE_RANDOM, 2, 0);
	if (!rc)
		rc = jump(g, KTALLY_OP_JMP, 0, 0, pass);
	kt_label_bind(g, small);
	if (!rc)
		rc = gate(g, KTALLY_GATE_RANDOM, TIER_SMALL, 0);
	kt_label_bind(g, pass);
	return rc;
}

static int gen_sized(struct kt_gen *g, const struct kt_gate *wanted)
{
	struct kt_operand size;
	int rc = kt_gen_operand(g, wanted->size, &size);

	if (rc)
		return rc;
	rc = wanted->kind == KT_GATE_TIERS ? gen_tiers(g, size.reg) : gate(g, KTALLY_GATE_BYTES, wanted->number, size.reg);
	kt_operand_release(g, &size);
	return rc;
}

int kt_gen_gate(struct kt_gen *g)
{
	const struct kt_gate *wanted = &g->c->gate;
	int rc;

	switch (wanted->kind) {
	case KT_GATE_NONE:
		return 0;
	case KT_GATE_EVERY:
		rc = gate(g, KTALLY_GATE_EVERY, wanted->number, 0);
		break;
	case KT_GATE_CHANCE:
		rc = gate(g, KTALLY_GATE_RANDOM, wanted->number, 0);
		break;
	case KT_GATE_PER:
		rc = gate(g, KTALLY_GATE_PERIOD, wanted->number, 0);
		break;
	default:
		rc = gen_sized(g, wanted);
	}
	kt_forget_weight(g);
	return rc;
}
