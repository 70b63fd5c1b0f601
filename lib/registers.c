// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * registers.c: which registers are taken, and which of them hold a field or context word that need not be read again.
 *
 * A cached value is good where every path to the place has read it: at a label only what all jumps to it agree on stays.
 */
#include <string.h>

#include "compile.h"

static uint32_t span(unsigned int reg, unsigned int words)
{
	return (uint32_t)(((1ULL << words) - 1) << reg);
}

static int find_free(const struct kt_gen *g, unsigned int words)
{
	unsigned int reg;

	for (reg = 0; reg + words <= KTALLY_REGS; reg++)
		if (!(g->used & span(reg, words)))
			return reg;
	return -1;
}

static void forget(struct kt_gen *g, struct kt_cached *cached)
{
	cached->valid = false;
	g->used &= ~span(cached->reg, cached->words);
}

static struct kt_cached *oldest(struct kt_gen *g)
{
	struct kt_cached *best = NULL, *cached;

	for (cached = g->cache; cached < g->cache + KTALLY_REGS; cached++)
		if (cached->valid && !cached->pins && (!best || cached->age < best->age))
			best = cached;
	return best;
}

int kt_reg_alloc(struct kt_gen *g, unsigned int words, const struct kt_node *blame)
{
	struct kt_cached *victim;
	int reg;

	while ((reg = find_free(g, words)) < 0) {
		victim = oldest(g);
		if (!victim)
			return kt_fail(g->c, -EINVAL, blame ? blame->pos : -1, blame ? blame->len : 0,
				       "expression too complex: it needs more than the %d registers of a program; use fewer or shorter values", KTALLY_REGS);
		forget(g, victim);
	}
	g->used |= span(reg, words);
	return reg;
}

void kt_reg_free(struct kt_gen *g, unsigned int reg, unsigned int words)
{
	g->used &= ~span(reg, words);
}

struct kt_cached *kt_cache_find(struct kt_gen *g, const struct ktally_insn *leaf)
{
	struct kt_cached *cached;

	for (cached = g->cache; cached < g->cache + KTALLY_REGS; cached++) {
		if (cached->valid && !memcmp(&cached->leaf, leaf, sizeof(*leaf))) {
			cached->age = ++g->age;
			return cached;
		}
	}
	return NULL;
}

/* Every entry has at least one register, so there is always room for one more. */
struct kt_cached *kt_cache_add(struct kt_gen *g, const struct ktally_insn *leaf, unsigned int reg, unsigned int words)
{
	struct kt_cached *cached = g->cache;
	unsigned int i;

	while (cached->valid)
		cached++;
	cached->valid = true;
	cached->leaf = *leaf;
	cached->reg = reg;
	cached->words = words;
	cached->pins = 0;
	cached->age = ++g->age;
	for (i = 0; i < g->nr_labels; i++)	/* an earlier jump knew another value here, or none */
		if (g->labels[i].jumped)
			g->labels[i].cached &= ~(1U << (cached - g->cache));
	return cached;
}

void kt_cache_drop(struct kt_gen *g, const struct ktally_insn *leaf)
{
	struct kt_cached *cached = kt_cache_find(g, leaf);

	if (cached && !cached->pins)
		forget(g, cached);
}

uint32_t kt_cache_mask(const struct kt_gen *g)
{
	uint32_t mask = 0;
	unsigned int i;

	for (i = 0; i < KTALLY_REGS; i++)
		if (g->cache[i].valid)
			mask |= 1U << i;
	return mask;
}

void kt_cache_keep(struct kt_gen *g, uint32_t entries)
{
	unsigned int i;

	for (i = 0; i < KTALLY_REGS; i++)
		if (g->cache[i].valid && !(entries & (1U << i)))
			forget(g, &g->cache[i]);
}
