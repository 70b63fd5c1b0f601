// SPDX-License-Identifier: GPL-2.0
/*
 * Perf source: a kernel perf counter on every CPU that overflows every so many counts, or so many times a second; and
 * hardware breakpoints, which are counters that overflow at every access.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/perf_event.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/ktally_netlink.h>
#include "compat/cred.h"
#include "compat/uaccess.h"
#include "source_perf.h"

/* What the kernel allows by default (kernel.perf_event_max_sample_rate), a CPU and second. */
#define FREQ_MAX	100000
/* Faster would spend the machine on sampling. */
#define CLOCK_MIN_NS	10000

#define FLAGS_KNOWN	(KTALLY_PERF_FREQ | KTALLY_PERF_EXCLUDE_USER | KTALLY_PERF_EXCLUDE_KERNEL |	\
			 KTALLY_PERF_EXCLUDE_HV | KTALLY_PERF_EXCLUDE_HOST | KTALLY_PERF_EXCLUDE_GUEST |	\
			 KTALLY_PERF_PINNED | 3U << KTALLY_PERF_PRECISE_SHIFT)

static const struct ktally_field perf_field_list[] = {
	{ .name = "addr", .type = KTALLY_TYPE_UINT, .how = KTALLY_FIELD_ARG, .arg = 0, .size = 8 },
};

const struct ktally_fields ktally_perf_fields = { perf_field_list, ARRAY_SIZE(perf_field_list) };

static struct perf_event **slot(struct ktally_probe *probe, unsigned int cpu)
{
	return per_cpu_ptr(((struct ktally_perf_source *)probe->source)->events, cpu);
}

int ktally_perf_init(struct ktally_probe *probe, struct perf_event_attr *attr, ktally_perf_fn fn, size_t size)
{
	struct perf_event *event = ktally_perf_create(attr, cpumask_first(cpu_online_mask), fn, probe);
	struct ktally_perf_source *source;

	if (IS_ERR(event))
		return PTR_ERR(event);
	ktally_perf_release(event);
	source = kzalloc(size, GFP_KERNEL);
	if (!source)
		return -ENOMEM;
	source->events = alloc_percpu(struct perf_event *);
	if (!source->events) {
		kfree(source);
		return -ENOMEM;
	}
	probe->source = source;
	return 0;
}

void ktally_perf_uninit(struct ktally_probe *probe)
{
	free_percpu(((struct ktally_perf_source *)probe->source)->events);
	kfree(probe->source);
}

int ktally_perf_start(struct ktally_probe *probe, unsigned int cpu, struct perf_event_attr *attr, ktally_perf_fn fn)
{
	struct perf_event *event = ktally_perf_create(attr, cpu, fn, probe);

	if (IS_ERR(event))
		return PTR_ERR(event);
	ktally_perf_enable(event);
	/* A pinned counter that finds no place is not tried again. */
	if (event->state == PERF_EVENT_STATE_ERROR) {
		ktally_perf_release(event);
		return -EBUSY;
	}
	*slot(probe, cpu) = event;
	return 0;
}

void ktally_perf_stop(struct ktally_probe *probe, unsigned int cpu)
{
	struct perf_event *event = *slot(probe, cpu);

	if (event)
		ktally_perf_release(event);
	*slot(probe, cpu) = NULL;
}

KTALLY_PERF_HANDLER(perf_fire, event, data, regs)
{
	u64 args[1] = { ktally_perf_address(data) };
	struct ktally_hit hit = { .args = args, .regs = regs };

	ktally_probe_hit(ktally_perf_context(event), &hit);
}

static void describe(const struct ktally_probe *probe, struct perf_event_attr *attr)
{
	u32 flags = probe->perf_flags;

	memset(attr, 0, sizeof(*attr));
	attr->size = sizeof(*attr);
	attr->type = probe->perf_type;
	if (attr->type == PERF_TYPE_BREAKPOINT)
		attr->bp_type = probe->perf_config;
	else
		attr->config = probe->perf_config;
	/* The same words as bp_addr and bp_len. */
	attr->config1 = probe->perf_config1;
	attr->config2 = probe->perf_config2;
	attr->freq = !!(flags & KTALLY_PERF_FREQ);
	attr->sample_period = probe->period;
	attr->sample_type = PERF_SAMPLE_ADDR;
	attr->disabled = 1;
	attr->pinned = !!(flags & KTALLY_PERF_PINNED);
	attr->exclude_user = !!(flags & KTALLY_PERF_EXCLUDE_USER);
	attr->exclude_kernel = !!(flags & KTALLY_PERF_EXCLUDE_KERNEL);
	attr->exclude_hv = !!(flags & KTALLY_PERF_EXCLUDE_HV);
	attr->exclude_host = !!(flags & KTALLY_PERF_EXCLUDE_HOST);
	attr->exclude_guest = !!(flags & KTALLY_PERF_EXCLUDE_GUEST);
	attr->precise_ip = flags >> KTALLY_PERF_PRECISE_SHIFT & 3;
}

static int counter_start(struct ktally_probe *probe, unsigned int cpu)
{
	struct perf_event_attr attr;

	describe(probe, &attr);
	return ktally_perf_start(probe, cpu, &attr, perf_fire);
}

static const char *explain_breakpoint(int err)
{
	switch (err) {
	case -ENOSPC:
	case -EBUSY:
		return "all hardware breakpoints of a CPU are taken (x86 has 4): by a debugger, by perf, or by another session";
	case -EINVAL:
		return "this CPU has no such breakpoint: r, w and x are combined as it can (x86: w, rw or x), a length of 1, 2, 4 or 8 divides the address, and that of x is 8";
	case -EPERM:
	case -EACCES:
		return "breakpoints on kernel addresses need CAP_SYS_ADMIN";
	}
	return "the kernel refuses this breakpoint";
}

static const char *explain(const struct ktally_probe *probe, int err)
{
	if (probe->perf_type == PERF_TYPE_BREAKPOINT)
		return explain_breakpoint(err);
	switch (err) {
	case -ENOENT:
	case -ENODEV:
		return "this machine has no such perf event: without a PMU use cpu-clock or a timer";
	case -EOPNOTSUPP:
		return "the PMU of this event cannot interrupt (or not so precisely), so it can be counted, not sampled: without such a PMU use cpu-clock or a timer";
	case -EINVAL:
		return "the PMU refuses these numbers: it has no such event, cannot sample it, or cannot leave out what is to be left out";
	case -EBUSY:
		return "all counters of a CPU's PMU are taken: stop other sessions or perf, or leave PINNED away";
	case -EPERM:
	case -EACCES:
		return "not permitted: see kernel.perf_event_paranoid";
	}
	return "the kernel refuses this perf event: see kernel.perf_event_paranoid and kernel.perf_event_max_sample_rate";
}

static int check_breakpoint(struct ktally_probe *probe, const char **why)
{
	void __user *address = (__force void __user *)(unsigned long)probe->perf_config1;

	if (!KTALLY_PERF_BREAKPOINTS) {
		*why = "on this architecture an access that hits a breakpoint is repeated for ever, unless the kernel's own handler steps over it";
		return -EOPNOTSUPP;
	}
	if (probe->perf_flags & KTALLY_PERF_FREQ) {
		*why = "a breakpoint hits at every access (or every so many): it has no frequency";
		return -EINVAL;
	}
	if (!probe->period)
		probe->period = 1;
	if (!ktally_access_ok(address, probe->perf_config2) && !ktally_kernel_addresses_allowed()) {
		*why = "kernel.kptr_restrict hides kernel addresses from you, so you cannot watch one";
		return -EACCES;
	}
	return 0;
}

static bool is_clock(const struct ktally_probe *probe)
{
	return probe->perf_type == PERF_TYPE_SOFTWARE && probe->perf_config <= PERF_COUNT_SW_TASK_CLOCK;
}

static int check(struct ktally_probe *probe, const char **why)
{
	if (probe->perf_flags & ~FLAGS_KNOWN) {
		*why = "unknown flag in SRC_PERF_FLAGS";
		return -EINVAL;
	}
	if (probe->perf_type == PERF_TYPE_TRACEPOINT) {
		*why = "a trace event is no counter that overflows: it is a source of kind EVENT";
		return -EINVAL;
	}
	if (probe->perf_type == PERF_TYPE_BREAKPOINT)
		return check_breakpoint(probe, why);
	if (probe->perf_flags & KTALLY_PERF_FREQ && (!probe->period || probe->period > FREQ_MAX)) {
		*why = "a frequency is 1 to 100000 hits a second";
		return -ERANGE;
	}
	if (!probe->period || probe->period >> 62) {
		*why = "a perf source needs a period, in counts (nanoseconds for cpu-clock)";
		return -ERANGE;
	}
	if (is_clock(probe) && !(probe->perf_flags & KTALLY_PERF_FREQ) && probe->period < CLOCK_MIN_NS) {
		*why = "the period of a clock is at least 10 microseconds, in nanoseconds";
		return -ERANGE;
	}
	return 0;
}

static int perf_init(struct ktally_probe *probe, const char **why)
{
	struct perf_event_attr attr;
	int err = check(probe, why);

	if (err)
		return err;
	describe(probe, &attr);
	err = ktally_perf_init(probe, &attr, perf_fire, sizeof(struct ktally_perf_source));
	if (err && err != -ENOMEM)
		*why = explain(probe, err);
	return err;
}

static const struct ktally_fields *perf_fields(const struct ktally_probe *probe)
{
	return &ktally_perf_fields;
}

const struct ktally_source_ops ktally_source_perf = {
	.kind		= KTALLY_SOURCE_PERF,
	.program	= true,
	.overhead	= 400,
	.init		= perf_init,
	.uninit		= ktally_perf_uninit,
	.fields		= perf_fields,
	.explain	= explain,
	.late		= true,
	.cpu_start	= counter_start,
	.cpu_stop	= ktally_perf_stop,
};
