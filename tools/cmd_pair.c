// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally pair: the time from one event to another, and what else happened in between. */
#include <stdio.h>
#include <stdlib.h>

#include "event_text.h"
#include "out.h"
#include "run.h"

#define ROWS_DEFAULT	2048	/* each has a histogram */

struct pair_cfg {
	struct opt_common common;
	struct run_cfg run;
	const char *key, *join, *pmu, *sort, *save, *buckets;
	uint64_t than_ns, interval_ns;
	unsigned int top;
	bool nest, open, exemplar, oncpu, first, stay, quantiles;
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

/* The columns of a leg. What only the whole pair knows is at its end. */
static char *columns(const struct pair_cfg *cfg, char *attrs)
{
	char *one;

	if (cfg->key) {
		one = out_text("key=%s", cfg->key);
		attrs = event_join(attrs, one);
		free(one);
	}
	if (cfg->pmu) {
		one = out_text("pmu=%s", cfg->pmu);
		attrs = event_join(attrs, one);
		free(one);
	}
	attrs = event_join(attrs, "sum=lat/avg=lat/max=lat");
	if (cfg->nest)
		attrs = event_join(attrs, "sum=self");
	if (cfg->oncpu)
		attrs = event_join(attrs, "sum=oncpu");
	one = out_text("hist=lat:%s%s", cfg->buckets ? cfg->buckets : "log2", cfg->exemplar ? ":exemplars" : "");
	attrs = event_join(attrs, one);
	free(one);
	return cfg->exemplar ? event_join(attrs, "exstack") : attrs;
}

static char *join_attr(const struct pair_cfg *cfg)
{
	return cfg->join ? out_text("pair=%s", cfg->join) : NULL;
}

/* What goes to the first event, and what to the last: the attributes of ktally-events(7). */
static char *start_attrs(const struct pair_cfg *cfg)
{
	char *attrs = join_attr(cfg), *one;

	if (cfg->first)
		attrs = event_join(attrs, "first");
	if (cfg->save || cfg->open) {
		one = out_text("save=%s%s%s", cfg->save ? cfg->save : "", cfg->save && cfg->open ? "," : "", cfg->open ? "comm" : "");
		attrs = event_join(attrs, one);
		free(one);
	}
	return event_join(attrs, cfg->open ? "stack=kernel" : NULL);
}

static char *end_attrs(const struct pair_cfg *cfg)
{
	char *attrs = join_attr(cfg), *one, *than;

	if (cfg->nest)
		attrs = event_join(attrs, "nest");
	if (cfg->stay)
		attrs = event_join(attrs, "stay");
	if (cfg->than_ns) {
		one = event_time(cfg->than_ns);
		attrs = event_join(attrs, "than=");
		than = out_text("%s%s", attrs, one);
		free(attrs);
		free(one);
		attrs = than;
	}
	return columns(cfg, attrs);
}

/* The chain: as one text, or as START and END. NULL after saying what is wrong. */
static char *chain_of(const struct cmd_call *call)
{
	if (call->nr_args == 1 && event_is_chain(call->args[0]))
		return out_text("%s", call->args[0]);
	if (call->nr_args == 2 && !event_is_chain(call->args[0]) && !event_is_chain(call->args[1]))
		return out_text("%s -> %s", call->args[0], call->args[1]);
	if (call->nr_args == 1)
		out_error("ktally pair: where does it end? give START and END, or a chain 'START -> END'");
	else
		out_error("ktally pair: give START and END, or one chain 'START -> NEXT -> END', not both");
	return NULL;
}

static int run_pair(const struct cmd_call *call)
{
	const struct pair_cfg *cfg = call->cfg;
	struct ktally_compile_opts opts = { .stack_depth = KTALLY_STACK_DEPTH_MAX, .rows = cfg->run.rows ? cfg->run.rows : ROWS_DEFAULT };
	struct run run = { .sort = cfg->sort, .top = cfg->top, .interval_ns = cfg->interval_ns, .quantiles = cfg->quantiles, .keep_open = cfg->open };
	char *chain = chain_of(call), *start, *middle, *end, *text;
	int status;

	if (!chain)
		return EXIT_USAGE;
	if (cfg->interval_ns)
		run.interval = show_interval;
	start = start_attrs(cfg);
	middle = columns(cfg, join_attr(cfg));
	end = end_attrs(cfg);
	text = event_chain_with(chain, start, middle, end);
	status = run_open(&run, call, &cfg->run);
	if (!status)
		status = run_event(&run, text, &opts);
	if (!status)
		status = run_measure(&run);
	if (!status)
		status = run_report(&run);
	free(text);
	free(end);
	free(middle);
	free(start);
	free(chain);
	return run_close(&run, status);
}

static const struct opt pair_opts[] = {
	OPT_ROW_GROUP("Pairs"),
	OPT_ROW(struct pair_cfg, OPT_TEXT, 'j', "join", join, "EXPR,...", "what start and end have in common, such as a pointer; cpu: the CPU (the thread)"),
	OPT_ROW(struct pair_cfg, OPT_DURATION, 0, "than", than_ns, "TIME", "only pairs that took at least so long; the kernel leaves the others out"),
	OPT_ROW(struct pair_cfg, OPT_FLAG, 0, "nest", nest, NULL, "pairs lie inside each other: also the time that no inner pair took (self)"),
	OPT_ROW(struct pair_cfg, OPT_FLAG, 0, "first", first, NULL, "a second start with the same key is ignored; else it takes the place of the first"),
	OPT_ROW(struct pair_cfg, OPT_FLAG, 0, "stay", stay, NULL, "an end leaves its start open for more ends"),
	OPT_ROW(struct pair_cfg, OPT_TEXT, 0, "save", save, "EXPR,...", "what the start keeps for lists of open starts"),
	OPT_ROW(struct pair_cfg, OPT_FLAG, 0, "open", open, NULL, "also list the starts that found no end, the oldest first, with program and kernel stack"),
	OPT_ROW_GROUP("Rows"),
	OPT_ROW(struct pair_cfg, OPT_TEXT, 'k', "key", key, "EXPR,...", "a row for each value, taken at the end; start.NAME is what NAME was at the start"),
	OPT_ROW(struct pair_cfg, OPT_TEXT, 'e', "pmu", pmu, "LIST", "what these counters counted from start to end: cycles,instructions"),
	OPT_ROW(struct pair_cfg, OPT_FLAG, 0, "on-cpu", oncpu, NULL, "also the time that the thread was on a CPU"),
	OPT_ROW(struct pair_cfg, OPT_TEXT, 0, "buckets", buckets, "BUCKETS", "of the histogram: log2, lin(LOW,HIGH,STEP), ll(BITS) (log2)"),
	OPT_ROW(struct pair_cfg, OPT_FLAG, 0, "exemplars", exemplar, NULL, "one real pair for each bucket: when, who, on which CPU, with its kernel stack"),
	OPT_ROW(struct pair_cfg, OPT_FLAG, 0, "quantiles", quantiles, NULL, "in text columns p50 and p99 instead of histograms"),
	OPT_ROW(struct pair_cfg, OPT_DURATION, 'i', "interval", interval_ns, "TIME", "also show the totals so far this often"),
	OPT_ROW(struct pair_cfg, OPT_TEXT, 's', "sort", sort, "COLUMN", "sort by this column: hits, key, or a value's name (the first value)"),
	OPT_ROW_UINT(struct pair_cfg, 'n', "top", top, "N", 1, 1000000000, "rows of each table that text shows; other formats have all"),
	OPT_ROWS_SCOPE(struct pair_cfg),
	OPT_ROWS_MEMORY(struct pair_cfg),
	OPT_ROWS_OUTPUT(struct pair_cfg),
	OPT_ROWS_SOURCE(struct pair_cfg),
	OPT_ROW_DRY_RUN(struct pair_cfg),
	OPT_ROW_VERBOSE(struct pair_cfg),
	OPT_ROW_QUIET(struct pair_cfg),
	OPT_ROW_HELP(struct pair_cfg),
	OPT_ROW_END,
};

static const char *const pair_text[] = {
	"Measures from one event to another: how long it took, as a histogram, a sum, a mean and a maximum, and what counters counted. "
	"A chain 'A -> B -> C' gives a table for each leg; 'A; B -> C' has two starts.",
	"Start and end belong together when they happen in the same thread, or when what --join names is equal. Time is taken in the kernel; a pair costs "
	"two hits. What became of each start is in the accounting: ended, replaced by another, without room, abandoned by a task that ended, still open.",
	"--dry-run shows the event text that all this makes; 'ktally tally -e' takes it, with changes.",
	NULL,
};

static const char *const pair_examples[] = {
	"ktally pair kprobe:vfs_read kretprobe:vfs_read -k comm -d 10", "how long reads take, by program",
	"ktally pair sched:sched_wakeup//pair=pid/ sched:sched_switch//pair=next_pid/ -k next_comm --than 4ms -d 10", "see who waits long for a CPU",
	"ktally pair 'block:block_rq_insert -> block:block_rq_issue -> block:block_rq_complete' -j sector -d 10", "where requests spend their time, leg by leg",
	"ktally pair kretprobe:kmem_cache_alloc//pair=ret/ kprobe:kmem_cache_free//pair=arg1/ --open -d 60", "what was taken and not given back, with stacks",
	NULL,
};

const struct cmd cmd_pair = {
	.name = "pair",
	.path = "pair",
	.args = "START END",
	.min_args = 1,
	.max_args = 2,
	.takes_command = true,
	.summary = "time from one event to another",
	.text = pair_text,
	.examples = pair_examples,
	.opts = pair_opts,
	.cfg_size = sizeof(struct pair_cfg),
	.run = run_pair,
};
