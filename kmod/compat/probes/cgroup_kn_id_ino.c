// SPDX-License-Identifier: GPL-2.0
// kernfs_node.id.ino: "kernfs: use idr instead of ida to manage inode number", 4.14 to 5.4.
#include <linux/cgroup.h>
#include <linux/kernfs.h>

u64 probe(struct task_struct *task);

u64 probe(struct task_struct *task)
{
	return task_css_set(task)->dfl_cgrp->kn->id.ino;
}
