// SPDX-License-Identifier: LGPL-2.1-or-later
/* Derived metrics: what the readings of several counters say together. A metric is a row of the table. */
#include <math.h>
#include <string.h>

#include "libktally.h"

/**
 * struct formula - scale * part / whole
 * @part: a counter; the metric is told beside it
 * @whole: a counter; "time" is the time on the wall
 */
struct formula {
	const char *name, *part, *whole;
	double scale;
	const char *text;
};

static const struct formula formulas[] = {
	{ "cpus-utilized", "task-clock", "time", 1, "CPUs utilized" },
	{ "cpus-counted", "cpu-clock", "time", 1, "CPUs counted" },
	{ "context-switches-per-second", "context-switches", "task-clock", 1e9, "/s" },
	{ "context-switches-per-second", "context-switches", "cpu-clock", 1e9, "/s and CPU" },
	{ "cpu-migrations-per-second", "cpu-migrations", "task-clock", 1e9, "/s" },
	{ "cpu-migrations-per-second", "cpu-migrations", "cpu-clock", 1e9, "/s and CPU" },
	{ "page-faults-per-second", "page-faults", "task-clock", 1e9, "/s" },
	{ "page-faults-per-second", "page-faults", "cpu-clock", 1e9, "/s and CPU" },
	{ "ghz", "cycles", "task-clock", 1, "GHz" },
	{ "ghz", "cycles", "cpu-clock", 1, "GHz" },
	{ "ipc", "instructions", "cycles", 1, "insn per cycle" },
	{ "stalled-frontend-ratio", "stalled-cycles-frontend", "cycles", 100, "% of cycles, frontend idle" },
	{ "stalled-backend-ratio", "stalled-cycles-backend", "cycles", 100, "% of cycles, backend idle" },
	{ "branches-per-instruction", "branches", "instructions", 100, "% of instructions" },
	{ "branch-miss-ratio", "branch-misses", "branches", 100, "% of all branches" },
	{ "branch-mpki", "branch-misses", "instructions", 1000, "MPKI" },
	{ "cache-miss-ratio", "cache-misses", "cache-references", 100, "% of all cache references" },
	{ "cache-mpki", "cache-misses", "instructions", 1000, "MPKI" },
	{ "llc-load-miss-ratio", "LLC-load-misses", "LLC-loads", 100, "% of LLC loads" },
	{ "llc-load-mpki", "LLC-load-misses", "instructions", 1000, "MPKI" },
	{ "llc-store-miss-ratio", "LLC-store-misses", "LLC-stores", 100, "% of LLC stores" },
	{ "l1d-load-miss-ratio", "L1-dcache-load-misses", "L1-dcache-loads", 100, "% of L1 data loads" },
	{ "l1d-load-mpki", "L1-dcache-load-misses", "instructions", 1000, "MPKI" },
	{ "l1i-load-mpki", "L1-icache-load-misses", "instructions", 1000, "MPKI" },
	{ "dtlb-load-miss-ratio", "dTLB-load-misses", "dTLB-loads", 100, "% of dTLB loads" },
	{ "dtlb-load-mpki", "dTLB-load-misses", "instructions", 1000, "MPKI" },
	{ "itlb-load-miss-ratio", "iTLB-load-misses", "iTLB-loads", 100, "% of iTLB loads" },
	{ "itlb-load-mpki", "iTLB-load-misses", "instructions", 1000, "MPKI" },
	/* Top-down of CPUs with plain events in sysfs ... */
	{ "topdown-retiring", "topdown-slots-retired", "topdown-total-slots", 100, "% retiring" },
	{ "topdown-frontend-bound", "topdown-fetch-bubbles", "topdown-total-slots", 100, "% frontend bound" },
	{ "topdown-issued", "topdown-slots-issued", "topdown-total-slots", 100, "% of slots issued" },
	{ "topdown-recovery", "topdown-recovery-bubbles", "topdown-total-slots", 100, "% of slots lost to recovery" },
	/* ... and of those with a counter of slots and its parts. */
	{ "topdown-retiring", "topdown-retiring", "slots", 100, "% retiring" },
	{ "topdown-bad-speculation", "topdown-bad-spec", "slots", 100, "% bad speculation" },
	{ "topdown-frontend-bound", "topdown-fe-bound", "slots", 100, "% frontend bound" },
	{ "topdown-backend-bound", "topdown-be-bound", "slots", 100, "% backend bound" },
};

/* Names of the same counter. */
static const char *const aliases[][2] = {
	{ "cpu-cycles", "cycles" }, { "branch-instructions", "branches" }, { "faults", "page-faults" }, { "cs", "context-switches" },
	{ "migrations", "cpu-migrations" }, { "idle-cycles-frontend", "stalled-cycles-frontend" },
	{ "idle-cycles-backend", "stalled-cycles-backend" },
};

/* "PMU/name/u" is "name", "cycles:u" is "cycles". */
static bool names(const char *counter, const char *name)
{
	const char *slash = strchr(counter, '/');
	size_t len, i;

	counter = slash ? slash + 1 : counter;
	len = strcspn(counter, slash ? "/" : ":");
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strlen(aliases[i][0]) == len && !strncmp(counter, aliases[i][0], len))
			return !strcmp(aliases[i][1], name);
	return strlen(name) == len && !strncmp(counter, name, len);
}

/* "cycles" and "cycles:u" are not of the same events: only readings with the same modifiers go together. */
static const char *modifiers(const char *counter)
{
	const char *mark = strrchr(counter, '/');

	mark = mark ? mark + 1 : strchr(counter, ':');
	return !mark ? "" : *mark == ':' ? mark + 1 : mark;
}

static int find(const struct ktally_reading *readings, unsigned int nr, const char *name, const char *like)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!isnan(readings[i].value) && names(readings[i].name, name) && (!like || !strcmp(modifiers(readings[i].name), like)))
			return i;
	return -1;
}

/* Clocks have no modifiers: they go with all. */
static bool whole_of(const struct formula *formula, const struct ktally_reading *readings, unsigned int nr, const char *like, double elapsed,
		     double *whole)
{
	bool clock = strstr(formula->whole, "-clock");
	int at;

	if (!strcmp(formula->whole, "time")) {
		*whole = elapsed;
		return elapsed > 0;
	}
	at = find(readings, nr, formula->whole, clock ? NULL : like);
	if (at < 0)
		return false;
	*whole = readings[at].value;
	return *whole > 0;
}

static bool known(const struct ktally_metric *metrics, unsigned int nr, const struct ktally_metric *metric)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (metrics[i].counter == metric->counter && !strcmp(metrics[i].name, metric->name))
			return true;
	return false;
}

unsigned int ktally_metrics(const struct ktally_reading *readings, unsigned int nr, double elapsed_ns, struct ktally_metric *metrics, unsigned int max)
{
	unsigned int found = 0, i, r;

	for (i = 0; i < sizeof(formulas) / sizeof(formulas[0]); i++) {
		const struct formula *formula = &formulas[i];

		for (r = 0; r < nr && found < max; r++) {
			struct ktally_metric metric = { .name = formula->name, .text = formula->text, .counter = r };
			double whole;

			if (isnan(readings[r].value) || !names(readings[r].name, formula->part) ||
			    !whole_of(formula, readings, nr, modifiers(readings[r].name), elapsed_ns, &whole))
				continue;
			metric.value = formula->scale * readings[r].value / whole;
			if (!known(metrics, found, &metric))
				metrics[found++] = metric;
		}
	}
	return found;
}
