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

#include <linux/blkdev.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/timer.h>
#include <linux/workqueue.h>
#include <trace/events/block.h>
#include <trace/events/irq.h>
#include <trace/events/kmem.h>
#include <trace/events/net.h>
#include <trace/events/sched.h>
#include <trace/events/skb.h>
#include <trace/events/syscalls.h>
#include <trace/events/timer.h>
/* Old kernels do not declare it where they use it. */
struct pool_workqueue;
#include <trace/events/task.h>
#include <trace/events/workqueue.h>
#include "compat/task.h"
#include "compat/trace_candidates.h"
#include "compat/trace_exceptions.h"

/* The most that any event stores. */
#define KTALLY_TP_ARGS_MAX 6

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
	row(sched, sched_process_free, 1)	\
	row(task, task_rename, 2)		\
	row(raw_syscalls, sys_enter, 2)		\
	row(raw_syscalls, sys_exit, 2)		\
	row(irq, irq_handler_entry, 2)		\
	row(irq, irq_handler_exit, 3)		\
	row(irq, softirq_entry, 1)		\
	row(irq, softirq_exit, 1)		\
	row(sched, sched_migrate_task, 2)	\
	row(sched, sched_waking, 1)		\
	row(sched, sched_stat_runtime, 2)	\
	row(sched, sched_stat_wait, 2)		\
	row(sched, sched_stat_sleep, 2)		\
	row(sched, sched_stat_iowait, 2)	\
	row(sched, sched_stat_blocked, 2)	\
	row(block, block_rq_insert, 1)		\
	row(block, block_rq_issue, 1)		\
	row(block, block_rq_complete, 3)	\
	row(net, net_dev_xmit, 4)		\
	row(net, netif_receive_skb, 1)		\
	row(skb, kfree_skb, 3)			\
	row(skb, consume_skb, 2)		\
	row(kmem, kmalloc, 6)			\
	row(kmem, kfree, 2)			\
	row(kmem, kmem_cache_alloc, 4)		\
	row(kmem, kmem_cache_free, 2)		\
	row(kmem, mm_page_alloc, 4)		\
	row(kmem, mm_page_free, 2)		\
	row(exceptions, page_fault_user, 3)	\
	row(exceptions, page_fault_kernel, 3)	\
	row(timer, timer_expire_entry, 1)	\
	row(timer, timer_expire_exit, 1)	\
	row(timer, hrtimer_expire_entry, 2)	\
	row(timer, hrtimer_expire_exit, 1)	\
	row(workqueue, workqueue_execute_start, 1)	\
	row(workqueue, workqueue_execute_end, 2)

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
