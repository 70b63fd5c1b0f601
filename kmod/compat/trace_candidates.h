/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The prototypes that tracepoints have had, newest first, and their canonical arguments.
 *
 * Candidate N of an event is two macros here and one probe, probes/tp_EVENT_N.c:
 *
 *	KTALLY_TP_PROTO_EVENT_N		the parameter list of a handler
 *	KTALLY_TP_FILL_EVENT_N(a)	stores the same arguments in every era into u64 a[]
 *
 * An event whose prototype is in none of these lines is not offered: registration takes a
 * void pointer, so a guess would be called with other arguments than it reads.
 *
 * Nothing is included here, so that a probe pays for the header of its own event only.
 */
#ifndef _KTALLY_TRACE_CANDIDATES_H
#define _KTALLY_TRACE_CANDIDATES_H

/* sched_switch: prev task, next task, prev state as the trace event has it, preempted. */

/* "sched/tracing: Don't re-read p->state when emitting sched_switch event", 5.18 */
#define KTALLY_TP_PROTO_sched_switch_1						\
	void *data, bool preempt, struct task_struct *prev,			\
	struct task_struct *next, unsigned int prev_state
#define KTALLY_TP_FILL_sched_switch_1(a) do {					\
	(a)[0] = (unsigned long)prev;						\
	(a)[1] = (unsigned long)next;						\
	(a)[2] = ktally_task_switch_state(prev, prev_state, preempt);		\
	(a)[3] = preempt;							\
} while (0)

/* "sched/core: Fix trace_sched_switch()", 4.4 */
#define KTALLY_TP_PROTO_sched_switch_2						\
	void *data, bool preempt, struct task_struct *prev,			\
	struct task_struct *next
#define KTALLY_TP_FILL_sched_switch_2(a) do {					\
	(a)[0] = (unsigned long)prev;						\
	(a)[1] = (unsigned long)next;						\
	(a)[2] = ktally_task_switch_state(prev, ktally_task_state(prev), preempt); \
	(a)[3] = preempt;							\
} while (0)

#define KTALLY_TP_PROTO_sched_switch_3						\
	void *data, struct task_struct *prev, struct task_struct *next
#define KTALLY_TP_FILL_sched_switch_3(a) do {					\
	bool preempt = ktally_task_is_preempted(prev);				\
										\
	(a)[0] = (unsigned long)prev;						\
	(a)[1] = (unsigned long)next;						\
	(a)[2] = ktally_task_switch_state(prev, ktally_task_state(prev), preempt); \
	(a)[3] = preempt;							\
} while (0)

/* sched_wakeup, sched_wakeup_new: task. */

/* "sched: Introduce the 'trace_sched_waking' tracepoint", 4.3 */
#define KTALLY_TP_PROTO_sched_wakeup_1		void *data, struct task_struct *task
#define KTALLY_TP_FILL_sched_wakeup_1(a)	((a)[0] = (unsigned long)task)

#define KTALLY_TP_PROTO_sched_wakeup_2						\
	void *data, struct task_struct *task, int success
#define KTALLY_TP_FILL_sched_wakeup_2(a)	((a)[0] = (unsigned long)task)

#define KTALLY_TP_PROTO_sched_wakeup_new_1	KTALLY_TP_PROTO_sched_wakeup_1
#define KTALLY_TP_FILL_sched_wakeup_new_1(a)	KTALLY_TP_FILL_sched_wakeup_1(a)
#define KTALLY_TP_PROTO_sched_wakeup_new_2	KTALLY_TP_PROTO_sched_wakeup_2
#define KTALLY_TP_FILL_sched_wakeup_new_2(a)	KTALLY_TP_FILL_sched_wakeup_2(a)

/* sched_process_fork: parent task, child task. */
#define KTALLY_TP_PROTO_sched_process_fork_1					\
	void *data, struct task_struct *parent, struct task_struct *child
#define KTALLY_TP_FILL_sched_process_fork_1(a) do {				\
	(a)[0] = (unsigned long)parent;						\
	(a)[1] = (unsigned long)child;						\
} while (0)

/* sched_process_exec: task, its thread id before the exec, struct linux_binprm. */
#define KTALLY_TP_PROTO_sched_process_exec_1					\
	void *data, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm
#define KTALLY_TP_FILL_sched_process_exec_1(a) do {				\
	(a)[0] = (unsigned long)task;						\
	(a)[1] = old_pid;							\
	(a)[2] = (unsigned long)bprm;						\
} while (0)

/* sched_process_exit: task, whether it is the last of its thread group (0 where unknown). */

/* Told of group_dead since 6.16. */
#define KTALLY_TP_PROTO_sched_process_exit_1					\
	void *data, struct task_struct *task, bool group_dead
#define KTALLY_TP_FILL_sched_process_exit_1(a) do {				\
	(a)[0] = (unsigned long)task;						\
	(a)[1] = group_dead;							\
} while (0)

#define KTALLY_TP_PROTO_sched_process_exit_2	void *data, struct task_struct *task
#define KTALLY_TP_FILL_sched_process_exit_2(a) do {				\
	(a)[0] = (unsigned long)task;						\
	(a)[1] = 0;								\
} while (0)

/* sched_process_free: task, whose id may be a stranger's by now. */
#define KTALLY_TP_PROTO_sched_process_free_1	void *data, struct task_struct *task
#define KTALLY_TP_FILL_sched_process_free_1(a)	((a)[0] = (unsigned long)task)

/* task_rename: task, its new name. */
#define KTALLY_TP_PROTO_task_rename_1		void *data, struct task_struct *task, const char *comm
#define KTALLY_TP_FILL_task_rename_1(a) do {					\
	(a)[0] = (unsigned long)task;						\
	(a)[1] = (unsigned long)comm;						\
} while (0)

/* Not const before 3.16. */
#define KTALLY_TP_PROTO_task_rename_2		void *data, struct task_struct *task, char *comm
#define KTALLY_TP_FILL_task_rename_2(a)		KTALLY_TP_FILL_task_rename_1(a)

/* cgroup_mkdir: the group. Since "cgroup: add tracepoints for basic operations", 4.11. */
#define KTALLY_TP_PROTO_cgroup_mkdir_1		void *data, struct cgroup *group, const char *path
#define KTALLY_TP_FILL_cgroup_mkdir_1(a)	((a)[0] = (unsigned long)group)

/* Without its path before "cgroup/tracing: Move taking of spin lock out of trace event handlers", 4.19. */
#define KTALLY_TP_PROTO_cgroup_mkdir_2		void *data, struct cgroup *group
#define KTALLY_TP_FILL_cgroup_mkdir_2(a)	KTALLY_TP_FILL_cgroup_mkdir_1(a)

/* sys_enter: struct pt_regs, system call number; see compat/syscall.h for its arguments. */
#define KTALLY_TP_PROTO_sys_enter_1		void *data, struct pt_regs *regs, long id
#define KTALLY_TP_FILL_sys_enter_1(a) do {					\
	(a)[0] = (unsigned long)regs;						\
	(a)[1] = id;								\
} while (0)

/* sys_exit: struct pt_regs, return value. */
#define KTALLY_TP_PROTO_sys_exit_1		void *data, struct pt_regs *regs, long ret
#define KTALLY_TP_FILL_sys_exit_1(a) do {					\
	(a)[0] = (unsigned long)regs;						\
	(a)[1] = ret;								\
} while (0)

/* irq_handler_entry: irq number, struct irqaction. */
#define KTALLY_TP_PROTO_irq_handler_entry_1	void *data, int irq, struct irqaction *action
#define KTALLY_TP_FILL_irq_handler_entry_1(a) do {				\
	(a)[0] = irq;								\
	(a)[1] = (unsigned long)action;						\
} while (0)

/* irq_handler_exit: irq number, struct irqaction, what the handler returned. */
#define KTALLY_TP_PROTO_irq_handler_exit_1					\
	void *data, int irq, struct irqaction *action, int ret
#define KTALLY_TP_FILL_irq_handler_exit_1(a) do {				\
	(a)[0] = irq;								\
	(a)[1] = (unsigned long)action;						\
	(a)[2] = ret;								\
} while (0)

/* softirq_entry, softirq_exit: vector number. */
#define KTALLY_TP_PROTO_softirq_entry_1		void *data, unsigned int vector
#define KTALLY_TP_FILL_softirq_entry_1(a)	((a)[0] = vector)
#define KTALLY_TP_PROTO_softirq_exit_1		KTALLY_TP_PROTO_softirq_entry_1
#define KTALLY_TP_FILL_softirq_exit_1(a)	KTALLY_TP_FILL_softirq_entry_1(a)

/* The rest stores plain words. */
#define __KTALLY_TP_WORD(x)		((u64)(unsigned long)(x))
#define __KTALLY_TP_FILL_1(a, x)	((a)[0] = __KTALLY_TP_WORD(x))
#define __KTALLY_TP_FILL_2(a, x, y) do {					\
	__KTALLY_TP_FILL_1(a, x);						\
	(a)[1] = __KTALLY_TP_WORD(y);						\
} while (0)
#define __KTALLY_TP_FILL_3(a, x, y, z) do {					\
	__KTALLY_TP_FILL_2(a, x, y);						\
	(a)[2] = __KTALLY_TP_WORD(z);						\
} while (0)
#define __KTALLY_TP_FILL_4(a, x, y, z, v) do {					\
	__KTALLY_TP_FILL_3(a, x, y, z);						\
	(a)[3] = __KTALLY_TP_WORD(v);						\
} while (0)
#define __KTALLY_TP_FILL_6(a, x, y, z, v, w, u) do {				\
	__KTALLY_TP_FILL_4(a, x, y, z, v);					\
	(a)[4] = __KTALLY_TP_WORD(w);						\
	(a)[5] = __KTALLY_TP_WORD(u);						\
} while (0)

/* sched_migrate_task: task, the CPU it goes to. */
#define KTALLY_TP_PROTO_sched_migrate_task_1					\
	void *data, struct task_struct *task, int dest_cpu
#define KTALLY_TP_FILL_sched_migrate_task_1(a) __KTALLY_TP_FILL_2(a, task, dest_cpu)

/* sched_waking: task. */
#define KTALLY_TP_PROTO_sched_waking_1					\
	void *data, struct task_struct *task
#define KTALLY_TP_FILL_sched_waking_1(a) __KTALLY_TP_FILL_1(a, task)

/* sched_stat_runtime: task, nanoseconds. */
/* "sched: Remove vruntime from trace_sched_stat_runtime()", 6.8 */
#define KTALLY_TP_PROTO_sched_stat_runtime_1					\
	void *data, struct task_struct *task, u64 runtime
#define KTALLY_TP_FILL_sched_stat_runtime_1(a) __KTALLY_TP_FILL_2(a, task, runtime)
#define KTALLY_TP_PROTO_sched_stat_runtime_2					\
	void *data, struct task_struct *task, u64 runtime, u64 vruntime
#define KTALLY_TP_FILL_sched_stat_runtime_2(a) __KTALLY_TP_FILL_2(a, task, runtime)

/* sched_stat_wait: task, nanoseconds. */
#define KTALLY_TP_PROTO_sched_stat_wait_1					\
	void *data, struct task_struct *task, u64 delay
#define KTALLY_TP_FILL_sched_stat_wait_1(a) __KTALLY_TP_FILL_2(a, task, delay)

/* sched_stat_sleep: task, nanoseconds. */
#define KTALLY_TP_PROTO_sched_stat_sleep_1					\
	void *data, struct task_struct *task, u64 delay
#define KTALLY_TP_FILL_sched_stat_sleep_1(a) __KTALLY_TP_FILL_2(a, task, delay)

/* sched_stat_iowait: task, nanoseconds. */
#define KTALLY_TP_PROTO_sched_stat_iowait_1					\
	void *data, struct task_struct *task, u64 delay
#define KTALLY_TP_FILL_sched_stat_iowait_1(a) __KTALLY_TP_FILL_2(a, task, delay)

/* sched_stat_blocked: task, nanoseconds. */
#define KTALLY_TP_PROTO_sched_stat_blocked_1					\
	void *data, struct task_struct *task, u64 delay
#define KTALLY_TP_FILL_sched_stat_blocked_1(a) __KTALLY_TP_FILL_2(a, task, delay)

/* block_rq_insert: request. */
/* "block: remove the request_queue to argument request based tracepoints", 5.11 */
#define KTALLY_TP_PROTO_block_rq_insert_1					\
	void *data, struct request *rq
#define KTALLY_TP_FILL_block_rq_insert_1(a) __KTALLY_TP_FILL_1(a, rq)
#define KTALLY_TP_PROTO_block_rq_insert_2					\
	void *data, struct request_queue *q, struct request *rq
#define KTALLY_TP_FILL_block_rq_insert_2(a) __KTALLY_TP_FILL_1(a, rq)

/* block_rq_issue: request. */
/* "block: remove the request_queue to argument request based tracepoints", 5.11 */
#define KTALLY_TP_PROTO_block_rq_issue_1					\
	void *data, struct request *rq
#define KTALLY_TP_FILL_block_rq_issue_1(a) __KTALLY_TP_FILL_1(a, rq)
#define KTALLY_TP_PROTO_block_rq_issue_2					\
	void *data, struct request_queue *q, struct request *rq
#define KTALLY_TP_FILL_block_rq_issue_2(a) __KTALLY_TP_FILL_1(a, rq)

/* block_rq_complete: request, errno, bytes. */
/* Told of a blk_status_t since 5.16. */
#define KTALLY_TP_PROTO_block_rq_complete_1					\
	void *data, struct request *rq, blk_status_t error,	\
	unsigned int nr_bytes
#define KTALLY_TP_FILL_block_rq_complete_1(a) \
	__KTALLY_TP_FILL_3(a, rq, blk_status_to_errno(error), nr_bytes)
/* Told of the error since 4.12. */
#define KTALLY_TP_PROTO_block_rq_complete_2					\
	void *data, struct request *rq, int error, unsigned int nr_bytes
#define KTALLY_TP_FILL_block_rq_complete_2(a) __KTALLY_TP_FILL_3(a, rq, error, nr_bytes)
#define KTALLY_TP_PROTO_block_rq_complete_3					\
	void *data, struct request_queue *q, struct request *rq,	\
	unsigned int nr_bytes
#define KTALLY_TP_FILL_block_rq_complete_3(a) __KTALLY_TP_FILL_3(a, rq, rq->errors, nr_bytes)

/* net_dev_xmit: struct sk_buff, return code, struct net_device, bytes. */
#define KTALLY_TP_PROTO_net_dev_xmit_1					\
	void *data, struct sk_buff *skb, int rc, struct net_device *dev,	\
	unsigned int skb_len
#define KTALLY_TP_FILL_net_dev_xmit_1(a) __KTALLY_TP_FILL_4(a, skb, rc, dev, skb_len)

/* netif_receive_skb: struct sk_buff. */
#define KTALLY_TP_PROTO_netif_receive_skb_1					\
	void *data, struct sk_buff *skb
#define KTALLY_TP_FILL_netif_receive_skb_1(a) __KTALLY_TP_FILL_1(a, skb)

/* kfree_skb: struct sk_buff, where, enum skb_drop_reason (0 where unknown). */
/* Since 7.2. */
#define KTALLY_TP_PROTO_kfree_skb_1					\
	void *data, struct sk_buff *skb, void *location,	\
	enum skb_drop_reason reason, const struct sock *rx_sk
#define KTALLY_TP_FILL_kfree_skb_1(a) __KTALLY_TP_FILL_3(a, skb, location, reason)
/* "net: add rx_sk to trace_kfree_skb", 6.11 */
#define KTALLY_TP_PROTO_kfree_skb_2					\
	void *data, struct sk_buff *skb, void *location,	\
	enum skb_drop_reason reason, struct sock *rx_sk
#define KTALLY_TP_FILL_kfree_skb_2(a) __KTALLY_TP_FILL_3(a, skb, location, reason)
/* "net: skb: introduce kfree_skb_reason()", 5.17 */
#define KTALLY_TP_PROTO_kfree_skb_3					\
	void *data, struct sk_buff *skb, void *location,	\
	enum skb_drop_reason reason
#define KTALLY_TP_FILL_kfree_skb_3(a) __KTALLY_TP_FILL_3(a, skb, location, reason)
#define KTALLY_TP_PROTO_kfree_skb_4					\
	void *data, struct sk_buff *skb, void *location
#define KTALLY_TP_FILL_kfree_skb_4(a) __KTALLY_TP_FILL_3(a, skb, location, 0)

/* consume_skb: struct sk_buff, where (0 where unknown). */
/* "net: add location to trace_consume_skb()", 6.3 */
#define KTALLY_TP_PROTO_consume_skb_1					\
	void *data, struct sk_buff *skb, void *location
#define KTALLY_TP_FILL_consume_skb_1(a) __KTALLY_TP_FILL_2(a, skb, location)
#define KTALLY_TP_PROTO_consume_skb_2					\
	void *data, struct sk_buff *skb
#define KTALLY_TP_FILL_consume_skb_2(a) __KTALLY_TP_FILL_2(a, skb, 0)

/* kmalloc: where, memory, bytes wanted, bytes given, flags, node (-1 where unknown). */
/* With the node since 6.1. */
#define KTALLY_TP_PROTO_kmalloc_1					\
	void *data, unsigned long call_site, const void *ptr,	\
	size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags, int node
#define KTALLY_TP_FILL_kmalloc_1(a) \
	__KTALLY_TP_FILL_6(a, call_site, ptr, bytes_req, bytes_alloc, (__force unsigned int)gfp_flags, node)
/* In 6.0 only. */
#define KTALLY_TP_PROTO_kmalloc_2					\
	void *data, unsigned long call_site, const void *ptr,	\
	struct kmem_cache *s, size_t bytes_req, size_t bytes_alloc,	\
	gfp_t gfp_flags
#define KTALLY_TP_FILL_kmalloc_2(a) \
	__KTALLY_TP_FILL_6(a, call_site, ptr, bytes_req, bytes_alloc, (__force unsigned int)gfp_flags, -1)
#define KTALLY_TP_PROTO_kmalloc_3					\
	void *data, unsigned long call_site, const void *ptr,	\
	size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags
#define KTALLY_TP_FILL_kmalloc_3(a) \
	__KTALLY_TP_FILL_6(a, call_site, ptr, bytes_req, bytes_alloc, (__force unsigned int)gfp_flags, -1)

/* kfree: where, memory. */
#define KTALLY_TP_PROTO_kfree_1					\
	void *data, unsigned long call_site, const void *ptr
#define KTALLY_TP_FILL_kfree_1(a) __KTALLY_TP_FILL_2(a, call_site, ptr)

/* kmem_cache_alloc: where, memory, struct kmem_cache (first form) or bytes wanted, flags. */
/* Without sizes since 6.1. */
#define KTALLY_TP_PROTO_kmem_cache_alloc_1					\
	void *data, unsigned long call_site, const void *ptr,	\
	struct kmem_cache *s, gfp_t gfp_flags, int node
#define KTALLY_TP_FILL_kmem_cache_alloc_1(a) \
	__KTALLY_TP_FILL_4(a, call_site, ptr, s, (__force unsigned int)gfp_flags)
/* In 6.0 only. */
#define KTALLY_TP_PROTO_kmem_cache_alloc_2					\
	void *data, unsigned long call_site, const void *ptr,	\
	struct kmem_cache *s, size_t bytes_req, size_t bytes_alloc,	\
	gfp_t gfp_flags
#define KTALLY_TP_FILL_kmem_cache_alloc_2(a) \
	__KTALLY_TP_FILL_4(a, call_site, ptr, bytes_req, (__force unsigned int)gfp_flags)
#define KTALLY_TP_PROTO_kmem_cache_alloc_3					\
	void *data, unsigned long call_site, const void *ptr,	\
	size_t bytes_req, size_t bytes_alloc, gfp_t gfp_flags
#define KTALLY_TP_FILL_kmem_cache_alloc_3(a) \
	__KTALLY_TP_FILL_4(a, call_site, ptr, bytes_req, (__force unsigned int)gfp_flags)

/* kmem_cache_free: where, memory. */
/* Since 6.1. */
#define KTALLY_TP_PROTO_kmem_cache_free_1					\
	void *data, unsigned long call_site, const void *ptr,	\
	const struct kmem_cache *s
#define KTALLY_TP_FILL_kmem_cache_free_1(a) __KTALLY_TP_FILL_2(a, call_site, ptr)
/* Since 5.12. */
#define KTALLY_TP_PROTO_kmem_cache_free_2					\
	void *data, unsigned long call_site, const void *ptr, const char *name
#define KTALLY_TP_FILL_kmem_cache_free_2(a) __KTALLY_TP_FILL_2(a, call_site, ptr)
#define KTALLY_TP_PROTO_kmem_cache_free_3					\
	void *data, unsigned long call_site, const void *ptr
#define KTALLY_TP_FILL_kmem_cache_free_3(a) __KTALLY_TP_FILL_2(a, call_site, ptr)

/* mm_page_alloc: struct page or NULL, order, flags, migrate type. */
#define KTALLY_TP_PROTO_mm_page_alloc_1					\
	void *data, struct page *page, unsigned int order, gfp_t gfp_flags,	\
	int migratetype
#define KTALLY_TP_FILL_mm_page_alloc_1(a) \
	__KTALLY_TP_FILL_4(a, page, order, (__force unsigned int)gfp_flags, migratetype)

/* mm_page_free: struct page, order. */
#define KTALLY_TP_PROTO_mm_page_free_1					\
	void *data, struct page *page, unsigned int order
#define KTALLY_TP_FILL_mm_page_free_1(a) __KTALLY_TP_FILL_2(a, page, order)

/* page_fault_user: address, struct pt_regs, error code. */
#define KTALLY_TP_PROTO_page_fault_user_1					\
	void *data, unsigned long address, struct pt_regs *regs,	\
	unsigned long error_code
#define KTALLY_TP_FILL_page_fault_user_1(a) __KTALLY_TP_FILL_3(a, address, regs, error_code)

/* page_fault_kernel: address, struct pt_regs, error code. */
#define KTALLY_TP_PROTO_page_fault_kernel_1					\
	void *data, unsigned long address, struct pt_regs *regs,	\
	unsigned long error_code
#define KTALLY_TP_FILL_page_fault_kernel_1(a) __KTALLY_TP_FILL_3(a, address, regs, error_code)

/* timer_expire_entry: struct timer_list. */
/* "timer/trace: Improve timer tracing", 5.2 */
#define KTALLY_TP_PROTO_timer_expire_entry_1					\
	void *data, struct timer_list *timer, unsigned long baseclk
#define KTALLY_TP_FILL_timer_expire_entry_1(a) __KTALLY_TP_FILL_1(a, timer)
#define KTALLY_TP_PROTO_timer_expire_entry_2					\
	void *data, struct timer_list *timer
#define KTALLY_TP_FILL_timer_expire_entry_2(a) __KTALLY_TP_FILL_1(a, timer)

/* timer_expire_exit: struct timer_list. */
#define KTALLY_TP_PROTO_timer_expire_exit_1					\
	void *data, struct timer_list *timer
#define KTALLY_TP_FILL_timer_expire_exit_1(a) __KTALLY_TP_FILL_1(a, timer)

/* hrtimer_expire_entry: struct hrtimer, nanoseconds of its clock. */
/* By value in 7.2. */
#define KTALLY_TP_PROTO_hrtimer_expire_entry_1					\
	void *data, struct hrtimer *hrtimer, ktime_t now
#define KTALLY_TP_FILL_hrtimer_expire_entry_1(a) \
	__KTALLY_TP_FILL_2(a, hrtimer, ktime_to_ns(now))
#define KTALLY_TP_PROTO_hrtimer_expire_entry_2					\
	void *data, struct hrtimer *hrtimer, ktime_t *now
#define KTALLY_TP_FILL_hrtimer_expire_entry_2(a) \
	__KTALLY_TP_FILL_2(a, hrtimer, ktime_to_ns(*now))

/* hrtimer_expire_exit: struct hrtimer. */
#define KTALLY_TP_PROTO_hrtimer_expire_exit_1					\
	void *data, struct hrtimer *hrtimer
#define KTALLY_TP_FILL_hrtimer_expire_exit_1(a) __KTALLY_TP_FILL_1(a, hrtimer)

/* workqueue_execute_start: struct work_struct. */
#define KTALLY_TP_PROTO_workqueue_execute_start_1					\
	void *data, struct work_struct *work
#define KTALLY_TP_FILL_workqueue_execute_start_1(a) __KTALLY_TP_FILL_1(a, work)

/* workqueue_execute_end: struct work_struct, its function (0 where unknown). */
/* "workqueue: add worker function to workqueue_execute_end tracepoint", 5.6 */
#define KTALLY_TP_PROTO_workqueue_execute_end_1					\
	void *data, struct work_struct *work, work_func_t function
#define KTALLY_TP_FILL_workqueue_execute_end_1(a) __KTALLY_TP_FILL_2(a, work, function)
#define KTALLY_TP_PROTO_workqueue_execute_end_2					\
	void *data, struct work_struct *work
#define KTALLY_TP_FILL_workqueue_execute_end_2(a) __KTALLY_TP_FILL_2(a, work, 0)

/* An event with no known prototype: code that names it still compiles, and is never called. */
#define KTALLY_TP_PROTO_none			void *data
#define KTALLY_TP_FILL_none(a)			((a)[0] = 0)

#endif /* _KTALLY_TRACE_CANDIDATES_H */
