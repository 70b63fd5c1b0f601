/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A result of 'ktally stat': rows of readings, how they are gathered, and how they are shown. */
#ifndef _KTALLY_STAT_H
#define _KTALLY_STAT_H

#include <stdio.h>

#include "counter_set.h"
#include "run.h"

/** enum stat_by - what a row stands for */
enum stat_by {
	STAT_TOTAL,
	STAT_CPU,
	STAT_PROCESS,
	STAT_CGROUP,
	__STAT_BY_END,
};

/**
 * struct stat_cell - what one counter counted
 * @value: as the hardware counted
 * @enabled, @running: nanoseconds; both 0 where it always counted
 */
struct stat_cell {
	double value;
	uint64_t enabled, running;
};

/** struct stat_row - @key: CPU, process or cgroup, 0 of a total; @comm: of a process */
struct stat_row {
	uint64_t key;
	char comm[20];
	struct stat_cell cells[KTALLY_COUNTERS_MAX];
};

struct stat_rows {
	struct stat_row *rows;
	unsigned int nr;
};

/**
 * struct stat - one use of the command
 * @set: the counters
 * @by: what rows stand for
 * @by_switch: read at each context switch, for what belongs to tasks; else read whole
 * @idle: idle tasks count as well
 * @before: what the last interval had
 */
struct stat {
	struct run run;
	struct counter_set set;
	enum stat_by by;
	bool by_switch, idle;
	unsigned int top;
	struct stat_rows before;
	uint64_t before_ns;
};

/** stat_gather - totals so far from @snapshot and @counters, whichever it needs; the caller frees rows */
void stat_gather(const struct stat *stat, const struct ktally_snapshot *snapshot, const struct ktally_counter_info *counters, int nr_counters,
		 struct stat_rows *rows);
/** stat_subtract - what came since @before */
void stat_subtract(struct stat_rows *rows, const struct stat_rows *before, unsigned int nr_counters);
/** stat_sort - most of the first counter first; CPUs in their order */
void stat_sort(const struct stat *stat, struct stat_rows *rows);
/** stat_value - of a cell, scaled for the time it did not count; NaN: it never counted */
double stat_value(const struct stat_cell *cell);

/**
 * struct stat_view - what to show
 * @since_ns: from the start to the end of the interval, 0: this is the whole
 * @elapsed_ns: how long it counted
 */
struct stat_view {
	const struct stat *stat;
	const struct stat_rows *rows;
	const struct ktally_report *report;
	uint64_t since_ns, elapsed_ns;
};
void stat_text(const struct stat_view *view, FILE *out);
void stat_json(const struct stat_view *view, FILE *out);
void stat_csv(const struct stat_view *view, FILE *out);

#endif /* _KTALLY_STAT_H */
