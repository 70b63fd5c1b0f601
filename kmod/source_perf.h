/* SPDX-License-Identifier: GPL-2.0 */
/* What sources made of kernel perf counters share: one counter of a probe on every CPU. */
#ifndef _KTALLY_SOURCE_PERF_H
#define _KTALLY_SOURCE_PERF_H

#include "compat/perf.h"
#include "source.h"

/**
 * struct ktally_perf_source - head of what such a source keeps in probe->source
 * @events: the counter of each CPU, or NULL
 */
struct ktally_perf_source {
	struct perf_event * __percpu *events;
};

/**
 * ktally_perf_init() - see whether a counter can be had, on one CPU, and make room for one on each
 * @probe: probe->source becomes a struct that begins with struct ktally_perf_source, the rest 0
 * @attr: what to count
 * @fn: its handler; ktally_perf_context() gives it @probe
 * @size: of that struct
 *
 * Return: 0 or -errno of the kernel.
 * Context: process.
 */
int ktally_perf_init(struct ktally_probe *probe, struct perf_event_attr *attr, ktally_perf_fn fn, size_t size);

/** ktally_perf_uninit() - give back the room. An uninit of struct ktally_source_ops. */
void ktally_perf_uninit(struct ktally_probe *probe);

/** ktally_perf_start() - create and enable the counter of a CPU; -EBUSY if it is pinned and found no place. Context: see hotplug.c */
int ktally_perf_start(struct ktally_probe *probe, unsigned int cpu, struct perf_event_attr *attr, ktally_perf_fn fn);

/** ktally_perf_stop() - end it. A cpu_stop of struct ktally_source_ops. */
void ktally_perf_stop(struct ktally_probe *probe, unsigned int cpu);

#endif /* _KTALLY_SOURCE_PERF_H */
