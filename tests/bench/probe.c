// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probe ROW CALLS COMMAND...: runs a command while one of the probes below fires, and checks that every call was counted.
 *
 * The programs are the ones the compiler makes of the event texts beside them, less what only naming needs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libktally.h"

#define INSNS_MAX	8
#define SYSCALL_ID	0	/* field of raw_syscalls:sys_enter */
#define RING		(64U << 20)

#define FIELD(reg, field)	{ .op = KTALLY_OP_FIELD, .dst = reg, .aux = field }
#define CONTEXT(reg, what)	{ .op = KTALLY_OP_CONTEXT, .dst = reg, .aux = what }
#define STACK(reg)		{ .op = KTALLY_OP_STACK, .dst = reg, .aux = KTALLY_STACK_KERNEL, .imm = KTALLY_STACK_DEPTH_MAX }
#define PASS_IF(reg, value)	{ .op = KTALLY_OP_JEQ, .a = reg, .b = KTALLY_NO_REG, .aux = 1, .imm = value }
#define REFUSE			{ .op = KTALLY_OP_EXIT, .imm = KTALLY_VERDICT_FILTERED }
#define COUNT(key)		{ .op = KTALLY_OP_UPDATE, .a = key, .b = KTALLY_NO_REG }
#define ADD(key, value)		{ .op = KTALLY_OP_UPDATE, .a = key, .b = value }
#define EMIT(reg, words)	{ .op = KTALLY_OP_EMIT, .a = reg, .aux = words }
#define END			{ .op = KTALLY_OP_EXIT, .imm = KTALLY_VERDICT_FOLDED }

/**
 * struct row - one measurement
 * @name: of the row
 * @text: the event it stands for
 * @kprobe: the source is a kprobe, else a typed tracepoint
 * @idle: the session is made but not started: nothing must be counted, at no cost
 * @filtered: the filter refuses every call of the loop
 * @ring: the session has a ring
 * @table: the program updates a table
 * @stacks: the session has a store of stacks
 * @keys: key words of its table
 * @hist: the table has a log2 histogram
 * @nr: instructions
 */
struct row {
	const char *name, *text;
	bool kprobe, idle, filtered, ring, table, stacks, hist;
	unsigned int keys, nr;
	struct ktally_insn insns[INSNS_MAX];
};

#define TRACEPOINT	"raw_syscalls:sys_enter"
#define FUNCTION	"__x64_sys_getppid"
#define GETPPID		SYS_getppid

static const struct row rows[] = {
	{ "idle", TRACEPOINT "//key=id/", .idle = true, .table = true, .keys = 1, .nr = 3,
	  .insns = { FIELD(0, SYSCALL_ID), COUNT(0), END } },
	{ "tp-none", TRACEPOINT " and no program", .nr = 1, .insns = { END } },
	{ "tp-total", TRACEPOINT, .table = true, .nr = 2, .insns = { COUNT(0), END } },
	{ "tp-key", TRACEPOINT "//key=id/", .table = true, .keys = 1, .nr = 3,
	  .insns = { FIELD(0, SYSCALL_ID), COUNT(0), END } },
	{ "tp-keys", TRACEPOINT "//key=pid,id/", .table = true, .keys = 2, .nr = 4,
	  .insns = { CONTEXT(0, KTALLY_CTX_PID), FIELD(1, SYSCALL_ID), COUNT(0), END } },
	{ "tp-filter", TRACEPOINT "/id == 110/key=id/", .table = true, .keys = 1, .nr = 5,
	  .insns = { FIELD(0, SYSCALL_ID), PASS_IF(0, GETPPID), REFUSE, COUNT(0), END } },
	{ "tp-refused", TRACEPOINT "/id == 1000/key=id/", .table = true, .keys = 1, .filtered = true, .nr = 5,
	  .insns = { FIELD(0, SYSCALL_ID), PASS_IF(0, 1000), REFUSE, COUNT(0), END } },
	{ "tp-hist", TRACEPOINT "//key=id/hist=id/", .table = true, .keys = 1, .hist = true, .nr = 3,
	  .insns = { FIELD(0, SYSCALL_ID), ADD(0, 0), END } },
	{ "tp-kstack", TRACEPOINT "//stack=kernel/", .table = true, .keys = 1, .stacks = true, .nr = 3,
	  .insns = { STACK(0), COUNT(0), END } },
	{ "tp-emit", TRACEPOINT " to the ring, 32 bytes", .ring = true, .nr = 3,
	  .insns = { FIELD(0, SYSCALL_ID), EMIT(0, 1), END } },
	{ "kp-none", "kprobe:" FUNCTION " and no program", .kprobe = true, .nr = 1, .insns = { END } },
	{ "kp-total", "kprobe:" FUNCTION, .kprobe = true, .table = true, .nr = 2, .insns = { COUNT(0), END } },
	{ "kp-key", "kprobe:" FUNCTION "//key=pid/", .kprobe = true, .table = true, .keys = 1, .nr = 3,
	  .insns = { CONTEXT(0, KTALLY_CTX_PID), COUNT(0), END } },
	{ "kp-kstack", "kprobe:" FUNCTION "//stack=kernel/", .kprobe = true, .table = true, .keys = 1, .stacks = true, .nr = 3,
	  .insns = { STACK(0), COUNT(0), END } },
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

static void plan_table(struct ktally_plan *plan, const struct row *row)
{
	struct ktally_table_plan *table = ktally_plan_add_table(plan);
	unsigned int n;

	if (!table)
		die(row->name, "out of memory");
	snprintf(table->schema.name, sizeof(table->schema.name), "%s", row->text);
	for (n = 0; n < row->keys; n++) {
		snprintf(table->schema.keys[n].name, sizeof(table->schema.keys[n].name), "key%u", n);
		table->schema.keys[n].word = n;
		table->schema.keys[n].words = 1;
	}
	table->schema.nr_keys = row->keys;
	table->schema.key_words = row->keys;
	table->schema.nr_values = 1;
	table->schema.values[0].column.kind = row->hist ? KTALLY_COLUMN_HIST : KTALLY_COLUMN_COUNT;
	table->schema.values[0].column.hist = row->hist ? KTALLY_HIST_LOG2 : KTALLY_HIST_NONE;
	snprintf(table->schema.values[0].name, sizeof(table->schema.values[0].name), "value");
	table->rows = 8192;
}

static void plan_probe(struct ktally_plan *plan, const struct row *row)
{
	struct ktally_probe_plan *probe = ktally_plan_add_probe(plan);

	if (!probe)
		die(row->name, "out of memory");
	probe->kind = row->kprobe ? KTALLY_SOURCE_KPROBE : KTALLY_SOURCE_TRACEPOINT;
	snprintf(probe->name, sizeof(probe->name), "%s", row->kprobe ? FUNCTION : TRACEPOINT);
	probe->insns = malloc(sizeof(row->insns));
	probe->text = strdup(row->text);
	if (!probe->insns || !probe->text)
		die(row->name, "out of memory");
	memcpy(probe->insns, row->insns, sizeof(row->insns));
	probe->nr_insns = row->nr;
	snprintf(probe->record.name, sizeof(probe->record.name), "%s", row->text);
}

/* The field numbers above are the module's; a module that has others must not be measured by accident. */
static void check_catalogue(struct ktally_client *client, struct ktally_error *err)
{
	struct ktally_catalogue cat = { 0 };
	const struct ktally_source_info *source;

	if (ktally_client_catalogue(client, &cat, err))
		die("the list of sources", err->text);
	source = ktally_catalogue_find(&cat, TRACEPOINT);
	if (!source || !source->available || source->nr_fields <= SYSCALL_ID || strcmp(source->fields[SYSCALL_ID].name, "id"))
		die(TRACEPOINT, "is not there, or its first field is not 'id'");
	ktally_catalogue_clear(&cat);
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

static void check_probe(struct ktally_client *client, uint32_t session, const struct row *row, uint64_t calls)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_probe_info *info = NULL;
	const struct ktally_probe_count *c;

	if (ktally_client_probes(client, session, &info, &err) != 1)
		die(row->name, err.text);
	c = &info->count;
	if (row->idle ? c->hits : c->hits < calls)
		die(row->name, "the probe did not fire as often as it must");
	if (c->hits != c->filtered + c->folded || info->missed)
		die(row->name, "hits were lost");
	if (!row->idle && (row->filtered ? c->filtered : c->folded) < calls)
		die(row->name, "the filter did not do what it must");
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
	if (row->filtered ? most : most < calls)
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
	plan = ktally_plan_new();
	if (!plan)
		die(row->name, "out of memory");
	plan->ring_size = row->ring ? RING : 0;
	plan->stack_entries = row->stacks ? 4096 : 0;
	if (row->table)
		plan_table(plan, row);
	plan_probe(plan, row);
	if (ktally_client_open(&client, &err))
		die("ktally", err.text);
	check_catalogue(client, &err);
	if (ktally_client_create(client, plan, &session, &err) || (!row->idle && ktally_client_start(client, session, &err)))
		die(row->name, err.text);
	run_command(argv + 3);
	if (!row->idle && ktally_client_stop(client, session, &err))
		die(row->name, err.text);
	check_probe(client, session, row, calls);
	if (row->table && !row->idle)
		check_table(client, session, row, calls);
	if (row->ring)
		check_ring(session, row, calls);
	if (ktally_client_delete(client, session, &err))
		die(row->name, err.text);
	ktally_client_close(client);
	ktally_plan_free(plan);
	return 0;
}
