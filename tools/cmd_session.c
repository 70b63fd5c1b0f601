// SPDX-License-Identifier: GPL-2.0-or-later
/* ktally session: sessions that live by their name, for scripts; everything the protocol can do, step by step. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup.h"
#include "out.h"
#include "record.h"
#include "run.h"
#include "run_plan.h"
#include "session.h"
#include "session_show.h"

#define ROWS_DEFAULT	8192
#define DEPTH_DEFAULT	KTALLY_STACK_DEPTH_MAX

int session_open(struct session *session, const char *name)
{
	int status, ret;

	memset(session, 0, sizeof(*session));
	session->err.pos = -1;
	status = run_connect(&session->client);
	if (status || !name)
		return status;
	ret = ktally_client_find(session->client, name, &session->info, &session->err);
	if (ret)
		status = out_failure(ret, &session->err);
	return status;
}

int session_close(struct session *session, int status)
{
	ktally_client_close(session->client);
	return status;
}

/* ---- new, add ---- */

static int compile_events(struct session *session, struct ktally_plan *plan, const struct session_cfg *cfg)
{
	struct ktally_compile_opts opts = { .emit = cfg->emit, .stack_depth = DEPTH_DEFAULT, .rows = cfg->rows ? cfg->rows : ROWS_DEFAULT };
	struct ktally_catalogue cat = { 0 };
	unsigned int n;
	int ret, status = EXIT_OK;

	ret = ktally_client_catalogue(session->client, &cat, &session->err);
	if (ret)
		status = out_failure(ret, &session->err);
	for (n = 0; !status && n < cfg->events.nr; n++) {
		ret = ktally_compile(plan, &cat, cfg->events.items[n], &opts, &session->err);
		if (ret)
			status = out_failure(ret, &session->err);
		if (ret == -EINVAL || ret == -ENOENT)
			status = EXIT_USAGE;
	}
	ktally_catalogue_clear(&cat);
	return status;
}

/* Events that are added later are about the same hierarchy: chosen now, if there are none yet. */
static int choose_hierarchy(struct ktally_plan *plan, const struct session_cfg *cfg, uint64_t features)
{
	struct ktally_cgroup_choice choice;

	if (cfg->events.nr)
		return run_plan_cgroups(plan, features, 0);
	if (!ktally_cgroups_choose(&choice, features, NULL, NULL))
		snprintf(plan->cgroup_controller, sizeof(plan->cgroup_controller), "%s", choice.controller);
	return EXIT_OK;
}

static int describe(struct ktally_plan *plan, const char *name, const struct session_cfg *cfg, uint64_t features)
{
	snprintf(plan->name, sizeof(plan->name), "%s", name);
	plan->flags = KTALLY_SESSION_PINNED;
	plan->ring_size = cfg->ring_size;
	plan->ring_watermark = cfg->watermark;
	plan->ring_mode = cfg->ring_mode && !strcmp(cfg->ring_mode, "overwrite") ? KTALLY_RING_OVERWRITE : KTALLY_RING_DISCARD;
	plan->stack_entries = cfg->stack_entries;
	plan->mappings = cfg->mappings;
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
	plan->budget = cfg->budget;
	return cgroup_scope(&cfg->cgroup, plan, features);
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
	struct session session;
	struct ktally_info info = { 0 };
	uint32_t id = 0;
	int status = check_name(call->args[0]), ret;

	if (status)
		return status;
	status = session_open(&session, NULL);
	if (status)
		return status;
	plan = ktally_plan_new();
	ret = plan ? ktally_client_info(session.client, &info, &session.err) : -ENOMEM;
	if (ret) {
		ktally_plan_free(plan);
		return session_close(&session, out_failure(ret, &session.err));
	}
	status = describe(plan, call->args[0], cfg, info.features);
	if (!status)
		status = compile_events(&session, plan, cfg);
	if (!status)
		status = choose_hierarchy(plan, cfg, info.features);
	if (!status && cfg->processes)
		status = run_plan_processes(plan);
	if (!status && cfg->common.verbose)
		run_plan_show(plan, stderr);
	if (!status) {
		ret = ktally_client_create(session.client, plan, &id, &session.err);
		if (ret)
			status = out_failure(ret, &session.err);
		else if (cfg->common.json)
			printf("{\"schema\":\"ktally-session/1\",\"name\":\"%s\",\"id\":%u}\n", call->args[0], id);
		else
			out_note("session %s has id %u; 'ktally session start %s' starts it", call->args[0], id, call->args[0]);
	}
	ktally_plan_free(plan);
	return session_close(&session, status);
}

/* The kernel would refuse it too, but cannot know what the option is called. */
static int check_room(const struct session *session, const struct ktally_plan *plan)
{
	if (plan->ring_size && !session->info.ring_size)
		out_error("session %s has no ring for the records of this event: make it with --ring-size", session->info.name);
	else if (plan->stack_entries && !session->info.stack_entries)
		out_error("session %s has no room for the stacks of this event: make it with --stack-entries", session->info.name);
	else
		return EXIT_OK;
	return EXIT_FAILED;
}

static int run_add(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct ktally_plan *plan = NULL;
	struct session session;
	int status = EXIT_OK, ret;

	if (!cfg->events.nr && !cfg->processes) {
		out_error("ktally session add: nothing to add: give -e EVENT or --processes");
		return EXIT_USAGE;
	}
	status = session_open(&session, call->args[0]);
	if (!status) {
		plan = ktally_plan_new();
		status = plan ? compile_events(&session, plan, cfg) : out_failure(-ENOMEM, &session.err);
	}
	if (!status)
		status = check_room(&session, plan);
	if (!status && cfg->processes)
		status = run_plan_processes(plan);
	if (!status && cfg->common.verbose)
		run_plan_show(plan, stderr);
	if (!status) {
		ret = ktally_client_add(session.client, session.info.id, plan, &session.err);
		if (ret)
			status = out_failure(ret, &session.err);
	}
	ktally_plan_free(plan);
	return session_close(&session, status);
}

/* ---- start, stop, delete ---- */

static int act(const struct cmd_call *call, int (*action)(struct ktally_client *client, uint32_t session, struct ktally_error *err))
{
	struct session session;
	int status = session_open(&session, call->args[0]), ret;

	if (!status) {
		ret = action(session.client, session.info.id, &session.err);
		if (ret)
			status = out_failure(ret, &session.err);
	}
	return session_close(&session, status);
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

/* ---- list, show ---- */

static int run_session_list(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct session session;
	int status = session_open(&session, NULL);

	if (!status)
		status = session_list(session.client, cfg->common.json, cfg->common.quiet);
	return session_close(&session, status);
}

static int run_show(const struct cmd_call *call)
{
	const struct session_cfg *cfg = call->cfg;
	struct session session;
	int status = session_open(&session, call->args[0]);

	if (!status)
		status = session_show(session.client, &session.info, cfg->common.json);
	return session_close(&session, status);
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
	OPT_ROW_UINT(struct session_cfg, 0, "mappings", mappings, "N", 1, KTALLY_MAPPINGS_MAX, "room for executable mappings of processes: user stacks by tables, "
		"which a program gives, instead of by frame pointers alone"),
	OPT_ROW(struct session_cfg, OPT_PIDS, 'p', "pid", pids, "PID,...", "only these processes and those they start from now on"),
	OPT_ROW(struct session_cfg, OPT_CPUS, 'C', "cpu", cpus, "CPUS", "only on these CPUs, such as 0-3,8"),
	OPT_ROWS_CGROUP(struct session_cfg, cgroup),
	OPT_ROW(struct session_cfg, OPT_PERCENT, 0, "budget", budget, "PERCENT", "of each CPU; beyond it stacks, counters, then hits are left out (5; none: no limit)"),
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
    snapshot_opts, session_snapshot);
SUB(read, "NAME", 1, 1, "show and consume the records in the rings",
    "Writes the records that lie in the rings, in the order of time, and makes room for new ones. Of a running session the newest ones "
    "are held back until no CPU can overtake them.", read_opts, session_read);
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
