// SPDX-License-Identifier: GPL-2.0
// thread_struct.usersp: until "x86/asm/entry/64: Remove thread_struct::usersp", 4.1. Where it is, system calls keep the user's stack pointer
// out of pt_regs.
#include <linux/sched.h>

unsigned long probe(struct task_struct *task);

unsigned long probe(struct task_struct *task)
{
	return task->thread.usersp;
}
