// SPDX-License-Identifier: GPL-2.0
/* Names the control group of a task, and tells whether it is below another. */
#include <linux/cgroup.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/kernfs.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compat/cgroup.h"

#if defined(KTALLY_HAVE_CGROUP_KN_ID)
#define node_id(node)	((node)->id)
#elif defined(KTALLY_HAVE_CGROUP_KN_ID_INO)
#define node_id(node)	((node)->id.ino)
#elif defined(KTALLY_HAVE_CGROUP_KN_INO)
#define node_id(node)	((node)->ino)
#endif

u64 ktally_cgroup_id(void)
{
	u64 id = 0;

#ifdef node_id
	/* Not the sched flavor: before 4.20 it does not keep what kfree_rcu() frees. */
	rcu_read_lock();
	id = node_id(task_css_set(current)->dfl_cgrp->kn);
	rcu_read_unlock();
#endif
	return id;
}

#ifdef node_id

/* Groups nest at most so deep here; a deeper one does not count as below the outermost. */
#define DEPTH_MAX 64

static const char *const controllers[] = {
#define SUBSYS(name) [name##_cgrp_id] = #name,
#include <linux/cgroup_subsys.h>
#undef SUBSYS
};

int ktally_cgroup_controller(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controllers); i++)
		if (controllers[i] && !strcmp(controllers[i], name))
			return i;
	/* "blkcg: rename subsystem name from blkio to io", 4.3, renamed it inside, not outside. */
	return strcmp(name, "blkio") ? -ENOENT : ktally_cgroup_controller("io");
}

static struct cgroup_subsys_state *state_of(struct task_struct *task, int controller)
{
	struct css_set *set = task_css_set(task);

	return controller == KTALLY_CGROUP_UNIFIED ? &set->dfl_cgrp->self : set->subsys[controller];
}

bool ktally_cgroup_exists(int controller, u64 id)
{
	bool found = true;
#ifdef KTALLY_EXPORT_CSS_NEXT_DESCENDANT_PRE
	struct cgroup_subsys_state *root, *state;

	found = false;
	rcu_read_lock();
	root = state_of(current, controller);
	while (root->parent)
		root = root->parent;
	css_for_each_descendant_pre(state, root)
		if (node_id(state->cgroup->kn) == id)
			found = true;
	rcu_read_unlock();
#endif
	return found;
}

bool ktally_cgroup_within(struct task_struct *task, int controller, u64 id)
{
	struct cgroup_subsys_state *state;
	unsigned int depth = 0;
	bool found = false;

	rcu_read_lock();
	for (state = state_of(task, controller); state && !found && depth < DEPTH_MAX; depth++) {
		found = node_id(state->cgroup->kn) == id;
		state = state->parent;
	}
	rcu_read_unlock();
	return found;
}

#else

int ktally_cgroup_controller(const char *name)
{
	return -ENOENT;
}

bool ktally_cgroup_exists(int controller, u64 id)
{
	return false;
}

bool ktally_cgroup_within(struct task_struct *task, int controller, u64 id)
{
	return false;
}

#endif
