// SPDX-License-Identifier: GPL-2.0-or-later
/* Stacks that were symbolized ahead, in order, have the frames that they have when each is asked for by itself. */
#include <stdlib.h>
#include <unistd.h>

#include "crafted.h"
#include "libktally.h"
#include "recording.h"

#define STACKS	6000U
#define DEPTH	3U
#define SPREAD	200000U
#define KERNEL	0xffffffff81000000ULL

extern char etext;

struct fixture {
	struct ktally_snapshot snap;
	struct ktally_table table;
	struct ktally_processes *procs;
	struct ktally_report report;
	struct ktally_row rows[STACKS];
	uint64_t keys[STACKS][3];
};

/* Stacks of this program's own code, in no order; some addresses come twice, some stacks are those of other rows. */
static void fill(struct fixture *with, unsigned int nr)
{
	uint64_t user[DEPTH + 1], kernel[DEPTH];
	unsigned int i, n;

	with->table.schema = (struct ktally_schema){ .nr_keys = 3, .key_words = 3 };
	with->table.schema.keys[0] = (struct ktally_field){ .kind = KTALLY_KIND_KSTACK, .word = 0, .words = 1 };
	with->table.schema.keys[1] = (struct ktally_field){ .kind = KTALLY_KIND_IMAGE, .word = 1, .words = 1 };
	with->table.schema.keys[2] = (struct ktally_field){ .kind = KTALLY_KIND_USTACK, .word = 2, .words = 1 };
	with->snap.stacks = ktally_stackset_new();
	srand(1);
	for (i = 0; i < nr; i++) {
		for (n = 0; n < DEPTH; n++) {
			user[n] = (uintptr_t)&etext - 1 - (unsigned int)rand() % SPREAD;
			kernel[n] = KERNEL + (unsigned int)rand() % SPREAD;
		}
		user[DEPTH] = KTALLY_WORD_CUT(KTALLY_CUT_DEPTH);
		with->keys[i][0] = (uint64_t)ktally_stackset_add(with->snap.stacks, kernel, i % 4 ? 1 : DEPTH);
		with->keys[i][1] = (uint64_t)getpid() << 32;
		with->keys[i][2] = (uint64_t)ktally_stackset_add(with->snap.stacks, user, DEPTH + 1);
		with->rows[i] = (struct ktally_row){ .key = with->keys[i], .hits = 1 };
	}
	with->keys[nr - 1][2] = KTALLY_STACKSET_LOST;
	with->keys[nr - 2][2] = 0;
	with->table.rows = with->rows;
	with->table.nr_rows = nr;
	with->snap.tables = &with->table;
	with->snap.nr_tables = 1;
	with->procs = ktally_processes_new(true);
	with->report.snapshot = &with->snap;
}

static struct fixture *setup(unsigned int nr)
{
	struct fixture *with = calloc(1, sizeof(*with));

	assert_non_null(with);
	fill(with, nr);
	return with;
}

static void teardown(struct fixture *with)
{
	ktally_processes_free(with->procs);
	ktally_stackset_free(with->snap.stacks);
	free(with);
}

static int count(const struct ktally_recorded_frame *frame, void *arg)
{
	(void)frame;
	++*(unsigned int *)arg;
	return 0;
}

static unsigned int known(struct ktally_symbolizer *sym)
{
	unsigned int nr = 0;

	assert_int_equal(ktally_symbolizer_each(sym, count, &nr), 0);
	return nr;
}

static void assert_same_frame(const struct ktally_frame *a, const struct ktally_frame *b)
{
	assert_string_equal(a->name, b->name);
	assert_string_equal(a->module, b->module);
	assert_string_equal(a->build_id, b->build_id);
	assert_true(a->address == b->address && a->symbol_address == b->symbol_address && a->map_start == b->map_start && a->kind == b->kind);
	assert_true(a->kernel == b->kernel && a->guess == b->guess);
}

static void frames_are_the_same(void **state)
{
	struct fixture *with = setup(STACKS);
	struct ktally_report one_by_one = with->report;
	struct ktally_stack_view a = { 0 }, b = { 0 };
	unsigned int i, n, ahead;

	(void)state;
	ktally_symbolizer_new(&with->report.sym, with->procs, NULL);
	ktally_symbolizer_new(&one_by_one.sym, with->procs, NULL);
	assert_int_equal(ktally_symbolize_all(&with->report), 0);
	ahead = known(with->report.sym);
	assert_true(ahead > 2 * STACKS);
	for (i = 0; i < STACKS; i++) {
		ktally_row_stack(&with->report, &with->table, &with->rows[i], &a);
		ktally_row_stack(&one_by_one, &with->table, &with->rows[i], &b);
		assert_int_equal(a.nr, b.nr);
		assert_int_equal(a.nr_user, b.nr_user);
		for (n = 0; n < a.nr; n++)
			assert_same_frame(a.frames[n], b.frames[n]);
	}
	assert_int_equal(known(with->report.sym), ahead);	/* none was left for later */
	assert_int_equal(known(one_by_one.sym), ahead);		/* and none was asked for in vain */
	ktally_stack_view_clear(&a);
	ktally_stack_view_clear(&b);
	ktally_symbolizer_free(one_by_one.sym);
	ktally_symbolizer_free(with->report.sym);
	teardown(with);
}

static void few_are_left_to_who_asks(void **state)
{
	struct fixture *with = setup(100);

	(void)state;
	assert_int_equal(ktally_symbolize_all(&with->report), 0);	/* no symbolizer: nothing to do */
	ktally_symbolizer_new(&with->report.sym, with->procs, NULL);
	assert_int_equal(ktally_symbolize_all(&with->report), 0);
	assert_int_equal(known(with->report.sym), 0);
	ktally_symbolizer_free(with->report.sym);
	teardown(with);
}

/* Processes of any number, both kinds of addresses. */
static void each_address_is_asked_once(void **state)
{
	static const uint64_t images[] = { 1, 0x7ffffffeULL << 32 | 1, 0x3ULL << 32, 0x7fffffffULL << 32 };
	struct ktally_asks *asks = ktally_asks_new();
	struct ktally_symbolizer *sym;
	unsigned int i, n, times;

	(void)state;
	ktally_symbolizer_new(&sym, NULL, NULL);
	for (times = 0; times < 3; times++)
		for (i = 0; i < 5000; i++)
			for (n = 0; n < 4; n++)
				assert_int_equal(ktally_asks_user(asks, images[n], 0x1000 + i * 7919ULL % 5000, i & 1), 0);
	for (i = 0; i < 3000; i++)
		assert_int_equal(ktally_asks_kernel(asks, KERNEL + i % 1000, i & 1), 0);
	assert_int_equal(ktally_symbolize_asks(sym, asks), 0);
	assert_int_equal(known(sym), 4 * 5000 + 1000);
	ktally_asks_free(asks);
	ktally_symbolizer_free(sym);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_the_same),
		cmocka_unit_test(few_are_left_to_who_asks),
		cmocka_unit_test(each_address_is_asked_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
