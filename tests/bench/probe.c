// SPDX-License-Identifier: GPL-2.0-or-later
/* probe ROW CALLS COMMAND...: runs a command while the probe of that row fires, and checks that every call was counted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libktally.h"

#define RING	(64U << 20)
#define STACKS	4096

/**
 * enum what - what becomes of the calls that the command makes
 * @COUNTED: they are in the table
 * @EMITTED: they are in the ring
 * @REFUSED: the filter says no
 * @PASSED: the program is no more than its end
 * @UNSEEN: the session is made, but not started
 */
enum what { COUNTED, EMITTED, REFUSED, PASSED, UNSEEN };

/** struct row - one measurement: its name, its event and what becomes of the calls */
struct row {
	const char *name, *text;
	enum what what;
};

#define TRACEPOINT	"raw_syscalls:sys_enter"
#define KPROBE		"kprobe:__x64_sys_getppid"
#define KRETPROBE	"kretprobe:__x64_sys_getppid"
#define EVENT		"syscalls:sys_enter_getppid"

static const struct row rows[] = {
	{ "idle", TRACEPOINT "//key=id/", UNSEEN },
	{ "tp-none", TRACEPOINT, PASSED },
	{ "tp-total", TRACEPOINT "//count/", COUNTED },
	{ "tp-key", TRACEPOINT "//key=id/", COUNTED },
	{ "tp-keys", TRACEPOINT "//key=pid,id/", COUNTED },
	{ "tp-filter", TRACEPOINT "/id == 110/key=id/", COUNTED },
	{ "tp-refused", TRACEPOINT "/id == 1000/key=id/", REFUSED },
	{ "tp-hist", TRACEPOINT "//key=id/hist=id/", COUNTED },
	{ "tp-kstack", TRACEPOINT "//stack=kernel/", COUNTED },
	{ "tp-emit", TRACEPOINT "//emit=id/", EMITTED },
	{ "kp-none", KPROBE, PASSED },
	{ "kp-total", KPROBE "//count/", COUNTED },
	{ "kp-key", KPROBE "//key=pid/", COUNTED },
	{ "kp-kstack", KPROBE "//stack=kernel/", COUNTED },
	{ "pair-none", TRACEPOINT " -> raw_syscalls:sys_exit//key=start.id/hist=lat/", PASSED },
	{ "pair-hist", TRACEPOINT " -> raw_syscalls:sys_exit//key=start.id/hist=lat/", COUNTED },
	{ "pair-key", TRACEPOINT "//pair=tid,1/ -> raw_syscalls:sys_exit//pair=tid,1/key=start.id/hist=lat/", COUNTED },
	{ "krp-none", KRETPROBE "//hist=duration/", PASSED },
	{ "krp-hist", KRETPROBE "//hist=duration/", COUNTED },
	{ "kp-krp", KPROBE " -> " KRETPROBE "//hist=lat/", COUNTED },
	{ "event-none", EVENT "//key=pid/", PASSED },
	{ "event-total", EVENT "//count/", COUNTED },
	{ "event-key", EVENT "//key=pid/", COUNTED },
};
#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static void die(const char *what, const char *why)
{
	fprintf(stderr, "probe: %s: %s\n", what, why);
	exit(1);
}

static const struct row *find_row(const char *name)
{
	size_t n;

	for (n = 0; n < NR_ROWS; n++)
		if (!strcmp(rows[n].name, name))
			return &rows[n];
	die(name, "there is no such row");
	return NULL;
}

/* The event's source with a program that does nothing: what it costs to get there and back. */
static void plan_nothing(struct ktally_plan *plan)
{
	unsigned int n;

	for (n = 0; n < plan->nr_probes; n++) {
		plan->probes[n].insns[0] = (struct ktally_insn){ .op = KTALLY_OP_EXIT, .imm = KTALLY_VERDICT_FOLDED };
		plan->probes[n].nr_insns = 1;
	}
}

static struct ktally_plan *make_plan(struct ktally_client *client, const struct row *row)
{
	struct ktally_compile_opts opts = { .stack_depth = KTALLY_STACK_DEPTH_MAX, .rows = 8192 };
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err = { .pos = -1 };
	struct ktally_catalogue cat = { 0 };
	char line[256];
	unsigned int n, p;

	if (!plan)
		die(row->name, "out of memory");
	/* A loop of nothing but hits would be reined in at once. */
	plan->budget = KTALLY_BUDGET_NONE;
	if (ktally_client_catalogue(client, &cat, &err) || ktally_compile(plan, &cat, row->text, &opts, &err))
		die(row->name, err.text);
	ktally_catalogue_clear(&cat);
	if (row->what == PASSED)
		plan_nothing(plan);
	plan->ring_size = row->what == EMITTED ? RING : 0;
	plan->stack_entries = strstr(row->text, "stack=") ? STACKS : 0;
	for (p = 0; getenv("KTALLY_BENCH_PROGRAMS") && p < plan->nr_probes; p++) {
		for (n = 0; n < plan->probes[p].nr_insns; n++) {
			ktally_disassemble(&plan->probes[p].insns[n], line, sizeof(line));
			fprintf(stderr, "%s: %u %u  %s\n", row->name, p, n, line);
		}
	}
	return plan;
}

static void run_command(char **command)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		execv(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die(command[0], "did not run to its end");
}

static void check_count(const struct row *row, const struct ktally_probe_info *info, uint64_t calls)
{
	const struct ktally_probe_count *c = &info->count;

	if (row->what == UNSEEN ? c->hits : c->hits < calls)
		die(row->name, "the probe did not fire as often as it must");
	if (c->hits != c->filtered + c->folded || info->missed)
		die(row->name, "hits were lost");
	if (row->what != UNSEEN && (row->what == REFUSED ? c->filtered : c->folded) < calls)
		die(row->name, "the filter did not do what it must");
}

static void check_probes(struct ktally_client *client, uint32_t session, const struct row *row, uint64_t calls)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_probe_info *info = NULL;
	int n, nr = ktally_client_probes(client, session, &info, &err);

	if (nr < 1)
		die(row->name, err.text);
	for (n = 0; n < nr; n++)
		check_count(row, &info[n], calls);
	free(info);
}

static void check_table(struct ktally_client *client, uint32_t session, const struct row *row, uint64_t calls)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_snapshot *snap;
	struct ktally_device *dev;
	uint64_t most = 0;
	size_t n;

	if (ktally_device_open(&dev, session, &err) || ktally_snapshot_take(&snap, client, dev, session, &err))
		die(row->name, err.text);
	for (n = 0; n < snap->tables[0].nr_rows; n++)
		if (snap->tables[0].rows[n].hits > most)
			most = snap->tables[0].rows[n].hits;
	if (most < calls)
		die(row->name, "no row of the table has all calls");
	ktally_snapshot_free(snap);
	ktally_device_close(dev);
}

static void check_ring(uint32_t session, const struct row *row, uint64_t calls)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_ring_accounting acc;
	struct ktally_reader *reader;
	struct ktally_device *dev;

	if (ktally_device_open(&dev, session, &err) || ktally_reader_open(&reader, dev, &err))
		die(row->name, err.text);
	ktally_reader_accounting(reader, &acc);
	if (!acc.closed || acc.dropped || acc.reserved < calls)
		die(row->name, "the ring has not all calls");
	ktally_reader_close(reader);
	ktally_device_close(dev);
}

int main(int argc, char **argv)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_client *client;
	struct ktally_plan *plan;
	const struct row *row;
	uint64_t calls;
	uint32_t session;

	if (argc < 4)
		die("usage", "probe ROW CALLS COMMAND...");
	row = find_row(argv[1]);
	calls = strtoull(argv[2], NULL, 10);
	if (ktally_client_open(&client, &err))
		die("ktally", err.text);
	plan = make_plan(client, row);
	if (ktally_client_create(client, plan, &session, &err))
		die(row->name, err.text);
	if (row->what != UNSEEN && ktally_client_start(client, session, &err))
		die(row->name, err.text);
	run_command(argv + 3);
	if (row->what != UNSEEN && ktally_client_stop(client, session, &err))
		die(row->name, err.text);
	check_probes(client, session, row, calls);
	if (row->what == COUNTED)
		check_table(client, session, row, calls);
	if (row->what == EMITTED)
		check_ring(session, row, calls);
	if (ktally_client_delete(client, session, &err))
		die(row->name, err.text);
	ktally_client_close(client);
	ktally_plan_free(plan);
	return 0;
}
