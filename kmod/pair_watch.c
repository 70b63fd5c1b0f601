// SPDX-License-Identifier: GPL-2.0
/*
 * What a pair must know of its threads: that they end, so that their places become free, and when they are switched, so
 * that its clocks stand still meanwhile.
 */
#include <linux/errno.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include "compat/trace_protos.h"
#include "compat/tracepoint.h"
#include "counter.h"
#include "pair_entry.h"
#include "session.h"

static void *half_here(const struct ktally_pair *pair)
{
	return READ_ONCE(raw_cpu_ptr(pair->session->hot)->half);
}

/* A moment that is later than any other: a difference to it is negative. */
#define NEVER (1ULL << 62)

static void forget_task(struct ktally_pair *pair, const struct task_struct *task)
{
	struct ktally_open *entry = pair_owner_entry(pair, (u64)task->pid + 1);
	void *half = half_here(pair);
	unsigned int i;

	if (!entry || !pair_take(entry))
		return;
	if (half) {
		for (; entry->depth; entry->depth--)
			PAIR_COUNT(pair, half, abandoned);
		WRITE_ONCE(entry->owner, 0);
	} else {
		/* Nowhere to count it: it stays open, and whoever gets the number next cannot use it for an end. */
		for (i = 0; i < entry->depth; i++)
			pair_frame(pair, entry, i)[FRAME_TIME] = NEVER;
	}
	pair_give(entry);
}

static u64 clock_now(const struct ktally_counter *counter)
{
	u64 now = 0;

	if (!counter)
		return ktime_get_mono_fast_ns();
	ktally_counter_read(counter, &now);
	return now;
}

static void switch_clocks(struct ktally_pair *pair, const struct task_struct *prev, const struct task_struct *next)
{
	struct ktally_open *out = pair_owner_entry(pair, (u64)prev->pid + 1);
	struct ktally_open *in = pair_owner_entry(pair, (u64)next->pid + 1);
	struct pair_clock *clocks;
	unsigned int i;
	u64 now;

	/* All idle threads have the number 0, and none of them has a place of its own. */
	if (!prev->pid)
		out = NULL;
	if (!next->pid)
		in = NULL;
	for (i = 0; i < pair->nr_clocks && (in || out); i++) {
		now = clock_now(pair->counters[i]);
		if (out) {
			clocks = pair_clocks(pair, out);
			clocks[i].sum += now - clocks[i].since;
			clocks[i].since = now;
		}
		if (in)
			pair_clocks(pair, in)[i].since = now;
	}
}

static void pair_exit(KTALLY_TP_PROTO(sched_process_exit))
{
	u64 args[KTALLY_TP_ARGS_MAX];

	preempt_disable_notrace();
	KTALLY_TP_FILL(sched_process_exit, args);
	forget_task(data, (void *)(unsigned long)args[0]);
	preempt_enable_notrace();
}

static void pair_switch(KTALLY_TP_PROTO(sched_switch))
{
	u64 args[KTALLY_TP_ARGS_MAX];

	preempt_disable_notrace();
	KTALLY_TP_FILL(sched_switch, args);
	switch_clocks(data, (void *)(unsigned long)args[0], (void *)(unsigned long)args[1]);
	preempt_enable_notrace();
}

int ktally_pair_watch(struct ktally_pair *pair, const char **why)
{
	int err;

	if (pair->kind != KTALLY_PAIR_TASK)
		return 0;
	*why = "this kernel does not tell of threads that end or are switched, so pairs by thread cannot be had";
	if (!KTALLY_TP_HAVE(sched_process_exit) || (pair->nr_clocks && !KTALLY_TP_HAVE(sched_switch)))
		return -EOPNOTSUPP;
	err = ktally_tp_register("sched_process_exit", pair_exit, pair);
	if (err)
		return err;
	pair->watched = true;
	err = pair->nr_clocks ? ktally_tp_register("sched_switch", pair_switch, pair) : 0;
	if (err)
		ktally_pair_unwatch(pair);
	return err;
}

void ktally_pair_unwatch(struct ktally_pair *pair)
{
	if (!pair->watched)
		return;
	pair->watched = false;
	ktally_tp_unregister("sched_process_exit", pair_exit, pair);
	if (pair->nr_clocks)
		ktally_tp_unregister("sched_switch", pair_switch, pair);
	ktally_tp_synchronize();
}
