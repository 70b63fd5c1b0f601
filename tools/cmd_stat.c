// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally stat: counters of hardware and kernel, over a run, over a time, or interval by interval. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "result.h"
#include "settle.h"
#include "stat.h"

#define ROWS_DEFAULT	8192

struct stat_cfg {
	struct opt_common common;
	struct run_cfg run;
	struct opt_texts events;
	unsigned int interval_ms, top;
	bool per_cpu, per_process, per_cgroup, topdown, idle;
};

static const char *const counters_default[] = {
	"cpu-clock", "context-switches", "cpu-migrations", "page-faults", "cycles", "instructions", "branches", "branch-misses", NULL,
};
/* What tasks have at their switches: a clock that only ran while they did is their time on a CPU. */
static const char *const counters_tasks[] = {
	"task-clock", "context-switches", "cpu-migrations", "page-faults", "cycles", "instructions", "branches", "branch-misses", NULL,
};

/* ---- formats ---- */

static const struct format {
	const char *name;
	void (*write)(const struct stat_view *view, FILE *out);
} formats[] = { { "text", stat_text }, { "json", stat_json }, { "csv", stat_csv } };

static const struct format *format_of(const char *name)
{
	size_t n;

	for (n = 0; n < sizeof(formats) / sizeof(formats[0]); n++)
		if (!strcmp(formats[n].name, name))
			return &formats[n];
	out_error("ktally stat writes text, json or csv, not %s: counters have no stacks", name);
	return NULL;
}

static const struct format *format_stdout(const struct stat_cfg *cfg)
{
	return format_of(cfg->run.format ? cfg->run.format->name : cfg->common.json ? "json" : "text");
}

static int check_formats(const struct stat_cfg *cfg)
{
	const struct ktally_exporter *exporter;
	unsigned int n;

	for (n = 0; n < cfg->run.files.nr; n++) {
		exporter = ktally_exporter_for_file(cfg->run.files.items[n]);
		if (exporter && !format_of(exporter->name))
			return EXIT_USAGE;
	}
	return format_stdout(cfg) ? EXIT_OK : EXIT_USAGE;
}

static int write_file(const char *path, const struct stat_view *view)
{
	FILE *file = fopen(path, "we");

	if (!file) {
		out_error("'%s' cannot be written: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	format_of(ktally_exporter_for_file(path)->name)->write(view, file);
	if (fclose(file)) {
		out_error("'%s' could not be written: %s", path, strerror(errno));
		return EXIT_FAILED;
	}
	out_note("wrote %s", path);
	return EXIT_OK;
}

static int write_whole(const struct stat_cfg *cfg, const struct stat_view *view)
{
	const struct format *format = format_stdout(cfg);
	int status = EXIT_OK, ret;
	unsigned int n;

	if (!(cfg->interval_ms && format->write == stat_csv) && (!cfg->run.files.nr || cfg->common.json || cfg->run.format))
		format->write(view, stdout);
	for (n = 0; n < cfg->run.files.nr; n++) {
		ret = write_file(cfg->run.files.items[n], view);
		status = status ? status : ret;
	}
	if (result_tell_losses(view->report) && cfg->common.strict && !status)
		status = EXIT_INCOMPLETE;
	return status;
}

/* ---- results ---- */

static struct ktally_report report_of(const struct stat *stat)
{
	struct ktally_report report = { .title = stat->run.call->line, .start_real_ns = stat->run.started_real_ns, .start_ns = stat->run.started_ns,
					.duration_ns = stat->run.stopped_ns - stat->run.started_ns, .rings = stat->run.rings,
					.snapshot = stat->run.snapshot, .sym = stat->run.sym };

	result_host(&report, NULL);
	return report;
}

static int take_interval(struct stat *stat, struct stat_rows *rows)
{
	struct run *run = &stat->run;
	struct ktally_snapshot *snapshot = NULL;
	struct ktally_counter_info *counters = NULL;
	struct ktally_error err = { .pos = -1 };
	int ret = 0, nr = 0;

	if (stat->by_switch) {
		settle_cpus(run->info.nr_cpus);
		ret = ktally_snapshot_take(&snapshot, run->client, run->dev, run->session, &err);
	} else {
		nr = ktally_client_counters(run->client, run->session, &counters, &err);
		ret = nr < 0 ? nr : 0;
	}
	if (ret)
		return out_failure(ret, &err);
	stat_gather(stat, snapshot, counters, nr, rows);
	if (nr > 0)
		ktally_client_counters_free(counters, nr);
	ktally_snapshot_free(snapshot);
	return EXIT_OK;
}

static int show_interval(struct run *run)
{
	struct stat *stat = run->arg;
	struct ktally_report report = report_of(stat);
	uint64_t now = run_clock();
	struct stat_rows rows, change;
	struct stat_view view = { .stat = stat, .rows = &change, .report = &report, .since_ns = now - run->started_ns,
				  .elapsed_ns = now - (stat->before_ns ? stat->before_ns : run->started_ns) };
	int status = take_interval(stat, &rows);

	if (status)
		return status;
	change = (struct stat_rows){ .rows = out_realloc(NULL, (rows.nr + 1) * sizeof(*rows.rows)), .nr = rows.nr };
	if (rows.nr)
		memcpy(change.rows, rows.rows, rows.nr * sizeof(*rows.rows));
	stat_subtract(&change, &stat->before, stat->set.nr);
	stat_sort(stat, &change);
	format_stdout(run->call->cfg)->write(&view, stdout);
	fflush(stdout);
	free(change.rows);
	free(stat->before.rows);
	stat->before = rows;
	stat->before_ns = now;
	return EXIT_OK;
}

static int show_whole(struct stat *stat, const struct stat_cfg *cfg)
{
	struct ktally_report report = report_of(stat);
	struct stat_rows rows;
	struct stat_view view = { .stat = stat, .rows = &rows, .report = &report, .elapsed_ns = report.duration_ns };
	int status;

	stat_gather(stat, stat->run.snapshot, stat->run.counters, stat->run.nr_counters, &rows);
	stat_sort(stat, &rows);
	status = write_whole(cfg, &view);
	free(rows.rows);
	return status;
}

/* ---- what to count ---- */

/* The CPU's own PMU says in sysfs which events top-down is made of. */
static int add_topdown(struct counter_set *set)
{
	static const char *const pmus[] = { "cpu", "cpu_core" };
	static const char *const events[] = { "slots", "topdown-retiring", "topdown-bad-spec", "topdown-fe-bound", "topdown-be-bound",
					      "topdown-total-slots", "topdown-slots-issued", "topdown-slots-retired", "topdown-fetch-bubbles",
					      "topdown-recovery-bubbles" };
	unsigned int p, e, found = 0;
	char path[160], name[64];

	for (p = 0; p < sizeof(pmus) / sizeof(pmus[0]); p++) {
		for (e = 0; e < sizeof(events) / sizeof(events[0]); e++) {
			snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/events/%s", pmus[p], events[e]);
			snprintf(name, sizeof(name), "%s/%s/", pmus[p], events[e]);
			if (access(path, F_OK))
				continue;
			counter_set_add(set, (const char *const []){ name, NULL });
			found++;
		}
	}
	if (found)
		return EXIT_OK;
	out_error("--topdown: this CPU's PMU has no top-down events in /sys/bus/event_source/devices/cpu/events");
	return EXIT_FAILED;
}

static int choose_counters(struct stat *stat, const struct stat_cfg *cfg)
{
	int status = EXIT_OK;
	unsigned int n;

	for (n = 0; !status && n < cfg->events.nr; n++)
		status = counter_set_parse(&stat->set, "ktally stat", cfg->events.items[n]);
	if (!status && cfg->topdown)
		status = add_topdown(&stat->set);
	if (!status && !stat->set.nr)
		counter_set_add(&stat->set, stat->by_switch ? counters_tasks : counters_default);
	if (!status && !cfg->common.quiet)
		counter_set_tell_missing(&stat->set);
	if (!status && !counter_set_supported(&stat->set)) {
		out_error("ktally stat: this machine has none of these counters; 'ktally list' shows those it has");
		status = EXIT_FAILED;
	}
	return status;
}

static int plan_whole(struct stat *stat)
{
	struct run *run = &stat->run;
	unsigned int n;

	for (n = 0; n < stat->set.nr; n++) {
		struct ktally_counter_plan *counter;

		if (stat->set.items[n].missing[0])
			continue;
		if (run->common->dry_run)
			puts(stat->set.items[n].name);
		counter = ktally_plan_add_counter(run->plan);
		if (!counter) {
			out_error("out of memory");
			return EXIT_FAILED;
		}
		*counter = stat->set.items[n].plan;
	}
	return EXIT_OK;
}

/* Each task's share is what the counters did between two switches on its CPU. */
static int plan_switches(struct stat *stat, const struct stat_cfg *cfg)
{
	static const char *const keys[] = { [STAT_TOTAL] = "", [STAT_CPU] = "key=cpu/", [STAT_PROCESS] = "key=pid,comm/",
					    [STAT_CGROUP] = "key=cgroup/" };
	struct ktally_compile_opts opts = { .stack_depth = KTALLY_STACK_DEPTH_MAX, .rows = cfg->run.rows ? cfg->run.rows : ROWS_DEFAULT };
	char *counters = counter_set_texts(&stat->set);
	char *text = out_text("sched:sched_switch/%s/%spmu=%s/", stat->idle ? "" : "tid != 0", keys[stat->by], counters);
	int status = run_event(&stat->run, text, &opts);

	free(text);
	free(counters);
	return status;
}

static int check_rows(const struct stat_cfg *cfg)
{
	if (cfg->per_cpu + cfg->per_process + cfg->per_cgroup <= 1)
		return EXIT_OK;
	out_error("ktally stat: --per-cpu, --per-process and --per-cgroup exclude each other: a row stands for one of them");
	return EXIT_USAGE;
}

static int run_stat(const struct cmd_call *call)
{
	const struct stat_cfg *cfg = call->cfg;
	struct stat stat = {
		.by = cfg->per_cpu ? STAT_CPU : cfg->per_process ? STAT_PROCESS : cfg->per_cgroup ? STAT_CGROUP : STAT_TOTAL,
		.by_switch = cfg->per_process || cfg->per_cgroup || call->command || cfg->run.pids.nr || cfg->run.cgroup.cgroup ||
			     cfg->run.cgroup.container || cfg->run.cgroup.pod,
		.idle = cfg->idle, .top = cfg->top,
	};
	struct run *run = &stat.run;
	int status = check_rows(cfg);

	if (!status)
		status = check_formats(cfg);
	if (status)
		return status;
	run->arg = &stat;
	run->settle = stat.by_switch;
	if (cfg->interval_ms) {
		run->interval = show_interval;
		run->interval_ns = cfg->interval_ms * 1000000ULL;
	}
	status = run_open(run, call, &cfg->run);
	if (!status)
		status = choose_counters(&stat, cfg);
	if (!status)
		status = stat.by_switch ? plan_switches(&stat, cfg) : plan_whole(&stat);
	if (!status)
		status = run_measure(run);
	if (!status && !cfg->common.dry_run)
		status = show_whole(&stat, cfg);
	free(stat.before.rows);
	return run_close(run, status);
}

static const struct opt stat_opts[] = {
	OPT_ROW_GROUP("Counters"),
	OPT_ROW(struct stat_cfg, OPT_EVENTS, 'e', "event", events, "LIST", "counters by name, separated by commas: cycles:u, LLC-load-misses, r1a8, "
		"cpu/event=0x3c,umask=1/"),
	OPT_ROW(struct stat_cfg, OPT_FLAG, 0, "topdown", topdown, NULL, "where the slots of the pipeline go, if the CPU's PMU counts it"),
	OPT_ROW_GROUP("Rows"),
	OPT_ROW(struct stat_cfg, OPT_FLAG, 'A', "per-cpu", per_cpu, NULL, "a row for each CPU"),
	OPT_ROW(struct stat_cfg, OPT_FLAG, 0, "per-process", per_process, NULL, "a row for each process, exact: counters are read at each context switch"),
	OPT_ROW(struct stat_cfg, OPT_FLAG, 0, "per-cgroup", per_cgroup, NULL, "a row for each cgroup, likewise"),
	OPT_ROW(struct stat_cfg, OPT_FLAG, 0, "idle", idle, NULL, "with rows by process or cgroup: idle tasks count as well"),
	OPT_ROW_UINT(struct stat_cfg, 'n', "top", top, "N", 1, 1000000000, "so many rows in text; other formats have all"),
	OPT_ROW_UINT(struct stat_cfg, 'I', "interval", interval_ms, "MS", 10, 3600000, "also what was counted in each so many milliseconds, on standard output"),
	OPT_ROWS_SCOPE(struct stat_cfg),
	OPT_ROWS_MEMORY(struct stat_cfg),
	OPT_ROWS_OUTPUT(struct stat_cfg),
	OPT_ROW_DRY_RUN(struct stat_cfg),
	OPT_ROW_VERBOSE(struct stat_cfg),
	OPT_ROW_QUIET(struct stat_cfg),
	OPT_ROW_HELP(struct stat_cfg),
	OPT_ROW_END,
};

static const char *const stat_text_help[] = {
	"Counts what hardware and kernel can count, and says what the numbers mean together: instructions per cycle, clock rate, miss ratios, "
	"misses per thousand instructions (MPKI), CPUs utilized.",
	"The whole machine is counted by counters alone, which costs nothing for an event. Behind '--', with -p, --cgroup, --per-process or --per-cgroup the "
	"counters are read at each context switch, and what they did since the last one belongs to the task that leaves. Such counters must always count: "
	"there may be no more of them than the CPU has.",
	"When a CPU has fewer counters than were asked for, they take turns: the value is scaled up, and the part of the time it really counted is shown. "
	"'<not counted>' had no turn, '<not supported>' does not exist on this machine.",
	NULL,
};

static const char *const stat_examples[] = {
	"ktally stat -d 10", "see what the machine does for ten seconds",
	"ktally stat -- make -j8", "count a build with everything it starts",
	"ktally stat -e cycles,instructions,LLC-load-misses --per-process -n 20 -d 5", "see which processes miss the cache",
	"ktally stat -A -I 1000 -e cpu-clock,page-faults --output csv", "a line a second for each CPU and counter, for other programs",
	NULL,
};

const struct cmd cmd_stat = {
	.name = "stat",
	.path = "stat",
	.takes_command = true,
	.summary = "count what hardware and kernel can count",
	.text = stat_text_help,
	.examples = stat_examples,
	.opts = stat_opts,
	.cfg_size = sizeof(struct stat_cfg),
	.run = run_stat,
};
