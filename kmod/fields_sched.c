// SPDX-License-Identifier: GPL-2.0
/* Fields of the scheduler's tracepoints. */
#include <linux/sched.h>
#include "source_tracepoint.h"

static bool get_task_cpu(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = task_cpu((struct task_struct *)(unsigned long)hit->args[0]);
	return true;
}

/* What the task that goes is about. The trace event's state has 1 for an interruptible sleep, 2 for one that is not. */
static bool get_prev_class(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	u64 state = hit->args[2];

	if (!state || hit->args[3])
		*dst = KTALLY_TASK_RUNNABLE;
	else if (state & 1)
		*dst = KTALLY_TASK_SLEEPING;
	else
		*dst = state & 2 ? KTALLY_TASK_BLOCKED : KTALLY_TASK_OTHER;
	return true;
}

static const struct ktally_field switch_fields[] = {
	FIELD_COMM("prev_comm", 0),
	FIELD_TASK("prev_pid", 0, pid),
	FIELD_TASK("prev_prio", 0, prio),
	FIELD_ARG("prev_state", KTALLY_TYPE_INT, 8, 2),
	FIELD_COMM("next_comm", 1),
	FIELD_TASK("next_pid", 1, pid),
	FIELD_TASK("next_prio", 1, prio),
	FIELD_TASK("prev_tgid", 0, tgid),
	FIELD_TASK("next_tgid", 1, tgid),
	FIELD_ARG("preempt", KTALLY_TYPE_UINT, 8, 3),
	FIELD_CALL("prev_class", KTALLY_TYPE_UINT, 4, 0, get_prev_class),
};
KTALLY_FIELDS(sched_switch, switch_fields);

static const struct ktally_field wakeup_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_TASK("prio", 0, prio),
	FIELD_CALL("target_cpu", KTALLY_TYPE_INT, 4, 0, get_task_cpu),
	FIELD_TASK("tgid", 0, tgid),
};
KTALLY_FIELDS(sched_wakeup, wakeup_fields);
KTALLY_FIELDS(sched_wakeup_new, wakeup_fields);
KTALLY_FIELDS(sched_waking, wakeup_fields);

static const struct ktally_field migrate_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_TASK("prio", 0, prio),
	FIELD_CALL("orig_cpu", KTALLY_TYPE_INT, 4, 0, get_task_cpu),
	FIELD_ARG("dest_cpu", KTALLY_TYPE_INT, 4, 1),
	FIELD_TASK("tgid", 0, tgid),
};
KTALLY_FIELDS(sched_migrate_task, migrate_fields);

static const struct ktally_field runtime_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_ARG("runtime", KTALLY_TYPE_UINT, 8, 1),
	FIELD_TASK("tgid", 0, tgid),
};
KTALLY_FIELDS(sched_stat_runtime, runtime_fields);

static const struct ktally_field delay_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_ARG("delay", KTALLY_TYPE_UINT, 8, 1),
	FIELD_TASK("tgid", 0, tgid),
};
KTALLY_FIELDS(sched_stat_wait, delay_fields);
KTALLY_FIELDS(sched_stat_sleep, delay_fields);
KTALLY_FIELDS(sched_stat_iowait, delay_fields);
KTALLY_FIELDS(sched_stat_blocked, delay_fields);

static const struct ktally_field fork_fields[] = {
	FIELD_COMM("parent_comm", 0),
	FIELD_TASK("parent_pid", 0, pid),
	FIELD_COMM("child_comm", 1),
	FIELD_TASK("child_pid", 1, pid),
	FIELD_TASK("child_tgid", 1, tgid),
};
KTALLY_FIELDS(sched_process_fork, fork_fields);

static const struct ktally_field exec_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_ARG("old_pid", KTALLY_TYPE_INT, 4, 1),
};
KTALLY_FIELDS(sched_process_exec, exec_fields);

static const struct ktally_field exit_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_TASK("prio", 0, prio),
	FIELD_TASK("tgid", 0, tgid),
	FIELD_TASK("exit_code", 0, exit_code),
};
KTALLY_FIELDS(sched_process_exit, exit_fields);
KTALLY_FIELDS(sched_process_free, exit_fields);

/* As the trace event has them; told before the task has its new name. */
static const struct ktally_field rename_fields[] = {
	FIELD_TASK("pid", 0, pid),
	FIELD_COMM("oldcomm", 0),
	{ .name = "newcomm", .type = KTALLY_TYPE_STRING, .how = KTALLY_FIELD_TEXT, .arg = 1, .size = TASK_COMM_LEN },
	FIELD_TASK("tgid", 0, tgid),
};
KTALLY_FIELDS(task_rename, rename_fields);
