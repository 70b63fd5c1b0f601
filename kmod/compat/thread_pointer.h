/* SPDX-License-Identifier: GPL-2.0 */
/* The thread pointer of the running task, by which an interpreter tells its threads apart. */
#ifndef _KTALLY_COMPAT_THREAD_POINTER_H
#define _KTALLY_COMPAT_THREAD_POINTER_H

#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/types.h>
#if defined(CONFIG_X86_64)
#include <asm/msr.h>
#endif
#include "compat/regs.h"

/**
 * ktally_thread_pointer() - where the C library of the running task keeps what belongs to the thread
 *
 * On x86_64 the base of FS: the register itself, since task_struct has it only once the task was switched out.
 * rdmsrl() is called rdmsrq() since "x86/msr: Rename 'rdmsrl()' to 'rdmsrq()'", 6.16.
 *
 * Return: the pointer; 0 for a 32-bit task or a kernel thread.
 * Context: any, NMI included, with preemption off.
 */
static inline unsigned long ktally_thread_pointer(void)
{
	u64 pointer = 0;

	if (!current->mm || current->flags & PF_KTHREAD || ktally_regs_are_32_bit(task_pt_regs(current)))
		return 0;
#if defined(CONFIG_X86_64) && defined(KTALLY_HAVE_RDMSRQ)
	rdmsrq(MSR_FS_BASE, pointer);
#elif defined(CONFIG_X86_64)
	rdmsrl(MSR_FS_BASE, pointer);
#elif defined(CONFIG_ARM64)
	asm volatile("mrs %0, tpidr_el0" : "=r" (pointer));
#endif
	return pointer;
}

/**
 * ktally_thread_is() - whether what pthread_self() gives is the thread of a thread pointer
 * @pointer: ktally_thread_pointer()
 * @self: what pthread_self() gave to some thread
 *
 * x86_64: they are the same. arm64: the C library's own structure, which differs in size from version to version, lies
 * right below the thread pointer; two threads are further apart than that, for each has a stack.
 */
static inline bool ktally_thread_is(unsigned long pointer, unsigned long self)
{
#if defined(CONFIG_ARM64)
	return self && self <= pointer && pointer - self <= 4096;
#else
	return self && self == pointer;
#endif
}

#endif /* _KTALLY_COMPAT_THREAD_POINTER_H */
