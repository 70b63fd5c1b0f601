// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers made from numbers: metrics of counters, quantiles of histograms, names of keys and errors. */
#include <math.h>
#include <stdio.h>

#include "crafted.h"
#include "libktally.h"

static const struct ktally_metric *metric(const struct ktally_metric *metrics, unsigned int nr, const char *name)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!strcmp(metrics[i].name, name))
			return &metrics[i];
	return NULL;
}

static void metrics_go_beside_their_counter(void **state)
{
	const struct ktally_reading readings[] = {
		{ "task-clock", 2e9 }, { "cycles", 6e9 }, { "instructions", 9e9 }, { "branches", 2e9 }, { "branch-misses", 1e8 },
		{ "LLC-loads", NAN }, { "LLC-load-misses", 9e6 }, { "page-faults", 500 },
	};
	struct ktally_metric metrics[KTALLY_METRICS_MAX];
	unsigned int nr = ktally_metrics(readings, 8, 4e9, metrics, KTALLY_METRICS_MAX);

	(void)state;
	assert_true(metric(metrics, nr, "cpus-utilized")->value == 0.5);
	assert_true(metric(metrics, nr, "ghz")->value == 3);
	assert_true(metric(metrics, nr, "ipc")->value == 1.5);
	assert_int_equal(metric(metrics, nr, "ipc")->counter, 2);
	assert_true(metric(metrics, nr, "branch-miss-ratio")->value == 5);
	assert_int_equal(metric(metrics, nr, "branch-miss-ratio")->counter, 4);
	assert_true(metric(metrics, nr, "llc-load-mpki")->value == 1);
	assert_true(metric(metrics, nr, "page-faults-per-second")->value == 250);
	assert_null(metric(metrics, nr, "llc-load-miss-ratio"));	/* one of the two was not counted */
	assert_int_equal(ktally_metrics(readings, 8, 4e9, metrics, 2), 2);
}

static void metrics_do_not_mix_modifiers(void **state)
{
	const struct ktally_reading readings[] = {
		{ "cycles:u", 100 }, { "instructions:u", 300 }, { "instructions", 1000 }, { "cpu/branch-misses/", 4 }, { "branch-instructions", 8 },
	};
	struct ktally_metric metrics[KTALLY_METRICS_MAX];
	unsigned int nr = ktally_metrics(readings, 5, 0, metrics, KTALLY_METRICS_MAX);

	(void)state;
	assert_true(metric(metrics, nr, "ipc")->value == 3);
	assert_int_equal(metric(metrics, nr, "ipc")->counter, 1);
	assert_true(metric(metrics, nr, "branch-miss-ratio")->value == 50);
	assert_true(metric(metrics, nr, "branch-mpki")->value == 4);
	assert_null(metric(metrics, nr, "cpus-utilized"));
}

/* One row of a histogram and its maximum. */
static double quantile(const struct ktally_column *hist, uint64_t *cells, int64_t max, double q)
{
	struct ktally_schema schema = { .nr_values = 2 };
	int nr = ktally_column_cells(hist);
	struct ktally_row row = { .hits = 1, .cells = cells };

	snprintf(schema.values[0].name, sizeof(schema.values[0].name), "=p=hist(lat)");
	schema.values[0].column = *hist;
	snprintf(schema.values[1].name, sizeof(schema.values[1].name), "max(lat)");
	schema.values[1].column.kind = KTALLY_COLUMN_MAX;
	cells[nr] = (uint64_t)max ^ KTALLY_MAX_BIAS;
	return ktally_row_quantile(&schema, &row, 0, q);
}

static void quantiles_are_exact_to_the_bucket(void **state)
{
	const struct ktally_column log2 = { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 };
	const struct ktally_column linear = { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param0 = 0, .param1 = 100, .param2 = 10 };
	uint64_t cells[KTALLY_HIST_LOG2_BUCKETS + 1] = { 0 };
	uint64_t steps[16] = { 0 };

	(void)state;
	assert_true(isnan(quantile(&log2, cells, 0, 0.5)));
	cells[2 + 10] = 99;		/* 1024..2047 */
	cells[2 + 20] = 1;		/* 2^20..2^21 */
	assert_true(quantile(&log2, cells, 1 << 21, 0.5) > 1024 && quantile(&log2, cells, 1 << 21, 0.5) < 2048);
	assert_true(quantile(&log2, cells, 1 << 21, 0.99) <= 2048);
	assert_true(quantile(&log2, cells, 1 << 21, 0.995) >= 1 << 20);
	assert_true(quantile(&log2, cells, (1 << 20) + 7, 1) == (1 << 20) + 7);	/* no more than the maximum */
	steps[1 + 3] = 10;		/* 30..39 */
	assert_true(quantile(&linear, steps, 1000, 0.5) == 35);
	steps[11] = 90;			/* 100 and more: its only end */
	assert_true(quantile(&linear, steps, 1000, 0.9) == 100);
}

static void new_kinds_have_names(void **state)
{
	struct ktally_field field = { .words = 1 };
	uint64_t word;
	char text[64];

	(void)state;
#define IS(which, value, want) do { field.kind = which; word = (uint64_t)(value); \
		ktally_format_field(NULL, &field, &word, text, sizeof(text)); assert_string_equal(text, want); } while (0)
	IS(KTALLY_KIND_ERRNO, 0, "ok");
	IS(KTALLY_KIND_ERRNO, 4096, "ok");
	IS(KTALLY_KIND_ERRNO, -2, "ENOENT");
	IS(KTALLY_KIND_ERRNO, -4095, "errno_4095");
	IS(KTALLY_KIND_ERRNO, -4096, "ok");
	IS(KTALLY_KIND_ERRNO, -512, "ERESTARTSYS");
	IS(KTALLY_KIND_STATE, KTALLY_TASK_BLOCKED, "blocked");
	IS(KTALLY_KIND_STATE, 77, "state_77");
	IS(KTALLY_KIND_USYM, 0x1234, "0x1234");
	assert_null(ktally_errno_name(0));
	assert_null(ktally_errno_name(-1));
	assert_null(ktally_errno_name(100000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics_go_beside_their_counter),
		cmocka_unit_test(metrics_do_not_mix_modifiers),
		cmocka_unit_test(quantiles_are_exact_to_the_bucket),
		cmocka_unit_test(new_kinds_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
