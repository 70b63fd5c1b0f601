// SPDX-License-Identifier: GPL-2.0
// css_set.dfl_cgrp and kernfs_node.ino: 3.18 to 4.13.
#include <linux/cgroup.h>
#include <linux/kernfs.h>

u64 probe(struct task_struct *task);

u64 probe(struct task_struct *task)
{
	return task_css_set(task)->dfl_cgrp->kn->ino;
}
