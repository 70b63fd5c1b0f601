// SPDX-License-Identifier: GPL-2.0
/* Names the control group of a task, and tells whether it is below another. */
#include <linux/cgroup.h>
#include <linux/dcache.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "compat/cgroup.h"

#if KTALLY_CGROUP_V1

/* Groups nest at most so deep here; a deeper one does not count as below the outermost. */
#define DEPTH_MAX 64

/*
 * A kernel before 3.15 frees groups, their dentries and inodes after a grace period as well. The inode is taken
 * from the dentry when the folder is removed: a task that was moved away just then is seen in no group.
 */
#if KTALLY_CGROUP_V2

#include <linux/kernfs.h>

#if defined(KTALLY_HAVE_CGROUP_KN_ID)
#define node_id(node)	((node)->id)
#elif defined(KTALLY_HAVE_CGROUP_KN_ID_INO)
#define node_id(node)	((node)->id.ino)
#else
#define node_id(node)	((node)->ino)
#endif

#define SUBSYS(name) [name##_cgrp_id] = #name,

static struct cgroup *unified_of(const struct css_set *set)
{
	return set->dfl_cgrp;
}

static u64 number_of(const struct cgroup *group)
{
	return node_id(group->kn);
}

static struct cgroup *parent_of(const struct cgroup *group)
{
	return group->self.parent ? group->self.parent->cgroup : NULL;
}

/* What no hierarchy of version 1 has is in that of version 2, be it mounted or not. */
static bool is_v1(const struct css_set *set, const struct cgroup *group)
{
	return group->root != set->dfl_cgrp->root;
}

/*
 * In the order of css_next_descendant_pre(), which modules may not call before "cgroup: Export css_next_descendant_pre for
 * bfq", 5.3. A group that is removed keeps its links for a grace period, so under RCU's lock each leads on.
 */
static struct cgroup *next_of(struct cgroup *at, struct cgroup *root)
{
	struct cgroup_subsys_state *state;
	struct list_head *next;

	if (!at)
		return root;
	state = &at->self;
	next = READ_ONCE(state->children.next);
	if (next != &state->children)
		return list_entry(next, struct cgroup_subsys_state, sibling)->cgroup;
	for (; state != &root->self; state = state->parent) {
		next = READ_ONCE(state->sibling.next);
		if (next != &state->parent->children)
			return list_entry(next, struct cgroup_subsys_state, sibling)->cgroup;
	}
	return NULL;
}

#define CAN_WALK	true

#else /* before 3.15 */

#define SUBSYS(name) [name##_subsys_id] = #name,
#define IS_SUBSYS_ENABLED(option) IS_ENABLED(option)
#define ENABLE_NETPRIO_NOW

static struct cgroup *unified_of(const struct css_set *set)
{
	return NULL;
}

static u64 number_of(const struct cgroup *group)
{
	const struct dentry *dentry = READ_ONCE(group->dentry);
	const struct inode *inode = dentry ? READ_ONCE(dentry->d_inode) : NULL;

	return inode ? inode->i_ino : 0;
}

static struct cgroup *parent_of(const struct cgroup *group)
{
	return group->parent;
}

/* What is not mounted has no folder. */
static bool is_v1(const struct css_set *set, const struct cgroup *group)
{
	return number_of(group);
}

static struct cgroup *next_of(struct cgroup *at, struct cgroup *root)
{
#ifdef KTALLY_EXPORT_CGROUP_NEXT_DESCENDANT_PRE
	return at ? cgroup_next_descendant_pre(at == root ? NULL : at, root) : root;
#else
	return NULL;
#endif
}

#if defined(KTALLY_EXPORT_CGROUP_NEXT_DESCENDANT_PRE)
#define CAN_WALK	true
#else
#define CAN_WALK	false
#endif

#endif

static const char *const controllers[] = {
#include <linux/cgroup_subsys.h>
};

/*
 * What some kernels call them inside. "blkcg: rename subsystem name from blkio to io", 4.3; the others before 3.15.
 */
static const struct {
	const char *outside, *inside;
} aliases[] = {
	{ "blkio", "io" }, { "cpu", "cpu_cgroup" }, { "memory", "mem_cgroup" }, { "perf_event", "perf" },
};

static int find_controller(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(controllers); i++)
		if (controllers[i] && !strcmp(controllers[i], name))
			return i;
	return -ENOENT;
}

int ktally_cgroup_controller(const char *name)
{
	int found = find_controller(name);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(aliases) && found < 0; i++)
		if (!strcmp(aliases[i].outside, name))
			found = find_controller(aliases[i].inside);
	return found;
}

/* Controllers could be modules before 3.15, and leave nothing behind. */
static __always_inline struct cgroup *group_of(struct task_struct *task, int controller)
{
	const struct css_set *set = task_css_set(task);
	const struct cgroup_subsys_state *state;

	if (controller == KTALLY_CGROUP_UNIFIED)
		return unified_of(set);
	state = READ_ONCE(set->subsys[controller]);
	return state ? READ_ONCE(state->cgroup) : NULL;
}

u64 ktally_cgroup_id(int controller)
{
	const struct cgroup *group;
	u64 id;

	/* Not the sched flavor: before 4.20 it does not keep what kfree_rcu() frees. */
	rcu_read_lock();
	group = group_of(current, controller);
	id = group ? number_of(group) : 0;
	rcu_read_unlock();
	return id;
}

struct cgroup *ktally_cgroup_of(int controller)
{
	return group_of(current, controller);
}

u64 ktally_cgroup_number(const struct cgroup *group)
{
	return number_of(group);
}

bool ktally_cgroup_is_of(const struct cgroup *group, int controller)
{
	const struct cgroup *mine = group_of(current, controller);

	return mine && mine->root == group->root;
}

int ktally_cgroup_path(struct cgroup *group, char *path, unsigned int size)
{
#if !KTALLY_CGROUP_PATH
	return -EOPNOTSUPP;
#elif defined(KTALLY_HAVE_CGROUP_PATH_TEXT)
	char *start = cgroup_path(group, path, size);

	if (!start)
		return -ENAMETOOLONG;
	memmove(path, start, strlen(start) + 1);
	return 0;
#else
	int len = cgroup_path(group, path, size);

	return len < 0 || len >= (int)size ? -ENAMETOOLONG : 0;
#endif
}

bool ktally_cgroup_is_v1(int controller)
{
	const struct cgroup *group;
	bool is;

	rcu_read_lock();
	group = group_of(current, controller);
	is = group && is_v1(task_css_set(current), group);
	rcu_read_unlock();
	return is;
}

bool ktally_cgroup_exists(int controller, u64 id)
{
	struct cgroup *root, *at;
	bool found = false;

	rcu_read_lock();
	root = group_of(current, controller);
	while (root && parent_of(root))
		root = parent_of(root);
	for (at = root ? next_of(NULL, root) : NULL; at && !found; at = next_of(at, root))
		found = number_of(at) == id;
	rcu_read_unlock();
	return found || (root && !CAN_WALK);
}

bool ktally_cgroup_within(struct task_struct *task, int controller, u64 id)
{
	const struct cgroup *group;
	unsigned int depth = 0;
	bool found = false;

	rcu_read_lock();
	for (group = group_of(task, controller); group && !found && depth < DEPTH_MAX; depth++) {
		found = number_of(group) == id;
		group = parent_of(group);
	}
	rcu_read_unlock();
	return found;
}

#else

u64 ktally_cgroup_id(int controller)
{
	return 0;
}

struct cgroup *ktally_cgroup_of(int controller)
{
	return NULL;
}

u64 ktally_cgroup_number(const struct cgroup *group)
{
	return 0;
}

bool ktally_cgroup_is_of(const struct cgroup *group, int controller)
{
	return false;
}

int ktally_cgroup_path(struct cgroup *group, char *path, unsigned int size)
{
	return -EOPNOTSUPP;
}

int ktally_cgroup_controller(const char *name)
{
	return -ENOENT;
}

bool ktally_cgroup_is_v1(int controller)
{
	return false;
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
