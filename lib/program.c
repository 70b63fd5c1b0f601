// SPDX-License-Identifier: LGPL-2.1-or-later
/* program.c: the whole program of a probe: who is let through first, then the table's update, then the record. */
#include <stdlib.h>
#include <string.h>

#include "compile.h"

unsigned int kt_words(const struct kt_items *items)
{
	unsigned int i, words = 0;

	for (i = 0; i < items->nr; i++)
		if (items->item[i].node)
			words += items->item[i].node->words;
	return words;
}

static void pin(struct kt_gen *g, struct kt_span *span, struct kt_cached *cached)
{
	cached->pins++;
	span->pinned |= 1U << (cached - g->cache);
}

/* True if the filter happens to have left all values where they are wanted. */
static bool in_place(struct kt_gen *g, const struct kt_items *items, struct kt_span *span)
{
	struct kt_cached *found[KTALLY_REGS];
	unsigned int i, nr = 0, next = 0;

	for (i = 0; i < items->nr; i++) {
		const struct kt_node *node = items->item[i].node;

		if (!node)
			continue;
		found[nr] = node->op == KT_LEAF ? kt_cache_find(g, &node->insn) : NULL;
		if (!found[nr] || (nr && found[nr]->reg != next))
			return false;
		if (!nr)
			span->reg = found[nr]->reg;
		next = found[nr]->reg + found[nr]->words;
		nr++;
	}
	for (i = 0; i < nr; i++)
		pin(g, span, found[i]);
	return true;
}

static int gen_item(struct kt_gen *g, const struct kt_node *node, unsigned int reg, struct kt_span *span)
{
	bool fresh = node->op == KT_LEAF && !kt_cache_find(g, &node->insn);
	int rc = kt_gen_into(g, node, reg);

	if (!rc && fresh)
		pin(g, span, kt_cache_add(g, &node->insn, reg, node->words));
	return rc;
}

int kt_gen_span(struct kt_gen *g, const struct kt_items *items, struct kt_span *span)
{
	const struct kt_node *blame = NULL;
	unsigned int i, at;
	int reg, rc = 0;

	memset(span, 0, sizeof(*span));
	span->words = kt_words(items);
	if (!span->words || in_place(g, items, span))
		return 0;
	for (i = 0; i < items->nr; i++)
		if (items->item[i].node && items->item[i].node->pos >= 0)
			blame = items->item[i].node;
	reg = kt_reg_alloc(g, span->words, blame);
	if (reg < 0)
		return reg;
	span->reg = at = reg;
	for (i = 0; i < items->nr && !rc; i++) {
		const struct kt_node *node = items->item[i].node;

		if (!node)
			continue;
		rc = gen_item(g, node, at, span);
		at += node->words;
	}
	return rc;
}

/* Registers that hold a cached leaf stay with the cache, the others become free. */
void kt_release_span(struct kt_gen *g, const struct kt_span *span)
{
	unsigned int i;

	if (!span->words)
		return;
	for (i = span->reg; i < span->reg + span->words; i++)
		kt_reg_free(g, i, 1);
	for (i = 0; i < KTALLY_REGS; i++) {
		struct kt_cached *cached = &g->cache[i];
		unsigned int reg;

		if (span->pinned & (1U << i))
			cached->pins--;
		for (reg = cached->reg; cached->valid && reg < cached->reg + cached->words; reg++)
			g->used |= 1U << reg;
	}
}

static int gen_update(struct kt_gen *g, unsigned int table)
{
	struct ktally_insn insn = { .op = KTALLY_OP_UPDATE, .aux = table, .b = KTALLY_NO_REG };
	struct kt_span keys, values;
	int rc;

	rc = kt_gen_span(g, &g->c->keys, &keys);
	if (rc)
		return rc;
	rc = kt_gen_span(g, &g->c->values, &values);
	if (rc)
		return rc;
	insn.a = keys.reg;
	if (values.words)
		insn.b = values.reg;
	kt_release_span(g, &values);
	kt_release_span(g, &keys);
	return kt_emit(g, &insn);
}

/* EMIT to the ring or KEEP in the scratch ring. */
static int gen_record(struct kt_gen *g, enum ktally_op op)
{
	struct ktally_insn insn = { .op = op };
	struct kt_span span;
	int rc;

	rc = kt_gen_span(g, &g->c->emits, &span);
	if (rc)
		return rc;
	insn.a = span.reg;
	insn.aux = span.words;
	kt_release_span(g, &span);
	return kt_emit(g, &insn);
}

/* What was kept since the start of the pair. */
static int gen_dump(struct kt_gen *g)
{
	struct ktally_insn insn = { .op = KTALLY_OP_DUMP }, lat = { .op = KTALLY_OP_END, .aux = KT_RESULT_LAT };

	insn.a = kt_cache_find(g, &lat)->reg;
	return kt_emit(g, &insn);
}

static int gen_exit(struct kt_gen *g, enum ktally_verdict verdict)
{
	struct ktally_insn insn = { .op = KTALLY_OP_EXIT, .imm = verdict };

	return kt_emit(g, &insn);
}

/* Who is let through. A filter that asks for what the start knew comes behind the end of the pair, any other before it. */
static int gen_conditions(struct kt_gen *g, const struct kt_node *filter, int reject)
{
	bool late = filter && kt_uses_results(filter);
	int rc = 0;

	if (filter && !late)
		rc = kt_gen_jump(g, filter, false, reject);
	if (!rc && g->c->closes)
		rc = kt_gen_end(g, reject);
	if (!rc && late)
		rc = kt_gen_jump(g, filter, false, reject);
	return rc ? rc : kt_gen_gate(g);
}

static int gen_actions(struct kt_gen *g, unsigned int table, bool update)
{
	int rc = 0;

	if (update)
		rc = gen_update(g, table);
	if (!rc && g->c->emit)
		rc = gen_record(g, KTALLY_OP_EMIT);
	if (!rc && g->c->keep)
		rc = gen_record(g, KTALLY_OP_KEEP);
	if (!rc && g->c->dump)
		rc = gen_dump(g);
	if (!rc && g->c->opens)		/* last, so that nothing else is part of what is measured */
		rc = kt_gen_start(g);
	return rc ? rc : gen_exit(g, KTALLY_VERDICT_FOLDED);
}

/* A filter that is known to say yes costs nothing; one that says no leaves nothing to do. */
static int generate(struct kt_gen *g, unsigned int table, bool update)
{
	const struct kt_node *filter = g->c->filter;
	int reject = -1, rc;

	if (filter && filter->op == KT_CONST) {
		if (!filter->value)
			return gen_exit(g, KTALLY_VERDICT_FILTERED);
		filter = NULL;
	}
	rc = kt_gen_deltas(g);
	if (filter || g->c->closes)
		reject = kt_label_new(g);
	if (!rc)
		rc = gen_conditions(g, filter, reject);
	if (!rc)
		rc = gen_actions(g, table, update);
	if (rc || reject < 0)
		return rc;
	kt_label_bind(g, reject);
	return gen_exit(g, KTALLY_VERDICT_FILTERED);
}

static void *copy(const void *from, size_t size)
{
	void *to = malloc(size ? size : 1);

	if (to)
		memcpy(to, from, size);
	return to;
}

int kt_program(struct kt_compile *c, unsigned int table, bool update)
{
	struct kt_gen *g = calloc(1, sizeof(*g));
	int rc;

	if (!g)
		return kt_fail(c, -ENOMEM, -1, 0, "out of memory");
	g->c = c;
	rc = generate(g, table, update);
	if (rc)
		goto out;
	kt_labels_resolve(g);
	c->probe.insns = copy(g->insns, g->nr * sizeof(g->insns[0]));
	c->probe.data = copy(g->data, g->data_len);
	c->probe.nr_insns = g->nr;
	c->probe.data_len = g->data_len;
	if (!c->probe.insns || !c->probe.data)
		rc = kt_fail(c, -ENOMEM, -1, 0, "out of memory");
out:
	free(g);
	return rc;
}
