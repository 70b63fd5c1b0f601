// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally cache: how programs and functions use the caches, the TLBs and the branch predictor. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counter_set.h"
#include "out.h"
#include "result.h"
#include "stat.h"

#define ROWS_DEFAULT	8192
#define PERIOD_DEFAULT	10007

struct cache_cfg {
	struct opt_common common;
	struct run_cfg run;
	const char *level;
	unsigned int period, top, depth;
	bool functions, no_user, no_kernel;
};

/** struct level - what is looked at: counters for programs, and the event that samples functions */
static const struct level {
	const char *name, *what;
	const char *counters[6];
	const char *sample;
} levels[] = {
	{ "llc", "last level cache", { "cycles", "instructions", "LLC-loads", "LLC-load-misses" }, "LLC-load-misses" },
	{ "l1", "level 1 caches", { "cycles", "instructions", "L1-dcache-loads", "L1-dcache-load-misses" }, "L1-dcache-load-misses" },
	{ "tlb", "address translation", { "cycles", "instructions", "dTLB-load-misses", "iTLB-load-misses" }, "dTLB-load-misses" },
	{ "branch", "branch predictor", { "cycles", "instructions", "branches", "branch-misses" }, "branch-misses" },
};
#define LEVELS "llc|l1|tlb|branch"
#define NR_LEVELS (sizeof(levels) / sizeof(levels[0]))

static const struct level *level_of(const char *name)
{
	size_t n;

	for (n = 0; n < NR_LEVELS; n++)
		if (!name || !strcmp(levels[n].name, name))
			return &levels[n];
	return NULL;
}

/* What the level itself is about: without these there is nothing to tell. */
static bool has_own(const struct counter_set *set)
{
	unsigned int n;

	for (n = 0; n < set->nr; n++)
		if (!set->items[n].missing[0] && strcmp(set->items[n].name, "cycles") && strcmp(set->items[n].name, "instructions"))
			return true;
	return false;
}

static void no_events(const struct counter_set *set, const struct level *level)
{
	unsigned int n;

	out_error("this machine cannot tell about the %s:", level->what);
	for (n = 0; n < set->nr; n++)
		if (set->items[n].missing[0])
			fprintf(stderr, "  %s: %s\n", set->items[n].name, set->items[n].missing);
	fprintf(stderr, "  what it can count: ktally list; where its time goes without counters: ktally profile\n");
}

/* ---- programs ---- */

static int write_programs(struct stat *stat, const struct cache_cfg *cfg, const struct ktally_report *report)
{
	struct stat_rows rows;
	struct stat_view view = { .stat = stat, .rows = &rows, .report = report, .elapsed_ns = report->duration_ns };
	const char *format = cfg->run.format ? cfg->run.format->name : cfg->common.json ? "json" : "text";

	stat_gather(stat, stat->run.snapshot, NULL, 0, &rows);
	stat_sort(stat, &rows);
	if (!strcmp(format, "json"))
		stat_json(&view, stdout);
	else if (!strcmp(format, "csv"))
		stat_csv(&view, stdout);
	else
		stat_text(&view, stdout);
	free(rows.rows);
	return EXIT_OK;
}

static int plan_programs(struct stat *stat, const struct ktally_compile_opts *opts)
{
	char *counters = counter_set_texts(&stat->set), *text = out_text("sched:sched_switch/tid != 0/key=pid,comm/pmu=%s/", counters);
	int status = run_event(&stat->run, text, opts);

	free(text);
	free(counters);
	return status;
}

/* ---- functions ---- */

static int plan_functions(struct stat *stat, const struct cache_cfg *cfg, const struct level *level, const struct ktally_compile_opts *opts)
{
	const char *stack = cfg->no_kernel ? "user" : cfg->no_user ? "kernel" : "both";
	char *text = out_text("%s//period=%u/key=comm/stack=%s/depth=%u/", level->sample, cfg->period ? cfg->period : PERIOD_DEFAULT, stack,
			      cfg->depth ? cfg->depth : KTALLY_STACK_DEPTH_MAX);
	int status = run_event(&stat->run, text, opts);

	free(text);
	stat->run.functions = true;
	stat->run.top = cfg->top;
	stat->run.hits = "samples";
	return status;
}

static int check(const struct cache_cfg *cfg)
{
	const char *format = cfg->run.format ? cfg->run.format->name : "text";

	if (cfg->no_kernel && cfg->no_user) {
		out_error("--no-kernel and --no-user together leave nothing to show");
		return EXIT_USAGE;
	}
	if (!cfg->functions && (cfg->no_kernel || cfg->no_user || cfg->depth || cfg->period)) {
		out_error("ktally cache: --no-kernel, --no-user, --depth and --period are for --functions");
		return EXIT_USAGE;
	}
	if (!cfg->functions && cfg->run.files.nr) {
		out_error("ktally cache: -o is for --functions; rows by program go to standard output: --json, --output csv");
		return EXIT_USAGE;
	}
	if (!cfg->functions && strcmp(format, "text") && strcmp(format, "json") && strcmp(format, "csv")) {
		out_error("ktally cache: rows by program are written as text, json or csv; stacks are there with --functions");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int finish(struct stat *stat, const struct cache_cfg *cfg, int status)
{
	struct ktally_report report = { .title = stat->run.call->line };

	if (!status)
		status = run_measure(&stat->run);
	if (status || cfg->common.dry_run)
		return run_close(&stat->run, status);
	if (cfg->functions)
		return run_close(&stat->run, run_report(&stat->run));
	report.start_real_ns = stat->run.started_real_ns;
	report.start_ns = stat->run.started_ns;
	report.duration_ns = stat->run.stopped_ns - stat->run.started_ns;
	report.snapshot = stat->run.snapshot;
	report.rings = stat->run.rings;
	result_host(&report, NULL);
	status = write_programs(stat, cfg, &report);
	if (result_tell_losses(&report) && cfg->common.strict && !status)
		status = EXIT_INCOMPLETE;
	return run_close(&stat->run, status);
}

static int run_cache(const struct cmd_call *call)
{
	const struct cache_cfg *cfg = call->cfg;
	const struct level *level = level_of(cfg->level);
	struct ktally_compile_opts opts = { .stack_depth = KTALLY_STACK_DEPTH_MAX, .rows = cfg->run.rows ? cfg->run.rows : ROWS_DEFAULT };
	struct stat stat = { .run = { .settle = !cfg->functions }, .by = STAT_PROCESS, .by_switch = true, .top = cfg->top };
	int status = check(cfg);

	if (status)
		return status;
	status = run_open(&stat.run, call, &cfg->run);
	if (status)
		return run_close(&stat.run, status);
	counter_set_add(&stat.set, cfg->functions ? (const char *const []){ level->sample, NULL } : level->counters);
	if (!has_own(&stat.set)) {
		no_events(&stat.set, level);
		return run_close(&stat.run, EXIT_FAILED);
	}
	if (!cfg->common.quiet)
		counter_set_tell_missing(&stat.set);
	status = cfg->functions ? plan_functions(&stat, cfg, level, &opts) : plan_programs(&stat, &opts);
	return finish(&stat, cfg, status);
}

static const struct opt cache_opts[] = {
	OPT_ROW_GROUP("What to look at"),
	OPT_ROW(struct cache_cfg, OPT_CHOICE, 'l', "level", level, LEVELS, "last level cache, level 1 caches, TLBs or branches (llc)"),
	OPT_ROW(struct cache_cfg, OPT_FLAG, 'f', "functions", functions, NULL, "which functions miss: stacks where the counter of misses overflows"),
	OPT_ROW_UINT(struct cache_cfg, 0, "period", period, "N", 100, 2000000000, "misses from one sample to the next (10007)"),
	OPT_ROW(struct cache_cfg, OPT_FLAG, 'U', "no-kernel", no_kernel, NULL, "only frames of user space"),
	OPT_ROW(struct cache_cfg, OPT_FLAG, 'K', "no-user", no_user, NULL, "only frames of the kernel"),
	OPT_ROW_UINT(struct cache_cfg, 0, "depth", depth, "N", 1, KTALLY_STACK_DEPTH_MAX, "frames of a stack that are kept (127)"),
	OPT_ROW_UINT(struct cache_cfg, 'n', "top", top, "N", 1, 1000000000, "rows that text shows; other formats have all"),
	OPT_ROWS_SCOPE(struct cache_cfg),
	OPT_ROWS_MEMORY(struct cache_cfg),
	OPT_ROWS_OUTPUT(struct cache_cfg),
	OPT_ROWS_SOURCE(struct cache_cfg),
	OPT_ROW_DRY_RUN(struct cache_cfg),
	OPT_ROW_VERBOSE(struct cache_cfg),
	OPT_ROW_QUIET(struct cache_cfg),
	OPT_ROW_HELP(struct cache_cfg),
	OPT_ROW_END,
};

static const char *const cache_text[] = {
	"Shows for each process how often it missed: in the last level cache, the level 1 data cache, the TLBs, or the branch predictor, as a count, as a part of "
	"its accesses, and for each thousand instructions (MPKI). The counters are read at each context switch and their difference belongs to the task that leaves, "
	"so that the numbers are exact, not sampled.",
	"With --functions the counter of misses interrupts every so many misses, and the stacks it finds are added up: which functions miss.",
	"A CPU counts four to eight things at a time, so one level is looked at in a run. Virtual machines often have no such counters: then it says so.",
	NULL,
};

static const char *const cache_examples[] = {
	"ktally cache -d 10", "who misses the last level cache",
	"ktally cache --level branch --functions -o branch.svg -d 10", "which functions are predicted badly, as a flame graph",
	"ktally cache -l tlb -- ./my-program", "how a program does with its pages",
	NULL,
};

const struct cmd cmd_cache = {
	.name = "cache",
	.path = "cache",
	.takes_command = true,
	.summary = "misses of caches, TLBs and branches",
	.text = cache_text,
	.examples = cache_examples,
	.opts = cache_opts,
	.cfg_size = sizeof(struct cache_cfg),
	.run = run_cache,
};
