/* SPDX-License-Identifier: GPL-2.0 */
/* Reads the fields of struct task_struct that moved or changed their type. */
#ifndef _KTALLY_COMPAT_TASK_H
#define _KTALLY_COMPAT_TASK_H

#include <linux/compiler.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>

/**
 * ktally_task_state() - a task's scheduler state, the TASK_* bits of this kernel
 * @task: any task the caller may dereference
 *
 * For task_struct.__state, "sched: Change task_struct::state", 5.14.
 * Context: any.
 */
static inline unsigned int ktally_task_state(struct task_struct *task)
{
#ifdef KTALLY_HAVE_TASK_DUNDER_STATE
	return READ_ONCE(task->__state);
#else
	return READ_ONCE(task->state);
#endif
}

/**
 * ktally_task_exec_id() - changes whenever the task executes another program
 * @task: any task the caller may dereference
 *
 * 32 bits wide, and so able to wrap, before "signal: Extend exec_id to 64bits", 5.7.
 * Context: any.
 */
static inline u64 ktally_task_exec_id(struct task_struct *task)
{
	return READ_ONCE(task->self_exec_id);
}

/**
 * ktally_task_in_execve() - whether a task is between two programs
 * @task: any task the caller may dereference
 *
 * False where the kernel does not tell by the task.
 * Context: any.
 */
static inline bool ktally_task_in_execve(const struct task_struct *task)
{
#ifdef KTALLY_HAVE_IN_EXECVE
	return task->in_execve;
#else
	return false;
#endif
}

/**
 * ktally_task_waits() - whether a state is that of a task which waits, and how
 * @state: the TASK_* bits
 * @blocked: out: it cannot be interrupted, and counts in the load
 *
 * Context: any.
 */
static inline bool ktally_task_waits(unsigned int state, bool *blocked)
{
#ifdef TASK_NOLOAD
	*blocked = state & TASK_UNINTERRUPTIBLE && !(state & TASK_NOLOAD);
#else
	*blocked = state & TASK_UNINTERRUPTIBLE;
#endif
	return state & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);
}

/**
 * ktally_task_is_preempted() - whether a task that leaves its CPU was forced off it
 * @task: the task being switched out
 *
 * Only for kernels whose sched_switch does not say so itself, before 4.4.
 */
static inline bool ktally_task_is_preempted(struct task_struct *task)
{
#if defined(CONFIG_PREEMPT) && defined(PREEMPT_ACTIVE)
	return task_preempt_count(task) & PREEMPT_ACTIVE;
#else
	return false;
#endif
}

/**
 * ktally_task_switch_state() - prev_state as this kernel's sched_switch trace event prints it
 * @prev: the task being switched out
 * @state: its state when the scheduler looked
 * @preempt: whether it was forced off the CPU
 *
 * 0 is runnable, a bit at or above TASK_REPORT_MAX (before 4.14: TASK_STATE_MAX) is preempted.
 * Mirrors __trace_sched_switch_state(), which only the kernel's own trace code can see.
 */
static inline u64 ktally_task_switch_state(struct task_struct *prev, unsigned int state,
					   bool preempt)
{
#if defined(KTALLY_HAVE_TASK_STATE_INDEX_2)
	if (preempt)
		return TASK_REPORT_MAX;
	state = __task_state_index(state, prev->exit_state);
	return state ? 1 << (state - 1) : 0;
#elif defined(KTALLY_HAVE_TASK_STATE_INDEX)
	if (preempt)
		return TASK_REPORT_MAX;
	state = task_state_index(prev);
	return state ? 1 << (state - 1) : 0;
#elif defined(TASK_REPORT_MAX)
	return preempt ? TASK_REPORT_MAX : state & TASK_REPORT;
#else
	return preempt ? TASK_RUNNING | TASK_STATE_MAX : state;
#endif
}

#endif /* _KTALLY_COMPAT_TASK_H */
