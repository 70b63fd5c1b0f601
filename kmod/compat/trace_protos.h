/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handlers for typed tracepoints, with the parameters that this kernel calls them with.
 *
 *	static void hit_sched_switch(KTALLY_TP_PROTO(sched_switch))
 *	{
 *		u64 args[KTALLY_TP_ARGS_MAX];
 *
 *		preempt_disable_notrace();
 *		KTALLY_TP_FILL(sched_switch, args);
 *		...
 *	}
 *
 * KTALLY_TP_HAVE_sched_switch is 0 where the prototype is not known: such a handler compiles
 * but must not be registered. Handlers are called with preemption enabled on system calls
 * since 6.13 and everywhere since 7.0, hence the preempt_disable_notrace().
 */
#ifndef _KTALLY_COMPAT_TRACE_PROTOS_H
#define _KTALLY_COMPAT_TRACE_PROTOS_H

#include <trace/events/sched.h>
#include <linux/interrupt.h>
#include <trace/events/irq.h>
#include <trace/events/syscalls.h>
#include "compat/task.h"
#include "compat/trace_candidates.h"

/* The most that any event stores. */
#define KTALLY_TP_ARGS_MAX 4

/**
 * KTALLY_TP_EVENTS() - every typed tracepoint
 * @row: a macro that takes the system, the event and how many arguments it stores
 */
#define KTALLY_TP_EVENTS(row)			\
	row(sched, sched_switch, 4)		\
	row(sched, sched_wakeup, 1)		\
	row(sched, sched_wakeup_new, 1)		\
	row(sched, sched_process_fork, 2)	\
	row(sched, sched_process_exec, 3)	\
	row(sched, sched_process_exit, 2)	\
	row(raw_syscalls, sys_enter, 2)		\
	row(raw_syscalls, sys_exit, 2)		\
	row(irq, irq_handler_entry, 2)		\
	row(irq, irq_handler_exit, 3)		\
	row(irq, softirq_entry, 1)		\
	row(irq, softirq_exit, 1)

#define __KTALLY_TP_PASTE(prefix, key)	prefix##key
#define __KTALLY_TP_NAME(prefix, key)	__KTALLY_TP_PASTE(prefix, key)

/**
 * KTALLY_TP_PROTO() - the parameter list of a handler, the first being void \*data
 * @event: the tracepoint's name
 */
#define KTALLY_TP_PROTO(event) \
	__KTALLY_TP_NAME(KTALLY_TP_PROTO_, KTALLY_TP_KEY_##event)

/**
 * KTALLY_TP_FILL() - store the canonical arguments, the same on every kernel
 * @event: the tracepoint's name
 * @a: u64 array of at least KTALLY_TP_ARGS_MAX
 *
 * Only inside a function declared with KTALLY_TP_PROTO(@event): it reads its parameters.
 * Context: any.
 */
#define KTALLY_TP_FILL(event, a) \
	__KTALLY_TP_NAME(KTALLY_TP_FILL_, KTALLY_TP_KEY_##event)(a)

/**
 * KTALLY_TP_HAVE() - non-zero where the prototype is known; usable in C and in #if
 * @event: the tracepoint's name
 */
#define KTALLY_TP_HAVE(event)	(KTALLY_TP_HAVE_##event)

#endif /* _KTALLY_COMPAT_TRACE_PROTOS_H */
