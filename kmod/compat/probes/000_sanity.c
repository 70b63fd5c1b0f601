// SPDX-License-Identifier: GPL-2.0
// Must compile: if this does not, the headers or the compiler are broken.
#include <linux/module.h>
#include <linux/perf_event.h>
#include <linux/sched.h>

int probe(struct task_struct *task, struct perf_event *event);

int probe(struct task_struct *task, struct perf_event *event)
{
	int unused;

	return task->pid + (event == NULL);
}
