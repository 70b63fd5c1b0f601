/* SPDX-License-Identifier: GPL-2.0 */
/* Names the control group of a task, and tells whether it is below another. */
#ifndef _KTALLY_COMPAT_CGROUP_H
#define _KTALLY_COMPAT_CGROUP_H

#include <linux/types.h>

struct cgroup;
struct task_struct;

/* Whether the module sees the version 2 hierarchy, and what number a group of it has. */
#if defined(KTALLY_HAVE_CGROUP_KN_ID) || defined(KTALLY_HAVE_CGROUP_KN_ID_INO) || \
	defined(KTALLY_HAVE_CGROUP_KN_INO)
#define KTALLY_CGROUP_V2	1
#else
#define KTALLY_CGROUP_V2	0
#endif

/* Whether it sees those of version 1. Before "cgroup: convert to kernfs", 3.15, they are folders with inodes. */
#if KTALLY_CGROUP_V2 || defined(KTALLY_HAVE_CGROUP_DENTRY)
#define KTALLY_CGROUP_V1	1
#else
#define KTALLY_CGROUP_V1	0
#endif

/* Whether the path of a group can be had: what the kernel's own inline function calls must be exported. */
#if KTALLY_CGROUP_V2 && defined(KTALLY_HAVE_CGROUP_PATH) && defined(KTALLY_EXPORT_KERNFS_PATH_FROM_NODE)
#define KTALLY_CGROUP_PATH	1
#elif KTALLY_CGROUP_V2 && defined(KTALLY_HAVE_CGROUP_PATH_TEXT) && defined(KTALLY_EXPORT_KERNFS_PATH)
#define KTALLY_CGROUP_PATH	1
#elif defined(KTALLY_HAVE_CGROUP_DENTRY) && defined(KTALLY_HAVE_CGROUP_PATH) && defined(KTALLY_EXPORT_CGROUP_PATH)
#define KTALLY_CGROUP_PATH	1
#else
#define KTALLY_CGROUP_PATH	0
#endif

/* In the place of a controller: the version 2 hierarchy. */
#define KTALLY_CGROUP_UNIFIED	(-1)

/**
 * ktally_cgroup_id() - number of the current task's group in a hierarchy
 * @controller: whose hierarchy, from ktally_cgroup_controller() or KTALLY_CGROUP_UNIFIED
 *
 * The inode number of its folder where the hierarchy is mounted, which since "kernfs: use 64bit inos if ino_t is
 * 64bit", 5.5, is the same number as the kernel's id.
 *
 * Return: the number, or 0 if the kernel has no such hierarchy, or it is not mounted.
 * Context: any, NMI included.
 */
u64 ktally_cgroup_id(int controller);

/**
 * ktally_cgroup_of() - the current task's group in a hierarchy
 * @controller: as for ktally_cgroup_id()
 *
 * Return: the group, valid until the caller's rcu_read_unlock(), or NULL.
 * Context: any, with the RCU read lock.
 */
struct cgroup *ktally_cgroup_of(int controller);

/** ktally_cgroup_number() - of a group, as ktally_cgroup_id(). Context: any, with the RCU read lock. */
u64 ktally_cgroup_number(const struct cgroup *group);

/**
 * ktally_cgroup_is_of() - whether a group is in the hierarchy of a controller
 * @group: the group
 * @controller: as for ktally_cgroup_id()
 *
 * Context: any, with the RCU read lock.
 */
bool ktally_cgroup_is_of(const struct cgroup *group, int controller);

/**
 * ktally_cgroup_path() - where a group is in its hierarchy
 * @group: the group
 * @path: out: "/" for the root
 * @size: bytes of @path
 *
 * Return: 0; -ENAMETOOLONG; -EOPNOTSUPP where KTALLY_CGROUP_PATH is 0.
 * Context: process or interrupt, not NMI, with the RCU read lock.
 */
int ktally_cgroup_path(struct cgroup *group, char *path, unsigned int size);

/**
 * ktally_cgroup_controller() - the number of a controller, as /proc/cgroups names it
 * @name: "cpu", "memory", ...
 *
 * Return: the number or -ENOENT.
 * Context: any.
 */
int ktally_cgroup_controller(const char *name);

/**
 * ktally_cgroup_is_v1() - whether a controller has a hierarchy of version 1 now
 * @controller: from ktally_cgroup_controller()
 *
 * Context: process.
 */
bool ktally_cgroup_is_v1(int controller);

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
