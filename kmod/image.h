/* SPDX-License-Identifier: GPL-2.0 */
/* The identity of a program image: one process between two execs. */
#ifndef _KTALLY_IMAGE_H
#define _KTALLY_IMAGE_H

#include <linux/sched.h>
#include <linux/types.h>
#include "compat/task.h"

/**
 * ktally_task_image() - KTALLY_CTX_IMAGE of a task
 * @task: any task the caller may dereference
 *
 * Context: any.
 */
static inline u64 ktally_task_image(struct task_struct *task)
{
	return (u64)task->tgid << 32 | (u32)ktally_task_exec_id(task);
}

#endif /* _KTALLY_IMAGE_H */
