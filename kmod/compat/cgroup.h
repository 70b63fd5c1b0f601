/* SPDX-License-Identifier: GPL-2.0 */
/* Names the control group of the current task. */
#ifndef _KTALLY_COMPAT_CGROUP_H
#define _KTALLY_COMPAT_CGROUP_H

#include <linux/types.h>

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

#endif /* _KTALLY_COMPAT_CGROUP_H */
