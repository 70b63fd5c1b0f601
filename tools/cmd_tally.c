// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally tally: counts, sums and histograms of events, added up in the kernel. */
#include <stdio.h>

#include "out.h"
#include "run.h"

#define ROWS_DEFAULT	8192
#define DEPTH_DEFAULT	KTALLY_STACK_DEPTH_MAX

struct tally_cfg {
	struct opt_common common;
	struct run_cfg run;
	struct opt_texts events;
	uint64_t interval_ns;
	const char *sort;
	unsigned int top;
};

static int show_interval(struct run *run)
{
	int status;

	if (!run->common->json && !run->cfg->format)
		printf("--- after %.1f s\n", (run_clock() - run->started_ns) / 1e9);
	status = run_snapshot(run);
	fflush(stdout);
	return status;
}

static int run_tally(const struct cmd_call *call)
{
	const struct tally_cfg *cfg = call->cfg;
	struct ktally_compile_opts opts = { .stack_depth = DEPTH_DEFAULT, .rows = cfg->run.rows ? cfg->run.rows : ROWS_DEFAULT };
	struct run run = { .sort = cfg->sort, .top = cfg->top, .interval_ns = cfg->interval_ns };
	unsigned int n;
	int status;

	if (!cfg->events.nr) {
		out_error("ktally tally: no event: give at least one -e EVENT, such as -e raw_syscalls:sys_enter//key=id/");
		return EXIT_USAGE;
	}
	if (cfg->interval_ns)
		run.interval = show_interval;
	status = run_open(&run, call, &cfg->run);
	for (n = 0; !status && n < cfg->events.nr; n++)
		status = run_event(&run, cfg->events.items[n], &opts);
	if (!status)
		status = run_measure(&run);
	if (!status)
		status = run_report(&run);
	return run_close(&run, status);
}

static const struct opt tally_opts[] = {
	OPT_ROW(struct tally_cfg, OPT_EVENTS, 'e', "event", events, "EVENT", "what to add up, in the language of ktally-events(7)"),
	OPT_ROWS_SCOPE(struct tally_cfg),
	OPT_ROWS_MEMORY(struct tally_cfg),
	OPT_ROW_GROUP("Rows"),
	OPT_ROW(struct tally_cfg, OPT_DURATION, 'i', "interval", interval_ns, "TIME", "also show the totals so far this often"),
	OPT_ROW(struct tally_cfg, OPT_TEXT, 's', "sort", sort, "COLUMN", "sort by this column: hits, key, or a value's name (the first value, else hits)"),
	OPT_ROW_UINT(struct tally_cfg, 'n', "top", top, "N", 1, 1000000000, "rows of each table that text shows; other formats have all"),
	OPT_ROWS_OUTPUT(struct tally_cfg),
	OPT_ROWS_SOURCE(struct tally_cfg),
	OPT_ROW_DRY_RUN(struct tally_cfg),
	OPT_ROW_VERBOSE(struct tally_cfg),
	OPT_ROW_QUIET(struct tally_cfg),
	OPT_ROW_HELP(struct tally_cfg),
	OPT_ROW_END,
};

static const char *const tally_text[] = {
	"Adds up events in tables inside the kernel: a row for each key, columns that count, sum, average or sort values into histograms. "
	"Only the finished tables leave the kernel.",
	"Each -e makes a table of its own. An event without attributes is counted.",
	"Behind '--' stands a command: it is started once the measurement runs, and measured with everything it starts, until it ends. "
	"Its exit status becomes that of ktally.",
	NULL,
};

static const char *const tally_examples[] = {
	"ktally tally -e raw_syscalls:sys_enter//key=id/ -d 5", "count system calls by number for five seconds",
	"ktally tally -e 'kprobe:vfs_read/arg2 > 0/key=comm/hist=arg2/' -d 10", "see how large the reads of each program are",
	"ktally tally -e 'sched:sched_switch/prev_pid != 0/key=prev_comm/' -n 10 -- make", "count context switches during a build",
	NULL,
};

const struct cmd cmd_tally = {
	.name = "tally",
	.path = "tally",
	.takes_command = true,
	.summary = "add up events in tables and histograms",
	.text = tally_text,
	.examples = tally_examples,
	.opts = tally_opts,
	.cfg_size = sizeof(struct tally_cfg),
	.run = run_tally,
};
