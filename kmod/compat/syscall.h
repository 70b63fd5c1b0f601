/* SPDX-License-Identifier: GPL-2.0 */
/* Reads the arguments of the system call that the current task is in. */
#ifndef _KTALLY_COMPAT_SYSCALL_H
#define _KTALLY_COMPAT_SYSCALL_H

#include <linux/sched.h>
#include <linux/types.h>
#include <asm/syscall.h>

#define KTALLY_SYSCALL_ARGS 6

/**
 * ktally_syscall_args() - the six arguments, whatever the task's word size
 * @regs: what sys_enter or sys_exit was called with
 * @args: where to
 *
 * Without a range since "syscalls: Remove start and number from syscall_get_arguments()
 * args", 5.1.
 * Context: task context of the system call.
 */
static inline void ktally_syscall_args(struct pt_regs *regs, u64 args[KTALLY_SYSCALL_ARGS])
{
	unsigned long values[KTALLY_SYSCALL_ARGS];
	unsigned int i;

#ifdef KTALLY_HAVE_SYSCALL_ARGUMENTS_3
	syscall_get_arguments(current, regs, values);
#else
	syscall_get_arguments(current, regs, 0, KTALLY_SYSCALL_ARGS, values);
#endif
	for (i = 0; i < KTALLY_SYSCALL_ARGS; i++)
		args[i] = values[i];
}

#endif /* _KTALLY_COMPAT_SYSCALL_H */
