// SPDX-License-Identifier: GPL-2.0
/* The way of a hit that takes no short cut, and which programs have one. */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/timekeeping.h>
#include "context.h"
#include "probe.h"
#include "session.h"
#include "source.h"

/* Runs the program, by the short cut for keys that only it knows how to load. */
static __always_inline unsigned int run(struct ktally_probe *probe, const struct ktally_hit *hit,
					const struct ktally_hot *hot, void *half, u32 weight)
{
	const struct ktally_fast *fast = &probe->fast;
	u64 key, *row;
	u32 place;

	if (fast->kind == KTALLY_FAST_KEY) {
		key = ktally_fast_key(probe, hit);
		place = READ_ONCE(((u32 *)(half + fast->index))[ktally_table_hash(key) >> fast->shift]);
		row = (u64 *)half + place;
		if (likely(place && row[0] == key)) {
			ktally_word_inc(&row[1]);
			return KTALLY_COUNTED(folded);
		}
	}
	return ktally_program_run(probe, hit, hot, half, weight);
}

/* What the governor lets through. An end without its start does nothing, so only starts need a gate. */
static __always_inline bool gated(const struct ktally_probe *probe, u64 hits, u32 *weight)
{
	u32 gate = READ_ONCE(probe->session->governor.gate);

	if (likely(gate == 1) || probe->program->uses & KTALLY_USES_END)
		return false;
	*weight = gate;
	return hits & (gate - 1);
}

static __always_inline unsigned int run_guarded(struct ktally_probe *probe, const struct ktally_hit *hit,
						const struct ktally_hot *hot, void *half, u64 hits)
{
	u32 weight = 1;

	if (probe->scope && !ktally_scope_has(probe->scope, current))
		return KTALLY_COUNTED(filtered);
	if (unlikely(gated(probe, hits, &weight)))
		return KTALLY_COUNTED(gated);
	return run(probe, hit, hot, half, weight);
}

/* One hit in KTALLY_TIMED_MASK + 1, so that the governor knows. */
static noinline unsigned int run_timed(struct ktally_probe *probe, const struct ktally_hit *hit, struct ktally_hot *hot,
				       void *half, u64 hits)
{
	u64 before = ktime_get_mono_fast_ns(), after;
	unsigned int member = run_guarded(probe, hit, hot, half, hits);

	after = ktime_get_mono_fast_ns();
	ktally_governor_charge(probe, &hot->spending, after, after - before, member != KTALLY_COUNTED(gated));
	return member;
}

noinline void ktally_probe_slow(struct ktally_probe *probe, const struct ktally_hit *hit)
{
	struct ktally_hot *hot;
	unsigned int outer, member;
	u64 hits;
	void *half = ktally_probe_begin(probe, &hot, &outer);

	if (!half)
		return;
	hits = ((struct ktally_probe_count *)(half + probe->count))->hits;
	if (unlikely(!(hits & KTALLY_TIMED_MASK)))
		member = run_timed(probe, hit, hot, half, hits);
	else
		member = run_guarded(probe, hit, hot, half, hits);
	ktally_probe_end(probe, half, outer, member);
}

/* Where in the running task a context word is, or -1. */
static int place_in_task(u32 context)
{
	BUILD_BUG_ON(sizeof(pid_t) != sizeof(u32));
	switch (context) {
	case KTALLY_CTX_PID:
		return offsetof(struct task_struct, tgid);
	case KTALLY_CTX_TID:
		return offsetof(struct task_struct, pid);
	}
	return -1;
}

static enum ktally_fast_kind shape_of(const struct ktally_insn *load)
{
	if (load->op == KTALLY_OPK_ARG)
		return KTALLY_FAST_ARG;
	if (load->op == KTALLY_OPK_DEREF)
		return KTALLY_FAST_KEY;
	if (load->op != KTALLY_OP_CONTEXT || load->aux == KTALLY_CTX_WEIGHT || ktally_context_words(load->aux) != 1)
		return KTALLY_FAST_NONE;
	return place_in_task(load->aux) < 0 ? KTALLY_FAST_KEY : KTALLY_FAST_CURRENT;
}

void ktally_fast_shape(struct ktally_probe *probe)
{
	const struct ktally_insn *insns = probe->program ? probe->program->insns : NULL;
	const struct ktally_table *table;

	probe->fast.shape = KTALLY_FAST_NONE;
	if (!insns || probe->program->nr != 3 || insns[1].op != KTALLY_OP_UPDATE || insns[2].op != KTALLY_OP_EXIT ||
	    insns[2].imm != KTALLY_VERDICT_FOLDED || insns[1].a != insns[0].dst)
		return;
	table = (void *)(unsigned long)insns[1].imm;
	if (table->nr_keys != 1 || table->nr_values)
		return;
	probe->fast.shape = shape_of(&insns[0]);
	probe->fast.arg = insns[0].a;
	probe->fast.offset = place_in_task(insns[0].aux);
	probe->fast.shift = 64 - table->index_bits;
	probe->fast.index = table->index;
}

void ktally_fast_prepare(struct ktally_probe *probe)
{
	bool closer = probe->scope || probe->session->governor.gate != 1;

	WRITE_ONCE(probe->fast.kind, closer ? KTALLY_FAST_NONE : probe->fast.shape);
}
