// SPDX-License-Identifier: GPL-2.0
/* Event source: any trace event, dynamic ones included, through a perf counter on every CPU that is handed the record. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/perf_event.h>
#include <linux/string.h>
#include "source_perf.h"

/* What is in a record only its format file knows. */
const struct ktally_fields ktally_event_fields = { .record = true };

static void __no_stack_protector event_hit(struct ktally_probe *probe, struct perf_sample_data *data, struct pt_regs *regs)
{
	struct ktally_hit hit = { .regs = regs };

	hit.record = ktally_perf_raw(data, &hit.record_size);
	ktally_probe_hit(probe, &hit);
}

KTALLY_PERF_HANDLER(event_fire, event, data, regs)
{
	event_hit(ktally_perf_context(event), data, regs);
}

static void describe(const struct ktally_probe *probe, struct perf_event_attr *attr)
{
	memset(attr, 0, sizeof(*attr));
	attr->size = sizeof(*attr);
	attr->type = PERF_TYPE_TRACEPOINT;
	attr->config = probe->perf_config;
	attr->sample_period = 1;
	attr->disabled = 1;
}

static const char *explain(const struct ktally_probe *probe, int err)
{
	switch (err) {
	case -EPERM:
	case -EACCES:
		return "the kernel does not let you have this trace event: see kernel.perf_event_paranoid";
	case -EINVAL:
	case -ENOENT:
	case -ENODEV:
		return "no trace event has this number, or it is not one for perf: events/SYSTEM/NAME/id of tracefs has the right one";
	case -EBUSY:
		return "something else uses this trace event alone";
	}
	return "the kernel refuses this trace event";
}

static int event_init(struct ktally_probe *probe, const char **why)
{
	struct perf_event_attr attr;
	int err;

	if (!probe->perf_config) {
		*why = "a trace event is chosen by its number, in SRC_PERF_CONFIG: events/SYSTEM/NAME/id of tracefs has it";
		return -EINVAL;
	}
	describe(probe, &attr);
	err = ktally_perf_init(probe, &attr, event_fire);
	if (err && err != -ENOMEM)
		*why = explain(probe, err);
	return err;
}

static int event_start(struct ktally_probe *probe, unsigned int cpu)
{
	struct perf_event_attr attr;

	describe(probe, &attr);
	return ktally_perf_start(probe, cpu, &attr, event_fire);
}

static const struct ktally_fields *event_fields(const struct ktally_probe *probe)
{
	return &ktally_event_fields;
}

const struct ktally_source_ops ktally_source_event = {
	.kind		= KTALLY_SOURCE_EVENT,
	.program	= true,
	.overhead	= 100,
	.init		= event_init,
	.uninit		= ktally_perf_uninit,
	.fields		= event_fields,
	.explain	= explain,
	.cpu_start	= event_start,
	.cpu_stop	= ktally_perf_stop,
};
