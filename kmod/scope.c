// SPDX-License-Identifier: GPL-2.0
/*
 * The scope of a session: which processes count (with their children to come), and in which cgroup.
 *
 * A bit for each possible process id makes the question at a hit one test. A child is added before it runs for the first
 * time. A process is taken out when the kernel gives back its last thread, for what it does while it ends is its own as
 * well. By then its id may be in use again: whose it is says the fork that took it.
 */
#include <linux/bitops.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/threads.h>
#include <linux/vmalloc.h>
#include "compat/sync.h"
#include "compat/trace_protos.h"
#include "compat/tracepoint.h"
#include "scope.h"

static void add_child(struct ktally_scope *scope, const struct task_struct *parent,
		      const struct task_struct *child)
{
	if (child->pid != child->tgid)
		return;
	if (test_bit(parent->tgid, scope->pids))
		set_bit(child->tgid, scope->pids);
	else if (unlikely(test_bit(child->tgid, scope->pids)))
		clear_bit(child->tgid, scope->pids);
}

/* Whether a process has that id, be it one that ends. */
static bool in_use(pid_t id)
{
	bool used;

	rcu_read_lock();
	used = pid_task(find_pid_ns(id, &init_pid_ns), PIDTYPE_PID);
	rcu_read_unlock();
	return used;
}

static void take_out(struct ktally_scope *scope, const struct task_struct *task)
{
	if (test_bit(task->tgid, scope->pids) && !in_use(task->tgid))
		clear_bit(task->tgid, scope->pids);
}

static void scope_fork(KTALLY_TP_PROTO(sched_process_fork))
{
	u64 args[KTALLY_TP_ARGS_MAX];

	KTALLY_TP_FILL(sched_process_fork, args);
	add_child(data, (void *)(unsigned long)args[0], (void *)(unsigned long)args[1]);
}

static void scope_free(KTALLY_TP_PROTO(sched_process_free))
{
	u64 args[KTALLY_TP_ARGS_MAX];

	KTALLY_TP_FILL(sched_process_free, args);
	take_out(data, (void *)(unsigned long)args[0]);
}

static int follow(struct ktally_scope *scope)
{
	int err;

	if (!KTALLY_TP_HAVE(sched_process_fork) || !KTALLY_TP_HAVE(sched_process_free))
		return -EOPNOTSUPP;
	err = ktally_tp_register("sched_process_fork", scope_fork, scope);
	if (err)
		return err;
	err = ktally_tp_register("sched_process_free", scope_free, scope);
	if (err) {
		ktally_tp_unregister("sched_process_fork", scope_fork, scope);
		ktally_tp_synchronize();
		return err;
	}
	scope->followed = true;
	return 0;
}

/* Tells what process an id belongs to, being one of its threads. 0: none that lives. */
static pid_t process_of(pid_t id)
{
	struct task_struct *task;
	pid_t tgid = 0;

	rcu_read_lock();
	task = pid_task(find_pid_ns(id, &init_pid_ns), PIDTYPE_PID);
	if (task && atomic_read(&task->signal->live))
		tgid = task->tgid;
	rcu_read_unlock();
	return tgid;
}

/* Ends are followed already: a process that ends before its bit is there is seen by the second look, later by the tracepoint. */
static int put_in(struct ktally_scope *scope, u32 id, const char **why)
{
	pid_t tgid;

	if (!id || id >= PID_MAX_LIMIT) {
		*why = "a process id of the scope is out of range";
		return -ERANGE;
	}
	tgid = process_of(id);
	if (tgid)
		set_bit(tgid, scope->pids);
	if (tgid && process_of(id) == tgid)
		return 0;
	*why = "a process of the scope does not exist (ids are those of the initial pid namespace)";
	return -ESRCH;
}

static int choose_pids(struct ktally_scope *scope, const struct ktally_scope_config *config, const char **why)
{
	unsigned int i;
	int err;

	scope->pids = vzalloc(BITS_TO_LONGS(PID_MAX_LIMIT) * sizeof(long));
	if (!scope->pids)
		return -ENOMEM;
	ktally_vmalloc_sync();
	err = follow(scope);
	if (err) {
		*why = "this kernel cannot tell of forks, so children could not be followed";
		return err;
	}
	for (i = 0; i < config->nr_pids && !err; i++)
		err = put_in(scope, config->pids[i], why);
	return err;
}

static int choose_cgroup(struct ktally_scope *scope, const struct ktally_scope_config *config, const char **why)
{
	if (!KTALLY_CGROUP_V1) {
		*why = "this kernel's cgroups have no numbers, so none can be chosen";
		return -EOPNOTSUPP;
	}
	scope->controller = KTALLY_CGROUP_UNIFIED;
	if (config->controller) {
		scope->controller = ktally_cgroup_controller(config->controller);
		if (scope->controller < 0) {
			*why = "this kernel has no cgroup controller of that name (see /proc/cgroups)";
			return -ENOENT;
		}
	}
	if (!config->controller && !KTALLY_CGROUP_V2) {
		*why = "this kernel has no cgroups of version 2: name the controller of a hierarchy of version 1";
		return -EOPNOTSUPP;
	}
	if (!ktally_cgroup_exists(scope->controller, config->cgroup)) {
		*why = "no cgroup has that number: it is the inode number of its folder, in cgroup2 or, with a controller, in the hierarchy of that";
		return -ENOENT;
	}
	scope->cgroup = config->cgroup;
	return 0;
}

int ktally_scope_init(struct ktally_scope *scope, const struct ktally_scope_config *config, const char **why)
{
	int err = 0;

	if (config->pids)
		err = choose_pids(scope, config, why);
	if (!err && config->cgroup)
		err = choose_cgroup(scope, config, why);
	if (err)
		ktally_scope_uninit(scope);
	return err;
}

void ktally_scope_uninit(struct ktally_scope *scope)
{
	if (scope->followed) {
		ktally_tp_unregister("sched_process_fork", scope_fork, scope);
		ktally_tp_unregister("sched_process_free", scope_free, scope);
		ktally_tp_synchronize();
	}
	vfree(scope->pids);
	memset(scope, 0, sizeof(*scope));
}
