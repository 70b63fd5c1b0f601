// SPDX-License-Identifier: GPL-2.0
/* The kernel's own perf counters: creation. */
#include <linux/perf_event.h>

#include "compat/perf.h"

struct perf_event *ktally_perf_create(struct perf_event_attr *attr, int cpu,
				      ktally_perf_fn fn, void *context)
{
	/* An event that counts for more than one, as sched_stat_runtime does, is still one hit with PERIOD. */
	if (attr->type == PERF_TYPE_TRACEPOINT)
		attr->sample_type |= PERF_SAMPLE_RAW | PERF_SAMPLE_PERIOD;
	return perf_event_create_kernel_counter(attr, cpu, NULL, fn, context);
}
