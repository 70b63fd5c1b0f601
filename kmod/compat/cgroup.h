/* SPDX-License-Identifier: GPL-2.0 */
/* Names the control group of a task, and tells whether it is below another. */
#ifndef _KTALLY_COMPAT_CGROUP_H
#define _KTALLY_COMPAT_CGROUP_H

#include <linux/types.h>

struct task_struct;

/* Groups have numbers since "cgroup: convert to kernfs", 3.15. */
#if defined(KTALLY_HAVE_CGROUP_KN_ID) || defined(KTALLY_HAVE_CGROUP_KN_ID_INO) || \
	defined(KTALLY_HAVE_CGROUP_KN_INO)
#define KTALLY_CGROUP_SCOPE	1
#else
#define KTALLY_CGROUP_SCOPE	0
#endif

/* In the place of a controller: the version 2 hierarchy. */
#define KTALLY_CGROUP_UNIFIED	(-1)

/**
 * ktally_cgroup_id() - the current task's group in the version 2 hierarchy
 *
 * The inode number of its folder below the mount point of cgroup2, which since "kernfs: use
 * 64bit inos if ino_t is 64bit", 5.5, is the same number as the kernel's id.
 *
 * Return: the id, or 0 if the kernel has no such hierarchy.
 * Context: any, NMI included.
 */
u64 ktally_cgroup_id(void);

/**
 * ktally_cgroup_controller() - the number of a controller, as /proc/cgroups names it
 * @name: "cpu", "memory", ...
 *
 * Return: the number or -ENOENT.
 * Context: any.
 */
int ktally_cgroup_controller(const char *name);

/**
 * ktally_cgroup_exists() - whether there is a group of that number
 * @controller: whose hierarchy, from ktally_cgroup_controller() or KTALLY_CGROUP_UNIFIED
 * @id: inode number of its folder
 *
 * Where the kernel lets no module walk its groups the answer is yes.
 * Context: process.
 */
bool ktally_cgroup_exists(int controller, u64 id);

/**
 * ktally_cgroup_within() - whether a task is in a group or below it
 * @task: current
 * @controller: as for ktally_cgroup_exists()
 * @id: as for ktally_cgroup_exists()
 *
 * Context: any, NMI included.
 */
bool ktally_cgroup_within(struct task_struct *task, int controller, u64 id);

#endif /* _KTALLY_COMPAT_CGROUP_H */
