// SPDX-License-Identifier: LGPL-2.1-or-later
/* pair_program.c: the instructions of a start and of an end. */
#include <string.h>

#include "compile.h"

/* Words in front of result @n of kind @what, in the order that KTALLY_OP_END has. */
static unsigned int result_offset(const struct kt_pair *pair, enum kt_result what, unsigned int n)
{
	unsigned int oncpu = pair->flags & KTALLY_PAIR_ONCPU ? 1 : 0, nest = pair->flags & KTALLY_PAIR_NEST ? 2 : 0, i, at;

	switch (what) {
	case KT_RESULT_LAT:
		return 0;
	case KT_RESULT_ONCPU:
		return 1;
	case KT_RESULT_SELF:
		return 1 + oncpu;
	case KT_RESULT_CALLER:
		return 2 + oncpu;
	case KT_RESULT_COUNTER:
		return 1 + oncpu + nest + n;
	default:
		for (i = 0, at = 1 + oncpu + nest + pair->nr_counters; i < n; i++)
			at += pair->saved[i].words;
		return at;
	}
}

unsigned int kt_pair_words(const struct kt_pair *pair)
{
	return result_offset(pair, KT_RESULT_SAVED, pair->nr_saved);
}

/* A result cannot be had again: its register is never given away. */
static void keep(struct kt_gen *g, unsigned int reg, enum kt_result what, unsigned int n, unsigned int words)
{
	struct ktally_insn leaf = { .op = KTALLY_OP_END, .aux = what, .imm = n };

	kt_cache_add(g, &leaf, reg + result_offset(g->c->closes, what, n), words)->pins++;
}

static void keep_results(struct kt_gen *g, unsigned int reg)
{
	const struct kt_pair *pair = g->c->closes;
	unsigned int i;

	keep(g, reg, KT_RESULT_LAT, 0, 1);
	if (pair->flags & KTALLY_PAIR_ONCPU)
		keep(g, reg, KT_RESULT_ONCPU, 0, 1);
	if (pair->flags & KTALLY_PAIR_NEST) {
		keep(g, reg, KT_RESULT_SELF, 0, 1);
		keep(g, reg, KT_RESULT_CALLER, 0, 1);
	}
	for (i = 0; i < pair->nr_counters; i++)
		keep(g, reg, KT_RESULT_COUNTER, i, 1);
	for (i = 0; i < pair->nr_saved; i++)
		keep(g, reg, KT_RESULT_SAVED, i, pair->saved[i].words);
}

static int gen_than(struct kt_gen *g, unsigned int lat, int reject)
{
	struct ktally_insn insn = { .op = KTALLY_OP_JULT, .a = lat, .b = KTALLY_NO_REG, .imm = g->c->than };

	return g->c->than ? kt_emit_jump(g, &insn, reject) : 0;
}

int kt_gen_end(struct kt_gen *g, int reject)
{
	const struct kt_pair *pair = g->c->closes;
	struct ktally_insn insn = { .op = KTALLY_OP_END, .aux = pair->number };
	struct kt_span keys;
	int reg, rc;

	if (g->c->stay)
		insn.aux |= KTALLY_END_STAY;
	rc = kt_gen_span(g, &g->c->end_keys, &keys);
	if (rc)
		return rc;
	reg = kt_reg_alloc(g, kt_pair_words(pair), NULL);
	if (reg < 0)
		return reg;
	insn.a = keys.reg;
	insn.dst = reg;
	kt_release_span(g, &keys);
	rc = kt_emit_jump(g, &insn, reject);
	if (rc)
		return rc;
	keep_results(g, reg);
	kt_forget_weight(g);
	return gen_than(g, reg, reject);
}

int kt_gen_start(struct kt_gen *g)
{
	struct ktally_insn insn = { .op = KTALLY_OP_START, .aux = g->c->opens->number, .b = KTALLY_NO_REG };
	struct kt_span keys, saves;
	int rc;

	if (g->c->first)
		insn.aux |= KTALLY_START_FIRST;
	rc = kt_gen_span(g, &g->c->start_keys, &keys);
	if (!rc)
		rc = kt_gen_span(g, &g->c->saves, &saves);
	if (rc)
		return rc;
	insn.a = keys.reg;
	if (saves.words)
		insn.b = saves.reg;
	kt_release_span(g, &saves);
	kt_release_span(g, &keys);
	return kt_emit(g, &insn);
}
