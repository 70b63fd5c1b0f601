// SPDX-License-Identifier: GPL-2.0
/* The table of sources, and the list of them that is published. */
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include "compat/cgroup.h"
#include "compat/uprobe.h"
#include "source.h"

static const struct ktally_source_ops *const sources[] = {
	[KTALLY_SOURCE_TIMER]		= &ktally_source_timer,
	[KTALLY_SOURCE_PERF]		= &ktally_source_perf,
	[KTALLY_SOURCE_TRACEPOINT]	= &ktally_source_tracepoint,
	[KTALLY_SOURCE_KPROBE]		= &ktally_source_kprobe,
	[KTALLY_SOURCE_PROCESS]		= &ktally_source_process,
	[KTALLY_SOURCE_KRETPROBE]	= &ktally_source_kretprobe,
	[KTALLY_SOURCE_UPROBE]		= &ktally_source_uprobe,
	[KTALLY_SOURCE_URETPROBE]	= &ktally_source_uretprobe,
	[KTALLY_SOURCE_EVENT]		= &ktally_source_event,
	[KTALLY_SOURCE_CGROUP]		= &ktally_source_cgroup,
};
static_assert(ARRAY_SIZE(sources) == KTALLY_SOURCE_MAX + 1);

/* A row here for a kind that has no list of its own. */
static const struct ktally_source_entry entries[] = {
	{ KTALLY_SOURCE_TIMER, "timer", true, &ktally_no_fields },
	{ KTALLY_SOURCE_PERF, "perf", true, &ktally_perf_fields },
	{ KTALLY_SOURCE_KPROBE, "kprobe", true, &ktally_kprobe_fields },
	{ KTALLY_SOURCE_KRETPROBE, "kretprobe", true, &ktally_kretprobe_fields },
	{ KTALLY_SOURCE_UPROBE, "uprobe", KTALLY_UPROBES, &ktally_uprobe_fields },
	{ KTALLY_SOURCE_URETPROBE, "uretprobe", KTALLY_UPROBES, &ktally_uretprobe_fields },
	{ KTALLY_SOURCE_EVENT, "event", true, &ktally_event_fields },
	{ KTALLY_SOURCE_PROCESS, "process", true, &ktally_no_fields },
	{ KTALLY_SOURCE_CGROUP, "cgroup", KTALLY_CGROUP_PATH, &ktally_no_fields },
};

const struct ktally_fields ktally_no_fields;

const struct ktally_source_ops *ktally_source_find(u32 kind)
{
	return kind < ARRAY_SIZE(sources) ? sources[kind] : NULL;
}

bool ktally_source_entry(unsigned int n, struct ktally_source_entry *entry)
{
	if (n >= ARRAY_SIZE(entries))
		return ktally_tracepoint_entry(n - ARRAY_SIZE(entries), entry);
	*entry = entries[n];
	return true;
}

unsigned int ktally_program_args(const struct ktally_program *program)
{
	unsigned int i, args = 0;

	for (i = 0; i < program->nr; i++)
		if (program->insns[i].op == KTALLY_OPK_ARG)
			args |= 1U << program->insns[i].a;
	return args;
}
