/* SPDX-License-Identifier: GPL-2.0 */
/* What a program can ask about the moment of the hit: enum ktally_context. */
#ifndef _KTALLY_CONTEXT_H
#define _KTALLY_CONTEXT_H

#include <linux/sched.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#include <linux/ktally_program.h>
#include "program.h"

/* Plus a controller: what the verifier makes of KTALLY_CTX_CGROUP where a session is about a hierarchy of version 1. */
#define KTALLY_CONTEXT_GROUP	(1U << 16)

/** ktally_context_words() - registers that a context value takes, 0 if there is no such context */
unsigned int ktally_context_words(u32 context);

/**
 * ktally_task_class() - enum ktally_task_state of a state of the scheduler
 * @state: the TASK_* bits; 0: it wants a CPU
 * @off_cpu: it has none
 *
 * Context: any.
 */
u64 ktally_task_class(unsigned int state, bool off_cpu);

/** ktally_context_rare() - those that ktally_context() does not answer itself. Context: as ktally_context(). */
u64 ktally_context_rare(u32 which, const struct ktally_hit *hit);

/** ktally_context_comm() - the name of the thread, padded with NUL. Context: as ktally_context(). */
void ktally_context_comm(u64 *dst);

/**
 * ktally_context() - answer
 * @which: enum ktally_context, checked
 * @hit: the hit
 * @dst: ktally_context_words() words
 *
 * Context: any, NMI included, with preemption off.
 */
static __always_inline void ktally_context(u32 which, const struct ktally_hit *hit, u64 *dst)
{
	switch (which) {
	case KTALLY_CTX_PID:
		*dst = current->tgid;
		break;
	case KTALLY_CTX_TID:
		*dst = current->pid;
		break;
	case KTALLY_CTX_COMM:
		ktally_context_comm(dst);
		break;
	case KTALLY_CTX_CPU:
		*dst = raw_smp_processor_id();
		break;
	case KTALLY_CTX_NS:
		*dst = ktime_get_mono_fast_ns();
		break;
	default:
		*dst = ktally_context_rare(which, hit);
		break;
	}
}

#endif /* _KTALLY_CONTEXT_H */
