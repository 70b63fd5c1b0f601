// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally hist: the distribution of any value of any event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_text.h"
#include "out.h"
#include "view.h"

#define ROWS_DEFAULT	1024	/* each has a histogram */

struct hist_cfg {
	struct opt_common common;
	struct run_cfg run;
	const char *by, *linear, *sort;
	uint64_t interval_ns;
	unsigned int loglinear, top;
	bool exemplars, quantiles;
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

static char *attrs_of(const struct hist_cfg *cfg, const char *expr)
{
	char *value = event_value(expr), *buckets, *attrs;

	if (cfg->linear)
		buckets = out_text("lin(%s)", cfg->linear);
	else if (cfg->loglinear)
		buckets = out_text("ll(%u)", cfg->loglinear);
	else
		buckets = out_text("log2");
	attrs = out_text("%s%s%smin=%s/avg=%s/max=%s/hist=%s:%s%s", cfg->by ? "key=" : "", cfg->by ? cfg->by : "", cfg->by ? "/" : "", value, value,
			 value, value, buckets, cfg->exemplars ? ":exemplars/exstack" : "");
	free(buckets);
	free(value);
	return attrs;
}

static int run_hist(const struct cmd_call *call)
{
	const struct hist_cfg *cfg = call->cfg;
	struct ktally_compile_opts opts = { .stack_depth = KTALLY_STACK_DEPTH_MAX, .rows = cfg->run.rows ? cfg->run.rows : ROWS_DEFAULT };
	struct run run = { .sort = cfg->sort, .top = cfg->top, .interval_ns = cfg->interval_ns, .quantiles = cfg->quantiles };
	char *attrs, *text;
	int status;

	if (cfg->linear && cfg->loglinear) {
		out_error("ktally hist: --linear and --loglinear exclude each other");
		return EXIT_USAGE;
	}
	if (cfg->interval_ns)
		run.interval = show_interval;
	attrs = attrs_of(cfg, call->args[1]);
	text = event_chain_with(call->args[0], "", "", attrs);
	status = run_open(&run, call, &cfg->run);
	if (!status)
		status = run_event(&run, text, &opts);
	free(text);
	free(attrs);
	return view_measure(&run, status);
}

static const struct opt hist_opts[] = {
	OPT_ROW_GROUP("Buckets"),
	OPT_ROW(struct hist_cfg, OPT_TEXT, 0, "linear", linear, "LOW,HIGH,STEP", "of equal width (powers of two)"),
	OPT_ROW_UINT(struct hist_cfg, 0, "loglinear", loglinear, "BITS", 1, 6, "each power of two in 2^BITS equal parts"),
	OPT_ROW_GROUP("Rows"),
	OPT_ROW(struct hist_cfg, OPT_TEXT, 'k', "by", by, "EXPR,...", "a histogram for each value"),
	OPT_ROW(struct hist_cfg, OPT_FLAG, 0, "exemplars", exemplars, NULL, "one real hit for each bucket: when, who, on which CPU, with its kernel stack"),
	OPT_ROW(struct hist_cfg, OPT_FLAG, 0, "quantiles", quantiles, NULL, "in text columns p50 and p99 instead of bars"),
	OPT_ROW(struct hist_cfg, OPT_DURATION, 'i', "interval", interval_ns, "TIME", "also show the totals so far this often"),
	OPT_ROW(struct hist_cfg, OPT_TEXT, 's', "sort", sort, "COLUMN", "sort by this column: hits, key, or a value's name"),
	OPT_ROW_UINT(struct hist_cfg, 'n', "top", top, "N", 1, 1000000000, "rows that text shows; other formats have all"),
	OPT_ROWS_SCOPE(struct hist_cfg),
	OPT_ROWS_MEMORY(struct hist_cfg),
	OPT_ROWS_OUTPUT(struct hist_cfg),
	OPT_ROWS_SOURCE(struct hist_cfg),
	OPT_ROW_DRY_RUN(struct hist_cfg),
	OPT_ROW_VERBOSE(struct hist_cfg),
	OPT_ROW_QUIET(struct hist_cfg),
	OPT_ROW_HELP(struct hist_cfg),
	OPT_ROW_END,
};

static const char *const hist_text[] = {
	"Shows how the value of EXPR is distributed over the hits of EVENT, in the terminal, with minimum, mean and maximum. EVENT may have a filter, or be a chain "
	"'START -> END', whose latency is called lat. A format behind EXPR says what it is: 'arg2:bytes', 'lat:ns'.",
	"The histogram is kept in the kernel; nothing is copied for a hit.",
	NULL,
};

static const char *const hist_examples[] = {
	"ktally hist kprobe:vfs_read arg2:bytes -d 10", "how large reads are",
	"ktally hist 'kmem:kmalloc/comm ~ \"nginx*\"/' bytes_alloc --by call_site -d 5", "what nginx has allocated for it, by caller",
	"ktally hist 'irq:softirq_entry//pair=cpu/ -> irq:softirq_exit//pair=cpu/' lat --by vec --loglinear 2 -d 10", "how long softirqs take",
	NULL,
};

const struct cmd cmd_hist = {
	.name = "hist",
	.path = "hist",
	.args = "EVENT EXPR",
	.min_args = 2,
	.max_args = 2,
	.takes_command = true,
	.summary = "show how a value is distributed",
	.text = hist_text,
	.examples = hist_examples,
	.opts = hist_opts,
	.cfg_size = sizeof(struct hist_cfg),
	.run = run_hist,
};
