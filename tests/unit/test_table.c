// SPDX-License-Identifier: GPL-2.0-or-later
/* Columns of merged tables: numbers, deviations that cancel badly, order of rows; and the set of stacks. */
#include <errno.h>
#include <math.h>

#include "crafted.h"
#include "libktally.h"

static const struct ktally_value avg = { .column = { .kind = KTALLY_COLUMN_AVG } };
static const struct ktally_value var = { .column = { .kind = KTALLY_COLUMN_VAR } };

static void check_var(const int64_t *values, unsigned int nr, double want_mean, double want_stddev)
{
	unsigned __int128 squares = 0;
	uint64_t cells[3] = { 0 };
	struct ktally_row row = { .hits = nr };
	double mean, stddev;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		cells[0] += (uint64_t)values[i];
		squares += (unsigned __int128)((__int128)values[i] * values[i]);
	}
	cells[1] = (uint64_t)squares;
	cells[2] = squares >> 64;
	ktally_cells_stats(&var, &row, cells, &mean, &stddev);
	assert_true(fabs(mean - want_mean) <= 1e-12 * fabs(want_mean));
	assert_true(fabs(stddev - want_stddev) <= 1e-9 * want_stddev);
}

static void deviations_are_exact(void **state)
{
	(void)state;
	check_var((int64_t[]){ 2, 4, 4, 4, 5, 5, 7, 9 }, 8, 5, 2);
	check_var((int64_t[]){ -3, -3, -3 }, 3, -3, 0);
	/* Floating point alone would lose this deviation of 1 at 10^18. */
	check_var((int64_t[]){ 1000000000000000001, 999999999999999999 }, 2, 1e18, 1);
	check_var((int64_t[]){ INT64_MAX, INT64_MIN + 1 }, 2, 0, 9.2233720368547758e18);
}

static void no_hits_give_zero(void **state)
{
	struct ktally_row row = { .hits = 0 };
	uint64_t cells[3] = { 9, 9, 9 };
	double mean = 1, stddev = 1;

	(void)state;
	ktally_cells_stats(&avg, &row, cells, &mean, &stddev);
	assert_true(mean == 0 && stddev == 0);
	row.hits = 4;
	cells[0] = (uint64_t)-10;
	ktally_cells_stats(&avg, &row, cells, &mean, &stddev);
	assert_true(mean == -2.5 && stddev == 0);
}

/* Key: an int and a name; columns: COUNT, SUM, MIN. */
static struct ktally_table some_table(struct ktally_row *rows, size_t nr)
{
	struct ktally_table table = { .rows = rows, .nr_rows = nr };

	table.schema.nr_keys = 2;
	table.schema.key_words = 2;
	table.schema.keys[0] = (struct ktally_field){ .kind = KTALLY_KIND_INT, .word = 0, .words = 1 };
	table.schema.keys[1] = (struct ktally_field){ .kind = KTALLY_KIND_STRING, .word = 1, .words = 1 };
	table.schema.nr_values = 3;
	table.schema.values[0].column.kind = KTALLY_COLUMN_COUNT;
	table.schema.values[1].column.kind = KTALLY_COLUMN_SUM;
	table.schema.values[2].column.kind = KTALLY_COLUMN_MIN;
	return table;
}

static void check_order(struct ktally_table *table, int column, const char *want)
{
	char got[8] = "";
	size_t i;

	ktally_table_sort(table, column);
	for (i = 0; i < table->nr_rows; i++)
		got[i] = ((const char *)&table->rows[i].key[1])[0];
	assert_string_equal(got, want);
}

static void rows_are_sorted(void **state)
{
	uint64_t keys[4][2] = { { (uint64_t)-1, 0 }, { 5, 0 }, { 5, 0 }, { 2, 0 } };
	uint64_t cells[4][2] = { { 10, 7 ^ KTALLY_MIN_BIAS }, { (uint64_t)-3, (uint64_t)-9 ^ KTALLY_MIN_BIAS },
				 { 4, 8 ^ KTALLY_MIN_BIAS }, { 10, 1 ^ KTALLY_MIN_BIAS } };
	struct ktally_row rows[4];
	struct ktally_table table = some_table(rows, 4);
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		memcpy(&keys[i][1], (const char[8]){ "acbd"[i] }, 8);
		rows[i] = (struct ktally_row){ .key = keys[i], .hits = (const uint64_t[]){ 1, 2, 3, 3 }[i], .cells = cells[i] };
	}
	check_order(&table, -2, "adbc");
	check_order(&table, -1, "dbca");
	check_order(&table, 0, "dbca");
	check_order(&table, 1, "adbc");
	check_order(&table, 2, "badc");
}

static void stacks_are_interned(void **state)
{
	struct ktally_stackset *set = ktally_stackset_new();
	uint64_t ips[200];
	const uint64_t *first, *got;
	unsigned int i, nr;

	(void)state;
	for (i = 0; i < 200; i++)
		ips[i] = i * 16;
	assert_int_equal(ktally_stackset_add(set, ips, 0), 0);
	assert_int_equal(ktally_stackset_add(set, ips, 1), 1);
	first = ktally_stackset_get(set, 1, &nr);
	for (i = 2; i <= 20000; i++) {
		ips[0] = i;
		assert_int_equal(ktally_stackset_add(set, ips, 1 + i % 200), i);
	}
	for (i = 2; i <= 20000; i++) {
		ips[0] = i;
		assert_int_equal(ktally_stackset_add(set, ips, 1 + i % 200), i);
		got = ktally_stackset_get(set, i, &nr);
		assert_int_equal(nr, 1 + i % 200);
		assert_memory_equal(got, ips, nr * sizeof(*ips));
	}
	assert_ptr_equal(ktally_stackset_get(set, 1, &nr), first);
	assert_null(ktally_stackset_get(set, 0, &nr));
	assert_null(ktally_stackset_get(set, 20001, &nr));
	assert_null(ktally_stackset_get(set, KTALLY_STACKSET_LOST, &nr));
	assert_int_equal(nr, 0);
	ktally_stackset_free(set);
}

/* Records of a process, a dump and a name of two words: as many of each key as were added, a prime in all. */
static void records_are_gathered(void **state)
{
	struct ktally_schema record = { .name = "timer", .nr_keys = 3, .key_words = 4, .keys = {
		{ .name = "comm", .kind = KTALLY_KIND_STRING, .words = 2 }, { .name = "pid", .kind = KTALLY_KIND_PID, .word = 2, .words = 1 },
		{ .name = "udump", .kind = KTALLY_KIND_UDUMP, .word = 3, .words = 1 } } };
	const struct ktally_table *table;
	struct ktally_gather *gather;
	uint64_t words[4], sum = 0, want;
	unsigned int i;
	size_t r;

	(void)state;
	assert_int_equal(ktally_gather_new(&gather, &record), 0);
	table = ktally_gather_table(gather);
	assert_int_equal(table->nr_rows, 0);
	for (i = 0; i < 10007; i++) {
		memset(words, 0, sizeof(words));
		strcpy((char *)words, i % 2 ? "odd" : "even");
		words[2] = 1;
		words[3] = i % 501 ? i % 501 : KTALLY_STACKSET_LOST;
		assert_int_equal(ktally_gather_add(gather, words), 0);
	}
	table = ktally_gather_table(gather);
	assert_int_equal(table->nr_rows, 2 * 501);
	assert_int_equal(table->other.hits, 0);
	assert_int_equal(table->schema.keys[2].kind, KTALLY_KIND_USTACK);
	assert_string_equal(table->schema.keys[2].name, "ustack");
	assert_int_equal(table->schema.values[0].column.kind, KTALLY_COLUMN_COUNT);
	for (r = 0; r < table->nr_rows; r++) {
		for (i = 0, want = 0; i < 10007; i++)
			want += !strcmp((const char *)table->rows[r].key, i % 2 ? "odd" : "even") &&
				table->rows[r].key[3] == (i % 501 ? i % 501 : KTALLY_STACKSET_LOST);
		assert_int_equal(table->rows[r].hits, want);
		assert_int_equal(table->rows[r].key[2], 1);
		sum += table->rows[r].hits;
	}
	assert_int_equal(sum, 10007);
	ktally_gather_free(gather);
	record.key_words = KTALLY_KEYS_MAX + 1;
	assert_int_equal(ktally_gather_new(&gather, &record), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(deviations_are_exact),
		cmocka_unit_test(no_hits_give_zero),
		cmocka_unit_test(rows_are_sorted),
		cmocka_unit_test(stacks_are_interned),
		cmocka_unit_test(records_are_gathered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
