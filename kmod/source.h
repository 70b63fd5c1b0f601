/* SPDX-License-Identifier: GPL-2.0 */
/* Sources: what can fire. One row in source.c and one file source_KIND.c for each kind. */
#ifndef _KTALLY_SOURCE_H
#define _KTALLY_SOURCE_H

#include <linux/types.h>
#include <linux/ktally.h>
#include "probe.h"

/**
 * struct ktally_source_ops - one kind of source
 * @kind: its id
 * @program: whether its probes take a program
 * @init: check the probe's parameters (name, offset, period, ...) and set probe->source; a sentence in @why when refused.
 *	Context: process, session locked
 * @programmed: look at, or change, the checked program (may be NULL). Context: as init
 * @retire: take @nr probes of this kind out of the kernel, waiting once for all of their handlers; NULL: nothing to do.
 *	Only after detach. Context: process
 * @uninit: give back what init took. Only after retire
 * @fields: what a program of this probe may read; never NULL
 * @attach: begin to fire; NULL for sources that are attached CPU by CPU. Context: process, session locked
 * @detach: stop @nr probes of this kind. Handlers may still be running on return. Context: as attach
 * @late: cpu_start and cpu_stop take the kernel's hotplug lock: see hotplug.c
 * @cpu_start: begin to fire on a CPU. Context: process, see hotplug.c
 * @cpu_stop: stop on a CPU; nothing happens if it did not fire there. Context: as cpu_start
 * @overhead: what a hit costs before and after the handler, about, in tenths of a look at the clock (some 50 instructions), so
 *	that it is right on slow and fast machines; for the governor
 * @explain: the sentence for what attach or cpu_start returned (may be NULL)
 * @missed: hits that the kernel lost before they reached the handler (may be NULL)
 */
struct ktally_source_ops {
	enum ktally_source_kind kind;
	bool program;
	int (*init)(struct ktally_probe *probe, const char **why);
	void (*programmed)(struct ktally_probe *probe);
	void (*retire)(struct ktally_probe **probes, unsigned int nr);
	void (*uninit)(struct ktally_probe *probe);
	const struct ktally_fields *(*fields)(const struct ktally_probe *probe);
	int (*attach)(struct ktally_probe *probe);
	void (*detach)(struct ktally_probe **probes, unsigned int nr);
	bool late;
	int (*cpu_start)(struct ktally_probe *probe, unsigned int cpu);
	void (*cpu_stop)(struct ktally_probe *probe, unsigned int cpu);
	u32 overhead;
	const char *(*explain)(const struct ktally_probe *probe, int err);
	u64 (*missed)(const struct ktally_probe *probe);
};

/** ktally_source_find() - the ops of a kind, or NULL */
const struct ktally_source_ops *ktally_source_find(u32 kind);

/**
 * struct ktally_source_entry - one published source
 * @kind: its kind
 * @name: what SRC_NAME selects it by; for kinds whose names are not ours to list, the name of the kind
 * @available: whether this kernel has it
 * @fields: what a program may read
 */
struct ktally_source_entry {
	enum ktally_source_kind kind;
	const char *name;
	bool available;
	const struct ktally_fields *fields;
};

/** ktally_source_entry() - the n-th published source; false behind the last */
bool ktally_source_entry(unsigned int n, struct ktally_source_entry *entry);

extern const struct ktally_source_ops ktally_source_timer;
extern const struct ktally_source_ops ktally_source_perf;
extern const struct ktally_source_ops ktally_source_tracepoint;
extern const struct ktally_source_ops ktally_source_kprobe;
extern const struct ktally_source_ops ktally_source_process;
extern const struct ktally_source_ops ktally_source_kretprobe;
extern const struct ktally_source_ops ktally_source_uprobe;
extern const struct ktally_source_ops ktally_source_uretprobe;
extern const struct ktally_source_ops ktally_source_event;
extern const struct ktally_source_ops ktally_source_cgroup;

extern const struct ktally_fields ktally_no_fields;
extern const struct ktally_fields ktally_perf_fields;
extern const struct ktally_fields ktally_event_fields;
extern const struct ktally_fields ktally_kprobe_fields;
extern const struct ktally_fields ktally_kretprobe_fields;
extern const struct ktally_fields ktally_uprobe_fields;
extern const struct ktally_fields ktally_uretprobe_fields;

/** ktally_program_args() - which args[] of a hit a program reads, a bit each; Context: process */
unsigned int ktally_program_args(const struct ktally_program *program);

/** ktally_tracepoint_entry() - the n-th typed tracepoint; false behind the last */
bool ktally_tracepoint_entry(unsigned int n, struct ktally_source_entry *entry);

#endif /* _KTALLY_SOURCE_H */
