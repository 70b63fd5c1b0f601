// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The client: without the module, that it says so; with it (as root in a guest), sessions from beginning to end, and that
 * refusals say why and where.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crafted.h"
#include "libktally.h"

#define CALLS 1009	/* a prime number of known events */

static struct ktally_client *client;

static void need_module(void)
{
	if (!client)
		skip();
}

static void a_missing_module_is_named(void **state)
{
	struct ktally_client *other = NULL;
	struct ktally_error err = { 0 };

	(void)state;
	if (client)
		skip();
	assert_int_equal(ktally_client_open(&other, &err), -ENOENT);
	assert_null(other);
	assert_non_null(strstr(err.text, "modprobe ktally"));
}

/* Counts getppid calls of this process and sums up a constant: hits, sum, and one record a call. */
static struct ktally_plan *getppid_plan(void)
{
	static const struct ktally_insn insns[] = {
		{ .op = KTALLY_OP_FIELD, .dst = 0, .aux = 0 },
		{ .op = KTALLY_OP_JEQ, .a = 0, .b = KTALLY_NO_REG, .aux = 1, .imm = SYS_getppid },
		{ .op = KTALLY_OP_EXIT, .imm = KTALLY_VERDICT_FILTERED },
		{ .op = KTALLY_OP_IMM, .dst = 1, .imm = 3 },
		{ .op = KTALLY_OP_STACK, .dst = 2, .aux = KTALLY_STACK_USER, .imm = 8 },
		{ .op = KTALLY_OP_UPDATE, .a = 0, .b = 1, .aux = 0 },
		{ .op = KTALLY_OP_EMIT, .a = 1, .aux = 1 },
		{ .op = KTALLY_OP_EXIT, .imm = KTALLY_VERDICT_FOLDED },
	};
	struct ktally_table_plan *table;
	struct ktally_probe_plan *probe;
	struct ktally_plan *plan;
	uint32_t pid = getpid();

	need_module();
	plan = ktally_plan_new();
	table = ktally_plan_add_table(plan);
	probe = ktally_plan_add_probe(plan);
	plan->ring_size = 262144;
	plan->stack_entries = 64;
	plan->pids = malloc(sizeof(pid));
	memcpy(plan->pids, &pid, sizeof(pid));
	plan->nr_pids = 1;
	table->rows = 16;
	strcpy(table->schema.name, "calls");
	table->schema.nr_keys = 1;
	table->schema.key_words = 1;
	table->schema.keys[0] = (struct ktally_field){ .name = "id", .kind = KTALLY_KIND_SYSCALL, .words = 1 };
	table->schema.nr_values = 1;
	strcpy(table->schema.values[0].name, "threes");
	table->schema.values[0].column.kind = KTALLY_COLUMN_SUM;
	probe->kind = KTALLY_SOURCE_TRACEPOINT;
	strcpy(probe->name, "raw_syscalls:sys_enter");
	probe->text = strdup("the getppid calls");
	probe->insns = malloc(sizeof(insns));
	memcpy(probe->insns, insns, sizeof(insns));
	probe->nr_insns = sizeof(insns) / sizeof(*insns);
	probe->record.nr_keys = 1;
	probe->record.key_words = 1;
	probe->record.keys[0] = (struct ktally_field){ .name = "three", .kind = KTALLY_KIND_UINT, .words = 1 };
	return plan;
}

static void call_getppid(unsigned int nr)
{
	while (nr--)
		syscall(SYS_getppid);
}

static void check_snapshot(uint32_t session, struct ktally_device *dev, uint64_t want)
{
	struct ktally_snapshot *snap;
	struct ktally_error err = { 0 };

	if (ktally_snapshot_take(&snap, client, dev, session, &err))
		fail_msg("%s", err.text);
	assert_int_equal(snap->nr_tables, 1);
	assert_string_equal(snap->tables[0].schema.name, "calls");
	assert_string_equal(snap->tables[0].schema.values[0].name, "threes");
	assert_int_equal(snap->tables[0].nr_rows, 1);
	assert_int_equal(snap->tables[0].rows[0].key[0], SYS_getppid);
	assert_int_equal(snap->tables[0].rows[0].hits, want);
	assert_int_equal(snap->tables[0].rows[0].cells[0], want * 3);
	assert_int_equal(snap->tables[0].other.hits, 0);
	assert_string_equal(snap->probes[0].name, "the getppid calls");
	assert_int_equal(snap->probes[0].count.folded, want);
	assert_true(snap->probes[0].closed);
	ktally_snapshot_free(snap);
}

static void a_session_counts_exactly(void **state)
{
	struct ktally_plan *plan = getppid_plan();
	struct ktally_ring_accounting acc;
	struct ktally_session_info info;
	const struct ktally_record *record;
	struct ktally_error err = { 0 };
	struct ktally_reader *reader;
	struct ktally_device *dev;
	unsigned int cpu, nr = 0;
	uint32_t session;
	uint64_t last = 0;

	(void)state;
	if (ktally_client_create(client, plan, &session, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ktally_device_open(&dev, session, &err), -EAGAIN);
	assert_int_equal(ktally_client_start(client, session, &err), 0);
	if (ktally_device_open(&dev, session, &err))
		fail_msg("%s", err.text);
	call_getppid(CALLS);
	check_snapshot(session, dev, CALLS);
	call_getppid(CALLS);
	check_snapshot(session, dev, 2 * CALLS);
	assert_int_equal(ktally_client_stop(client, session, &err), 0);
	call_getppid(10);
	check_snapshot(session, dev, 2 * CALLS);
	assert_int_equal(ktally_reader_open(&reader, dev, &err), 0);
	while ((record = ktally_reader_next(reader, &cpu, true))) {
		assert_int_equal(record->type, KTALLY_RECORD_EVENT);
		assert_int_equal(((const struct ktally_event *)record)->words[0], 3);
		assert_int_equal(record->pid, getpid());
		assert_true(record->time >= last);
		last = record->time;
		nr++;
	}
	assert_int_equal(nr, 2 * CALLS);
	ktally_reader_accounting(reader, &acc);
	assert_true(acc.closed && acc.read == nr && !acc.dropped);
	assert_int_equal(ktally_client_find(client, "nobody", &info, &err), -ENOENT);
	ktally_reader_close(reader);
	ktally_device_close(dev);
	assert_int_equal(ktally_client_delete(client, session, &err), 0);
	assert_int_equal(ktally_client_start(client, session, &err), -ENOENT);
	ktally_plan_free(plan);
}

/* Flips the halves of @session as fast as it can; runs until it is killed. */
static pid_t start_flipping(uint32_t session)
{
	struct ktally_snapshot_info flip;
	struct ktally_client *own;
	pid_t pid = fork();

	if (pid)
		return pid;
	if (ktally_client_open(&own, NULL))
		_exit(1);
	while (!ktally_client_flip(own, session, 0, &flip, NULL))
		usleep(random() % 3000);
	_exit(2);
}

/* Another reader flips the halves all the time: a snapshot is refused, or it is exact. */
static void snapshots_survive_other_readers(void **state)
{
	struct ktally_plan *plan = getppid_plan();
	unsigned int i, taken = 0, tries = 0;
	struct ktally_snapshot *snap;
	struct ktally_error err = { 0 };
	struct ktally_device *dev;
	uint32_t session;
	pid_t flipper;
	int ret, status;

	(void)state;
	if (ktally_client_create(client, plan, &session, &err) || ktally_client_start(client, session, &err) ||
	    ktally_device_open(&dev, session, &err))
		fail_msg("%s", err.text);
	flipper = start_flipping(session);
	for (i = 1; i <= 100; i++) {
		call_getppid(7);
		ret = ktally_snapshot_take(&snap, client, dev, session, &err);
		assert_true(!ret || ret == -EAGAIN);
		tries++;
		if (ret)
			continue;
		assert_int_equal(snap->tables[0].rows[0].hits, i * 7);
		ktally_snapshot_free(snap);
		taken++;
	}
	kill(flipper, SIGKILL);
	assert_int_equal(waitpid(flipper, &status, 0), flipper);
	assert_true(WIFSIGNALED(status));	/* it did not end by itself */
	print_message("%u of %u snapshots taken\n", taken, tries);
	assert_true(taken > 0);
	check_snapshot(session, dev, 700);
	ktally_device_close(dev);
	ktally_client_delete(client, session, NULL);
	ktally_plan_free(plan);
}

static void refusals_say_why_and_where(void **state)
{
	struct ktally_plan *plan = getppid_plan();
	struct ktally_error err = { 0 };
	struct ktally_info before, after;
	uint32_t session;

	(void)state;
	assert_int_equal(ktally_client_info(client, &before, &err), 0);
	plan->probes[0].insns[5].a = 20;	/* a register that was never written */
	assert_true(ktally_client_create(client, plan, &session, &err) < 0);
	print_message("%s\n", err.text);
	assert_non_null(strstr(err.text, "the getppid calls: "));
	if (before.features & KTALLY_FEATURE_EXTACK)
		assert_non_null(strstr(err.text, "(instruction 5: "));
	plan->probes[0].insns[5].a = 0;
	strcpy(plan->probes[0].name, "raw_syscalls:no_such");
	assert_true(ktally_client_create(client, plan, &session, &err) < 0);
	print_message("%s\n", err.text);
	assert_null(strstr(err.text, "instruction"));
	assert_int_equal(ktally_client_info(client, &after, &err), 0);
	assert_int_equal(after.nr_sessions, before.nr_sessions);	/* nothing is left of what was refused */
	ktally_plan_free(plan);
}

static void plans_can_be_added(void **state)
{
	struct ktally_plan *plan = getppid_plan();
	struct ktally_table_info *tables;
	struct ktally_probe_info *probes;
	struct ktally_snapshot *snap;
	struct ktally_error err = { 0 };
	struct ktally_device *dev;
	uint32_t session;

	(void)state;
	if (ktally_client_create(client, plan, &session, &err) || ktally_client_add(client, session, plan, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ktally_client_tables(client, session, &tables, &err), 2);
	assert_int_equal(ktally_client_probes(client, session, &probes, &err), 2);
	assert_int_equal(probes[1].kind, KTALLY_SOURCE_TRACEPOINT);
	assert_string_equal(probes[1].record.keys[0].name, "three");
	if (ktally_client_start(client, session, &err) || ktally_device_open(&dev, session, &err))
		fail_msg("%s", err.text);
	call_getppid(CALLS);
	assert_int_equal(ktally_snapshot_take(&snap, client, dev, session, &err), 0);
	assert_int_equal(snap->tables[0].rows[0].hits, CALLS);
	assert_int_equal(snap->tables[1].rows[0].hits, CALLS);	/* the second program updates the second table */
	ktally_snapshot_free(snap);
	ktally_device_close(dev);
	ktally_client_delete(client, session, NULL);
	free(tables);
	free(probes);
	ktally_plan_free(plan);
}

/* The plan of getppid's latency in this process, with a counter; the caller frees. */
static struct ktally_plan *pair_plan(void)
{
	struct ktally_error err = { 0 };
	struct ktally_catalogue cat;
	struct ktally_plan *plan;
	char text[256];

	need_module();
	plan = ktally_plan_new();
	plan->budget = KTALLY_BUDGET_NONE;
	plan->pids = malloc(sizeof(*plan->pids));
	plan->pids[0] = getpid();
	plan->nr_pids = 1;
	snprintf(text, sizeof(text), "raw_syscalls:sys_enter/id == %d/save=cpu/ -> raw_syscalls:sys_exit/id == %d/key=start.id/hist=lat/pmu=cpu-clock/",
		 (int)SYS_getppid, (int)SYS_getppid);
	if (ktally_client_catalogue(client, &cat, &err) || ktally_compile(plan, &cat, text, NULL, &err))
		fail_msg("%s", err.text);
	ktally_catalogue_clear(&cat);
	return plan;
}

static void check_pairs(struct ktally_snapshot *snap)
{
	unsigned int i;

	assert_int_equal(snap->nr_pairs, 2);
	for (i = 0; i < 2; i++) {	/* the second programs start and end the second pair */
		assert_int_equal(snap->pairs[i].count.starts, CALLS);
		assert_int_equal(snap->pairs[i].count.ended, CALLS);
		assert_int_equal(snap->pairs[i].open, 0);
		assert_true(snap->pairs[i].closed);
		assert_int_equal(snap->tables[i].nr_rows, 1);
		assert_int_equal(snap->tables[i].rows[0].hits, CALLS);
		assert_int_equal(snap->tables[i].rows[0].key[0], SYS_getppid);
		assert_true(ktally_cells_int(&snap->tables[i].schema.values[1], ktally_cells(&snap->tables[i].schema, &snap->tables[i].rows[0], 1)) > 0);
	}
}

static void pairs_and_counters_are_shifted_too(void **state)
{
	struct ktally_plan *plan = pair_plan();
	struct ktally_counter_info *counters;
	struct ktally_session_info info;
	struct ktally_pair_info *pairs;
	struct ktally_snapshot *snap;
	struct ktally_error err = { 0 };
	struct ktally_device *dev;
	uint32_t session;
	char id[16];
	int nr;

	(void)state;
	if (ktally_client_create(client, plan, &session, &err) || ktally_client_add(client, session, plan, &err))
		fail_msg("%s", err.text);
	snprintf(id, sizeof(id), "%u", session);
	assert_int_equal(ktally_client_find(client, id, &info, &err), 0);
	assert_int_equal(info.nr_pairs, 2);
	assert_int_equal(info.nr_counters, 2);
	assert_int_equal(info.budget, 0);
	if (ktally_client_start(client, session, &err) || ktally_device_open(&dev, session, &err))
		fail_msg("%s", err.text);
	call_getppid(CALLS);
	assert_int_equal(ktally_client_stop(client, session, &err), 0);
	assert_int_equal(ktally_snapshot_take(&snap, client, dev, session, &err), 0);
	check_pairs(snap);
	assert_int_equal(ktally_client_pairs(client, session, &pairs, &err), 2);
	assert_int_equal(pairs[1].kind, KTALLY_PAIR_TASK);
	assert_int_equal(pairs[1].nr_saved, 2);
	assert_int_equal(pairs[1].count.ended, CALLS);
	assert_string_equal(pairs[1].schema.keys[0].name, "cpu");
	assert_string_equal(pairs[1].schema.keys[1].name, "id");
	nr = ktally_client_counters(client, session, &counters, &err);
	assert_int_equal(nr, 2);
	assert_string_equal(counters[1].plan.name, "cpu-clock");
	assert_true(counters[1].plan.flags & KTALLY_PERF_PINNED);
	assert_true(counters[1].nr_values > 0 && counters[1].values[0].value > 0);
	ktally_client_counters_free(counters, nr);
	ktally_snapshot_free(snap);
	free(pairs);
	ktally_device_close(dev);
	ktally_client_delete(client, session, NULL);
	ktally_plan_free(plan);
}

static void pinned_sessions_are_found_by_name(void **state)
{
	struct ktally_plan *plan = getppid_plan();
	struct ktally_session_info info, *list;
	struct ktally_error err = { 0 };
	uint32_t session;
	int nr;

	(void)state;
	strcpy(plan->name, "test-client");
	plan->flags = KTALLY_SESSION_PINNED;
	if (ktally_client_create(client, plan, &session, &err))
		fail_msg("%s", err.text);
	assert_int_equal(ktally_client_find(client, "test-client", &info, &err), 0);
	assert_int_equal(info.id, session);
	assert_int_equal(info.nr_tables, 1);
	assert_int_equal(info.ring_size, plan->ring_size);
	assert_int_equal(info.state, KTALLY_STATE_NEW);
	nr = ktally_client_sessions(client, &list, &err);
	assert_true(nr >= 1);
	free(list);
	assert_true(ktally_client_create(client, plan, &session, &err) < 0);
	print_message("%s\n", err.text);
	assert_int_equal(ktally_client_delete(client, info.id, &err), 0);
	ktally_plan_free(plan);
}

static void the_catalogue_has_fields(void **state)
{
	struct ktally_catalogue cat;
	struct ktally_error err = { 0 };
	const struct ktally_source_info *source;

	(void)state;
	need_module();
	assert_int_equal(ktally_client_catalogue(client, &cat, &err), 0);
	source = ktally_catalogue_find(&cat, "raw_syscalls:sys_enter");
	assert_non_null(source);
	assert_true(source->available && source->nr_fields >= 1);
	assert_string_equal(source->fields[0].name, "id");
	assert_true(cat.features & KTALLY_FEATURE_SYSCALLS);
	ktally_catalogue_clear(&cat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_missing_module_is_named),
		cmocka_unit_test(the_catalogue_has_fields),
		cmocka_unit_test(a_session_counts_exactly),
		cmocka_unit_test(snapshots_survive_other_readers),
		cmocka_unit_test(refusals_say_why_and_where),
		cmocka_unit_test(plans_can_be_added),
		cmocka_unit_test(pairs_and_counters_are_shifted_too),
		cmocka_unit_test(pinned_sessions_are_found_by_name),
	};
	int ret;

	ktally_client_open(&client, NULL);
	ret = cmocka_run_group_tests(tests, NULL, NULL);
	ktally_client_close(client);
	return ret;
}
