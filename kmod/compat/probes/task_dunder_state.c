// SPDX-License-Identifier: GPL-2.0
// task_struct.__state: "sched: Change task_struct::state", 5.14.
#include <linux/sched.h>

unsigned int probe(struct task_struct *task);

unsigned int probe(struct task_struct *task)
{
	return task->__state;
}
