/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The governor: keeps what a session costs within its budget, and says what it did.
 *
 * One hit in 256 is timed, on each CPU. From these the governor knows what share of the CPU the session takes. Above the
 * budget it takes a step: no stacks, no counters, one hit in N (with weight N, so that totals stay right), and where being
 * hit alone is too dear, the dearest probes off. A step is taken back when what it would cost then is below 0.8 of the
 * budget, but for probes.
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
 * @spent: estimated ns of hits since
 * @spent_around: those before and after handlers, which no gate can save
 * @samples: timed hits since
 * @share: thousandths in the last window
 * @around: those of them before and after handlers
 * @each: what a timed hit stood for in the last window, ns
 * @calm: since when it was well below the budget, ns
 */
struct ktally_spending {
	u64 since;
	u64 spent;
	u64 spent_around;
	u32 samples;
	u32 share;
	u32 around;
	u64 each;
	u64 calm;
};

/**
 * struct ktally_taken - something that was taken away
 * @before: what a hit took until then, ns of 256
 * @factor: how many times more that is than after, in tenths; 0: not known yet
 */
struct ktally_taken {
	u64 before;
	u32 factor;
};

/**
 * struct ktally_governor - state of a session's governor
 * @budget: thousandths of a CPU; 0: never steps
 * @clock_ns: what a look at the clock costs
 * @no_stacks: stacks are off
 * @no_counters: counters are off
 * @gate: one hit in so many is run, a power of two
 * @stacks: what they cost
 * @counters: what they cost
 * @last: when the last step was taken
 * @lock: of the steps: tried, never waited for
 * @nr_steps: taken so far
 * @steps: the last of them, round
 * @gave_back: that was the last step
 * @regrets: how often it was soon taken away again
 * @taking_off: @work is to take probes off
 * @keep: thousandths of what they spend that may stay
 * @off_share: the share when that was decided
 * @off_cpu: where
 * @irq_work: gets from a hit to @work
 * @work: takes them off
 * @session: whose
 */
struct ktally_governor {
	u32 budget;
	u32 clock_ns;
	bool no_stacks;
	bool no_counters;
	u32 gate;
	struct ktally_taken stacks;
	struct ktally_taken counters;
	u64 last;
	unsigned long lock;
	unsigned int nr_steps;
	struct ktally_step steps[KTALLY_STEPS_KEPT];
	bool gave_back;
	int regrets;
	bool taking_off;
	u32 keep;
	u32 off_share;
	u32 off_cpu;
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
 * @run: whether its handler did more than a short cut for hits that are let go
 * @gate: one hit in so many is run
 *
 * Context: inside a handler, any context.
 */
void ktally_governor_charge(struct ktally_probe *probe, struct ktally_spending *spending, u64 now, u64 ns, bool run, u32 gate);

/** ktally_governor_share() - the largest share of all CPUs, thousandths. Context: any. */
u32 ktally_governor_share(const struct ktally_session *session);
/** ktally_governor_steps() - copy the last steps, oldest first; Return: how many. Context: process. */
unsigned int ktally_governor_steps(struct ktally_session *session, struct ktally_step *steps);

#endif /* _KTALLY_GOVERNOR_H */
