// SPDX-License-Identifier: GPL-2.0
// __task_state_index() of two states: "sched/tracing: Report TASK_RTLOCK_WAIT tasks as
// TASK_UNINTERRUPTIBLE", 5.18.
#include <linux/sched.h>

unsigned int probe(struct task_struct *task, unsigned int state);

unsigned int probe(struct task_struct *task, unsigned int state)
{
	return __task_state_index(state, task->exit_state);
}
