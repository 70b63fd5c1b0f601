// SPDX-License-Identifier: GPL-2.0
// task_state_index(): "sched/debug: Rename task-state printing helpers", 4.15.
#include <linux/sched.h>

unsigned int probe(struct task_struct *task);

unsigned int probe(struct task_struct *task)
{
	return task_state_index(task);
}
