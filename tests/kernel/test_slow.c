// SPDX-License-Identifier: GPL-2.0-or-later
/* The slow cases: thresholds decided in the kernel, starts that have no end yet, one real instance, and what just happened before. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

KIT_FIXTURE(slow)

/* Far from what a quick case takes on any machine, and from what a slow one takes. */
#define THAN_MS 300
#define SLOW_MS 400

static int slow_case(unsigned int id)
{
	int ret = kit_tell("begin %u", id);

	kit_sleep_ms(SLOW_MS);
	return ret ? ret : kit_tell("end %u", id);
}

/* Quick ones are closed too, but only counted. */
TEST_F(slow, threshold)
{
	const struct ktally_probe_count *count;
	struct kit *kit = &self->kit;
	const struct ktally_row *row;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/than=300ms/key=id/min=lat/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("pair 211 0"));
	for (i = 0; i < 3; i++)
		OK(kit, slow_case(1000 + i));
	OK(kit, kit_tell("pair 23 0\nend 5"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 237, .ended = 237, .unmatched = 1 });
	count = &kit->snap->probes[1].count;
	EXPECT_EQ(238, count->hits);
	EXPECT_EQ(235, count->filtered);
	EXPECT_EQ(3, count->folded);
	EXPECT_EQ(3, kit->snap->tables[0].nr_rows);
	for (i = 0; i < 3; i++) {
		row = kit_row(kit, 0, 1000 + i);
		ASSERT_NE(NULL, row);
		EXPECT_EQ(1, row->hits);
		EXPECT_LE(SLOW_MS * 1000000ll, kit_value(kit, 0, row, "min(lat)"));
	}
	EXPECT_TRUE(kit_closes(kit));
}

/* The open starts of pair 0. Return: how many; @info: freed by the caller */
static int open_starts(struct kit *kit, struct ktally_pair_info **info, struct ktally_open_start **list)
{
	int ret = ktally_client_pairs(kit->client, kit->session, info, &kit->err);

	return ret < 0 ? ret : ktally_open_starts(kit->dev, *info, kit->snap->stacks, list, &kit->err);
}

/* They are listed oldest first, with key, saved words, where they were and by which stack. */
TEST_F(slow, starts_without_an_end)
{
	uint64_t text = kit_symbol("ktally_test_text"), before, now;
	struct ktally_open_start *list = NULL;
	struct ktally_pair_info *info = NULL;
	struct kit *kit = &self->kit;
	const uint64_t *ips;
	unsigned int i, nr;

	OK(kit, kit_event(kit, "kprobe:ktally_test_text/pair=arg1/save=tid,arg1 * 2/stack=kernel/ -> kprobe:ktally_test_call/pair=arg0/hist=lat/"));
	OK(kit, kit_start(kit));
	before = kit_now();
	for (i = 1; i <= 7; i++) {
		OK(kit, kit_tell_on(i % 2, "text 1 %.*s", (int)i, "xxxxxxx"));
		kit_sleep_ms(30);
	}
	OK(kit, kit_tell("call 1 2\ncall 1 5"));
	OK(kit, kit_take(kit));
	nr = OK(kit, open_starts(kit, &info, &list));
	now = kit_now();
	ASSERT_EQ(5, nr);
	EXPECT_EQ(4, info->nr_keys + info->nr_saved);
	EXPECT_EQ(7, info->count.starts);
	EXPECT_EQ(2, info->count.ended);
	for (i = 0; i < 5; i++) {
		static const unsigned int keys[] = { 1, 3, 4, 6, 7 };

		EXPECT_EQ(keys[i], list[i].words[0]);
		EXPECT_EQ(keys[i] * 2, list[i].words[2]);
		EXPECT_LT(0, list[i].words[1]);
		EXPECT_NE((uint64_t)getpid(), list[i].words[1]);
		EXPECT_EQ(keys[i] % 2, list[i].cpu);
		EXPECT_EQ(1, list[i].weight);
		EXPECT_LE(before, list[i].time + 1000000);
		EXPECT_GE(now, list[i].time + list[i].age);
		/* Each waits since the sleep after it and those of all later ones. */
		EXPECT_LE((8 - keys[i]) * 30000000ull - 1000000, list[i].age);
		EXPECT_GE(now - before, list[i].age);
		if (i)
			EXPECT_LE((keys[i] - keys[i - 1]) * 30000000ull - 1000000, list[i].time - list[i - 1].time);
		ips = ktally_stackset_get(kit->snap->stacks, list[i].words[3], &nr);
		ASSERT_NE(NULL, ips);
		ASSERT_LT(2, nr);
		EXPECT_TRUE(ips[0] >= text && ips[0] < text + 16) TH_LOG("%llx", (unsigned long long)ips[0]);
	}
	free(list);
	list = NULL;
	for (i = 1; i <= 7; i++)
		OK(kit, kit_tell("call 1 %u", i));
	EXPECT_EQ(0, open_starts(kit, &info, &list));
	free(list);
	free(info);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 7, .ended = 7, .unmatched = 2 });
	EXPECT_TRUE(kit_closes(kit));
}

/* All frames of a thread whose starts nest. */
TEST_F(slow, starts_inside_each_other)
{
	struct ktally_open_start *list = NULL;
	struct ktally_pair_info *info = NULL;
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/save=id * 10/ -> ktally_test:end/pair=id/nest/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("begin 3\nbegin 1\nbegin 2"));
	OK(kit, kit_take(kit));
	ASSERT_EQ(3, open_starts(kit, &info, &list));
	for (i = 0; i < 3; i++) {
		EXPECT_EQ((uint64_t)(i + 2) % 3 + 1, list[i].words[0]);
		EXPECT_EQ(10 * list[i].words[0], list[i].words[1]);
		EXPECT_EQ((uint64_t)gettid() + 1, list[i].owner);
	}
	free(list);
	free(info);
}

static const struct ktally_exemplar *exemplar(const struct kit *kit, const struct ktally_row *row, const char *name, unsigned int bucket)
{
	const struct ktally_schema *schema = &kit->snap->tables[0].schema;
	unsigned int i;

	for (i = 0; row && i < schema->nr_values; i++)
		if (!strcmp(schema->values[i].name, name))
			return ktally_cells_exemplar(&schema->values[i], ktally_cells(schema, row, i), bucket);
	return NULL;
}

/* The largest of values that are known, wherever it was, with all that is told of it. */
TEST_F(slow, largest_instance)
{
	uint64_t call = kit_symbol("ktally_test_call"), before, after;
	const struct ktally_exemplar *largest;
	struct kit *kit = &self->kit;
	const uint64_t *ips;
	unsigned int i, nr;

	OK(kit, kit_event(kit, "kprobe:ktally_test_call//key=arg0 & 1/exemplar=arg0/exstack/sum=arg0/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 101; i++)
		OK(kit, kit_tell_on(i % 2, "call 1 %u", 2 * (i * 37 % 101)));
	OK(kit, kit_pin(1));
	before = kit_now();
	OK(kit, kit_tell("call 1 1000"));
	after = kit_now();
	for (i = 0; i < 101; i++)
		OK(kit, kit_tell_on(i % 2, "call 1 %u\ncall 1 1000", 2 * (i * 29 % 101)));
	OK(kit, kit_tell("call 1 7"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(101 + 1 + 2 * 101 + 1, kit_total(kit, 0));
	largest = exemplar(kit, kit_row(kit, 0, 0), "exemplar(arg0)", 0);
	ASSERT_NE(NULL, largest);
	/* The first of those that are equally large on each processor; of the two the library has one. */
	EXPECT_EQ(1000, largest->value);
	EXPECT_EQ((uint64_t)getpid(), largest->image >> 32);
	if (largest->cpu == 1) {
		EXPECT_EQ((uint32_t)gettid(), largest->tid);
		EXPECT_TRUE(largest->time >= before && largest->time <= after);
	} else {
		EXPECT_EQ(0, largest->cpu);
		EXPECT_LT(after, largest->time);
	}
	ips = ktally_stackset_get(kit->snap->stacks, largest->stack, &nr);
	ASSERT_NE(NULL, ips);
	ASSERT_LT(2, nr);
	EXPECT_TRUE(ips[0] >= call && ips[0] < call + 16) TH_LOG("%llx", (unsigned long long)ips[0]);
	largest = exemplar(kit, kit_row(kit, 0, 1), "exemplar(arg0)", 0);
	ASSERT_NE(NULL, largest);
	EXPECT_EQ(7, largest->value);
	EXPECT_EQ(1, largest->cpu);
	EXPECT_EQ((uint32_t)gettid(), largest->tid);
	EXPECT_TRUE(kit_closes(kit));
}

/* Each bucket has one of its own, and an empty one has none. */
TEST_F(slow, instance_of_each_bucket)
{
	static const struct {
		unsigned int value, cpu, bucket;
	} calls[] = { { 0, 0, 1 }, { 1, 1, 2 }, { 5, 0, 4 }, { 100, 1, 8 }, { 70, 1, 8 }, { 1000003, 0, 21 } };
	const struct ktally_exemplar *one;
	struct kit *kit = &self->kit;
	const struct ktally_row *row;
	unsigned int i, filled = 0;

	OK(kit, kit_event(kit, "kprobe:ktally_test_call//hist=arg0:exemplars/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < COUNTOF(calls); i++) {
		OK(kit, kit_pin(calls[i].cpu));
		OK(kit, kit_tell("call 7 %u", calls[i].value));
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	row = &kit->snap->tables[0].rows[0];
	EXPECT_EQ(7 * COUNTOF(calls), row->hits);
	for (i = 0; i < COUNTOF(calls); i++) {
		one = exemplar(kit, row, "hist(arg0)", calls[i].bucket);
		ASSERT_NE(NULL, one) TH_LOG("%u", calls[i].value);
		/* The first: 100 before 70. */
		EXPECT_EQ(i == 4 ? 100 : calls[i].value, one->value);
		EXPECT_EQ(calls[i].cpu, one->cpu);
		EXPECT_EQ((uint32_t)gettid(), one->tid);
	}
	for (i = 0; i < KTALLY_HIST_LOG2_BUCKETS; i++)
		filled += !!exemplar(kit, row, "hist(arg0)", i);
	EXPECT_EQ(5, filled);
	EXPECT_TRUE(kit_closes(kit));
}

/* The slowest of pairs is kept with who it was: neither the first nor the last. */
TEST_F(slow, slowest_pair)
{
	const struct ktally_exemplar *slowest;
	uint64_t before = 0, after = 0;
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/exemplar=lat/max=lat/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 5; i++) {
		OK(kit, kit_tell("pair 23 0"));
		if (i != 3)
			continue;
		OK(kit, slow_case(1));
		before = kit_now() - SLOW_MS / 2 * 1000000;
		after = kit_now();
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	slowest = exemplar(kit, &kit->snap->tables[0].rows[0], "exemplar(lat)", 0);
	ASSERT_NE(NULL, slowest);
	EXPECT_LE(SLOW_MS * 1000000ull, slowest->value);
	EXPECT_EQ((int64_t)slowest->value, kit_value(kit, 0, &kit->snap->tables[0].rows[0], "max(lat)"));
	EXPECT_EQ((uint32_t)gettid(), slowest->tid);
	EXPECT_TRUE(slowest->time >= before && slowest->time <= after);
	EXPECT_TRUE(kit_closes(kit));
}

/* The window of a slow case arrives in the ring, those of the quick ones do not. */
TEST_F(slow, window_of_a_slow_case)
{
	unsigned int cpu, records = 0, marks = 0, early = 0;
	struct ktally_ring_accounting rings;
	const struct ktally_record *record;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	uint64_t last = 0, begin;

	OK(kit, kit_event(kit, "kprobe:ktally_test_call//keep=arg0,tid/"));
	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/than=300ms/dump/"));
	OK(kit, kit_start(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	OK(kit, kit_pin(0));
	/* Of quick cases, and of the time before the slow one. */
	OK(kit, kit_tell("begin 1\ncall 23 5\nend 1\ncall 23 6"));
	EXPECT_EQ(NULL, ktally_reader_next(reader, &cpu, true));
	kit_sleep_ms(50);
	/* On another processor at the same time. */
	begin = kit_now();
	OK(kit, kit_tell("begin 2\ncall 101 7"));
	OK(kit, kit_tell_on(1, "call 23 8"));
	kit_sleep_ms(SLOW_MS);
	OK(kit, kit_tell("call 7 9\nend 2"));
	OK(kit, kit_tell("begin 3\ncall 23 10\nend 3"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	while ((record = ktally_reader_next(reader, &cpu, true))) {
		const struct ktally_event *event = (const void *)record;

		ASSERT_EQ(KTALLY_RECORD_EVENT, record->type);
		EXPECT_EQ(0, cpu);
		EXPECT_EQ(0, record->probe);
		EXPECT_EQ(sizeof(*event) + 2 * sizeof(uint64_t), record->size);
		EXPECT_EQ((uint32_t)gettid(), record->tid);
		EXPECT_EQ((uint64_t)gettid(), event->words[1]);
		EXPECT_LE(last, record->time);
		EXPECT_LE(begin, record->time);
		last = record->time;
		records++;
		early += event->words[0] == 7;
		marks += event->words[0] == 9;
	}
	EXPECT_EQ(108, records);
	EXPECT_EQ(101, early);
	EXPECT_EQ(7, marks);
	ktally_reader_accounting(reader, &rings);
	ktally_reader_close(reader);
	EXPECT_EQ(108, rings.offered);
	EXPECT_EQ(108, rings.read);
	EXPECT_TRUE(rings.closed);
	EXPECT_EQ(1, kit_total(kit, 0));
	EXPECT_EQ(23 * 4 + 108, kit->snap->probes[0].count.folded);
	EXPECT_TRUE(kit_closes(kit));
}

/* A scratch ring that is too small keeps the last of what happened. */
TEST_F(slow, window_that_was_overwritten)
{
	unsigned int cpu, records = 0, gaps = 0;
	const struct ktally_record *record;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	uint64_t first = 0, value = 0;

	OK(kit, kit_event(kit, "ktally_test:fire//keep=number/"));
	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/than=1ns/dump/"));
	kit->plan->scratch_size = 4096;
	OK(kit, kit_start(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	OK(kit, kit_pin(0));
	OK(kit, kit_tell("begin 1\nfire 1009 1\nend 1"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	while ((record = ktally_reader_next(reader, &cpu, true))) {
		const struct ktally_event *event = (const void *)record;

		/* One after the other, up to the last. */
		if (!records++)
			first = event->words[0];
		else if (event->words[0] != value + 1)
			gaps++;
		value = event->words[0];
	}
	ktally_reader_close(reader);
	EXPECT_EQ(0, gaps);
	EXPECT_EQ(1008, value);
	EXPECT_EQ(1009 - first, records);
	EXPECT_LE(4096 / 64, records);
	EXPECT_GE(4096 / 32, records);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_HARNESS_MAIN
