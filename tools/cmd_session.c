// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally session: sessions that live by their name, for scripts; everything the protocol can do, step by step. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "record.h"
#include "result.h"
#include "run.h"
#include "session_show.h"

#define ROWS_DEFAULT	8192
#define DEPTH_DEFAULT	KTALLY_STACK_DEPTH_MAX
#define FOLLOW_NS	100000000ULL

/** struct session_cfg - options of all subcommands; each table binds those it takes */
struct session_cfg {
	struct opt_common common;
	struct opt_texts events, files;
	struct opt_numbers pids;
	struct opt_mask cpus;
	const struct ktally_exporter *format;
	const char *ring_mode, *clock, *sort;
	uint32_t ring_size, watermark;
	unsigned int stack_entries, rows, top;
	bool emit, processes, clear, follow;
};

/** struct handle - an open client and the session that was named */
struct handle {
	struct ktally_client *client;
	struct ktally_session_info info;
	struct ktally_error err;
};

/* Open the client and find the session called @name; NULL: only the client. Return: exit code */
static int handle_open(struct handle *handle, const char *name)
{
	int status, ret;

	memset(handle, 0, sizeof(*handle));
	handle->err.pos = -1;
	status = run_connect(&handle->client);
	if (status || !name)
		return status;
	ret = ktally_client_find(handle->client, name, &handle->info, &handle->err);
	if (ret)
		status = out_failure(ret, &handle->err);
	return status;
}

static int handle_close(struct handle *handle, int status)
{
	ktally_client_close(handle->client);
	return status;
}

/* ---- new, add ---- */

static int compile_events(struct handle *handle, struct ktally_plan *plan, const struct session_cfg *cfg)
{
	struct ktally_compile_opts opts = { .emit = cfg->emit, .stack_depth = DEPTH_DEFAULT, .rows = cfg->rows ? cfg->rows : ROWS_DEFAULT };
	struct ktally_catalogue cat = { 0 };
	unsigned int n;
	int ret, status = EXIT_OK;

	ret = ktally_client_catalogue(handle->client, &cat, &handle->err);
	if (ret)
		status = out_failure(ret, &handle->err);
	for (n = 0; !status && n < cfg->events.nr; n++) {
		ret = ktally_compile(plan, &cat, cfg->events.items[n], &opts, &handle->err);
		if (ret)
			status = out_failure(ret, &handle->err);
		if (ret == -EINVAL || ret == -ENOENT)
			status = EXIT_USAGE;
	}
	ktally_catalogue_clear(&cat);
	return status;
}

static int add_processes(struct ktally_plan *plan)
{
	struct ktally_probe_plan *probe = ktally_plan_add_probe(plan);

	if (!probe) {
		out_error("a session has no more than %d probes", KTALLY_PROBES_MAX);
		return EXIT_USAGE;
	}
	probe->kind = KTALLY_SOURCE_PROCESS;
	snprintf(probe->name, sizeof(probe->name), "process");
	snprintf(probe->record.name, sizeof(probe->record.name), "process");
	probe->text = out_text("process");
	return EXIT_OK;
}

static void describe(struct ktally_plan *plan, const char *name, const struct session_cfg *cfg)
{
	snprintf(plan->name, sizeof(plan->name), "%s", name);
	plan->flags = KTALLY_SESSION_PINNED;
	plan->ring_size = cfg->ring_size;
	plan->ring_watermark = cfg->watermark;
	plan->ring_mode = cfg->ring_mode && !strcmp(cfg->ring_mode, "overwrite") ? KTALLY_RING_OVERWRITE : KTALLY_RING_DISCARD;
	plan->stack_entries = cfg->stack_entries;
	if (cfg->pids.nr) {
		plan->nr_pids = cfg->pids.nr;
		plan->pids = out_realloc(NULL, cfg->pids.nr * sizeof(*plan->pids));
		memcpy(plan->pids, cfg->pids.items, cfg->pids.nr * sizeof(*plan->pids));
	}
	if (cfg->cpus.words) {
		plan->nr_cpu_words = cfg->cpus.words;
		plan->cpus = out_realloc(NULL, cfg->cpus.words * sizeof(*plan->cpus));
		memcpy(plan->cpus, cfg->cpus.bits, cfg->cpus.words * sizeof(*plan->cpus));
	}
}

static int check_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	if (*name && !name[len] && len < KTALLY_NAME_MAX && name[strspn(name, "0123456789")])
		return EXIT_OK;
	out_error("'%s' cannot name a session: letters, digits, '-', '_' and '.', not only digits, at most %d", name, KTALLY_NAME_MAX - 1);
	return EXIT_USAGE;
}

static int run_new(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct ktally_plan *plan;
	struct handle handle;
	uint32_t id = 0;
	int status = check_name(call->args[0]), ret;

	if (status)
		return status;
	status = handle_open(&handle, NULL);
	if (status)
		return status;
	plan = ktally_plan_new();
	if (!plan)
		return handle_close(&handle, out_failure(-ENOMEM, &handle.err));
	describe(plan, call->args[0], cfg);
	status = compile_events(&handle, plan, cfg);
	if (!status && cfg->processes)
		status = add_processes(plan);
	if (!status && cfg->common.verbose)
		run_show_programs(plan);
	if (!status) {
		ret = ktally_client_create(handle.client, plan, &id, &handle.err);
		if (ret)
			status = out_failure(ret, &handle.err);
		else if (cfg->common.json)
			printf("{\"schema\":\"ktally-session/1\",\"name\":\"%s\",\"id\":%u}\n", call->args[0], id);
		else
			out_note("session %s has id %u; 'ktally session start %s' starts it", call->args[0], id, call->args[0]);
	}
	ktally_plan_free(plan);
	return handle_close(&handle, status);
}

static int run_add(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct ktally_plan *plan = NULL;
	struct handle handle;
	int status = EXIT_OK, ret;

	if (!cfg->events.nr && !cfg->processes) {
		out_error("ktally session add: nothing to add: give -e EVENT or --processes");
		return EXIT_USAGE;
	}
	status = handle_open(&handle, call->args[0]);
	if (!status) {
		plan = ktally_plan_new();
		status = plan ? compile_events(&handle, plan, cfg) : out_failure(-ENOMEM, &handle.err);
	}
	if (!status && cfg->processes)
		status = add_processes(plan);
	if (!status && cfg->common.verbose)
		run_show_programs(plan);
	if (!status) {
		ret = ktally_client_add(handle.client, handle.info.id, plan, &handle.err);
		if (ret)
			status = out_failure(ret, &handle.err);
	}
	ktally_plan_free(plan);
	return handle_close(&handle, status);
}

/* ---- start, stop, delete ---- */

static int act(const struct cmd_call *call, int (*action)(struct ktally_client *client, uint32_t session, struct ktally_error *err))
{
	struct handle handle;
	int status = handle_open(&handle, call->args[0]), ret;

	if (!status) {
		ret = action(handle.client, handle.info.id, &handle.err);
		if (ret)
			status = out_failure(ret, &handle.err);
	}
	return handle_close(&handle, status);
}

static int run_start(const struct cmd_call *call)
{
	return act(call, ktally_client_start);
}

static int run_stop(const struct cmd_call *call)
{
	return act(call, ktally_client_stop);
}

static int run_delete(const struct cmd_call *call)
{
	return act(call, ktally_client_delete);
}

/* ---- snapshot ---- */

/* Two flips, so that each half becomes active once and is zeroed then. */
static int clear_halves(struct handle *handle)
{
	struct ktally_snapshot_info info;
	int ret = ktally_client_flip(handle->client, handle->info.id, KTALLY_SNAPSHOT_CLEAR, &info, &handle->err);

	if (!ret)
		ret = ktally_client_flip(handle->client, handle->info.id, KTALLY_SNAPSHOT_CLEAR, &info, &handle->err);
	return ret;
}

/* Records that wait for a reader are no loss; those that a full ring refused or gave up are. */
static int tell_ring_losses(struct ktally_reader *reader, bool strict)
{
	struct ktally_ring_accounting acc;

	ktally_reader_accounting(reader, &acc);
	if (!acc.dropped && !acc.overwritten && acc.closed)
		return EXIT_OK;
	out_warn("incomplete: %" PRIu64 " records dropped, %" PRIu64 " overwritten of %" PRIu64 " offered%s", acc.dropped, acc.overwritten,
		 acc.offered, acc.closed ? "" : "; the accounting does not close");
	return strict ? EXIT_INCOMPLETE : EXIT_OK;
}

static int write_snapshot(const struct cmd_call *call, struct handle *handle, struct ktally_device *dev, const struct result_want *want)
{
	const struct session_cfg *cfg = call->cfg;
	struct ktally_report report = { .title = call->line };
	struct ktally_processes *procs = NULL;
	struct ktally_snapshot *snapshot = NULL;
	struct ktally_reader *reader = NULL;
	int ret = ktally_snapshot_take(&snapshot, handle->client, dev, handle->info.id, &handle->err), status;

	if (!ret && cfg->clear)
		ret = clear_halves(handle);
	if (!ret) {
		procs = ktally_processes_new(true);
		ret = procs ? ktally_symbolizer_new(&report.sym, procs, &handle->err) : -ENOMEM;
	}
	if (ret == -EPERM && report.sym) {
		out_warn("%s", handle->err.text);
		ret = 0;
	}
	if (!ret && handle->info.ring_size)
		ret = ktally_reader_open(&reader, dev, &handle->err);
	if (ret) {
		status = out_failure(ret, &handle->err);
	} else {
		result_host(&report);
		status = result_write(want, &report, snapshot);
		if (reader && (!status || status == EXIT_INCOMPLETE))
			status = tell_ring_losses(reader, want->strict) ? EXIT_INCOMPLETE : status;
	}
	ktally_reader_close(reader);
	ktally_symbolizer_free(report.sym);
	ktally_processes_free(procs);
	ktally_snapshot_free(snapshot);
	return status;
}

static int run_snapshot_command(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct result_want want = { .files = &cfg->files, .format = cfg->format, .json = cfg->common.json, .strict = cfg->common.strict,
				    .sort = cfg->sort, .top = cfg->top };
	struct ktally_device *dev = NULL;
	struct handle handle;
	int status = result_check(&want), ret;

	if (status)
		return status;
	status = handle_open(&handle, call->args[0]);
	if (!status) {
		ret = ktally_device_open(&dev, handle.info.id, &handle.err);
		status = ret ? out_failure(ret, &handle.err) : write_snapshot(call, &handle, dev, &want);
	}
	ktally_device_close(dev);
	return handle_close(&handle, status);
}

/* ---- read ---- */

/** struct reading - of a session's rings */
struct reading {
	struct ktally_device *dev;
	struct ktally_reader *reader;
	struct ktally_processes *procs;
	struct ktally_symbolizer *sym;
	struct ktally_probe_info *probes;
	const struct ktally_schema **schemas;
	struct record_printer printer;
};

static int reading_open(struct reading *reading, struct handle *handle, const struct session_cfg *cfg)
{
	int nr, n, ret;

	nr = ktally_client_probes(handle->client, handle->info.id, &reading->probes, &handle->err);
	if (nr < 0)
		return nr;
	reading->schemas = out_realloc(NULL, (nr + 1) * sizeof(*reading->schemas));
	for (n = 0; n < nr; n++)
		reading->schemas[n] = &reading->probes[n].record;
	if (!handle->info.ring_size)
		return ktally_fail(&handle->err, -ENODATA, "session %s has no ring; make it with --ring-size, and events with --emit",
				   handle->info.name);
	ret = ktally_device_open(&reading->dev, handle->info.id, &handle->err);
	if (!ret)
		ret = ktally_reader_open(&reading->reader, reading->dev, &handle->err);
	if (ret)
		return ret;
	reading->procs = ktally_processes_new(true);
	ret = reading->procs ? ktally_symbolizer_new(&reading->sym, reading->procs, &handle->err) : -ENOMEM;
	if (ret == -EPERM && reading->sym) {
		out_warn("%s", handle->err.text);
		ret = 0;
	}
	reading->printer = (struct record_printer){ .schemas = reading->schemas, .nr_schemas = nr, .reader = reading->reader, .sym = reading->sym,
						    .json = cfg->common.json, .clock = record_clock_named(cfg->clock) };
	return ret;
}

static void reading_close(struct reading *reading)
{
	ktally_symbolizer_free(reading->sym);
	ktally_processes_free(reading->procs);
	ktally_reader_close(reading->reader);
	ktally_device_close(reading->dev);
	free(reading->schemas);
	free(reading->probes);
}

static void read_records(struct reading *reading, bool drain)
{
	const struct ktally_record *record;
	unsigned int cpu;

	while (!run_stop_requested() && (record = ktally_reader_next(reading->reader, &cpu, drain))) {
		if (record->type == KTALLY_RECORD_EVENT)
			record_print(&reading->printer, record, cpu);
		else
			ktally_processes_record(reading->procs, record);
	}
	fflush(stdout);
}

static bool is_running(struct handle *handle)
{
	struct ktally_session_info info;
	char id[16];

	snprintf(id, sizeof(id), "%u", handle->info.id);
	return !ktally_client_find(handle->client, id, &info, NULL) && info.state == KTALLY_STATE_RUNNING;
}

static int run_read(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct reading reading = { 0 };
	struct handle handle;
	int status = handle_open(&handle, call->args[0]), ret;
	bool running;

	if (status)
		return handle_close(&handle, status);
	ret = reading_open(&reading, &handle, cfg);
	if (ret) {
		status = out_failure(ret, &handle.err);
	} else {
		run_catch_signals();
		do {
			running = is_running(&handle);
			read_records(&reading, !running);
			if (running && cfg->follow && !run_wait(ktally_device_fd(reading.dev), FOLLOW_NS))
				break;
		} while (running && cfg->follow && !run_stop_requested());
		status = tell_ring_losses(reading.reader, cfg->common.strict);
	}
	reading_close(&reading);
	return handle_close(&handle, status);
}

/* ---- list, show ---- */

static int run_session_list(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct handle handle;
	int status = handle_open(&handle, NULL);

	if (!status)
		status = session_list(handle.client, cfg->common.json, cfg->common.quiet);
	return handle_close(&handle, status);
}

static int run_show(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct handle handle;
	int status = handle_open(&handle, call->args[0]);

	if (!status)
		status = session_show(handle.client, &handle.info, cfg->common.json);
	return handle_close(&handle, status);
}

/* ---- tables of options and commands ---- */

#define ROW_EVENTS \
	OPT_ROW(struct session_cfg, OPT_EVENTS, 'e', "event", events, "EVENT", "what to measure, in the language of ktally-events(7)"), \
	OPT_ROW(struct session_cfg, OPT_FLAG, 0, "emit", emit, NULL, "events without attributes write records instead of being counted"), \
	OPT_ROW(struct session_cfg, OPT_FLAG, 0, "processes", processes, NULL, "also record process life and mappings, for the names in user stacks"), \
	OPT_ROW_UINT(struct session_cfg, 0, "rows", rows, "N", 1, KTALLY_ROWS_MAX, "rows of a table on each CPU that does not say rows= (8192)")

static const struct opt new_opts[] = {
	ROW_EVENTS,
	OPT_ROW(struct session_cfg, OPT_SIZE, 'm', "ring-size", ring_size, "SIZE", "ring of each CPU, a power of two from 4K to 256M; without it a default one if events emit"),
	OPT_ROW(struct session_cfg, OPT_CHOICE, 0, "ring-mode", ring_mode, "discard|overwrite", "what goes when the ring is full: the new or the oldest (discard)"),
	OPT_ROW(struct session_cfg, OPT_SIZE, 0, "watermark", watermark, "SIZE", "wake a reader after this much (half the ring)"),
	OPT_ROW_UINT(struct session_cfg, 0, "stack-entries", stack_entries, "N", 1, KTALLY_STACKS_MAX, "room for distinct stacks on each CPU (16384 if events take stacks)"),
	OPT_ROW(struct session_cfg, OPT_PIDS, 'p', "pid", pids, "PID,...", "only these processes and those they start from now on"),
	OPT_ROW(struct session_cfg, OPT_CPUS, 'C', "cpu", cpus, "CPUS", "only on these CPUs, such as 0-3,8"),
	OPT_ROW_JSON(struct session_cfg),
	OPT_ROW_VERBOSE(struct session_cfg),
	OPT_ROW_QUIET(struct session_cfg),
	OPT_ROW_HELP(struct session_cfg),
	OPT_ROW_END,
};

static const struct opt add_opts[] = {
	ROW_EVENTS,
	OPT_ROW_VERBOSE(struct session_cfg),
	OPT_ROW_HELP(struct session_cfg),
	OPT_ROW_END,
};

static const struct opt plain_opts[] = {
	OPT_ROW_HELP(struct session_cfg),
	OPT_ROW_END,
};

static const struct opt snapshot_opts[] = {
	OPT_ROW(struct session_cfg, OPT_FLAG, 0, "clear", clear, NULL,
		"begin anew afterwards; what a running session counts between the two is not shown"),
	OPT_ROW(struct session_cfg, OPT_TEXT, 's', "sort", sort, "COLUMN", "sort by this column: hits, key, or a value's name (the first value, else hits)"),
	OPT_ROW_UINT(struct session_cfg, 'n', "top", top, "N", 1, 1000000000, "rows of each table that text shows; other formats have all"),
	OPT_ROW(struct session_cfg, OPT_FILES, 'o', "out", files, "FILE", "write it to FILE, in the format its suffix names"),
	OPT_ROW(struct session_cfg, OPT_FORMAT, 0, "output", format, "FORMAT", "write it to standard output in this format (text unless -o is given)"),
	OPT_ROW_JSON(struct session_cfg),
	OPT_ROW_STRICT(struct session_cfg),
	OPT_ROW_QUIET(struct session_cfg),
	OPT_ROW_HELP(struct session_cfg),
	OPT_ROW_END,
};

static const struct opt read_opts[] = {
	OPT_ROW(struct session_cfg, OPT_FLAG, 'f', "follow", follow, NULL, "go on until the session stops, or Ctrl-C"),
	OPT_ROW(struct session_cfg, OPT_CHOICE, 't', "time", clock, RECORD_CLOCKS, "how times are shown (local)"),
	OPT_ROW_JSON(struct session_cfg),
	OPT_ROW_STRICT(struct session_cfg),
	OPT_ROW_HELP(struct session_cfg),
	OPT_ROW_END,
};

static const struct opt list_opts[] = {
	OPT_ROW_JSON(struct session_cfg),
	OPT_ROW(struct session_cfg, OPT_FLAG, 'q', "quiet", common.quiet, NULL, "only the names of pinned sessions"),
	OPT_ROW_HELP(struct session_cfg),
	OPT_ROW_END,
};

static const struct opt show_opts[] = {
	OPT_ROW_JSON(struct session_cfg),
	OPT_ROW_HELP(struct session_cfg),
	OPT_ROW_END,
};

#define TEXT(sentence) (const char *const[]){ sentence, NULL }
#define SUB(word, arguments, nr_min, nr_max, half_sentence, sentences, table, function) \
	static const struct cmd sub_##word = { \
		.name = #word, .path = "session " #word, .args = (arguments), .min_args = (nr_min), .max_args = (nr_max), .summary = (half_sentence), \
		.text = TEXT(sentences), .opts = (table), .cfg_size = sizeof(struct session_cfg), .run = (function), \
	}

SUB(new, "NAME", 1, 1, "make a session",
    "Makes a session that lives by its name until it is deleted, with the tables and probes of its events. It does not run yet.", new_opts, run_new);
SUB(add, "NAME", 1, 1, "add events to a session that was not started", "Adds events to a session that was not started yet.", add_opts, run_add);
SUB(start, "NAME", 1, 1, "attach the probes of a session", "Attaches the probes: the session counts from now on. A stopped one goes on.", plain_opts,
    run_start);
SUB(stop, "NAME", 1, 1, "detach the probes, keep the results", "Detaches the probes. What was measured can still be read.", plain_opts, run_stop);
SUB(snapshot, "NAME", 1, 1, "show the tables of a session", "Shows the totals since the session began, of a running or a stopped session.",
    snapshot_opts, run_snapshot_command);
SUB(read, "NAME", 1, 1, "show and consume the records in the rings",
    "Writes the records that lie in the rings, in the order of time, and makes room for new ones. Of a running session the newest ones "
    "are held back until no CPU can overtake them.", read_opts, run_read);
SUB(list, NULL, 0, 0, "list the sessions", "Lists all sessions, those of other users and programs too.", list_opts, run_session_list);
SUB(show, "NAME", 1, 1, "describe a session", "Describes a session: its memory, tables and probes, and what each probe counted.", show_opts, run_show);
SUB(delete, "NAME", 1, 1, "delete a session and its results", "Stops a session and gives back its memory; a reader that still has it open keeps what it mapped.",
    plain_opts, run_delete);

static const struct cmd *const session_subs[] = {
	&sub_new, &sub_add, &sub_start, &sub_stop, &sub_snapshot, &sub_read, &sub_list, &sub_show, &sub_delete, NULL,
};

static const char *const session_text[] = {
	"Drives sessions step by step. Such a session is pinned: it goes on measuring when the program that made it has ended, until it is deleted by its name. "
	"Where a name is wanted, the number that 'ktally session list' shows will do.",
	"All other commands make a session of their own that ends with them.",
	NULL,
};

static const char *const session_examples[] = {
	"ktally session new sys -e raw_syscalls:sys_enter//key=id/\n  ktally session start sys\n  ktally session snapshot sys -o sys.json\n  ktally session delete sys",
	"count system calls in the background",
	NULL,
};

const struct cmd cmd_session = {
	.name = "session",
	.path = "session",
	.summary = "drive measurements that outlive a command",
	.text = session_text,
	.examples = session_examples,
	.subs = session_subs,
};
