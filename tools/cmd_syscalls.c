// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally syscalls: latency, errors and cost of system calls, by program and call. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"
#include "out.h"
#include "view.h"

#define ROWS_DEFAULT	2048
#define FAILED		"ret < 0 && ret >= -4095"

struct syscalls_cfg {
	struct opt_common common;
	struct run_cfg run;
	const char *pmu, *sort, *key;
	uint64_t than_ns;
	unsigned int top;
	bool errors, on_cpu, histogram;
};

/* By error the calls need no latency: only their end is looked at. */
static char *errors_text(const struct syscalls_cfg *cfg)
{
	return out_text("raw_syscalls:sys_exit/" FAILED "/key=%s,id,ret/count/", cfg->key ? cfg->key : "comm");
}

static char *latency_text(const struct syscalls_cfg *cfg)
{
	char *attrs = out_text("key=%s,start.id/sum=lat/avg=lat/max=lat", cfg->key ? cfg->key : "comm"), *one, *than;

	if (cfg->on_cpu)
		attrs = event_join(attrs, "sum=oncpu");
	if (cfg->pmu) {
		one = out_text("pmu=%s", cfg->pmu);
		attrs = event_join(attrs, one);
		free(one);
	}
	if (cfg->than_ns) {
		one = event_time(cfg->than_ns);
		attrs = event_join(attrs, "than=");
		than = out_text("%s%s", attrs, one);
		free(attrs);
		free(one);
		attrs = than;
	}
	attrs = event_join(attrs, cfg->histogram ? "hist=lat" : "hist=lat:ll(2)");
	attrs = event_join(attrs, "sum=(" FAILED ")");
	one = out_text("raw_syscalls:sys_enter -> raw_syscalls:sys_exit//%s/", attrs);
	free(attrs);
	return one;
}

static void name_columns(struct ktally_plan *plan, const struct syscalls_cfg *cfg)
{
	static const struct view_title titles[] = {
		{ "sum((" FAILED "))", "errors" }, { "sum(lat)", "total" }, { "avg(lat)", "avg" }, { "max(lat)", "max" },
		{ "sum(oncpu)", "on CPU" }, { NULL, NULL },
	};
	unsigned int key = plan->nr_tables ? plan->tables[0].schema.nr_keys : 0;

	if (!key)
		return;
	view_titles(plan, titles);
	if (cfg->errors) {
		view_key(plan, key - 1, "error", KTALLY_KIND_ERRNO);
		key--;
	}
	view_key(plan, key - 1, "syscall", KTALLY_KIND_SYSCALL);
}

static int run_syscalls(const struct cmd_call *call)
{
	const struct syscalls_cfg *cfg = call->cfg;
	struct ktally_compile_opts opts = { .stack_depth = KTALLY_STACK_DEPTH_MAX, .rows = cfg->run.rows ? cfg->run.rows : ROWS_DEFAULT };
	struct run run = { .sort = cfg->sort, .top = cfg->top, .hits = cfg->errors ? "errors" : "calls", .quantiles = !cfg->histogram };
	char *text;
	int status;

	if (cfg->errors && (cfg->pmu || cfg->than_ns || cfg->on_cpu || cfg->histogram)) {
		out_error("ktally syscalls: --errors counts what failed; it has no times and no counters");
		return EXIT_USAGE;
	}
	text = cfg->errors ? errors_text(cfg) : latency_text(cfg);
	status = run_open(&run, call, &cfg->run);
	if (!status)
		status = run_event(&run, text, &opts);
	if (!status) {
		name_columns(run.plan, cfg);
		view_names(run.plan, cfg->errors ? "failed system calls" : "system calls");
	}
	free(text);
	return view_measure(&run, status);
}

static const struct opt syscalls_opts[] = {
	OPT_ROW_GROUP("Rows"),
	OPT_ROW(struct syscalls_cfg, OPT_FLAG, 0, "errors", errors, NULL, "which calls failed with which error, instead of times"),
	OPT_ROW(struct syscalls_cfg, OPT_TEXT, 'k', "by", key, "EXPR,...", "what stands beside the call, such as pid, tid, cgroup (comm)"),
	OPT_ROW(struct syscalls_cfg, OPT_TEXT, 'e', "pmu", pmu, "LIST", "what these counters counted inside the calls: cycles,instructions"),
	OPT_ROW(struct syscalls_cfg, OPT_FLAG, 0, "on-cpu", on_cpu, NULL, "also the time on a CPU: the rest of the total was waiting"),
	OPT_ROW(struct syscalls_cfg, OPT_DURATION, 0, "than", than_ns, "TIME", "only calls that took at least so long"),
	OPT_ROW(struct syscalls_cfg, OPT_FLAG, 0, "histogram", histogram, NULL, "in text a histogram below each row"),
	OPT_ROW(struct syscalls_cfg, OPT_TEXT, 's', "sort", sort, "COLUMN", "sort by this column: hits, key, errors, total, avg, max (the first)"),
	OPT_ROW_UINT(struct syscalls_cfg, 'n', "top", top, "N", 1, 1000000000, "rows that text shows; other formats have all"),
	OPT_ROWS_SCOPE(struct syscalls_cfg),
	OPT_ROWS_MEMORY(struct syscalls_cfg),
	OPT_ROWS_OUTPUT(struct syscalls_cfg),
	OPT_ROW_DRY_RUN(struct syscalls_cfg),
	OPT_ROW_VERBOSE(struct syscalls_cfg),
	OPT_ROW_QUIET(struct syscalls_cfg),
	OPT_ROW_HELP(struct syscalls_cfg),
	OPT_ROW_END,
};

static const char *const syscalls_text[] = {
	"Times every system call from entry to exit and adds up, by program and call: calls, errors, total and mean time, median, 99th percentile, maximum. "
	"Calls that have not returned at the end are counted in the accounting, as open.",
	"p50 and p99 come from a histogram that cuts each power of two in four. An error is what the call returns between -4095 and -1.",
	NULL,
};

static const char *const syscalls_examples[] = {
	"ktally syscalls -d 10", "see where the machine's system calls spend their time",
	"ktally syscalls --on-cpu -- make", "see which calls of a build work, and which wait",
	"ktally syscalls --errors -p 1200 -d 10", "see what fails in a process, and how",
	NULL,
};

const struct cmd cmd_syscalls = {
	.name = "syscalls",
	.path = "syscalls",
	.takes_command = true,
	.summary = "latency and errors of system calls",
	.text = syscalls_text,
	.examples = syscalls_examples,
	.opts = syscalls_opts,
	.cfg_size = sizeof(struct syscalls_cfg),
	.run = run_syscalls,
};
