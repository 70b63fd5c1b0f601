// SPDX-License-Identifier: GPL-2.0
// kernfs_node.id is a plain u64: "kernfs: combine ino/id lookup functions into
// kernfs_find_and_get_node_by_id()", 5.5.
#include <linux/cgroup.h>
#include <linux/kernfs.h>

u64 probe(struct task_struct *task);

u64 probe(struct task_struct *task)
{
	u64 id = task_css_set(task)->dfl_cgrp->kn->id;

	return id;
}
