// SPDX-License-Identifier: GPL-2.0
/* Perf source: a kernel perf counter on every CPU that overflows every so many counts. */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/perf_event.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include "compat/perf.h"
#include "source.h"

KTALLY_PERF_HANDLER(perf_fire, event, data, regs)
{
	struct ktally_hit hit = { .args = NULL, .regs = regs };

	ktally_probe_hit(ktally_perf_context(event), &hit);
}

static struct perf_event **slot(struct ktally_probe *probe, unsigned int cpu)
{
	return per_cpu_ptr((struct perf_event * __percpu *)probe->source, cpu);
}

static struct perf_event *counter_new(struct ktally_probe *probe, unsigned int cpu)
{
	struct perf_event_attr attr = {
		.size		= sizeof(attr),
		.type		= probe->perf_type,
		.config		= probe->perf_config,
		.sample_period	= probe->period,
		.disabled	= 1,
		.pinned		= 1,
	};

	return ktally_perf_create(&attr, cpu, perf_fire, probe);
}

static void counter_free(struct ktally_probe *probe, unsigned int cpu)
{
	struct perf_event *event = *slot(probe, cpu);

	if (event)
		ktally_perf_release(event);
	*slot(probe, cpu) = NULL;
}

static int counter_start(struct ktally_probe *probe, unsigned int cpu)
{
	struct perf_event *event = counter_new(probe, cpu);

	if (IS_ERR(event))
		return PTR_ERR(event);
	*slot(probe, cpu) = event;
	ktally_perf_enable(event);
	return 0;
}

/* Whether there is such an event, asked of one CPU now rather than of all of them at the start. */
static int perf_try(struct ktally_probe *probe, const char **why)
{
	struct perf_event *event = counter_new(probe, cpumask_first(cpu_online_mask));

	if (!IS_ERR(event)) {
		ktally_perf_release(event);
		return 0;
	}
	if (PTR_ERR(event) == -ENOENT || PTR_ERR(event) == -EOPNOTSUPP)
		*why = "this machine has no such perf event: without a PMU use cpu-clock or a timer";
	else
		*why = "the kernel refuses this perf event: see kernel.perf_event_paranoid and kernel.perf_event_max_sample_rate";
	return PTR_ERR(event);
}

static int perf_init(struct ktally_probe *probe, const char **why)
{
	int err;

	if (probe->perf_type == PERF_TYPE_TRACEPOINT || probe->perf_type == PERF_TYPE_BREAKPOINT) {
		*why = "trace events and breakpoints are not counters that overflow";
		return -EINVAL;
	}
	if (!probe->period || probe->period >> 62) {
		*why = "a perf source needs a period, in counts (nanoseconds for cpu-clock)";
		return -ERANGE;
	}
	if (probe->perf_type == PERF_TYPE_SOFTWARE && probe->perf_config <= PERF_COUNT_SW_TASK_CLOCK &&
	    probe->period < 10000) {
		*why = "the period of a clock is at least 10 microseconds, in nanoseconds";
		return -ERANGE;
	}
	err = perf_try(probe, why);
	if (err)
		return err;
	probe->source = (__force void *)alloc_percpu(struct perf_event *);
	return probe->source ? 0 : -ENOMEM;
}

static void perf_uninit(struct ktally_probe *probe)
{
	free_percpu((struct perf_event * __percpu *)probe->source);
}

static const struct ktally_fields *perf_fields(const struct ktally_probe *probe)
{
	return &ktally_no_fields;
}

const struct ktally_source_ops ktally_source_perf = {
	.kind		= KTALLY_SOURCE_PERF,
	.program	= true,
	.init		= perf_init,
	.uninit		= perf_uninit,
	.fields		= perf_fields,
	.cpu_start	= counter_start,
	.cpu_stop	= counter_free,
};
