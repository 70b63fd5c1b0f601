/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The governor: keeps what a session costs within its budget, and says what it did.
 *
 * One hit in 256 is timed, on each CPU. From these the governor knows what share of the CPU the session takes. Above the
 * budget it takes a step: no stacks, no counters, one hit in N (with weight N, so that totals stay right), a probe off. A
 * step is taken back when what it would cost then is below 0.8 of the budget.
 */
#ifndef _KTALLY_GOVERNOR_H
#define _KTALLY_GOVERNOR_H

#include <linux/irq_work.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>
#include <linux/ktally_netlink.h>
#include "table.h"

/* Every so many hits of a probe on a CPU one is timed: when the low bits of its count are all ones. */
#define KTALLY_TIMED_MASK	255

struct ktally_probe;
struct ktally_session;

/**
 * struct ktally_spending - what a session takes of one CPU
 * @since: when the window began, ns
 * @spent: estimated ns of handlers since
 * @share: thousandths in the last window
 * @calm: windows in a row below the budget
 */
struct ktally_spending {
	u64 since;
	u64 spent;
	u32 share;
	u32 calm;
};

/**
 * struct ktally_governor - state of a session's governor
 * @budget: thousandths of a CPU; 0: never steps
 * @clock_ns: what a look at the clock costs
 * @no_stacks: stacks are off
 * @no_counters: counters are off
 * @gate: one hit in so many is run, a power of two
 * @stack_factor: how many times the cost was with stacks, in tenths
 * @counter_factor: the same with counters
 * @last: when the last step was taken
 * @lock: of the steps: tried, never waited for
 * @nr_steps: taken so far
 * @steps: the last of them, round
 * @off: number of the probe to be taken off, -1: none
 * @irq_work: gets from a hit to @work
 * @work: takes it off
 * @session: whose
 */
struct ktally_governor {
	u32 budget;
	u32 clock_ns;
	bool no_stacks;
	bool no_counters;
	u32 gate;
	u32 stack_factor;
	u32 counter_factor;
	u64 last;
	unsigned long lock;
	unsigned int nr_steps;
	struct ktally_step steps[KTALLY_STEPS_KEPT];
	int off;
	struct irq_work irq_work;
	struct work_struct work;
	struct ktally_session *session;
};

/**
 * ktally_gate_open() - whether a hit is the one of its @gate that is run
 * @hits: its number
 * @gate: the governor's, a power of two above 1
 *
 * In each run of that many another one is chosen, so that what comes in a rhythm is not met in step.
 * Context: any.
 */
static __always_inline bool ktally_gate_open(u64 hits, u32 gate)
{
	u64 chosen = ktally_table_hash(hits & ~(u64)(gate - 1)) >> 32;

	return (hits & (gate - 1)) == (chosen & (gate - 1));
}

/** ktally_governor_init() - begin; Return: 0, or -ERANGE with a sentence. Context: process. */
int ktally_governor_init(struct ktally_session *session, u32 budget, const char **why);
/** ktally_governor_start() - forget what was spent and taken away. Context: session locked, not running. */
void ktally_governor_start(struct ktally_session *session);
/** ktally_governor_quiesce() - none of its work is under way on return. Context: process, session not locked, nothing hits. */
void ktally_governor_quiesce(struct ktally_session *session);

/**
 * ktally_governor_charge() - a timed hit
 * @probe: whose
 * @spending: of this CPU
 * @now: ns
 * @ns: that its handler took
 * @run: whether its program was run (and not gated)
 *
 * Context: inside a handler, any context.
 */
void ktally_governor_charge(struct ktally_probe *probe, struct ktally_spending *spending, u64 now, u64 ns, bool run);

/** ktally_governor_share() - the largest share of all CPUs, thousandths. Context: any. */
u32 ktally_governor_share(const struct ktally_session *session);
/** ktally_governor_steps() - copy the last steps, oldest first; Return: how many. Context: process. */
unsigned int ktally_governor_steps(struct ktally_session *session, struct ktally_step *steps);

#endif /* _KTALLY_GOVERNOR_H */
