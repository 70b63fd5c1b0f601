// SPDX-License-Identifier: GPL-2.0
/* The way of a hit that takes no short cut, and which programs have one. */
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/timekeeping.h>
#include "context.h"
#include "pair_plain.h"
#include "probe.h"
#include "ring.h"
#include "session.h"
#include "source.h"

/* The same for a table that may have no key, and then has one row. */
static __always_inline bool row_of(const struct ktally_probe *probe, void *half, u64 key, u64 **row)
{
	if (!probe->fast.alone)
		return ktally_fast_row(&probe->fast, half, key, row);
	*row = half + probe->fast.index - sizeof(u64);
	return true;
}

/* END, UPDATE, EXIT; the first hit of a key goes the long way, with the results at hand. */
static noinline void end_slowly(struct ktally_probe *probe, void *half, u64 ns, u64 saved, u64 weight)
{
	const struct ktally_insn *update = &probe->program->insns[1];
	struct ktally_run run = { .weight = weight, .probe = probe, .half = half };
	bool room = ktally_table_update((void *)(unsigned long)update->imm, half, &saved, &ns, &run);

	ktally_probe_account(probe, half, KTALLY_COUNTED(hits));
	ktally_probe_account(probe, half, room ? KTALLY_COUNTED(folded) : KTALLY_COUNTED(other));
}

static __always_inline void account_folded(struct ktally_probe_count *count)
{
	ktally_word_inc(&count->hits);
	ktally_word_inc(&count->folded);
}

static __always_inline bool fold_value(struct ktally_probe *probe, void *half, u64 key, u64 value, u64 weight)
{
	u64 *row;

	if (unlikely(!row_of(probe, half, key, &row)))
		return false;
	ktally_word_add(&row[1], weight);
	ktally_word_add(&row[2 + ktally_log2_bucket(value)], weight);
	account_folded(half + probe->count);
	return true;
}

/* Functions of their own, so that each saves no more registers than it needs; ktally_fast_more() jumps to them. */
static noinline bool fast_start(struct ktally_probe *probe, void *half, const u64 *args)
{
	if (unlikely(!plain_start(probe->fast.pair, half, args + probe->fast.arg)))
		return false;
	account_folded(half + probe->count);
	return true;
}

static noinline bool fast_unmatched(struct ktally_probe *probe, void *half)
{
	if (!plain_unmatched(probe->fast.pair, half))
		return false;
	ktally_probe_account(probe, half, KTALLY_COUNTED(hits));
	ktally_probe_account(probe, half, KTALLY_COUNTED(filtered));
	return true;
}

static noinline bool fast_end(struct ktally_probe *probe, void *half, const u64 *args)
{
	u64 ns, saved, weight;

	if (likely(plain_end(probe->fast.pair, half, &ns, &saved, &weight))) {
		if (unlikely(!fold_value(probe, half, saved, ns, weight)))
			end_slowly(probe, half, ns, saved, weight);
		return true;
	}
	return fast_unmatched(probe, half);
}

static noinline bool fast_gated(struct ktally_probe *probe, void *half, struct ktally_probe_count *count)
{
	if (ktally_gate_open(count->hits + 1, probe->fast.gate))
		return false;
	if (probe->fast.shape == KTALLY_FAST_START && !plain_cancel(probe->fast.pair, half))
		return false;
	ktally_word_inc(&count->hits);
	ktally_word_inc(&count->gated);
	return true;
}

static noinline bool fast_value(struct ktally_probe *probe, void *half, const u64 *args)
{
	return fold_value(probe, half, args[probe->fast.arg], args[probe->fast.value], 1);
}

/* LOAD argument..., EMIT, EXIT. The clock is a call, which somebody may probe: so the level is raised. */
static noinline bool fast_emit(struct ktally_probe *probe, void *half, const u64 *args)
{
	const struct ktally_insn *insn = probe->program->insns;
	struct ktally_ring *ring = raw_cpu_ptr(probe->hot)->ring;
	unsigned int i, nr = probe->fast.arg;
	u32 size = sizeof(struct ktally_event) + nr * sizeof(u64);
	struct ktally_event *event = (void *)ktally_ring_try(ring, size);

	if (unlikely(!event))
		return false;
	__this_cpu_write(ktally_level, ktally_level_now());
	for (i = 0; i < nr; i++)
		event->words[i] = args[insn[i].a];
	ktally_record_head(&event->record, probe, KTALLY_RECORD_EVENT, size, current);
	ktally_ring_publish(ring);
	account_folded(half + probe->count);
	__this_cpu_write(ktally_level, 0);
	return true;
}

bool ktally_fast_more(struct ktally_probe *probe, void *half, const u64 *args)
{
	struct ktally_probe_count *count = half + probe->count;
	/* The governor may change it at any time: to none, whatever the caller saw. */
	u8 kind = READ_ONCE(probe->fast.kind);

	if (unlikely(__this_cpu_read(ktally_level) || (u8)READ_ONCE(count->hits) == KTALLY_TIMED_MASK))
		return false;
	if (kind == KTALLY_FAST_EMIT)
		return fast_emit(probe, half, args);
	if (kind == KTALLY_FAST_START)
		return fast_start(probe, half, args);
	if (kind == KTALLY_FAST_END)
		return fast_end(probe, half, args);
	if (kind == KTALLY_FAST_GATED)
		return fast_gated(probe, half, count);
	if (kind == KTALLY_FAST_UNMATCHED)
		return fast_unmatched(probe, half);
	return kind == KTALLY_FAST_VALUE && fast_value(probe, half, args);
}

static __always_inline unsigned int run_key(struct ktally_probe *probe, const struct ktally_hit *hit,
					    const struct ktally_hot *hot, void *half)
{
	u64 *row;

	if (unlikely(!ktally_fast_row(&probe->fast, half, ktally_fast_key(probe, hit), &row)))
		return ktally_program_run(probe, hit, hot, half, 1);
	ktally_word_inc(&row[1]);
	return KTALLY_COUNTED(folded);
}

static __always_inline unsigned int run(struct ktally_probe *probe, const struct ktally_hit *hit,
					const struct ktally_hot *hot, void *half)
{
	u8 kind = probe->fast.kind;

	if (kind == KTALLY_FAST_KEY)
		return run_key(probe, hit, hot, half);
	return ktally_program_run(probe, hit, hot, half, 1);
}

/* Scope, then what the governor lets through. An end without its start does nothing, so only starts need a gate. */
static noinline unsigned int run_closer(struct ktally_probe *probe, const struct ktally_hit *hit,
					const struct ktally_hot *hot, void *half, u64 hits)
{
	u32 gate = READ_ONCE(probe->session->governor.gate);

	if (probe->scope && !ktally_scope_has(probe->scope, current)) {
		if (unlikely(probe->program->uses & KTALLY_USES_COUNTER))
			ktally_program_skip(probe);
		return KTALLY_COUNTED(filtered);
	}
	if (gate == 1 || probe->program->uses & (KTALLY_USES_END | KTALLY_USES_NEST))
		return run(probe, hit, hot, half);
	if (!ktally_gate_open(hits, gate)) {
		/* With weight 0 a start only ends what was open. */
		if (probe->program->uses & KTALLY_USES_START)
			return ktally_program_run(probe, hit, hot, half, 0);
		if (unlikely(probe->program->uses & KTALLY_USES_COUNTER))
			ktally_program_skip(probe);
		return KTALLY_COUNTED(gated);
	}
	return ktally_program_run(probe, hit, hot, half, gate);
}

/*
 * Not what the governor's gate let go, nor an end without a start: these are most hits when starts are gated, and take a short
 * cut. What a gate of the program refused came the long way.
 */
static bool did_work(const struct ktally_probe *probe, unsigned int member, u32 gate)
{
	if (member == KTALLY_COUNTED(gated))
		return gate == 1;
	return member != KTALLY_COUNTED(filtered) || probe->fast.kind < KTALLY_FAST_END;
}

/* One hit in KTALLY_TIMED_MASK + 1, so that the governor knows. */
static noinline unsigned int run_timed(struct ktally_probe *probe, const struct ktally_hit *hit, struct ktally_hot *hot,
				       void *half, u64 hits)
{
	bool gated = !(probe->program->uses & (KTALLY_USES_END | KTALLY_USES_NEST));
	u32 gate = gated ? READ_ONCE(probe->session->governor.gate) : 1;
	u64 before = ktime_get_mono_fast_ns(), after;
	unsigned int member = run_closer(probe, hit, hot, half, hits);

	after = ktime_get_mono_fast_ns();
	ktally_governor_charge(probe, &hot->spending, after, after - before, did_work(probe, member, gate), gate);
	return member;
}

void __no_stack_protector ktally_probe_slow(struct ktally_probe *probe, const struct ktally_hit *hit)
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
	else if (unlikely(probe->fast.closer))
		member = run_closer(probe, hit, hot, half, hits);
	else
		member = run(probe, hit, hot, half);
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

static bool exits_folded(const struct ktally_insn *insn)
{
	return insn->op == KTALLY_OP_EXIT && insn->imm == KTALLY_VERDICT_FOLDED;
}

/* Without a key there is but one row, which begins with its hits. */
static void use_table(struct ktally_fast *fast, const struct ktally_table *table)
{
	fast->alone = !table->nr_keys;
	fast->shift = 64 - table->index_bits;
	fast->index = fast->alone ? table->rows : table->index;
}

/* LOAD key, UPDATE, EXIT */
static enum ktally_fast_kind shape_count(struct ktally_fast *fast, const struct ktally_program *program)
{
	const struct ktally_insn *insns = program->insns;
	const struct ktally_table *table;

	if (program->nr != 3 || insns[1].op != KTALLY_OP_UPDATE || !exits_folded(&insns[2]) || insns[1].a != insns[0].dst)
		return KTALLY_FAST_NONE;
	table = (void *)(unsigned long)insns[1].imm;
	if (table->nr_keys != 1 || table->nr_values)
		return KTALLY_FAST_NONE;
	use_table(fast, table);
	fast->arg = insns[0].a;
	fast->offset = place_in_task(insns[0].aux);
	return shape_of(&insns[0]);
}

/* START, EXIT, or LOAD argument, START, EXIT */
static enum ktally_fast_kind shape_start(struct ktally_fast *fast, const struct ktally_program *program)
{
	const struct ktally_insn *insns = program->insns, *start;
	struct ktally_pair *pair;

	if (program->nr < 2 || program->nr > 3 || !exits_folded(&insns[program->nr - 1]))
		return KTALLY_FAST_NONE;
	start = &insns[program->nr - 2];
	if (start->op != KTALLY_OP_START || start->aux)
		return KTALLY_FAST_NONE;
	pair = (void *)(unsigned long)start->imm;
	if (!pair->plain || pair->nr_saved != program->nr - 2 ||
	    (pair->nr_saved && (insns[0].op != KTALLY_OPK_ARG || insns[0].dst != start->b)))
		return KTALLY_FAST_NONE;
	fast->arg = pair->nr_saved ? insns[0].a : 0;
	fast->pair = pair;
	return KTALLY_FAST_START;
}

/* One log2 histogram and nothing else. */
static bool is_histogram(const struct ktally_table *table)
{
	const struct ktally_column *column = &table->columns[0].column;

	return table->nr_values == 1 && column->kind == KTALLY_COLUMN_HIST && column->hist == KTALLY_HIST_LOG2 && !column->flags;
}

/* END, UPDATE by the saved word with a histogram of the time, EXIT, and where END skips to: EXIT filtered */
static enum ktally_fast_kind shape_end(struct ktally_fast *fast, const struct ktally_program *program)
{
	const struct ktally_insn *insns = program->insns;
	const struct ktally_table *table;
	struct ktally_pair *pair;

	if (program->nr != 4 || insns[0].op != KTALLY_OP_END || insns[0].aux != 2 || insns[1].op != KTALLY_OP_UPDATE ||
	    !exits_folded(&insns[2]) || insns[3].op != KTALLY_OP_EXIT || insns[3].imm != KTALLY_VERDICT_FILTERED)
		return KTALLY_FAST_NONE;
	pair = (void *)(unsigned long)insns[0].imm;
	table = (void *)(unsigned long)insns[1].imm;
	if (!pair->plain || pair->nr_saved > 1 || !is_histogram(table) || insns[1].b != insns[0].dst ||
	    table->nr_keys > pair->nr_saved || (table->nr_keys && insns[1].a != insns[0].dst + 1))
		return KTALLY_FAST_NONE;
	use_table(fast, table);
	fast->pair = pair;
	return KTALLY_FAST_END;
}

/* END..., and where it skips to: EXIT filtered */
static enum ktally_fast_kind shape_unmatched(struct ktally_fast *fast, const struct ktally_program *program)
{
	const struct ktally_insn *end = program->insns, *target;
	struct ktally_pair *pair;

	if (end->op != KTALLY_OP_END)
		return KTALLY_FAST_NONE;
	target = end + 1 + (end->aux & ~KTALLY_OPK_STAY);
	pair = (void *)(unsigned long)end->imm;
	if (pair->kind != KTALLY_PAIR_TASK || target->op != KTALLY_OP_EXIT || target->imm != KTALLY_VERDICT_FILTERED)
		return KTALLY_FAST_NONE;
	fast->pair = pair;
	return KTALLY_FAST_UNMATCHED;
}

/* LOAD argument, UPDATE, EXIT, or LOAD argument, LOAD argument, UPDATE, EXIT: a histogram of one, of all or by the other */
static enum ktally_fast_kind shape_value(struct ktally_fast *fast, const struct ktally_program *program)
{
	const struct ktally_insn *insns = program->insns, *update;
	const struct ktally_table *table;
	unsigned int i, loads;

	if (program->nr < 3 || program->nr > 4 || !exits_folded(&insns[program->nr - 1]))
		return KTALLY_FAST_NONE;
	loads = program->nr - 2;
	update = &insns[loads];
	if (update->op != KTALLY_OP_UPDATE)
		return KTALLY_FAST_NONE;
	table = (void *)(unsigned long)update->imm;
	if (!is_histogram(table) || table->nr_keys > 1)
		return KTALLY_FAST_NONE;
	fast->arg = fast->value = 0;
	for (i = 0; i < loads; i++) {
		if (insns[i].op != KTALLY_OPK_ARG)
			return KTALLY_FAST_NONE;
		if (table->nr_keys && update->a == insns[i].dst)
			fast->arg = insns[i].a;
		if (update->b == insns[i].dst)
			fast->value = insns[i].a;
	}
	use_table(fast, table);
	return KTALLY_FAST_VALUE;
}

/* LOAD argument..., EMIT, EXIT */
static enum ktally_fast_kind shape_emit(struct ktally_fast *fast, const struct ktally_program *program)
{
	const struct ktally_insn *insns = program->insns, *emit;
	unsigned int i, nr;

	if (program->nr < 2 || !exits_folded(&insns[program->nr - 1]))
		return KTALLY_FAST_NONE;
	nr = program->nr - 2;
	emit = &insns[nr];
	if (emit->op != KTALLY_OP_EMIT || emit->aux != nr)
		return KTALLY_FAST_NONE;
	for (i = 0; i < nr; i++)
		if (insns[i].op != KTALLY_OPK_ARG || insns[i].dst != emit->a + i)
			return KTALLY_FAST_NONE;
	fast->arg = nr;
	return KTALLY_FAST_EMIT;
}

void ktally_fast_shape(struct ktally_probe *probe)
{
	static enum ktally_fast_kind (*const shapes[])(struct ktally_fast *, const struct ktally_program *) = {
		shape_count, shape_start, shape_end, shape_unmatched, shape_value, shape_emit,
	};
	unsigned int i;

	probe->fast.shape = KTALLY_FAST_NONE;
	for (i = 0; probe->program && i < ARRAY_SIZE(shapes) && !probe->fast.shape; i++)
		probe->fast.shape = shapes[i](&probe->fast, probe->program);
}

void ktally_fast_prepare(struct ktally_probe *probe)
{
	u32 gate = READ_ONCE(probe->session->governor.gate);
	bool closer = probe->scope || gate != 1;
	u8 kind = probe->fast.shape;

	/* The shortest of them look at nothing at all. Ends have no gate, see run_closer(). */
	if (!probe->scope && gate != 1 && probe->program &&
	    !(probe->program->uses & (KTALLY_USES_END | KTALLY_USES_COUNTER | KTALLY_USES_NEST)) &&
	    (kind == KTALLY_FAST_START || !(probe->program->uses & KTALLY_USES_START)))
		kind = KTALLY_FAST_GATED;
	else if (probe->scope && kind != KTALLY_FAST_KEY)
		kind = KTALLY_FAST_NONE;
	WRITE_ONCE(probe->fast.gate, gate);
	WRITE_ONCE(probe->fast.closer, closer);
	WRITE_ONCE(probe->fast.kind, kind);
}
