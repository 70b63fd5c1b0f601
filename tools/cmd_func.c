// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally func: how long functions of the kernel and of programs take, and what they cost. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"
#include "functions.h"
#include "out.h"
#include "view.h"

#define ROWS_MIN	512

struct func_cfg {
	struct opt_common common;
	struct run_cfg run;
	const char *pmu, *sort, *by;
	uint64_t than_ns;
	unsigned int top;
	bool self, on_cpu, histogram, exemplars;
};

/** struct func - one use of the command: functions of the kernel, and PATH:FUNCTION of programs */
struct func {
	const struct func_cfg *cfg;
	struct run run;
	struct functions kernel, user;
	struct ktally_compile_opts opts;
};

/* A return probe of the kernel knows how long its function took; more than that needs a probe at the entry. */
static bool needs_pair(const struct func_cfg *cfg)
{
	return cfg->pmu || cfg->self || cfg->on_cpu;
}

/* Columns of @lat: "lat" of a pair, "duration" of a return probe. */
static char *columns(const struct func_cfg *cfg, const char *function, const char *lat, bool pair)
{
	char *attrs = out_text("key=%s%s%s/sum=%s", function, cfg->by ? "," : "", cfg->by ? cfg->by : "", lat), *one;

	if (pair && (cfg->self || cfg->pmu))
		attrs = event_join(attrs, "sum=self");
	if (pair && cfg->on_cpu)
		attrs = event_join(attrs, "sum=oncpu");
	one = out_text("avg=%s/max=%s/hist=%s:%s%s", lat, lat, lat, cfg->histogram ? "log2" : "ll(2)", cfg->exemplars ? ":exemplars/exstack" : "");
	attrs = event_join(attrs, one);
	free(one);
	if (cfg->pmu && pair) {
		one = out_text("pmu=%s", cfg->pmu);
		attrs = event_join(attrs, one);
		free(one);
	}
	return attrs;
}

static char *pair_text(const struct func_cfg *cfg, const char *entry, const char *ret, const char *name, const char *function)
{
	char *attrs = columns(cfg, function, "lat", true), *time = cfg->than_ns ? event_time(cfg->than_ns) : NULL, *text;

	text = out_text("%s:%s -> %s:%s//nest/%s%s%s%s/", entry, name, ret, name, time ? "than=" : "", time ? time : "", time ? "/" : "", attrs);
	free(time);
	free(attrs);
	return text;
}

static char *kernel_text(const struct func_cfg *cfg, const char *name)
{
	char *attrs, *time, *text;

	if (needs_pair(cfg))
		return pair_text(cfg, "kprobe", "kretprobe", name, "ip");
	attrs = columns(cfg, "ip", "duration", false);
	time = cfg->than_ns ? event_time(cfg->than_ns) : NULL;
	text = out_text("kretprobe:%s/%s%s/%s/", name, time ? "duration >= " : "", time ? time : "", attrs);
	free(time);
	free(attrs);
	return text;
}

static char *user_text(const struct func_cfg *cfg, const char *name)
{
	return pair_text(cfg, "uprobe", "uretprobe", name, "ip:usym");
}

static int copy_probe(struct ktally_plan *plan, unsigned int from, struct ktally_probe_plan **copy)
{
	struct ktally_probe_plan *probe = ktally_plan_add_probe(plan);
	const struct ktally_probe_plan *first = &plan->probes[from];

	if (!probe) {
		out_error("a session has no more than %d probes", KTALLY_PROBES_MAX);
		return EXIT_USAGE;
	}
	*probe = *first;
	probe->insns = out_realloc(NULL, first->nr_insns * sizeof(*first->insns));
	memcpy(probe->insns, first->insns, first->nr_insns * sizeof(*first->insns));
	probe->data = first->data_len ? out_realloc(NULL, first->data_len) : NULL;
	if (first->data_len)
		memcpy(probe->data, first->data, first->data_len);
	probe->text = NULL;
	*copy = probe;
	return EXIT_OK;
}

static int place_kernel(struct ktally_probe_plan *probe, const char *name)
{
	snprintf(probe->name, sizeof(probe->name), "%s", name);
	probe->text = out_text("%s:%s", probe->kind == KTALLY_SOURCE_KPROBE ? "kprobe" : "kretprobe", name);
	return EXIT_OK;
}

static int place_user(struct ktally_probe_plan *probe, const char *name)
{
	bool at_return = probe->kind == KTALLY_SOURCE_URETPROBE;
	const char *colon = strrchr(name, ':');
	char *path = out_text("%.*s", (int)(colon - name), name);
	struct ktally_error err = { .pos = -1 };
	struct ktally_uprobe_site site;
	int ret = ktally_uprobe_resolve(&site, path, colon + 1, 0, at_return, &err);

	free(path);
	if (ret) {
		out_failure(ret, &err);
		return EXIT_USAGE;
	}
	memcpy(probe->path, site.path, sizeof(probe->path));
	probe->offset = site.offset;
	probe->semaphore = 0;
	probe->text = out_text("%s:%s", at_return ? "uretprobe" : "uprobe", name);
	return EXIT_OK;
}

/* The programs of all functions are the same: the first is compiled, the others are copies of its probes, of its pair and its table. */
static int add_functions(struct func *func, const struct functions *functions, char *(*text_of)(const struct func_cfg *cfg, const char *name),
			 int (*place)(struct ktally_probe_plan *probe, const char *name))
{
	struct ktally_plan *plan = func->run.plan;
	unsigned int first = plan->nr_probes, nr, n, p;
	struct ktally_probe_plan *probe;
	char *text;
	int status;

	if (!functions->nr)
		return EXIT_OK;
	text = text_of(func->cfg, functions->names[0]);
	status = run_event(&func->run, text, &func->opts);
	free(text);
	nr = plan->nr_probes - first;
	for (n = 1; n < functions->nr && !status; n++) {
		if (func->run.common->dry_run) {
			text = text_of(func->cfg, functions->names[n]);
			puts(text);
			free(text);
		}
		for (p = 0; p < nr && !status; p++) {
			status = copy_probe(plan, first + p, &probe);
			if (!status)
				status = place(probe, functions->names[n]);
		}
	}
	return status;
}

static int sort_names(struct func *func, const struct cmd_call *call)
{
	unsigned int max = needs_pair(func->cfg) ? KTALLY_PROBES_MAX / 2 : KTALLY_PROBES_MAX;
	int n, status = EXIT_OK;

	for (n = 0; n < call->nr_args && !status; n++) {
		const char *name = call->args[n], *colon = strrchr(name, ':');

		if (!colon) {
			status = functions_add(&func->kernel, name, max);
		} else if (colon == name || !colon[1] || name[strcspn(name, "*?[")]) {
			out_error("'%s': a function of a program is PATH:FUNCTION, such as /bin/bash:readline; patterns are for kernel functions", name);
			status = EXIT_USAGE;
		} else {
			status = functions_add(&func->user, name, KTALLY_PROBES_MAX / 2);
		}
	}
	return status;
}

static int run_func(const struct cmd_call *call)
{
	static const struct view_title titles[] = {
		{ "sum(lat)", "total" }, { "avg(lat)", "avg" }, { "max(lat)", "max" }, { "sum(duration)", "total" }, { "avg(duration)", "avg" },
		{ "max(duration)", "max" }, { "sum(self)", "self" }, { "sum(oncpu)", "on CPU" }, { NULL, NULL },
	};
	const struct func_cfg *cfg = call->cfg;
	struct func func = { .cfg = cfg, .run = { .sort = cfg->sort, .top = cfg->top, .hits = "calls", .quantiles = !cfg->histogram } };
	int status = sort_names(&func, call);

	func.opts.stack_depth = KTALLY_STACK_DEPTH_MAX;
	func.opts.rows = cfg->run.rows ? cfg->run.rows : func.kernel.nr * 2 > ROWS_MIN ? func.kernel.nr * 2 : ROWS_MIN;
	if (!status)
		status = run_open(&func.run, call, &cfg->run);
	if (!status)
		status = add_functions(&func, &func.kernel, kernel_text, place_kernel);
	if (!status)
		status = add_functions(&func, &func.user, user_text, place_user);
	if (!status) {
		view_titles(func.run.plan, titles);
		view_names(func.run.plan, "functions");
		if (func.run.plan->nr_tables)
			view_key(func.run.plan, 0, "function", func.run.plan->tables[0].schema.keys[0].kind);
	}
	status = view_measure(&func.run, status);
	functions_clear(&func.kernel);
	functions_clear(&func.user);
	return status;
}

static const struct opt func_opts[] = {
	OPT_ROW_GROUP("Columns and rows"),
	OPT_ROW(struct func_cfg, OPT_TEXT, 'k', "by", by, "EXPR,...", "a row for each function and value, such as comm, pid"),
	OPT_ROW(struct func_cfg, OPT_FLAG, 0, "self", self, NULL, "also the time that none of the other functions given took inside"),
	OPT_ROW(struct func_cfg, OPT_TEXT, 'e', "pmu", pmu, "LIST", "what these counters counted from entry to return: cycles,instructions; shows self as well"),
	OPT_ROW(struct func_cfg, OPT_FLAG, 0, "on-cpu", on_cpu, NULL, "also the time on a CPU: the rest of the total was waiting"),
	OPT_ROW(struct func_cfg, OPT_DURATION, 0, "than", than_ns, "TIME", "only calls that took at least so long"),
	OPT_ROW(struct func_cfg, OPT_FLAG, 0, "exemplars", exemplars, NULL, "one real call for each bucket: when, who, on which CPU, with its kernel stack"),
	OPT_ROW(struct func_cfg, OPT_FLAG, 0, "histogram", histogram, NULL, "in text a histogram below each row, not p50 and p99"),
	OPT_ROW(struct func_cfg, OPT_TEXT, 's', "sort", sort, "COLUMN", "sort by this column: hits, key, total, avg, max, self (total)"),
	OPT_ROW_UINT(struct func_cfg, 'n', "top", top, "N", 1, 1000000000, "rows that text shows; other formats have all"),
	OPT_ROWS_SCOPE(struct func_cfg),
	OPT_ROWS_MEMORY(struct func_cfg),
	OPT_ROWS_OUTPUT(struct func_cfg),
	OPT_ROWS_SOURCE(struct func_cfg),
	OPT_ROW_DRY_RUN(struct func_cfg),
	OPT_ROW_VERBOSE(struct func_cfg),
	OPT_ROW_QUIET(struct func_cfg),
	OPT_ROW_HELP(struct func_cfg),
	OPT_ROW_END,
};

static const char *const func_text[] = {
	"Times functions from entry to return: calls, total and mean time, median, 99th percentile, maximum. FUNCTION is a function of the kernel or a pattern "
	"such as 'vfs_*', or PATH:FUNCTION of a program or library; a bare name such as bash or libc.so.6 is looked for.",
	"Only the calls of the functions given are timed: self is a function's time without those of them that it called. Calls that have not returned at the end "
	"are not in the rows.",
	"Go programs move their stacks, which return probes do not survive: their functions are refused.",
	NULL,
};

static const char *const func_examples[] = {
	"ktally func vfs_read vfs_write -d 10", "how long reads and writes take",
	"ktally func 'tcp_*' --self -n 20 -d 5", "where TCP spends its time",
	"ktally func --pmu cycles,LLC-load-misses do_sys_openat2 -- make", "what opening files costs a build",
	"ktally func libc.so.6:malloc --by comm -d 5", "who calls malloc, and how long it takes",
	NULL,
};

const struct cmd cmd_func = {
	.name = "func",
	.path = "func",
	.args = "FUNCTION...",
	.min_args = 1,
	.max_args = -1,
	.takes_command = true,
	.summary = "time functions of kernel and programs",
	.text = func_text,
	.examples = func_examples,
	.opts = func_opts,
	.cfg_size = sizeof(struct func_cfg),
	.run = run_func,
};
