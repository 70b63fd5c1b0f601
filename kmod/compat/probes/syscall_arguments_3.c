// SPDX-License-Identifier: GPL-2.0
// syscall_get_arguments() without a range: "syscalls: Remove start and number from
// syscall_get_arguments() args", 5.1.
#include <linux/sched.h>
#include <asm/syscall.h>

void probe(struct pt_regs *regs, unsigned long *args);

void probe(struct pt_regs *regs, unsigned long *args)
{
	syscall_get_arguments(current, regs, args);
}
