// SPDX-License-Identifier: GPL-2.0
/* Fields of the tracepoints of interrupts, timers and workqueues. */
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/jiffies.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include "source_tracepoint.h"

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

static bool get_jiffies(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = jiffies;
	return true;
}

static const struct ktally_field handler_entry_fields[] = {
	FIELD_ARG("irq", KTALLY_TYPE_INT, 4, 0),
	FIELD_CALL("name", KTALLY_TYPE_STRING, 32, 0, get_irq_name),
};
KTALLY_FIELDS(irq_handler_entry, handler_entry_fields);

static const struct ktally_field handler_exit_fields[] = {
	FIELD_ARG("irq", KTALLY_TYPE_INT, 4, 0),
	FIELD_CALL("name", KTALLY_TYPE_STRING, 32, 0, get_irq_name),
	FIELD_ARG("ret", KTALLY_TYPE_INT, 4, 2),
};
KTALLY_FIELDS(irq_handler_exit, handler_exit_fields);

static const struct ktally_field softirq_fields[] = {
	FIELD_ARG("vec", KTALLY_TYPE_UINT, 4, 0),
};
KTALLY_FIELDS(softirq_entry, softirq_fields);
KTALLY_FIELDS(softirq_exit, softirq_fields);

static const struct ktally_field timer_entry_fields[] = {
	FIELD_ARG("timer", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_CALL("now", KTALLY_TYPE_UINT, 8, 0, get_jiffies),
	FIELD_MEMBER("function", KTALLY_TYPE_KPTR, 0, timer_list, function),
};
KTALLY_FIELDS(timer_expire_entry, timer_entry_fields);

static const struct ktally_field timer_exit_fields[] = {
	FIELD_ARG("timer", KTALLY_TYPE_KPTR, 8, 0),
};
KTALLY_FIELDS(timer_expire_exit, timer_exit_fields);

static const struct ktally_field hrtimer_entry_fields[] = {
	FIELD_ARG("hrtimer", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_ARG("now", KTALLY_TYPE_INT, 8, 1),
	FIELD_MEMBER("function", KTALLY_TYPE_KPTR, 0, hrtimer, function),
};
KTALLY_FIELDS(hrtimer_expire_entry, hrtimer_entry_fields);

static const struct ktally_field hrtimer_exit_fields[] = {
	FIELD_ARG("hrtimer", KTALLY_TYPE_KPTR, 8, 0),
};
KTALLY_FIELDS(hrtimer_expire_exit, hrtimer_exit_fields);

static const struct ktally_field work_start_fields[] = {
	FIELD_ARG("work", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_MEMBER("function", KTALLY_TYPE_KPTR, 0, work_struct, func),
};
KTALLY_FIELDS(workqueue_execute_start, work_start_fields);

static const struct ktally_field work_end_fields[] = {
	FIELD_ARG("work", KTALLY_TYPE_KPTR, 8, 0),
#if KTALLY_TP_HAVE(workqueue_execute_end) == 1
	FIELD_ARG("function", KTALLY_TYPE_KPTR, 8, 1),
#endif
};
KTALLY_FIELDS(workqueue_execute_end, work_end_fields);
