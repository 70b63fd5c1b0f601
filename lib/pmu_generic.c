// SPDX-License-Identifier: LGPL-2.1-or-later
/* pmu_generic.c: the counters that perf has names of its own for: hardware, software, caches. */
#include <string.h>
#include <strings.h>

#include "pmu.h"

static const struct generic {
	const char *name;
	uint32_t type;
	uint64_t config;
	const char *unit;
} generics[] = {
	{ "cycles", KTALLY_PERF_TYPE_HARDWARE, 0, "" }, { "cpu-cycles", KTALLY_PERF_TYPE_HARDWARE, 0, "" },
	{ "instructions", KTALLY_PERF_TYPE_HARDWARE, 1, "" },
	{ "cache-references", KTALLY_PERF_TYPE_HARDWARE, 2, "" }, { "cache-misses", KTALLY_PERF_TYPE_HARDWARE, 3, "" },
	{ "branches", KTALLY_PERF_TYPE_HARDWARE, 4, "" }, { "branch-instructions", KTALLY_PERF_TYPE_HARDWARE, 4, "" },
	{ "branch-misses", KTALLY_PERF_TYPE_HARDWARE, 5, "" },
	{ "bus-cycles", KTALLY_PERF_TYPE_HARDWARE, 6, "" },
	{ "stalled-cycles-frontend", KTALLY_PERF_TYPE_HARDWARE, 7, "" }, { "idle-cycles-frontend", KTALLY_PERF_TYPE_HARDWARE, 7, "" },
	{ "stalled-cycles-backend", KTALLY_PERF_TYPE_HARDWARE, 8, "" }, { "idle-cycles-backend", KTALLY_PERF_TYPE_HARDWARE, 8, "" },
	{ "ref-cycles", KTALLY_PERF_TYPE_HARDWARE, 9, "" },
	{ "cpu-clock", KTALLY_PERF_TYPE_SOFTWARE, KTALLY_PERF_CPU_CLOCK, "ns" },
	{ "task-clock", KTALLY_PERF_TYPE_SOFTWARE, KTALLY_PERF_TASK_CLOCK, "ns" },
	{ "page-faults", KTALLY_PERF_TYPE_SOFTWARE, 2, "" }, { "faults", KTALLY_PERF_TYPE_SOFTWARE, 2, "" },
	{ "context-switches", KTALLY_PERF_TYPE_SOFTWARE, 3, "" }, { "cs", KTALLY_PERF_TYPE_SOFTWARE, 3, "" },
	{ "cpu-migrations", KTALLY_PERF_TYPE_SOFTWARE, 4, "" }, { "migrations", KTALLY_PERF_TYPE_SOFTWARE, 4, "" },
	{ "minor-faults", KTALLY_PERF_TYPE_SOFTWARE, 5, "" }, { "major-faults", KTALLY_PERF_TYPE_SOFTWARE, 6, "" },
	{ "alignment-faults", KTALLY_PERF_TYPE_SOFTWARE, 7, "" }, { "emulation-faults", KTALLY_PERF_TYPE_SOFTWARE, 8, "" },
	{ "cgroup-switches", KTALLY_PERF_TYPE_SOFTWARE, 11, "" },
};
#define NR_GENERICS (sizeof(generics) / sizeof(generics[0]))

/* A cache's counter: cache | operation << 8 | result << 16; which operations a cache has is perf's knowledge too. */
#define LOAD	(1U << 0)
#define STORE	(1U << 1)
#define FETCH	(1U << 2)

static const struct {
	const char *name;
	unsigned int operations;
} caches[] = {
	{ "L1-dcache", LOAD | STORE | FETCH }, { "L1-icache", LOAD | FETCH }, { "LLC", LOAD | STORE | FETCH }, { "dTLB", LOAD | STORE | FETCH },
	{ "iTLB", LOAD }, { "branch", LOAD }, { "node", LOAD | STORE | FETCH },
};
#define NR_CACHES (sizeof(caches) / sizeof(caches[0]))

static const char *const operations[3][2] = {
	{ "loads", "load-misses" }, { "stores", "store-misses" }, { "prefetches", "prefetch-misses" },
};

/* The n-th name of a cache's counter; false behind the last. @n counts through what there is. */
static bool cache_name(unsigned int n, char *name, size_t size, uint64_t *config)
{
	unsigned int cache, op, miss;

	for (cache = 0; cache < NR_CACHES; cache++) {
		for (op = 0; op < 3; op++) {
			if (!(caches[cache].operations & 1U << op))
				continue;
			for (miss = 0; miss < 2; miss++) {
				if (n--)
					continue;
				snprintf(name, size, "%s-%s", caches[cache].name, operations[op][miss]);
				*config = cache | op << 8 | miss << 16;
				return true;
			}
		}
	}
	return false;
}

static void fill(struct ktally_counter_plan *counter, uint32_t type, uint64_t config, const char *unit)
{
	counter->perf_type = type;
	counter->config = config;
	counter->scale = 1.0;
	snprintf(counter->unit, sizeof(counter->unit), "%s", unit);
}

bool ktally_pmu_generic(struct ktally_counter_plan *counter, const char *name)
{
	uint64_t config;
	unsigned int n;
	char cache[40];

	for (n = 0; n < NR_GENERICS; n++) {
		if (strcasecmp(generics[n].name, name))
			continue;
		fill(counter, generics[n].type, generics[n].config, generics[n].unit);
		return true;
	}
	for (n = 0; cache_name(n, cache, sizeof(cache), &config); n++) {
		if (strcasecmp(cache, name))
			continue;
		fill(counter, KTALLY_PERF_TYPE_CACHE, config, "");
		return true;
	}
	return false;
}

const char *ktally_pmu_generic_name(unsigned int n)
{
	static char names[64][40];
	uint64_t config;

	if (n < NR_GENERICS)
		return generics[n].name;
	n -= NR_GENERICS;
	if (n >= sizeof(names) / sizeof(names[0]) || !cache_name(n, names[n], sizeof(names[n]), &config))
		return NULL;
	return names[n];
}
