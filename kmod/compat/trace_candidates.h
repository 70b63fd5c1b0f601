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

/* An event with no known prototype: code that names it still compiles, and is never called. */
#define KTALLY_TP_PROTO_none			void *data
#define KTALLY_TP_FILL_none(a)			((a)[0] = 0)

#endif /* _KTALLY_TRACE_CANDIDATES_H */
