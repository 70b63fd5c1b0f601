// SPDX-License-Identifier: GPL-2.0-or-later
/* How the user stacks of a measurement are walked: by tables that the module gets, by frame pointers, or by us from dumps. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "out.h"
#include "run_plan.h"
#include "run_unwind.h"

#define MAPPINGS_DEFAULT 131072U
#define OPEN_MAX	16384U
#define START_NS	3000000000ULL	/* a start waits no longer for tables */
#define AGAIN_NS	500000000ULL	/* nor the command, once it runs */
#define STEP_NS		200000000ULL	/* between two looks of the progress line */
#define TURN_NS		50000000ULL	/* records that come meanwhile wait no longer */

static bool is(const struct run *run, const char *way)
{
	return run->cfg->unwind && !strcmp(run->cfg->unwind, way);
}

bool run_unwind_dumps(const struct run *run)
{
	return is(run, "dump");
}

int run_unwind_plan(struct run *run)
{
	if (!run_plan_has(run->plan, KTALLY_KIND_USTACK))
		return EXIT_OK;
	if (is(run, "dump")) {
		out_error("--unwind dump: this event is added up in the kernel, where a dump cannot be a key; use --unwind table, sample with "
			  "'ktally profile', or look at single events with 'ktally trace'");
		return EXIT_USAGE;
	}
	if (is(run, "fp"))
		return EXIT_OK;
	if (run->info.features & KTALLY_FEATURE_UNWIND && run->info.features & KTALLY_FEATURE_PROCESS) {
		run->plan->mappings = MAPPINGS_DEFAULT;
		return EXIT_OK;
	}
	if (is(run, "table")) {
		out_error("--unwind table: the module cannot do that on this kernel; `ktally doctor` says why");
		return EXIT_FAILED;
	}
	out_note("the module cannot walk by unwind tables on this kernel: user stacks of programs without frame pointers are cut short");
	return EXIT_OK;
}

/* Tables are a help: without them stacks are shorter, but not wrong. */
static int give_up(struct run *run, const struct ktally_error *err)
{
	out_warn("%s; user stacks of programs without frame pointers are cut short", err->text);
	ktally_agent_close(run->agent);
	run->agent = NULL;
	return EXIT_OK;
}

/* Return: files that are left to do, or -errno */
static int work(struct run *run, uint64_t ns, bool tell, struct ktally_error *err)
{
	uint64_t now = run_clock(), end = now + ns, until;
	struct ktally_agent_stats stats;
	int left;

	do {
		until = now + STEP_NS < end ? now + STEP_NS : end;
		left = ktally_agent_work(run->agent, until, err);
		now = run_clock();
		ktally_agent_stats(run->agent, &stats);
		if (tell && left > 0)
			out_progress("unwind tables: %" PRIu64 " of %" PRIu64 " files", stats.files - left, stats.files);
	} while (left > 0 && now < end && !run_stop_requested());
	if (tell)
		out_progress("%s", "");
	return left;
}

static int learn(struct run *run, uint64_t ns, bool first, struct ktally_error *err)
{
	int ret = ktally_agent_scan(run->agent, run->plan->pids, run->plan->nr_pids, err);

	if (ret >= 0 && first && run->call->command)
		ret = ktally_agent_expect(run->agent, run->call->command[0], err);
	if (ret == -ENOSPC) {
		out_warn("%s: stacks of some processes are cut short", err->text);
		ret = 0;
	}
	return ret < 0 ? ret : work(run, ns, first, err);
}

/* Each mapped file is held open once. The command behind "--" was forked before. */
static void open_more(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= OPEN_MAX)
		return;
	limit.rlim_cur = limit.rlim_max < OPEN_MAX ? limit.rlim_max : OPEN_MAX;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int run_unwind_open(struct run *run)
{
	struct ktally_error err = { .pos = -1 };
	int left;

	if (!run->plan->mappings)
		return EXIT_OK;
	open_more();
	run->procs = ktally_processes_new(false);
	if (!run->procs) {
		out_error("out of memory");
		return EXIT_FAILED;
	}
	if (ktally_agent_open(&run->agent, run->session, run->procs, &err))
		return give_up(run, &err);
	left = learn(run, START_NS, true, &err);
	if (left < 0)
		return give_up(run, &err);
	if (left)
		out_note("%d mapped files have no unwind table yet: they get theirs while it runs, stacks that meet them earlier are cut short", left);
	return EXIT_OK;
}

int run_unwind_started(struct run *run)
{
	struct ktally_error err = { .pos = -1 };

	if (!run->agent)
		return EXIT_OK;
	return learn(run, AGAIN_NS, false, &err) < 0 ? give_up(run, &err) : EXIT_OK;
}

int run_unwind_poll(struct run *run)
{
	struct ktally_error err = { .pos = -1 };

	if (!run->agent)
		return EXIT_OK;
	return ktally_agent_work(run->agent, run_clock() + TURN_NS, &err) < 0 ? give_up(run, &err) : EXIT_OK;
}

void run_unwind_tell(const struct run *run)
{
	struct ktally_agent_stats stats;
	char bytes[32];

	if (!run->agent || !run->common->verbose)
		return;
	ktally_agent_stats(run->agent, &stats);
	out_note("unwind tables: %" PRIu64 " of %" PRIu64 " files, %s, %" PRIu64 " of them from the cache; %" PRIu64 " files do not say how, %" PRIu64
		 " could not be done; %" PRIu64 " interpreters", stats.tables, stats.files, out_bytes(stats.bytes, bytes, sizeof(bytes)), stats.cached,
		 stats.none, stats.failed, stats.interps);
}

int run_unwind_results(struct run *run)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_session_info info;
	char id[16];
	int ret;

	if (!run->plan->mappings)
		return EXIT_OK;
	snprintf(id, sizeof(id), "%u", run->session);
	ret = ktally_client_find(run->client, id, &info, &err);
	if (ret)
		return out_failure(ret, &err);
	run->unwind = info.unwind;
	return EXIT_OK;
}
