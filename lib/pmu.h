/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* pmu.h: what the parts of the naming of counters share: pmu.c (grammar), pmu_generic.c (perf's own names), pmu_sysfs.c (PMUs by their format files). */
#ifndef KTALLY_PMU_H
#define KTALLY_PMU_H

#include "libktally.h"

#define KTALLY_SYSFS_PMUS "/sys/bus/event_source/devices"

/* enum perf_type_id of linux/perf_event.h, and the two clocks */
#define KTALLY_PERF_TYPE_HARDWARE	0
#define KTALLY_PERF_TYPE_SOFTWARE	1
#define KTALLY_PERF_TYPE_CACHE		3
#define KTALLY_PERF_TYPE_RAW		4
#define KTALLY_PERF_TYPE_BREAKPOINT	5
#define KTALLY_PERF_CPU_CLOCK		0
#define KTALLY_PERF_TASK_CLOCK		1

/** ktally_pmu_generic - type and config of one of perf's own names; case matters not. Return: false if it is none */
bool ktally_pmu_generic(struct ktally_counter_plan *counter, const char *name);
/** ktally_pmu_generic_name - the n-th; NULL behind the last */
const char *ktally_pmu_generic_name(unsigned int n);

/** ktally_pmu_exists - is @name (@len characters) a PMU of @sysfs, or "cpu" where another PMU stands for it? */
bool ktally_pmu_exists(const char *name, size_t len, const char *sysfs);
/** ktally_pmu_sysfs - type, config, scale and unit of "PMU" with @terms ("event=0x3c,umask=1", "name") */
int ktally_pmu_sysfs(struct ktally_counter_plan *counter, const char *pmu, const char *terms, const char *sysfs, struct ktally_error *err);
/** ktally_pmu_events - "PMU/event/" of all PMUs of @sysfs, sorted; *@names is malloc'ed. Return: how many, or -ENOMEM */
int ktally_pmu_events(char ***names, const char *sysfs);
/** ktally_pmu_precise - the most precise sampling that the core PMU can, by its caps/max_precise; 0: none */
unsigned int ktally_pmu_precise(const char *sysfs);

#endif
