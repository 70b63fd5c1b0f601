// SPDX-License-Identifier: GPL-2.0
// task_struct.in_execve: "CRED: Make execve() take advantage of copy-on-write credentials", 2.6.29.
#include <linux/sched.h>

int probe(struct task_struct *task);

int probe(struct task_struct *task)
{
	return task->in_execve;
}
