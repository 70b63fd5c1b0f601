/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shared life of every command that measures:
 *
 *	run_open -> run_event ... -> run_measure -> run_report -> run_close
 *
 * With --dry-run run_event prints the event, run_measure the programs, and run_report nothing.
 *
 * run_open connects and looks at the options; run_event compiles; run_measure makes the session, starts it, lets the
 * command behind "--" go, reads rings until the end, stops and takes the snapshot; run_report writes it in every format
 * that was asked for. The session belongs to the socket: however the program ends, the kernel cleans up.
 */
#ifndef _KTALLY_RUN_H
#define _KTALLY_RUN_H

#include <libktally.h>

#include "cgroup.h"
#include "child.h"
#include "cmd.h"

/**
 * struct run_cfg - the options shared by measuring commands; embedded in their configurations as "run"
 * @file_format: of all files, NULL: what their suffix names
 */
struct run_cfg {
	bool all;
	struct opt_numbers pids;
	struct opt_mask cpus;
	uint64_t duration_ns;
	struct opt_texts files;
	const struct ktally_exporter *format, *file_format;
	const char *unwind;
	struct cgroup_options cgroup;
	uint32_t ring_size, budget;
	unsigned int stack_entries, rows;
	bool lines, inlines;
};

#define OPT_ROWS_SCOPE(cfg) \
	OPT_ROW_GROUP("What to measure"), \
	OPT_ROW(cfg, OPT_FLAG, 'a', "all", run.all, NULL, "the whole machine; the default without -p and without a command"), \
	OPT_ROW(cfg, OPT_PIDS, 'p', "pid", run.pids, "PID,...", "only these processes and those they start from now on; ends when they have ended"), \
	OPT_ROWS_CGROUP(cfg, run.cgroup), \
	OPT_ROW(cfg, OPT_CPUS, 'C', "cpu", run.cpus, "CPUS", "only on these CPUs, such as 0-3,8"), \
	OPT_ROW(cfg, OPT_DURATION, 'd', "duration", run.duration_ns, "TIME", "how long, in seconds or with a unit: 10, 0.5, 200ms, 5m; " \
		"without it until the command ends or Ctrl-C")

#define OPT_ROWS_MEMORY(cfg) \
	OPT_ROW_GROUP("What it may take"), \
	OPT_ROW(cfg, OPT_PERCENT, 0, "budget", run.budget, "PERCENT", "of each CPU; beyond it stacks, counters, then hits are left out, and the result " \
		"says so (5; none: no limit)"), \
	OPT_ROW(cfg, OPT_SIZE, 'm', "ring-size", run.ring_size, "SIZE", "ring of each CPU, a power of two from 4K to 256M"), \
	OPT_ROW_UINT(cfg, 0, "stack-entries", run.stack_entries, "N", 1, KTALLY_STACKS_MAX, "room for distinct stacks on each CPU (16384)"), \
	OPT_ROW(cfg, OPT_CHOICE, 0, "unwind", run.unwind, "table|fp|dump", "how user stacks are walked: by unwind tables; by frame pointers alone, " \
		"which costs less; by us from copies of the stack, which costs most (table)"), \
	OPT_ROW_UINT(cfg, 0, "rows", run.rows, "N", 1, KTALLY_ROWS_MAX, "rows of a table on each CPU that does not say rows=")

#define OPT_ROWS_OUTPUT(cfg) \
	OPT_ROW_GROUP("Result"), \
	OPT_ROW(cfg, OPT_FILES, 'o', "out", run.files, "FILE", "write it to FILE, in the format its suffix names"), \
	OPT_ROW(cfg, OPT_FORMAT, 0, "output", run.format, "FORMAT", "write it to standard output in this format (text unless -o is given)"), \
	OPT_ROW_JSON(cfg), \
	OPT_ROW_STRICT(cfg)

#define OPT_ROWS_SOURCE(cfg) \
	OPT_ROW(cfg, OPT_FLAG, 0, "lines", run.lines, NULL, "stacks with file and line, where there is debug information"), \
	OPT_ROW(cfg, OPT_FLAG, 0, "inlines", run.inlines, NULL, "stacks with inlined functions, too, and where they were called")

/**
 * struct run - one measurement
 * @record: called for each record in time order; NULL if none are expected. Process records never get here
 * @interval: called every @interval_ns while running; may be NULL. Return: exit code, not EXIT_OK ends the run
 * @arg: for these two
 * @period_ns: of a sampling run, else 0
 * @sort: name of the column the tables are sorted by, NULL for hits
 * @top: rows of a table that text shows, 0 for its own limit
 * @hits, @quantiles, @functions: as in struct ktally_report
 * @keep_open: read the starts that are open at the end, as tables behind the others
 * @settle: what runs at the end is to be seen at a switch before
 * @compiled: the plan is complete: false in a dry run without the module
 */
struct run {
	const struct cmd_call *call;
	const struct opt_common *common;
	const struct run_cfg *cfg;
	void (*record)(struct run *run, const struct ktally_record *record, unsigned int cpu);
	int (*interval)(struct run *run);
	void *arg;
	uint64_t period_ns, interval_ns;
	const char *sort, *hits;
	unsigned int top;
	bool quantiles, functions, keep_open, settle, compiled;

	struct ktally_client *client;
	struct ktally_info info;
	struct ktally_catalogue cat;
	struct ktally_plan *plan;

	uint32_t session;
	struct ktally_device *dev;
	struct ktally_reader *reader;
	struct ktally_agent *agent;		/* gives unwind tables; NULL: nobody needs them */
	struct ktally_unwind_count unwind;
	struct ktally_processes *procs;
	struct ktally_symbolizer *sym;
	struct ktally_snapshot *snapshot;
	struct open_starts *open;
	struct ktally_stream *stream;		/* of records, if a recording is to have them */
	struct run_gather *gather;		/* adds records up; NULL: the kernel adds up */
	struct ktally_clocks clocks[2];		/* at the start and at the end */
	struct ktally_counter_info *counters;	/* of a session that has some, read at the end */
	int nr_counters;
	struct child child;
	int command_status;	/* of the command if it ended by itself, else 0 */
	uint64_t records, started_ns, stopped_ns, started_real_ns;
	struct ktally_ring_accounting rings;
};

/** run_connect - open the client; says on stderr why not. Return: exit code */
int run_connect(struct ktally_client **client);
/** run_open - Return: exit code; run_close is to be called in any case, for the others likewise */
int run_open(struct run *run, const struct cmd_call *call, const struct run_cfg *cfg);
int run_event(struct run *run, const char *text, const struct ktally_compile_opts *opts);
int run_measure(struct run *run);
int run_report(struct run *run);
/** run_snapshot - take totals now and write them to stdout, while running. Return: exit code */
int run_snapshot(struct run *run);
/** run_close - free everything. Return: @status, or the command's own if that is EXIT_OK */
int run_close(struct run *run, int status);

/** run_stop_requested - number of the signal that asked for the end, 0 if none. run_catch_signals makes it work */
int run_stop_requested(void);
void run_catch_signals(void);
/** run_wait - wait until the device has @events (POLLIN: records, POLLPRI: files), a signal, a child's end or @ns. Return: false if the session is dead */
bool run_wait(int fd, short events, uint64_t ns);
/** run_clock - CLOCK_MONOTONIC in nanoseconds */
uint64_t run_clock(void);

#endif /* _KTALLY_RUN_H */
