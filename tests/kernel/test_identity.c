// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The accounting identity under load: millions of hits on both CPUs, into a table too small for its keys and a ring too
 * small for its records, while a fast timer interrupts the handlers and updates the same table.
 */
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

enum { ID, ARG0, ARG1 };	/* fields of raw_syscalls:sys_enter */

#define KEYS 97			/* different keys of the system calls */
#define ROWS 50			/* fewer than that */
#define TICK_KEY 1000000	/* key of the timer's row, set aside first */

KIT_FIXTURE(identity)

static const struct ktally_column columns[] = { { .kind = KTALLY_COLUMN_SUM }, { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 } };

/* Each lseek of ours is a hit with its value as key, value and record. */
static int build(struct kit *kit)
{
	const struct ktally_insn calls[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_lseek, 1), EXIT(FILTERED), FIELD(1, ARG1), MOVE(2, 1), MOVE(3, 1),
		EMIT(1, 1), UPDATE(0, 1, 2), EXIT(FOLDED),
	};
	const struct ktally_insn ticks[] = {
		SET(0, TICK_KEY), CONTEXT(1, IN_IRQ), CONTEXT(2, IN_IRQ), EMIT(0, 1), UPDATE(0, 0, 1), EXIT(FOLDED),
	};
	int ret;

	kit->plan->ring_size = KTALLY_RING_MIN;
	ret = kit_table(kit, ROWS, 1, NULL, columns, COUNTOF(columns));
	if (ret >= 0)
		ret = kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(calls));
	if (ret >= 0)
		ret = kit_probe(kit, KTALLY_SOURCE_TIMER, "", PROGRAM(ticks));
	if (ret >= 0)
		kit->plan->probes[ret].period = 100000;
	return ret;
}

struct worker {
	unsigned int cpu;
	uint64_t n;
	bool done;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	uint64_t i;

	kit_pin(worker->cpu);
	for (i = 0; i < worker->n; i++)
		syscall(SYS_lseek, -1, i % KEYS, 0);
	__atomic_store_n(&worker->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static uint64_t bucket_sum(const struct ktally_schema *schema, const struct ktally_row *row)
{
	const uint64_t *cells = ktally_cells(schema, row, 1);
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < KTALLY_HIST_LOG2_BUCKETS; i++)
		sum += cells[i];
	return sum;
}

/* Sum of the values of @n calls, as work() makes them. */
static uint64_t values_of(uint64_t n)
{
	uint64_t rest = n % KEYS;

	return n / KEYS * (KEYS * (KEYS - 1) / 2) + rest * (rest - 1) / 2;
}

static void check_tables(struct __test_metadata *_metadata, const struct kit *kit, uint64_t n0, uint64_t n1)
{
	const struct ktally_table *t = &kit->snap->tables[0];
	const struct ktally_probe_count *calls = &kit->snap->probes[0].count, *ticks = &kit->snap->probes[1].count;
	uint64_t sum = ktally_cells_int(&t->schema.values[0], ktally_cells(&t->schema, &t->other, 0));
	uint64_t tick_sum = 0;
	size_t i;

	EXPECT_EQ(n0 + n1, calls->folded + calls->other + calls->recursion + calls->fault);
	EXPECT_EQ(0, calls->recursion);
	EXPECT_EQ(0, calls->fault);
	EXPECT_LT(0, calls->other);
	EXPECT_LT(0, calls->folded);
	EXPECT_EQ(calls->folded + calls->other + ticks->folded + ticks->other, kit_total(kit, 0));
	EXPECT_EQ(calls->other + ticks->other, t->other.hits);
	EXPECT_LE(t->nr_rows, 2 * ROWS);
	EXPECT_EQ(t->other.hits, bucket_sum(&t->schema, &t->other));
	for (i = 0; i < t->nr_rows; i++) {
		const uint64_t *cells = ktally_cells(&t->schema, &t->rows[i], 0);

		EXPECT_EQ(t->rows[i].hits, bucket_sum(&t->schema, &t->rows[i]));
		if (t->rows[i].key[0] == TICK_KEY)
			tick_sum = cells[0];
		else
			EXPECT_EQ(t->rows[i].key[0] * t->rows[i].hits, cells[0]);
		sum += cells[0];
	}
	/* A tick's value is 2, hard interrupt, wherever it landed. */
	EXPECT_EQ(2 * (ticks->folded + ticks->other), sum - values_of(n0) - values_of(n1));
	EXPECT_EQ(2 * ticks->folded, tick_sum);
}

TEST_F_TIMEOUT(identity, closes_under_load, 145)
{
	const uint64_t all = kit_number("KTALLY_HITS", 1000000), half = all / 2;
	struct worker workers[2] = { { .cpu = 0, .n = half }, { .cpu = 1, .n = all - half } };
	struct ktally_ring_accounting acc;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	const struct ktally_probe_count *ticks;
	uint64_t read = 0;
	pthread_t threads[2];
	unsigned int i, cpu, taken = 0;

	OK(kit, build(kit));
	OK(kit, kit_start(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, work, &workers[i]));
	while (!__atomic_load_n(&workers[0].done, __ATOMIC_ACQUIRE) || !__atomic_load_n(&workers[1].done, __ATOMIC_ACQUIRE)) {
		while (ktally_reader_next(reader, &cpu, false))
			read++;
		OK(kit, kit_take(kit));
		ASSERT_TRUE(kit_closes(kit));
		taken++;
		kit_sleep_ms(100);
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	OK(kit, kit_stop(kit));
	while (ktally_reader_next(reader, &cpu, true))
		read++;
	ktally_reader_accounting(reader, &acc);
	OK(kit, kit_take(kit));
	EXPECT_TRUE(kit_closes(kit));
	check_tables(_metadata, kit, workers[0].n, workers[1].n);
	ticks = &kit->snap->probes[1].count;
	EXPECT_LT(100, ticks->folded) TH_LOG("%llu ticks", (unsigned long long)ticks->folded);
	EXPECT_EQ(all + ticks->folded + ticks->other, acc.offered);
	EXPECT_EQ(acc.offered, acc.reserved + acc.dropped);
	EXPECT_LT(0, acc.dropped);
	EXPECT_EQ(read, acc.read);
	EXPECT_EQ(acc.reserved, acc.read + acc.unread);
	EXPECT_TRUE(acc.closed);
	TH_LOG("%llu calls, %llu ticks, %llu in the other row, %llu of %llu records dropped, %u snapshots", (unsigned long long)all,
	       (unsigned long long)ticks->hits, (unsigned long long)kit->snap->tables[0].other.hits,
	       (unsigned long long)acc.dropped, (unsigned long long)acc.offered, taken);
	ktally_reader_close(reader);
}

TEST_HARNESS_MAIN
