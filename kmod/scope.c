// SPDX-License-Identifier: GPL-2.0
/*
 * The scope of a session: which processes count, and their children to come.
 *
 * A bit for each possible process id makes the question at a hit one test. A child is added before it runs for the first
 * time, a process is taken out when its last thread ends, so that the id may be used again by a stranger.
 */
#include <linux/bitops.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/threads.h>
#include <linux/vmalloc.h>
#include "compat/sync.h"
#include "compat/trace_protos.h"
#include "compat/tracepoint.h"
#include "scope.h"

static void add_child(struct ktally_scope *scope, const struct task_struct *parent,
		      const struct task_struct *child)
{
	if (child->pid == child->tgid && test_bit(parent->tgid, scope->pids))
		set_bit(child->tgid, scope->pids);
}

static void take_out(struct ktally_scope *scope, const struct task_struct *task)
{
	if (!atomic_read(&task->signal->live))
		clear_bit(task->tgid, scope->pids);
}

static void scope_fork(KTALLY_TP_PROTO(sched_process_fork))
{
	u64 args[KTALLY_TP_ARGS_MAX];

	KTALLY_TP_FILL(sched_process_fork, args);
	add_child(data, (void *)(unsigned long)args[0], (void *)(unsigned long)args[1]);
}

static void scope_exit(KTALLY_TP_PROTO(sched_process_exit))
{
	u64 args[KTALLY_TP_ARGS_MAX];

	KTALLY_TP_FILL(sched_process_exit, args);
	take_out(data, (void *)(unsigned long)args[0]);
}

static int follow(struct ktally_scope *scope)
{
	int err;

	if (!KTALLY_TP_HAVE(sched_process_fork) || !KTALLY_TP_HAVE(sched_process_exit))
		return -EOPNOTSUPP;
	err = ktally_tp_register("sched_process_fork", scope_fork, scope);
	if (err)
		return err;
	err = ktally_tp_register("sched_process_exit", scope_exit, scope);
	if (err) {
		ktally_tp_unregister("sched_process_fork", scope_fork, scope);
		ktally_tp_synchronize();
		return err;
	}
	scope->followed = true;
	return 0;
}

int ktally_scope_init(struct ktally_scope *scope, const u32 *pids, unsigned int nr, const char **why)
{
	unsigned int i;
	int err;

	scope->pids = vzalloc(BITS_TO_LONGS(PID_MAX_LIMIT) * sizeof(long));
	if (!scope->pids)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (!pids[i] || pids[i] >= PID_MAX_LIMIT) {
			*why = "a process id of the scope is out of range";
			err = -ERANGE;
			goto err_free;
		}
		set_bit(pids[i], scope->pids);
	}
	ktally_vmalloc_sync();
	err = follow(scope);
	if (err) {
		*why = "this kernel cannot tell of forks, so children could not be followed";
		goto err_free;
	}
	return 0;

err_free:
	ktally_scope_uninit(scope);
	return err;
}

void ktally_scope_uninit(struct ktally_scope *scope)
{
	if (scope->followed) {
		ktally_tp_unregister("sched_process_fork", scope_fork, scope);
		ktally_tp_unregister("sched_process_exit", scope_exit, scope);
		ktally_tp_synchronize();
	}
	vfree(scope->pids);
	scope->pids = NULL;
	scope->followed = false;
}
