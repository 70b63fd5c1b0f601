/* SPDX-License-Identifier: GPL-2.0 */
/* The scope of a session: which processes count (with their children to come), and in which cgroup. */
#ifndef _KTALLY_SCOPE_H
#define _KTALLY_SCOPE_H

#include <linux/bitops.h>
#include <linux/sched.h>
#include <linux/types.h>
#include "compat/cgroup.h"

/**
 * struct ktally_scope_config - what a scope is made from; all 0: everything counts
 * @pids: @nr_pids processes, or NULL
 * @nr_pids: see @pids
 * @cgroup: inode number of a cgroup's folder, or 0
 * @controller: of a version 1 hierarchy, or NULL: version 2
 */
struct ktally_scope_config {
	const u32 *pids;
	unsigned int nr_pids;
	u64 cgroup;
	const char *controller;
};

/**
 * struct ktally_scope - a set of processes that grows with their children, and a cgroup with those below it
 * @pids: bit map by process id, or NULL: all
 * @cgroup: id, or 0: all
 * @controller: whose hierarchy, see ktally_cgroup_controller()
 * @followed: whether fork and free are followed
 */
struct ktally_scope {
	unsigned long *pids;
	u64 cgroup;
	int controller;
	bool followed;
};

/** ktally_scope_is_all() - whether it leaves nothing out */
static inline bool ktally_scope_is_all(const struct ktally_scope *scope)
{
	return !scope->pids && !scope->cgroup;
}

/**
 * ktally_scope_has() - whether a hit counts
 * @scope: whose
 * @task: current
 *
 * Context: any, NMI included, with preemption off.
 */
static __always_inline bool ktally_scope_has(const struct ktally_scope *scope, struct task_struct *task)
{
	if (scope->pids && !test_bit(task->tgid, scope->pids))
		return false;
	return !scope->cgroup || ktally_cgroup_within(task, scope->controller, scope->cgroup);
}

/**
 * ktally_scope_init() - make a scope
 * @scope: to fill, all 0
 * @config: from what; a thread's id stands for its process
 * @why: out: a sentence when refused
 *
 * Children are followed from here on, whether the session runs or not.
 * Context: process.
 */
int ktally_scope_init(struct ktally_scope *scope, const struct ktally_scope_config *config, const char **why);

/** ktally_scope_uninit() - on return nothing reads or writes the scope; fine if it was never begun. Context: process. */
void ktally_scope_uninit(struct ktally_scope *scope);

#endif /* _KTALLY_SCOPE_H */
