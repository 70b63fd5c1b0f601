// SPDX-License-Identifier: GPL-2.0-or-later
/* Labels there and back, hostile labels, and the bounds of every bucket against the bucket of every bound. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libktally.h"

static void example(struct ktally_schema *s)
{
	memset(s, 0, sizeof(*s));
	strcpy(s->name, "sched:sched_switch/prev_pid/ \xc3\xa9");
	s->nr_keys = 3;
	s->key_words = 4;
	s->keys[0] = (struct ktally_field){ "comm", KTALLY_KIND_STRING, 0, 2 };
	s->keys[1] = (struct ktally_field){ "ustack", KTALLY_KIND_USTACK, 2, 1 };
	s->keys[2] = (struct ktally_field){ "image", KTALLY_KIND_IMAGE, 3, 1 };
	s->nr_values = 2;
	s->values[0] = (struct ktally_value){ "count", KTALLY_KIND_UINT, { .kind = KTALLY_COLUMN_COUNT } };
	s->values[1] = (struct ktally_value){ "hist(ns)", KTALLY_KIND_NS, { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 } };
}

static void label_there_and_back(void **state)
{
	struct ktally_column columns[2] = { { .kind = KTALLY_COLUMN_COUNT }, { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 } };
	unsigned char label[KTALLY_LABEL_MAX + 1];
	struct ktally_schema s, back;
	int len, cut;

	(void)state;
	example(&s);
	len = ktally_schema_encode(&s, label, sizeof(label));
	assert_in_range(len, 1, KTALLY_LABEL_MAX);
	assert_int_equal(ktally_schema_decode(&back, label, len, columns, 2), 0);
	assert_memory_equal(&s, &back, sizeof(s));
	assert_int_equal(ktally_schema_decode(&back, label, len, NULL, 0), 0);
	assert_int_equal(ktally_schema_decode(&back, label, len, columns, 1), -EBADMSG);
	assert_int_equal(ktally_schema_decode(&back, label, len + 1, NULL, 0), -EBADMSG);
	for (cut = 0; cut < len; cut++) {
		assert_int_equal(ktally_schema_decode(&back, label, cut, NULL, 0), -EBADMSG);
		assert_int_equal(ktally_schema_encode(&s, label, cut), -E2BIG);
		ktally_schema_encode(&s, label, sizeof(label));
	}
}

static void a_label_has_a_limit(void **state)
{
	unsigned char label[4096];
	struct ktally_schema s;
	unsigned int i;

	(void)state;
	example(&s);
	s.nr_keys = s.key_words = 16;
	for (i = 0; i < 16; i++) {
		s.keys[i] = (struct ktally_field){ .kind = KTALLY_KIND_UINT, .word = i, .words = 1 };
		memset(s.keys[i].name, 'x', sizeof(s.keys[i].name) - 1);
	}
	assert_int_equal(ktally_schema_encode(&s, label, sizeof(label)), -E2BIG);
}

/* Every byte of a good label changed to every value: refused, or a schema within its bounds. */
static void hostile_labels(void **state)
{
	unsigned char label[KTALLY_LABEL_MAX], bad[KTALLY_LABEL_MAX];
	struct ktally_schema s, back;
	unsigned int value, i, k;
	int len;

	(void)state;
	example(&s);
	len = ktally_schema_encode(&s, label, sizeof(label));
	for (i = 0; i < (unsigned int)len; i++) {
		for (value = 0; value < 256; value++) {
			memcpy(bad, label, len);
			bad[i] = value;
			if (ktally_schema_decode(&back, bad, len, NULL, 0)) {
				assert_int_equal(back.nr_keys + back.nr_values + back.key_words, 0);
				continue;
			}
			assert_true(back.nr_keys <= KTALLY_KEYS_MAX * 2 && back.nr_values <= KTALLY_COLUMNS_MAX && back.key_words <= KTALLY_REGS);
			for (k = 0; k < back.nr_keys; k++) {
				assert_true(back.keys[k].kind < KTALLY_KIND_END && back.keys[k].word + back.keys[k].words <= back.key_words);
				assert_null(strpbrk(back.keys[k].name, "\n\033\177"));
			}
		}
	}
	assert_int_equal(ktally_schema_decode(&back, "K\001\003a\033b\0\0", 8, NULL, 0), -EBADMSG);
}

/* As uapi/linux/ktally_table.h says it. */
static unsigned int bucket(const struct ktally_column *c, int64_t v)
{
	unsigned int k, b = c->param0;

	if (c->hist == KTALLY_HIST_LINEAR) {
		uint64_t steps = ((uint64_t)c->param1 - (uint64_t)c->param0 + (uint64_t)c->param2 - 1) / (uint64_t)c->param2;

		if (v < c->param0)
			return 0;
		if (v >= c->param1)
			return steps + 1;
		return 1 + ((uint64_t)v - (uint64_t)c->param0) / (uint64_t)c->param2;
	}
	if (v < 0)
		return 0;
	if (c->hist == KTALLY_HIST_LOG2)
		return v ? 2 + 63 - __builtin_clzll(v) : 1;
	if (v < 1LL << b)
		return 1 + v;
	k = 63 - __builtin_clzll(v);
	return 1 + ((k - b + 1) << b) + ((v >> (k - b)) & ((1U << b) - 1));
}

static void buckets_meet_their_bounds(void **state)
{
	static const struct ktally_column list[] = {
		{ KTALLY_COLUMN_HIST, KTALLY_HIST_LOG2, 0, 0, 0, 0 },
		{ KTALLY_COLUMN_HIST, KTALLY_HIST_LINEAR, 0, 0, 100, 10 }, { KTALLY_COLUMN_HIST, KTALLY_HIST_LINEAR, 0, -50, 77, 10 },
		{ KTALLY_COLUMN_HIST, KTALLY_HIST_LINEAR, 0, 5, 6, 100 }, { KTALLY_COLUMN_HIST, KTALLY_HIST_LINEAR, 0, INT64_MIN, INT64_MAX, INT64_MAX / 1000 },
		{ KTALLY_COLUMN_HIST, KTALLY_HIST_LOGLIN, 0, 1, 0, 0 }, { KTALLY_COLUMN_HIST, KTALLY_HIST_LOGLIN, 0, 4, 0, 0 },
		{ KTALLY_COLUMN_HIST, KTALLY_HIST_LOGLIN, 0, 6, 0, 0 },
	};
	unsigned int i, n;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		int cells = ktally_column_cells(&list[i]);
		int64_t lo, hi, end = INT64_MIN;

		assert_in_range(cells, 3, KTALLY_HIST_BUCKETS_MAX);
		for (n = 0; n < (unsigned int)cells; n++) {
			assert_int_equal(ktally_hist_range(&list[i], n, &lo, &hi), 0);
			assert_int_equal(lo, end);	/* no gap, no overlap */
			end = hi;
			if (lo == hi)			/* no value reaches the last of log2, nor one below the smallest number */
				continue;
			assert_int_equal(bucket(&list[i], lo), n);
			assert_int_equal(bucket(&list[i], hi - 1), n);
			assert_int_equal(bucket(&list[i], lo + (int64_t)(((uint64_t)hi - (uint64_t)lo) / 2)), n);
		}
		assert_int_equal(end, INT64_MAX);
		assert_int_equal(ktally_hist_range(&list[i], cells, &lo, &hi), -ERANGE);
	}
	for (n = 0; n < 66; n++) {
		int64_t lo, hi;

		ktally_hist_range(&list[0], n, &lo, &hi);
		if (lo == hi)
			assert_int_equal(n, 65);
	}
}

static void columns_have_cells(void **state)
{
	static const struct { struct ktally_column column; int cells; } list[] = {
		{ { .kind = KTALLY_COLUMN_COUNT }, 0 }, { { .kind = KTALLY_COLUMN_SUM }, 1 }, { { .kind = KTALLY_COLUMN_VAR }, 3 },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 }, 66 },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = 95, .param2 = 10 }, 12 },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOGLIN, .param0 = 6 }, 1 + (58 << 6) },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOGLIN, .param0 = 7 }, -EINVAL },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = 95 }, -EINVAL },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = -1, .param2 = 1 }, -EINVAL },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = 4095, .param2 = 1 }, -EINVAL },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param0 = INT64_MIN, .param1 = INT64_MAX, .param2 = 1 }, -EINVAL },
		{ { .kind = KTALLY_COLUMN_EXEMPLAR }, 6 }, { { .kind = KTALLY_COLUMN_EXEMPLAR, .flags = KTALLY_COLUMN_KSTACK }, 6 },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2, .flags = KTALLY_COLUMN_EXEMPLARS }, 66 * 7 },
		{ { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = 2, .param2 = 1, .flags = KTALLY_COLUMN_EXEMPLARS }, 4 * 7 },
		{ { .kind = KTALLY_COLUMN_HIST }, -EINVAL }, { { .kind = 99 }, -EINVAL },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		assert_int_equal(ktally_column_cells(&list[i].column), list[i].cells);
}

static void every_kind_has_a_name(void **state)
{
	unsigned int i, k;

	(void)state;
	for (i = 0; i < KTALLY_KIND_END; i++)
		for (k = 0; k < i; k++)
			assert_string_not_equal(ktally_kind_name(i), ktally_kind_name(k));
	assert_string_equal(ktally_kind_name(KTALLY_KIND_END), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(label_there_and_back), cmocka_unit_test(a_label_has_a_limit), cmocka_unit_test(hostile_labels),
		cmocka_unit_test(buckets_meet_their_bounds), cmocka_unit_test(columns_have_cells), cmocka_unit_test(every_kind_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
