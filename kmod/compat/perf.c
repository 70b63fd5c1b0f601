// SPDX-License-Identifier: GPL-2.0
/* The kernel's own perf counters: creation and reading. */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/perf_event.h>
#include <linux/smp.h>
#include <asm/local64.h>

#include "compat/perf.h"

struct perf_event *ktally_perf_create(struct perf_event_attr *attr, int cpu,
				      ktally_perf_fn fn, void *context)
{
	if (attr->type == PERF_TYPE_TRACEPOINT)
		attr->sample_type |= PERF_SAMPLE_RAW;
	return perf_event_create_kernel_counter(attr, cpu, NULL, fn, context);
}

bool ktally_perf_read(struct perf_event *event, u64 *value)
{
	unsigned long flags;
	bool counting;

	local_irq_save(flags);
	counting = event->state == PERF_EVENT_STATE_ACTIVE &&
		   event->oncpu == raw_smp_processor_id();
	if (counting) {
		event->pmu->read(event);
		*value = local64_read(&event->count);
	}
	local_irq_restore(flags);
	return counting;
}
