// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoint source: typed handlers, registered directly, without a trace record in between.
 *
 * A handler stores the tracepoint's arguments as compat/trace_protos.h puts them in order; fields say where in these
 * their values are. Adding one: a row in KTALLY_TP_EVENTS() with its prototypes, and its fields here.
 */
#include <linux/interrupt.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>
#include "compat/syscall.h"
#include "compat/trace_protos.h"
#include "compat/tracepoint.h"
#include "source.h"

/* An integer argument; a member of the task that an argument points to; its name. */
#define FIELD_ARG(_name, _type, _size, _arg) \
	{ .name = _name, .type = _type, .how = KTALLY_FIELD_ARG, .arg = _arg, .size = _size }
#define FIELD_TASK(_name, _arg, _member)						\
	{ .name = _name, .type = KTALLY_TYPE_INT, .how = KTALLY_FIELD_DEREF, .arg = _arg,	\
	  .size = sizeof(((struct task_struct *)0)->_member),				\
	  .offset = offsetof(struct task_struct, _member) }
#define FIELD_COMM(_name, _arg)								\
	{ .name = _name, .type = KTALLY_TYPE_STRING, .how = KTALLY_FIELD_TEXT, .arg = _arg,	\
	  .size = TASK_COMM_LEN, .offset = offsetof(struct task_struct, comm) }
#define FIELD_CALL(_name, _type, _size, _param, _get) \
	{ .name = _name, .type = _type, .how = KTALLY_FIELD_CALL, .size = _size, .offset = _param, .get = _get }

static bool get_wakeup_cpu(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = task_cpu((struct task_struct *)(unsigned long)hit->args[0]);
	return true;
}

static bool get_syscall_arg(const struct ktally_hit *hit, u32 n, u64 *dst, unsigned int words)
{
	u64 args[6];

	ktally_syscall_args((struct pt_regs *)(unsigned long)hit->args[0], args);
	*dst = args[n];
	return true;
}

static bool get_syscall_id(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = (s64)syscall_get_nr(current, (struct pt_regs *)(unsigned long)hit->args[0]);
	return true;
}

static bool get_irq_name(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	const struct irqaction *action = (void *)(unsigned long)hit->args[1];
	char *text = (char *)dst;
	unsigned int i, size = words * sizeof(u64);

	memset(dst, 0, size);
	if (!action->name)
		return true;
	for (i = 0; i < size - 1; i++)
		if (copy_from_kernel_nofault(&text[i], action->name + i, 1) || !text[i])
			break;
	text[i] = 0;
	return true;
}

static const struct ktally_field sched_switch_fields[] = {
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
};

static const struct ktally_field sched_wakeup_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_TASK("prio", 0, prio),
	FIELD_CALL("target_cpu", KTALLY_TYPE_INT, 4, 0, get_wakeup_cpu),
	FIELD_TASK("tgid", 0, tgid),
};
#define sched_wakeup_new_fields sched_wakeup_fields

static const struct ktally_field sched_process_fork_fields[] = {
	FIELD_COMM("parent_comm", 0),
	FIELD_TASK("parent_pid", 0, pid),
	FIELD_COMM("child_comm", 1),
	FIELD_TASK("child_pid", 1, pid),
	FIELD_TASK("child_tgid", 1, tgid),
};

static const struct ktally_field sched_process_exec_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_ARG("old_pid", KTALLY_TYPE_INT, 4, 1),
};

static const struct ktally_field sched_process_exit_fields[] = {
	FIELD_COMM("comm", 0),
	FIELD_TASK("pid", 0, pid),
	FIELD_TASK("prio", 0, prio),
	FIELD_TASK("tgid", 0, tgid),
	FIELD_TASK("exit_code", 0, exit_code),
};

static const struct ktally_field sys_enter_fields[] = {
	FIELD_ARG("id", KTALLY_TYPE_INT, 8, 1),
	FIELD_CALL("arg0", KTALLY_TYPE_UINT, 8, 0, get_syscall_arg),
	FIELD_CALL("arg1", KTALLY_TYPE_UINT, 8, 1, get_syscall_arg),
	FIELD_CALL("arg2", KTALLY_TYPE_UINT, 8, 2, get_syscall_arg),
	FIELD_CALL("arg3", KTALLY_TYPE_UINT, 8, 3, get_syscall_arg),
	FIELD_CALL("arg4", KTALLY_TYPE_UINT, 8, 4, get_syscall_arg),
	FIELD_CALL("arg5", KTALLY_TYPE_UINT, 8, 5, get_syscall_arg),
};

static const struct ktally_field sys_exit_fields[] = {
	FIELD_CALL("id", KTALLY_TYPE_INT, 8, 0, get_syscall_id),
	FIELD_ARG("ret", KTALLY_TYPE_INT, 8, 1),
};

static const struct ktally_field irq_handler_entry_fields[] = {
	FIELD_ARG("irq", KTALLY_TYPE_INT, 4, 0),
	FIELD_CALL("name", KTALLY_TYPE_STRING, 32, 0, get_irq_name),
};

static const struct ktally_field irq_handler_exit_fields[] = {
	FIELD_ARG("irq", KTALLY_TYPE_INT, 4, 0),
	FIELD_CALL("name", KTALLY_TYPE_STRING, 32, 0, get_irq_name),
	FIELD_ARG("ret", KTALLY_TYPE_INT, 4, 2),
};

static const struct ktally_field softirq_entry_fields[] = {
	FIELD_ARG("vec", KTALLY_TYPE_UINT, 4, 0),
};
#define softirq_exit_fields softirq_entry_fields

/*
 * Raw probes run with preemption on since 6.13 (system calls) and 7.0 (all). No stack protector: args is indexed by
 * numbers from the tables above only, and the canary would be a tenth of the cost of a hit.
 */
#define HANDLER(_system, _event, _nargs)						\
	static void __no_stack_protector hit_##_event(KTALLY_TP_PROTO(_event))		\
	{										\
		u64 args[KTALLY_TP_ARGS_MAX] __uninitialized;				\
											\
		preempt_disable_notrace();						\
		KTALLY_TP_FILL(_event, args);						\
		ktally_probe_hit_args(data, args, __builtin_frame_address(0));		\
		preempt_enable_notrace();						\
	}
KTALLY_TP_EVENTS(HANDLER)

/**
 * struct event - one typed tracepoint
 * @name: "system:event", as published
 * @tracepoint: the kernel's name
 * @handler: typed
 * @have: whether the prototype is known
 * @fields: what a program may read
 */
struct event {
	const char *name;
	const char *tracepoint;
	void *handler;
	bool have;
	struct ktally_fields fields;
};

#define EVENT(_system, _event, _nargs)							\
	{ #_system ":" #_event, #_event, hit_##_event, KTALLY_TP_HAVE(_event),		\
	  { _event##_fields, ARRAY_SIZE(_event##_fields) } },

static const struct event events[] = {
	KTALLY_TP_EVENTS(EVENT)
};

static bool event_available(const struct event *event)
{
	return event->have && ktally_tp_exists(event->tracepoint);
}

bool ktally_tracepoint_entry(unsigned int n, struct ktally_source_entry *entry)
{
	if (n >= ARRAY_SIZE(events))
		return false;
	entry->kind = KTALLY_SOURCE_TRACEPOINT;
	entry->name = events[n].name;
	entry->available = event_available(&events[n]);
	entry->fields = &events[n].fields;
	return true;
}

static int tracepoint_init(struct ktally_probe *probe, const char **why)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		if (strcmp(events[i].name, probe->name))
			continue;
		if (!event_available(&events[i])) {
			*why = "this kernel does not have that tracepoint, or calls it in a way that is not known here";
			return -EOPNOTSUPP;
		}
		probe->source = (void *)&events[i];
		return 0;
	}
	*why = "no typed tracepoint of that name: `ktally list` shows those there are";
	return -ENOENT;
}

static void tracepoint_uninit(struct ktally_probe *probe)
{
}

static const struct ktally_fields *tracepoint_fields(const struct ktally_probe *probe)
{
	return &((const struct event *)probe->source)->fields;
}

static int tracepoint_attach(struct ktally_probe *probe)
{
	const struct event *event = probe->source;

	return ktally_tp_register(event->tracepoint, event->handler, probe);
}

static void tracepoint_detach(struct ktally_probe **probes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct event *event = probes[i]->source;

		ktally_tp_unregister(event->tracepoint, event->handler, probes[i]);
	}
	ktally_tp_synchronize();
}

const struct ktally_source_ops ktally_source_tracepoint = {
	.kind		= KTALLY_SOURCE_TRACEPOINT,
	.program	= true,
	.overhead_ns	= 25,
	.init		= tracepoint_init,
	.uninit		= tracepoint_uninit,
	.fields		= tracepoint_fields,
	.attach		= tracepoint_attach,
	.detach		= tracepoint_detach,
};
