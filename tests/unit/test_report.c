// SPDX-License-Identifier: GPL-2.0-or-later
/* Completeness of a report, each loss by itself, and the order of a row's frames. */
#include <stdio.h>
#include <unistd.h>

#include "crafted.h"
#include "libktally.h"

static void every_loss_is_told(void **state)
{
	struct ktally_accounting probe = { .name = "the probe", .closed = true, .count = { .hits = 3, .filtered = 1, .folded = 2 } };
	struct ktally_pair_accounting pair = { .name = "the pair", .closed = true, .count = { .starts = 3, .ended = 3 } };
	struct ktally_snapshot snap = { .nr_probes = 1, .probes = &probe, .nr_pairs = 1, .pairs = &pair };
	struct ktally_report report = { .snapshot = &snap, .rings = { .offered = 4, .reserved = 4, .read = 4, .closed = true } };
	char why[256];

	(void)state;
	assert_true(ktally_report_complete(&report, why, sizeof(why)));
	assert_string_equal(why, "");
#define LOSS(what, value, word, back) do { what = value; \
		assert_false(ktally_report_complete(&report, NULL, 0)); \
		assert_false(ktally_report_complete(&report, why, sizeof(why))); \
		assert_non_null(strstr(why, word)); what = back; } while (0)
	LOSS(probe.closed, false, "does not close", true);
	LOSS(probe.count.other, 12, "12 hits found no room", 0);
	LOSS(probe.count.recursion, 13, "13", 0);
	LOSS(probe.count.nmi, 14, "NMI", 0);
	LOSS(probe.count.fault, 15, "could not be read", 0);
	LOSS(pair.closed, false, "accounting of its pair", true);
	LOSS(pair.count.full, 21, "21 starts found no room", 0);
	LOSS(pair.count.negative, 22, "22 ends", 0);
	snap.nr_steps = 1;
	LOSS(snap.steps[0].kind, KTALLY_STEP_STACKS, "took stacks away", KTALLY_STEP_GATE);
	LOSS(snap.steps[0].kind, KTALLY_STEP_COUNTERS, "took counters away", KTALLY_STEP_GATE);
	LOSS(snap.steps[0].kind, KTALLY_STEP_PROBE, "switched probe 0 off (the probe)", KTALLY_STEP_GATE);
	LOSS(snap.steps[0].number, 8, "one hit in 8", 0);
	snap.nr_steps = 0;
	probe.count.gated = 16;		/* as it was asked for: the others stand for them */
	assert_true(ktally_report_complete(&report, why, sizeof(why)));
	LOSS(probe.missed, 17, "17 hits were lost", 0);
	LOSS(snap.stacks_lost, 18, "18 found no room", 0);
	LOSS(report.rings.dropped, 1, "1 of 4 records were dropped", 0);
	LOSS(report.rings.overwritten, 1, "overwritten", 0);
	LOSS(report.rings.unread, 1, "not read", 0);
	LOSS(report.rings.closed, false, "does not close", true);
	assert_true(ktally_report_complete(&report, why, sizeof(why)));
	probe.count.other = probe.count.fault = snap.stacks_lost = 1;
	ktally_report_complete(&report, why, sizeof(why));
	assert_non_null(strchr(why, '\n'));
	assert_int_not_equal(why[strlen(why) - 1], '\n');
	ktally_report_complete(&report, why, 10);
	assert_true(strlen(why) < 10);
}

static struct ktally_table stack_table(void)
{
	struct ktally_table table = { .schema = { .nr_keys = 3, .key_words = 3 } };

	table.schema.keys[0] = (struct ktally_field){ .kind = KTALLY_KIND_KSTACK, .word = 0, .words = 1 };
	table.schema.keys[1] = (struct ktally_field){ .kind = KTALLY_KIND_IMAGE, .word = 1, .words = 1 };
	table.schema.keys[2] = (struct ktally_field){ .kind = KTALLY_KIND_USTACK, .word = 2, .words = 1 };
	return table;
}

static void user_frames_come_first_outermost_first(void **state)
{
	const uint64_t user[] = { (uintptr_t)memcpy, (uintptr_t)every_loss_is_told + 1, (uintptr_t)stack_table + 1 };
	const uint64_t kernel[] = { 0xffffffff81000010, 0xffffffff81000020 };
	struct ktally_snapshot snap = { .stacks = ktally_stackset_new() };
	struct ktally_processes *procs = ktally_processes_new(true);
	struct ktally_report report = { .snapshot = &snap };
	struct ktally_stack_view view = { 0 };
	struct ktally_table table = stack_table();
	uint64_t key[3];
	struct ktally_row row = { .key = key, .hits = 1 };

	(void)state;
	ktally_symbolizer_new(&report.sym, procs, NULL);
	key[0] = ktally_stackset_add(snap.stacks, kernel, 2);
	key[1] = (uint64_t)getpid() << 32;
	key[2] = ktally_stackset_add(snap.stacks, user, 3);
	assert_int_equal(ktally_row_stack(&report, &table, &row, &view), 5);
	assert_int_equal(view.nr_user, 3);
	assert_string_equal(view.frames[0]->name, "stack_table");
	assert_string_equal(view.frames[1]->name, "every_loss_is_told");
	assert_int_equal(view.frames[2]->address, user[0]);
	assert_int_equal(view.frames[3]->address, kernel[1]);
	assert_int_equal(view.frames[4]->address, kernel[0]);
	assert_true(view.frames[4]->kernel && !view.frames[2]->kernel);

	key[0] = 0;
	key[2] = KTALLY_STACKSET_LOST;
	assert_int_equal(ktally_row_stack(&report, &table, &row, &view), 1);
	assert_string_equal(view.frames[0]->name, "[lost stack]");
	key[2] = 0;
	assert_int_equal(ktally_row_stack(&report, &table, &row, &view), 1);
	assert_string_equal(view.frames[0]->name, "[no stack]");
	ktally_stack_view_clear(&view);
	ktally_symbolizer_free(report.sym);
	ktally_processes_free(procs);
	ktally_stackset_free(snap.stacks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_loss_is_told),
		cmocka_unit_test(user_frames_come_first_outermost_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
