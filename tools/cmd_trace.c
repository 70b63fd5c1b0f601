// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally trace: a line for each event, in the order of time over all CPUs, as it happens. */
#include <stdio.h>
#include <stdlib.h>

#include "out.h"
#include "record.h"
#include "run.h"

#define RING_DEFAULT	(1U << 20)
#define DEPTH_DEFAULT	KTALLY_STACK_DEPTH_MAX
#define ROWS_DEFAULT	8192

struct trace_cfg {
	struct opt_common common;
	struct run_cfg run;
	struct opt_texts events;
	const char *clock;
};

/** struct trace - what the record callback needs */
struct trace {
	const struct ktally_schema **schemas;
	struct record_printer printer;
};

/* At the first record, when the plan has all its probes. */
static void learn_schemas(struct trace *trace, const struct run *run)
{
	const struct ktally_plan *plan = run->plan;
	unsigned int n;

	trace->schemas = out_realloc(NULL, plan->nr_probes * sizeof(*trace->schemas));
	for (n = 0; n < plan->nr_probes; n++)
		trace->schemas[n] = &plan->probes[n].record;
	trace->printer.schemas = trace->schemas;
	trace->printer.nr_schemas = plan->nr_probes;
	trace->printer.reader = run->reader;
	trace->printer.sym = run->sym;
	trace->printer.procs = run->procs;
}

static void print_record(struct run *run, const struct ktally_record *record, unsigned int cpu)
{
	struct trace *trace = run->arg;

	if (!trace->schemas)
		learn_schemas(trace, run);
	record_print(&trace->printer, record, cpu);
}

static int run_trace(const struct cmd_call *call)
{
	struct trace_cfg cfg = *(const struct trace_cfg *)call->cfg;
	struct ktally_compile_opts opts = { .emit = true, .stack_depth = DEPTH_DEFAULT, .rows = cfg.run.rows ? cfg.run.rows : ROWS_DEFAULT };
	struct trace trace = { .printer = { .json = cfg.common.json, .clock = record_clock_named(cfg.clock) } };
	struct run run = { .record = print_record, .arg = &trace };
	unsigned int n;
	int status;

	if (!cfg.events.nr) {
		out_error("ktally trace: no event: give at least one -e EVENT, such as -e sched:sched_process_exec");
		return EXIT_USAGE;
	}
	status = run_open(&run, call, &cfg.run);
	for (n = 0; !status && n < cfg.events.nr; n++)
		status = run_event(&run, cfg.events.items[n], &opts);
	if (!status && run.plan->ring_size < RING_DEFAULT)
		run.plan->ring_size = RING_DEFAULT;
	if (!status)
		status = run_measure(&run);
	if (!status)
		status = run_report(&run);
	free(trace.schemas);
	return run_close(&run, status);
}

static const struct opt trace_opts[] = {
	OPT_ROW(struct trace_cfg, OPT_EVENTS, 'e', "event", events, "EVENT", "what to show, in the language of ktally-events(7)"),
	OPT_ROWS_SCOPE(struct trace_cfg),
	OPT_ROWS_MEMORY(struct trace_cfg),
	OPT_ROW_GROUP("Lines"),
	OPT_ROW(struct trace_cfg, OPT_CHOICE, 't', "time", clock, RECORD_CLOCKS, "how times are shown (local)"),
	OPT_ROW_JSON(struct trace_cfg),
	OPT_ROWS_SOURCE(struct trace_cfg),
	OPT_ROW_STRICT(struct trace_cfg),
	OPT_ROW_DRY_RUN(struct trace_cfg),
	OPT_ROW_VERBOSE(struct trace_cfg),
	OPT_ROW_QUIET(struct trace_cfg),
	OPT_ROW_HELP(struct trace_cfg),
	OPT_ROW_END,
};

static const char *const trace_text[] = {
	"Writes a line for each event while it runs, in the order of time over all CPUs: time, process and thread, CPU, event, and its values. "
	"Stacks follow indented. With --json each event is one line of JSON.",
	"Filters run in the kernel: what they refuse costs next to nothing. When more comes than can be read, records are dropped, counted and told; "
	"a larger --ring-size helps. An event with key= or another attribute of a table is added up instead, and its table is shown at the end.",
	"Behind '--' stands a command: it is started once the measurement runs, and measured with everything it starts, until it ends. "
	"Its exit status becomes that of ktally.",
	NULL,
};

static const char *const trace_examples[] = {
	"ktally trace -e sched:sched_process_exec", "see each program that starts, until Ctrl-C",
	"ktally trace -e 'sched:sched_switch/prev_comm ~ \"postgres*\"/stack=kernel/' -d 1", "see where postgres goes to sleep",
	"ktally trace --json -e raw_syscalls:sys_enter -- ls", "get the system calls of ls as JSON",
	NULL,
};

const struct cmd cmd_trace = {
	.name = "trace",
	.path = "trace",
	.takes_command = true,
	.summary = "show events one by one",
	.text = trace_text,
	.examples = trace_examples,
	.opts = trace_opts,
	.cfg_size = sizeof(struct trace_cfg),
	.run = run_trace,
};
