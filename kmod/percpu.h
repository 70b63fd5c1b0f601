/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every handler shares on its CPU: the recursion guard and scratch memory for each context level.
 *
 * A hit may land inside another hit's handler: an interrupt in the middle of a table update, an NMI in the middle of
 * that. Such hits are wanted. A hit *caused by* a handler (a probed function that the handler calls) is not: it would
 * recurse. They differ in level: what interrupts has a higher one (process < softirq < interrupt < NMI < NMI in an NMI). So a handler
 * runs if its level is above that of the handler it found running, and there are at most five of them at a time.
 *
 * x86 kernels enter traps in the kernel (breakpoint instructions of kprobes, hardware breakpoints) like NMIs, hence the last level: a
 * real one may come in the middle of them, and one of them may be in the handler of a real one.
 */
#ifndef _KTALLY_PERCPU_H
#define _KTALLY_PERCPU_H

#include <linux/hardirq.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/types.h>
#include <linux/ktally.h>
#include <linux/ktally_unwind.h>

#define KTALLY_LEVELS		5
#define KTALLY_SCRATCH_WORDS	(KTALLY_STACK_DEPTH_MAX + 1 + KTALLY_INTERP_DEPTH_MAX + 1)

DECLARE_PER_CPU(unsigned int, ktally_level);

/* The bits of preempt_count() that say how deep in interrupts we are: a deeper level is the greater number. */
#define KTALLY_LEVEL_MASK (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET)
/* From here on all are one level; kernels that cannot tell NMIs in NMIs have none. */
#define KTALLY_LEVEL_LAST (2 * NMI_OFFSET)

/**
 * ktally_level_now() - the level of the caller, never 0
 *
 * Context: any.
 */
static __always_inline unsigned int ktally_level_now(void)
{
	return (preempt_count() & KTALLY_LEVEL_MASK) | 1;
}

/**
 * ktally_enter() - begin a handler
 * @outer: out: what to hand to ktally_leave()
 *
 * Return: false if a handler of this level or above, or of the last level there is, is running on this CPU: do not run.
 * Context: any, with preemption off.
 */
static __always_inline bool ktally_enter(unsigned int *outer)
{
	unsigned int now = ktally_level_now();

	*outer = __this_cpu_read(ktally_level);
	if (unlikely(*outer) && (now <= *outer || *outer >= KTALLY_LEVEL_LAST))
		return false;
	__this_cpu_write(ktally_level, now);
	barrier();
	return true;
}

/**
 * ktally_leave() - end a handler
 * @outer: from ktally_enter()
 *
 * Context: as ktally_enter().
 */
static __always_inline void ktally_leave(unsigned int outer)
{
	barrier();
	__this_cpu_write(ktally_level, outer);
}

/**
 * ktally_level_number() - the level of the running handler, 0 to KTALLY_LEVELS - 1
 *
 * Context: as ktally_scratch().
 */
static inline unsigned int ktally_level_number(void)
{
	unsigned int level = __this_cpu_read(ktally_level);

	if (likely(level == 1))
		return 0;
	if (level >= KTALLY_LEVEL_LAST)
		return 4;
	if (level & NMI_MASK)
		return 3;
	if (level & HARDIRQ_MASK)
		return 2;
	return level & SOFTIRQ_OFFSET ? 1 : 0;
}

/**
 * ktally_scratch() - KTALLY_SCRATCH_WORDS words of this CPU and level
 *
 * Context: between ktally_enter() and ktally_leave(), whose guard makes them the caller's own.
 */
unsigned long *ktally_scratch(void);

int ktally_percpu_init(void);
void ktally_percpu_uninit(void);

#endif /* _KTALLY_PERCPU_H */
