// SPDX-License-Identifier: GPL-2.0
/*
 * Event source: any trace event, dynamic ones included, through a perf counter on every CPU that is handed the record.
 *
 * What a program reads at fixed places of the record is loaded ahead of it and becomes the arguments of the hit, so that all that is
 * quick with arguments is quick here.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/perf_event.h>
#include <linux/string.h>
#include "source_perf.h"

/* What is in a record only its format file knows. */
const struct ktally_fields ktally_event_fields = { .record = true };

/* Places that are loaded ahead; a program that reads more of them reads the rest itself. */
#define LOADS_MAX 6

/**
 * struct event_source - probe->source of an event
 * @perf: its counters
 * @end: behind the last byte that is loaded ahead
 * @nr: places that are
 * @loads: where; bytes; whether signed
 */
struct event_source {
	struct ktally_perf_source perf;
	u32 end;
	unsigned int nr;
	struct {
		u16 offset;
		u8 size;
		bool is_signed;
	} loads[LOADS_MAX];
};

/* The number of a place, which is new or known; LOADS_MAX: no room. */
static unsigned int place_of(struct event_source *source, const struct ktally_insn *insn)
{
	u16 offset = insn->aux & 0xffff;
	u8 size = insn->aux >> 16 & 0xff;
	bool is_signed = insn->aux & KTALLY_RECORD_SIGNED;
	unsigned int i;

	for (i = 0; i < source->nr; i++)
		if (source->loads[i].offset == offset && source->loads[i].size == size &&
		    source->loads[i].is_signed == is_signed)
			return i;
	if (i == LOADS_MAX)
		return i;
	source->loads[i].offset = offset;
	source->loads[i].size = size;
	source->loads[i].is_signed = is_signed;
	source->end = max_t(u32, source->end, offset + size);
	source->nr++;
	return i;
}

static void event_programmed(struct ktally_probe *probe)
{
	struct ktally_insn *insn = probe->program->insns, *end = insn + probe->program->nr;
	unsigned int place;

	for (; insn < end; insn++) {
		if (insn->op != KTALLY_OP_RECORD || insn->aux & KTALLY_RECORD_DYNAMIC)
			continue;
		place = place_of(probe->source, insn);
		if (place == LOADS_MAX)
			continue;
		insn->op = KTALLY_OPK_ARG;
		insn->a = place;
	}
}

/* A program that reads behind the end of the record faults. */
static noinline void event_fault(struct ktally_probe *probe)
{
	struct ktally_hot *hot;
	unsigned int outer;
	void *half = ktally_probe_begin(probe, &hot, &outer);

	if (half)
		ktally_probe_end(probe, half, outer, KTALLY_COUNTED(fault));
}

static __always_inline void event_hit(struct ktally_probe *probe, const void *record, u32 size, struct pt_regs *regs)
{
	const struct event_source *source = probe->source;
	void *half = ktally_probe_half(probe);
	u64 args[LOADS_MAX] __uninitialized;
	unsigned int i;

	if (unlikely(size < source->end)) {
		event_fault(probe);
		return;
	}
	for (i = 0; i < source->nr; i++)
		args[i] = ktally_widen(record + source->loads[i].offset, source->loads[i].size,
				       source->loads[i].is_signed);
	if (half && probe->fast.kind == KTALLY_FAST_ARG && ktally_fast_count(probe, half, args[probe->fast.arg]))
		return;
	{
		struct ktally_hit hit = { .args = args, .regs = regs, .record = record, .record_size = size };

		ktally_probe_hit(probe, &hit);
	}
}

KTALLY_PERF_HANDLER(__no_stack_protector event_fire, event, data, regs)
{
	u32 size = 0;
	const void *record = ktally_perf_raw(data, &size);

	event_hit(ktally_perf_context(event), record, record ? size : 0, regs);
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
	err = ktally_perf_init(probe, &attr, event_fire, sizeof(struct event_source));
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
	.programmed	= event_programmed,
	.uninit		= ktally_perf_uninit,
	.fields		= event_fields,
	.explain	= explain,
	.late		= true,
	.cpu_start	= event_start,
	.cpu_stop	= ktally_perf_stop,
};
