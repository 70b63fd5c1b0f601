// SPDX-License-Identifier: GPL-2.0-or-later
/* The shared life of every command that measures; see run.h for its order. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "open_starts.h"
#include "out.h"
#include "result.h"
#include "run.h"
#include "run_gather.h"
#include "run_plan.h"
#include "run_unwind.h"
#include "run_stream.h"
#include "settle.h"

#define POLL_NS		100000000ULL	/* records of a quiet machine are shown no later than this */
#define PROGRESS_NS	500000000ULL
#define PROGRESS_AFTER_NS 2000000000ULL	/* shorter runs have no progress line */

static volatile sig_atomic_t stop_signal;

uint64_t run_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static uint64_t real_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

/* The first asks for an orderly end, the second ends at once: the session dies with the socket. */
static void on_stop(int number)
{
	if (stop_signal)
		_exit(128 + number);
	stop_signal = number;
}

static void on_child(int number)
{
	(void)number;	/* only wakes ppoll */
}

int run_stop_requested(void)
{
	return stop_signal;
}

/* The signals are blocked but inside ppoll, so that none is lost between a look at the flag and the wait. */
void run_catch_signals(void)
{
	struct sigaction stop = { .sa_handler = on_stop }, child = { .sa_handler = on_child };
	sigset_t set;

	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGCHLD, &child, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool run_wait(int fd, short events, uint64_t ns)
{
	struct timespec timeout = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
	struct pollfd poll = { .fd = fd, .events = events };
	sigset_t none;

	sigemptyset(&none);
	if (!stop_signal && ppoll(&poll, 1, &timeout, &none) > 0)
		return !(poll.revents & (POLLHUP | POLLERR | POLLNVAL));
	return true;
}

int run_connect(struct ktally_client **client)
{
	struct ktally_error err = { .pos = -1 };
	int ret = ktally_client_open(client, &err);

	if (!ret)
		return EXIT_OK;
	*client = NULL;
	out_failure(ret, &err);
	if (ret == -EPERM || ret == -EACCES)
		return EXIT_PERMISSION;
	return ret == -ENOENT || ret == -EPROTO ? EXIT_MODULE : EXIT_FAILED;
}

static struct result_want want_of(const struct run *run)
{
	return (struct result_want){ .files = &run->cfg->files, .format = run->cfg->format, .json = run->common->json,
				     .strict = run->common->strict, .live = run->record, .sort = run->sort, .top = run->top,
				     .file_format = run->cfg->file_format };
}

static int check_pids(const struct run *run)
{
	const struct run_cfg *cfg = run->cfg;
	unsigned int n;

	if (cfg->all && (cfg->pids.nr || run->call->command)) {
		out_error("-a measures the whole machine; it contradicts %s", cfg->pids.nr ? "-p" : "a command behind '--'");
		return EXIT_USAGE;
	}
	for (n = 0; n < cfg->pids.nr; n++) {
		if (kill(cfg->pids.items[n], 0) && errno == ESRCH) {
			out_error("-p %u: there is no such process", cfg->pids.items[n]);
			return EXIT_FAILED;
		}
	}
	return EXIT_OK;
}

static int check_cpus(const struct run *run)
{
	const struct opt_mask *cpus = &run->cfg->cpus;
	unsigned int cpu;

	for (cpu = run->info.nr_cpus; cpu < cpus->words * 64; cpu++) {
		if (cpus->bits[cpu / 64] >> cpu % 64 & 1) {
			out_error("-C: there is no CPU %u, the last is %u", cpu, run->info.nr_cpus - 1);
			return EXIT_FAILED;
		}
	}
	return EXIT_OK;
}

static int check_ring(const struct run *run)
{
	uint32_t size = run->cfg->ring_size;

	if (!size || (size >= KTALLY_RING_MIN && size <= KTALLY_RING_MAX && !(size & (size - 1))))
		return EXIT_OK;
	out_error("--ring-size %u: a power of two from 4K to 256M is needed", size);
	return EXIT_USAGE;
}

int run_open(struct run *run, const struct cmd_call *call, const struct run_cfg *cfg)
{
	struct result_want want;
	struct ktally_error err = { .pos = -1 };
	int status, ret;

	run->call = call;
	run->common = call->cfg;
	run->cfg = cfg;
	run->child.gate = -1;
	want = want_of(run);
	status = check_ring(run);
	if (!status)
		status = check_pids(run);
	if (!status)
		status = result_check(&want);
	if (status)
		return status;
	run->plan = ktally_plan_new();
	if (!run->plan) {
		out_error("out of memory");
		return EXIT_FAILED;
	}
	if (run->common->dry_run && ktally_client_open(&run->client, &err)) {
		run->client = NULL;
		out_note("only the events are shown, not their programs: %s", err.text);
		return EXIT_OK;
	}
	status = run->client ? EXIT_OK : run_connect(&run->client);
	if (status)
		return status;
	ret = ktally_client_info(run->client, &run->info, &err);
	if (!ret)
		ret = ktally_client_catalogue(run->client, &run->cat, &err);
	if (ret)
		return out_failure(ret, &err);
	run->compiled = true;
	return check_cpus(run);
}

int run_event(struct run *run, const char *text, const struct ktally_compile_opts *asked)
{
	struct ktally_compile_opts opts = *asked;
	struct ktally_error err = { .pos = -1 };
	int ret, status;

	if (run->common->dry_run)
		puts(text);
	if (!run->compiled)
		return EXIT_OK;
	opts.dump |= run_unwind_dumps(run);
	ret = ktally_compile(run->plan, &run->cat, text, &opts, &err);
	if (!ret)
		return EXIT_OK;
	status = out_failure(ret, &err);
	return ret == -EINVAL || ret == -ENOENT ? EXIT_USAGE : status;
}

static int create(struct run *run)
{
	struct ktally_error err = { .pos = -1 };
	int ret = ktally_client_create(run->client, run->plan, &run->session, &err);

	return ret ? out_failure(ret, &err) : run_unwind_open(run);
}

/* Start, map. The command, if any, still waits at its gate. */
static int begin(struct run *run)
{
	struct ktally_error err = { .pos = -1 };
	int ret = ktally_client_start(run->client, run->session, &err);

	run->started_ns = run_clock();
	run->started_real_ns = real_clock();
	ktally_clocks_read(&run->clocks[0]);
	if (!ret)
		ret = ktally_device_open(&run->dev, run->session, &err);
	if (!ret && run->plan->ring_size)
		ret = ktally_reader_open(&run->reader, run->dev, &err);
	if (ret)
		return out_failure(ret, &err);
	return EXIT_OK;
}

static int open_symbolizer(struct run *run)
{
	struct ktally_error err = { .pos = -1 };
	int ret = ktally_symbolizer_new(&run->sym, run->procs, &err);

	if (ret == -EPERM) {
		out_warn("%s", err.text);
		ret = 0;
	}
	if (run->sym)
		ktally_symbolizer_cgroups(run->sym, cgroup_all());
	if (ret)
		return out_failure(ret, &err);
	ktally_symbolizer_want(run->sym, (run->cfg->lines || run->cfg->inlines ? KTALLY_SYMBOLIZE_LINES : 0) |
			       (run->cfg->inlines ? KTALLY_SYMBOLIZE_INLINES : 0));
	/* What shows names while it measures reads those of the kernel before. */
	if (run->record || run->interval)
		ktally_symbolize_kernel(run->sym, 0, false);
	return EXIT_OK;
}

/*
 * What live output needs is made before the start, so that its own work is not measured. But where user stacks must be
 * named, the mappings are looked at after the start: what is mapped in between would be known to nobody.
 */
static int open_names(struct run *run, bool started)
{
	bool ustacks = run_plan_names_user(run->plan), live = run->record || run->interval;

	if (ustacks != started)
		return EXIT_OK;
	if (run->agent)
		return run_unwind_started(run) ? EXIT_FAILED : live ? open_symbolizer(run) : EXIT_OK;
	ktally_processes_free(run->procs);
	run->procs = ktally_processes_new(ustacks);
	if (!run->procs) {
		out_error("out of memory");
		return EXIT_FAILED;
	}
	return live ? open_symbolizer(run) : EXIT_OK;
}

static void drain(struct run *run, bool all)
{
	const struct ktally_record *record;
	unsigned int cpu;

	while (run->reader && (record = ktally_reader_next(run->reader, &cpu, all))) {
		if (record->type == KTALLY_RECORD_CGROUP) {
			cgroup_record(record);
			continue;
		}
		if (record->type != KTALLY_RECORD_EVENT) {
			ktally_processes_record(run->procs, record);
			continue;
		}
		run->records++;
		if (run->gather)
			run_gather_add(run, record, cpu);
		if (run->stream)
			run_stream_keep(run, record, cpu);
		if (run->record)
			run->record(run, record, cpu);
	}
	if (run->record)
		fflush(stdout);
}

static bool all_gone(const struct opt_numbers *pids)
{
	unsigned int n;

	for (n = 0; n < pids->nr; n++)
		if (!kill(pids->items[n], 0) || errno != ESRCH)
			return false;
	return pids->nr;
}

static void show_progress(const struct run *run, uint64_t now)
{
	double seconds = (now - run->started_ns) / 1e9;

	if (now - run->started_ns < PROGRESS_AFTER_NS || (run->record && isatty(STDOUT_FILENO)) || run->interval)
		return;
	if (run->cfg->duration_ns)
		out_progress("%.1f of %.1f s", seconds, run->cfg->duration_ns / 1e9);
	else
		out_progress("%.1f s, %s", seconds, run->child.pid ? "until the command ends" : "Ctrl-C ends");
}

/* Reads until something ends it: the time, the command, a signal, the processes, the session. Return: exit code */
static int watch(struct run *run)
{
	uint64_t end = run->cfg->duration_ns ? run->started_ns + run->cfg->duration_ns : UINT64_MAX;
	uint64_t next_interval = run->interval ? run->started_ns + run->interval_ns : UINT64_MAX;
	uint64_t next_progress = 0, now = run->started_ns, wait;
	int status = EXIT_OK;

	while (!status && now < end && !stop_signal && !child_poll(&run->child) && !all_gone(&run->cfg->pids)) {
		wait = end - now < POLL_NS ? end - now : POLL_NS;
		if (next_interval - now < wait)
			wait = next_interval - now;
		if (!run_wait(ktally_device_fd(run->dev), run->agent ? POLLIN | POLLPRI : POLLIN, wait)) {
			out_error("the session was deleted by someone else");
			return EXIT_FAILED;
		}
		drain(run, false);
		cgroup_poll();
		status = run_unwind_poll(run);
		ktally_processes_peek(run->procs, run->dev);
		now = run_clock();
		if (!status && now >= next_interval) {
			status = run->interval(run);
			next_interval += run->interval_ns;
			if (next_interval <= now)
				next_interval = now + run->interval_ns;
		}
		if (now >= next_progress) {
			show_progress(run, now);
			next_progress = now + PROGRESS_NS;
		}
	}
	return status;
}

/* How the command ended matters only if it ended by itself. */
static void collect_command(struct run *run)
{
	bool by_itself = child_poll(&run->child);

	if (!run->child.pid)
		return;
	if (!by_itself && !stop_signal)
		out_note("the command still runs; it is ended");
	child_end(&run->child);
	if (by_itself || stop_signal)
		run->command_status = child_status(&run->child);
}

/* What only a session knows that still is there. */
static int take_results(struct run *run)
{
	struct ktally_error err = { .pos = -1 };
	int ret = ktally_snapshot_take(&run->snapshot, run->client, run->dev, run->session, &err);

	if (!ret)
		ret = cgroup_fold(run->snapshot, &err);
	if (!ret && run->plan->nr_counters) {
		run->nr_counters = ktally_client_counters(run->client, run->session, &run->counters, &err);
		ret = run->nr_counters < 0 ? run->nr_counters : 0;
	}
	if (!ret && run->keep_open)
		ret = open_starts_read(&run->open, run->client, run->dev, run->session, run->snapshot, &err);
	if (!ret && run->gather && run_gather_finish(run))
		return EXIT_FAILED;
	return ret ? out_failure(ret, &err) : run_unwind_results(run);
}

static int finish(struct run *run)
{
	struct ktally_error err = { .pos = -1 };
	int ret, status;

	if (run->settle)
		settle_cpus(run->info.nr_cpus);
	ret = ktally_client_stop(run->client, run->session, &err);
	run->stopped_ns = run_clock();
	ktally_clocks_read(&run->clocks[1]);
	collect_command(run);
	run_unwind_tell(run);
	if (ret)
		return out_failure(ret, &err);
	drain(run, true);
	if (run->reader)
		ktally_reader_accounting(run->reader, &run->rings);
	status = run->sym ? EXIT_OK : open_symbolizer(run);
	if (!status)
		status = run_stream_check(run);
	return status ? status : take_results(run);
}

static int release_command(struct run *run)
{
	int err = child_release(&run->child);

	if (!err)
		return EXIT_OK;
	out_error("'%s' cannot be run: %s", run->call->command[0], strerror(-err));
	return err == -ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXEC;
}

static int show_plan(struct run *run)
{
	int status = run->compiled ? run_plan_complete(run) : EXIT_OK;

	if (!status && run->compiled) {
		putchar('\n');
		run_plan_show(run->plan, stdout);
	}
	return status;
}

int run_measure(struct run *run)
{
	struct result_want want = want_of(run);
	int status = result_check_sort(run->sort, run->plan), err;

	if (status)
		return status;
	if (run->common->dry_run)
		return show_plan(run);
	run_catch_signals();
	if (run->call->command) {
		err = child_fork(&run->child, run->call->command);
		if (err) {
			out_error("no process can be made for the command: %s", strerror(-err));
			return EXIT_FAILED;
		}
	}
	status = run_plan_complete(run);
	if (!status)
		status = run_stream_open(run, result_records(&want));
	if (!status)
		status = open_names(run, false);
	if (!status)
		status = create(run);
	if (!status)
		status = begin(run);
	if (!status)
		status = open_names(run, true);
	if (!status && run->child.pid && !stop_signal)
		status = release_command(run);
	if (!status)
		status = watch(run);
	return status ? status : finish(run);
}

static struct ktally_report report_of(const struct run *run)
{
	struct ktally_report report = {
		.title = run->call->line,
		.start_real_ns = run->started_real_ns,
		.duration_ns = run->stopped_ns - run->started_ns,
		.period_ns = run->period_ns,
		.start_ns = run->started_ns,
		.sym = run->sym,
		.rings = run->rings,
		.hits = run->hits,
		.quantiles = run->quantiles,
		.functions = run->functions,
		.unwind = run->unwind,
		.stream = run->stream,
	};

	result_host(&report, run->clocks);
	return report;
}

int run_report(struct run *run)
{
	struct result_want want = want_of(run);
	struct ktally_report report = report_of(run);
	const char *trouble;
	int status;

	if (run->common->dry_run)
		return EXIT_OK;
	status = result_write(&want, &report, run->open ? &run->open->snapshot : run->gather ? run_gather_snapshot(run) : run->snapshot);
	trouble = run->sym ? ktally_symbolizer_trouble(run->sym) : NULL;
	if (trouble)
		out_warn("%s", trouble);
	return status;
}

int run_snapshot(struct run *run)
{
	static const struct opt_texts no_files;
	struct result_want want = want_of(run);
	struct ktally_snapshot *snapshot;
	struct ktally_report report;
	struct ktally_error err = { .pos = -1 };
	int ret, status = run->sym ? EXIT_OK : open_symbolizer(run);

	if (status)
		return status;
	ret = ktally_snapshot_take(&snapshot, run->client, run->dev, run->session, &err);
	if (ret)
		return out_failure(ret, &err);
	cgroup_poll();
	ret = cgroup_fold(snapshot, &err);
	if (ret) {
		ktally_snapshot_free(snapshot);
		return out_failure(ret, &err);
	}
	run->stopped_ns = run_clock();
	status = run_unwind_results(run);
	if (status) {
		ktally_snapshot_free(snapshot);
		return status;
	}
	report = report_of(run);
	want.files = &no_files;
	want.strict = false;	/* the last one decides */
	status = result_write(&want, &report, snapshot);
	ktally_snapshot_free(snapshot);
	return status;
}

int run_close(struct run *run, int status)
{
	child_end(&run->child);
	if (run->nr_counters > 0)
		ktally_client_counters_free(run->counters, run->nr_counters);
	open_starts_free(run->open);
	run_gather_free(run);
	ktally_stream_free(run->stream);
	ktally_snapshot_free(run->snapshot);
	ktally_symbolizer_free(run->sym);
	ktally_agent_close(run->agent);
	ktally_processes_free(run->procs);
	ktally_reader_close(run->reader);
	ktally_device_close(run->dev);
	if (run->session)	/* closing the socket would do, but a little later: the module could not be unloaded at once */
		ktally_client_delete(run->client, run->session, NULL);
	ktally_plan_free(run->plan);
	ktally_catalogue_clear(&run->cat);
	ktally_client_close(run->client);
	return status ? status : run->command_status;
}
