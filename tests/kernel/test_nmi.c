// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hits in NMIs, in the middle of hits: nothing lost, nothing counted twice, nothing torn.
 *
 * The test module makes real NMIs (tests/module/nmi.c). Mostly one command is stepped instruction by instruction, and an NMI that hits
 * too comes behind one of those that are ktally's own: behind the first in the first round, and so on until there is none left.
 * Then they come at random while another CPU is busy with hits.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reader.h"
#include "test.h"

/* Events of the test module's PMU: one that a command counts, others that NMIs count. */
enum { COMMAND = 1, NMI, NMI_TOO };

/* What is swept in strides misses some instructions; KTALLY_NMI_STRIDE=1 none. */
#define STRIDE 5

FIXTURE(nmi) {
	struct kit kit;
	uint64_t from, to;
	unsigned int stride;
	bool none;	/* of them can be made */
	long pmu;
};

/* NMIs of this CPU so far. */
static uint64_t nmis(unsigned int cpu)
{
	unsigned long long number, event, count, found = 0;
	FILE *file = fopen("/dev/ktally_test", "re");

	while (file && fscanf(file, "%llu %llu %llu", &number, &event, &count) == 3)
		if (number == cpu && !event)
			found = count;
	if (file)
		fclose(file);
	return found;
}

/* Where a module's code begins; @path: its file of sysfs. */
static uint64_t text_start(const char *path)
{
	FILE *file = fopen(path, "re");
	unsigned long long address = 0;

	if (file && fscanf(file, "%llx", &address) != 1)
		address = 0;
	if (file)
		fclose(file);
	return address;
}

#define NEEDS_NMIS(self) ({ if ((self)->none) SKIP(return, "the test module can make NMIs only on x86, since 5.8"); })

FIXTURE_SETUP(nmi)
{
	struct kit *kit = &self->kit;

	OK(kit, kit_open(kit));
	self->pmu = kit_file_number("/sys/bus/event_source/devices/ktally_test/type");
	ASSERT_LT(0, self->pmu) TH_LOG("the test module is not loaded");
	/* The test says so: a skip here would not keep it from running. */
	self->none = kit_tell("nmi\naim 0 0 0 1") == -EOPNOTSUPP;
	if (self->none)
		return;
	self->from = text_start("/sys/module/ktally/sections/.text");
	self->to = self->from + OK(kit, kit_file_number("/sys/module/ktally/coresize"));
	ASSERT_LT(0, self->from);
	self->stride = kit_number("KTALLY_NMI_STRIDE", STRIDE);
	OK(kit, kit_pin(0));
}

FIXTURE_TEARDOWN(nmi)
{
	kit_tell("nmi\naim 0 0 0 1");
	kit_close(&self->kit);
}

/*
 * A round: the NMI runs @nmi, behind the instruction of ktally that has @skip others before it while @command runs.
 * Return: whether it came; -errno
 */
static int one_round(const FIXTURE_DATA(nmi) *self, unsigned int skip, const char *nmi, const char *command)
{
	uint64_t before = nmis(0);
	int ret = kit_tell("nmi\n%s\naim %llu %llu %u 0\nstep %s", nmi, (unsigned long long)self->from, (unsigned long long)self->to, skip,
			   command);

	if (!ret)
		ret = kit_tell("nmi");
	return ret ? ret : (int)(nmis(0) - before);
}

/* Rounds until there are no more instructions. Return: how many NMIs came */
static unsigned int sweep(struct __test_metadata *_metadata, const FIXTURE_DATA(nmi) *self, const char *nmi, const char *command,
			  unsigned int stride)
{
	unsigned int rounds = 0;
	int came;

	do {
		came = one_round(self, rounds * stride, nmi, command);
		EXPECT_LE(0, came) TH_LOG("%s: %s", command, strerror(-came));
		rounds += came == 1;
	} while (came == 1);
	/* Of a hit that is worth it. */
	EXPECT_LT(100, rounds * stride);
	return rounds;
}

/* A probe on the test module's PMU, hit whenever @event counts. */
static int perf_probe(FIXTURE_DATA(nmi) *self, unsigned int event, const struct ktally_insn *insns, unsigned int nr)
{
	struct kit *kit = &self->kit;
	int ret = kit_probe(kit, KTALLY_SOURCE_PERF, "", insns, nr);
	struct ktally_probe_plan *probe;

	if (ret < 0)
		return ret;
	probe = &kit->plan->probes[ret];
	probe->perf_type = self->pmu;
	probe->perf_config = event;
	probe->period = 1;
	return ret;
}

static const struct ktally_probe_count *count_of(const struct kit *kit, unsigned int probe)
{
	return &kit->snap->probes[probe].count;
}

/* All hits of a probe were folded. */
#define EXPECT_FOLDED(kit, probe, nr) ({					\
	EXPECT_EQ((nr), count_of(kit, probe)->hits);				\
	EXPECT_EQ((nr), count_of(kit, probe)->folded);				\
})

/* ---- tables ---- */

/* An NMI puts the row into the table that the command is about to put there. */
TEST_F(nmi, the_same_new_row)
{
	NEEDS_NMIS(self);
	char nmi[64], command[64];
	struct kit *kit = &self->kit;
	const struct ktally_row *row;
	unsigned int rounds = 0;
	int came;

	OK(kit, kit_event(kit, "ktally_test:fire//key=value/sum=value/min=value/max=value/var=value/hist=value/"));
	OK(kit, kit_start(kit));
	do {
		snprintf(nmi, sizeof(nmi), "nmi fire 1 %u", 1000 + rounds);
		snprintf(command, sizeof(command), "fire 1 %u", 1000 + rounds);
		came = OK(kit, one_round(self, rounds * self->stride, nmi, command));
		rounds++;
	} while (came);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(300, rounds * self->stride);
	EXPECT_EQ(rounds, kit->snap->tables[0].nr_rows);
	EXPECT_FOLDED(kit, 0, 2 * rounds - 1);
	while (rounds--) {
		uint64_t key = 1000 + rounds, hits = came ? 2 : 1;

		row = kit_row(kit, 0, key);
		ASSERT_NE(NULL, row);
		EXPECT_EQ(hits, row->hits);
		EXPECT_EQ((int64_t)(hits * key), kit_value(kit, 0, row, "sum(value)"));
		EXPECT_EQ((int64_t)key, kit_value(kit, 0, row, "min(value)"));
		EXPECT_EQ((int64_t)key, kit_value(kit, 0, row, "max(value)"));
		EXPECT_EQ(hits * key * key, kit_cells(kit, 0, row, "var(value)")[1]);
		EXPECT_EQ(hits, kit_cells(kit, 0, row, "hist(value)")[2 + 63 - __builtin_clzll(key)]);
		came = 1;
	}
	EXPECT_TRUE(kit_closes(kit));
}

/* Too many keys: what has no room is in the other row, hit for hit. */
TEST_F(nmi, no_room_for_rows)
{
	NEEDS_NMIS(self);
	const struct ktally_column sum[] = { { .kind = KTALLY_COLUMN_SUM } };
	const struct ktally_insn insns[] = { CONTEXT(0, IP), SET(1, 3), UPDATE(0, 0, 1), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	const struct ktally_table *table;
	uint64_t before = nmis(0), came, rows = 0, sums;
	size_t i;

	OK(kit, kit_table(kit, 7, 1, NULL, sum, 1));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(insns)));
	OK(kit, perf_probe(self, NMI, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	/* The key is where the NMI came: each has another. */
	OK(kit, kit_tell("nmi count %u 1\nstep burn 23 %u 1", NMI, COMMAND));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	came = nmis(0) - before;
	EXPECT_LT(5000, came);
	table = &kit->snap->tables[0];
	sums = table->other.cells[0];
	for (i = 0; i < table->nr_rows; i++) {
		rows += table->rows[i].hits;
		sums += table->rows[i].cells[0];
	}
	EXPECT_EQ(7, table->nr_rows);
	EXPECT_EQ(came + 23, rows + table->other.hits);
	EXPECT_EQ(3 * (came + 23), sums);
	EXPECT_EQ(23, count_of(kit, 0)->hits);
	EXPECT_EQ(came, count_of(kit, 1)->hits);
	EXPECT_EQ(table->other.hits, count_of(kit, 0)->other + count_of(kit, 1)->other);
	EXPECT_TRUE(kit_closes(kit));
}

/* NMIs behind every third instruction of all, many thousands; short cuts count as well as long ways. */
TEST_F(nmi, many)
{
	NEEDS_NMIS(self);
	const struct ktally_column hist[] = { { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 } };
	const struct ktally_insn short_cut[] = { CONTEXT(0, PID), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	const struct ktally_insn value[] = { FIELD(0, 0), UPDATE(1, 0, 0), EXIT(FOLDED) };
	const struct ktally_insn long_way[] = { CONTEXT(0, IN_IRQ), SET(1, 7), CALC(ADD, 2, 1, 4), UPDATE(2, 0, 1), EXIT(FOLDED) };
	const struct ktally_column sums[] = { { .kind = KTALLY_COLUMN_SUM }, { .kind = KTALLY_COLUMN_VAR } };
	uint64_t before = nmis(0), came, base = 10007;
	struct kit *kit = &self->kit;

	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, kit_table(kit, 64, 0, NULL, hist, 1));
	OK(kit, kit_table(kit, 64, 1, NULL, sums, 2));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(short_cut)));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(value)));
	OK(kit, perf_probe(self, NMI, PROGRAM(short_cut)));
	OK(kit, perf_probe(self, NMI, PROGRAM(value)));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("burn %u %u 1", 10007 - 211, COMMAND));
	OK(kit, kit_tell("nmi count %u 1\naim 0 0 0 3\nstep burn 211 %u 1", NMI, COMMAND));
	came = nmis(0) - before;
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(20000, came);
	EXPECT_FOLDED(kit, 0, base);
	EXPECT_FOLDED(kit, 1, base);
	EXPECT_FOLDED(kit, 2, came);
	EXPECT_FOLDED(kit, 3, came);
	EXPECT_EQ(base + came, kit_hits(kit, 0, getpid()));
	EXPECT_EQ(base + came, kit_total(kit, 1));
	EXPECT_EQ(base + came, kit_cells(kit, 1, &kit->snap->tables[1].rows[0], "value0")[1]);
	EXPECT_TRUE(kit_closes(kit));
	kit_close(kit);

	OK(kit, kit_open(kit));
	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, kit_table(kit, 64, 0, NULL, hist, 1));
	OK(kit, kit_table(kit, 64, 1, NULL, sums, 2));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(long_way)));
	OK(kit, perf_probe(self, NMI, PROGRAM(long_way)));
	OK(kit, kit_start(kit));
	before = nmis(0);
	OK(kit, kit_tell("step burn 211 %u 1", COMMAND));
	came = nmis(0) - before;
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(20000, came);
	EXPECT_FOLDED(kit, 0, 211);
	EXPECT_FOLDED(kit, 1, came);
	EXPECT_EQ(211, kit_hits(kit, 2, 0));
	EXPECT_EQ(came, kit_hits(kit, 2, 3));
	EXPECT_EQ((int64_t)came * 7, kit_value(kit, 2, kit_row(kit, 2, 3), "value0"));
	EXPECT_EQ(came * 11 * 11, kit_cells(kit, 2, kit_row(kit, 2, 3), "value1")[1]);
	EXPECT_TRUE(kit_closes(kit));
}

/* What a handler in an NMI causes is refused as that: here faults, for what it reads is not in memory. */
TEST_F(nmi, refused_and_counted)
{
	NEEDS_NMIS(self);
	void *absent = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const struct ktally_insn reads[] = {
		SET(0, absent), { .op = KTALLY_OP_LOAD, .dst = 1, .a = 0, .aux = 8 | KTALLY_LOAD_USER }, UPDATE(0, 1, KTALLY_NO_REG), EXIT(FOLDED),
	};
	const struct ktally_insn faults[] = { SET(0, 1), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	uint64_t before = nmis(0), came, tries;

	ASSERT_NE(MAP_FAILED, absent);
	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(reads)));
	OK(kit, perf_probe(self, NMI, PROGRAM(reads)));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "exceptions:page_fault_kernel", PROGRAM(faults)));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("nmi count %u 1\nstep burn 11 %u 1", NMI, COMMAND));
	came = nmis(0) - before;
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(1000, came);
	EXPECT_EQ(11, count_of(kit, 0)->fault);
	EXPECT_EQ(came, count_of(kit, 1)->fault);
	/* The copy tries again byte by byte. */
	tries = count_of(kit, 2)->recursion / 11;
	EXPECT_LE(1, tries);
	EXPECT_EQ(11 * tries, count_of(kit, 2)->recursion);
	EXPECT_EQ(came * tries, count_of(kit, 2)->nmi);
	/* Others fault too, in their own name. */
	EXPECT_EQ(count_of(kit, 2)->hits, count_of(kit, 2)->folded + count_of(kit, 2)->recursion + count_of(kit, 2)->nmi);
	EXPECT_TRUE(kit_closes(kit));
	munmap(absent, 4096);
}

/* ---- gates, counters, the governor ---- */

/* The sum of weights is that of hits, but for those that wait for their turn. */
TEST_F(nmi, gates)
{
	NEEDS_NMIS(self);
	const struct ktally_insn every[] = { SET(0, 1), GATE(EVERY, 3), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	const struct ktally_insn period[] = { SET(0, 2), GATE(PERIOD, 1), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	unsigned int rounds;
	int came;

	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(every)));
	OK(kit, perf_probe(self, NMI, PROGRAM(period)));
	OK(kit, kit_start(kit));
	/* It is the third's turn, and the fourth comes in between. */
	for (rounds = 0, came = 1; came; rounds++) {
		OK(kit, kit_tell("count 1 2"));
		came = OK(kit, one_round(self, rounds * self->stride, "nmi count 1 1", "count 1 1"));
	}
	OK(kit, kit_take(kit));
	EXPECT_LT(100, rounds * self->stride);
	EXPECT_EQ(4 * rounds - 1, count_of(kit, 0)->hits);
	EXPECT_GE(2, llabs(4ll * rounds - 1 - (long long)kit_hits(kit, 0, 1)));
	rounds = sweep(_metadata, self, "nmi count 2 1", "count 2 1", self->stride);
	OK(kit, kit_tell("count 2 1"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(2 * rounds + 2, count_of(kit, 1)->hits);
	EXPECT_EQ(2 * rounds + 2, kit_hits(kit, 0, 2));
	EXPECT_TRUE(kit_closes(kit));
}

/* Differences of a counter: each count is in one of them. */
TEST_F(nmi, differences)
{
	NEEDS_NMIS(self);
	const struct ktally_column columns[] = { { .kind = KTALLY_COLUMN_SUM }, { .kind = KTALLY_COLUMN_MAX } };
	const struct ktally_insn insns[] = {
		SET(0, 1), { .op = KTALLY_OP_COUNTER, .dst = 1, .aux = KTALLY_COUNTER_DELTA }, MOVE(2, 1), UPDATE(0, 0, 1), EXIT(FOLDED),
	};
	struct ktally_counter_plan *counter;
	struct kit *kit = &self->kit;
	unsigned int rounds;

	counter = ktally_plan_add_counter(kit->plan);
	ASSERT_NE(NULL, counter);
	snprintf(counter->name, sizeof(counter->name), "counter");
	counter->perf_type = self->pmu;
	counter->config = NMI_TOO;
	counter->flags = KTALLY_PERF_PINNED;
	counter->scale = 1.0;
	OK(kit, kit_table(kit, 64, 1, NULL, columns, 2));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	rounds = sweep(_metadata, self, "nmi count 3 100\nnmi count 1 1\nnmi count 3 10\nnmi count 1 1", "count 1 1", self->stride);
	OK(kit, kit_tell("count 3 1\ncount 1 1"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_FOLDED(kit, 0, 3 * rounds + 2);
	EXPECT_EQ((int64_t)rounds * 110 + 1, kit_value(kit, 0, kit_row(kit, 0, 1), "value0"));
	EXPECT_GE(110, kit_value(kit, 0, kit_row(kit, 0, 1), "value1"));
	EXPECT_TRUE(kit_closes(kit));
}

/* Every 256th hit is timed, and an NMI's that is too comes in the middle of that, when a window is over for both. */
TEST_F(nmi, governor)
{
	NEEDS_NMIS(self);
	const struct ktally_insn insns[] = { SET(0, 1), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	unsigned int rounds = 0, stride = self->stride;
	struct kit *kit = &self->kit;
	int came;

	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(insns)));
	OK(kit, perf_probe(self, NMI, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	do {
		/* So many looks that a window may end, but for the last. */
		OK(kit, kit_tell("count %u %u\ncount %u %u", COMMAND, 15 * 256 + 255, NMI, 15 * 256 + 255));
		kit_sleep_ms(21);
		came = OK(kit, one_round(self, rounds * stride, "nmi count 2 1", "count 1 1"));
		if (!came)
			OK(kit, kit_tell("count %u 1", NMI));
		rounds++;
	} while (came);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(100, rounds * stride);
	EXPECT_EQ(16 * 256 * rounds, count_of(kit, 0)->hits);
	EXPECT_EQ(16 * 256 * rounds, count_of(kit, 1)->hits);
	EXPECT_TRUE(kit_closes(kit));
}

/* ---- pairs ---- */

/* What was started was ended, replaced, refused or is still open; and an end found a start or found none. */
static void expect_ends(struct __test_metadata *_metadata, const struct kit *kit, uint64_t starts, uint64_t ends)
{
	const struct ktally_pair_count *count = &kit->snap->pairs[0].count;

	EXPECT_EQ(starts, count->starts);
	EXPECT_EQ(ends, count->ended + count->unmatched);
	EXPECT_EQ(0, count->negative);
	EXPECT_EQ(count->ended, kit_total(kit, 0));
	EXPECT_PAIR_CLOSES(kit, 0);
}

/* Short cuts, by thread: NMIs start, end, and do both in both orders, in the middle of a start and of an end. */
TEST_F(nmi, plain_pairs)
{
	NEEDS_NMIS(self);
	const struct ktally_column hist[] = { { .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2 } };
	const struct ktally_insn start[] = { PAIR_START(0, 0, 0), EXIT(FOLDED) };
	const struct ktally_insn end[] = { PAIR_END(0, 0, 0, 2), UPDATE(0, 0, 0), EXIT(FOLDED), EXIT(FILTERED) };
	const char *orders[] = { "nmi count 1 1", "nmi count 2 1", "nmi count 1 1\nnmi count 2 1", "nmi count 2 1\nnmi count 1 1" };
	static const unsigned int begins[] = { 1, 0, 1, 1 }, ends[] = { 0, 1, 1, 1 };
	uint64_t starts = 0, ended = 0, half, began = kit_now();
	unsigned int i, skip, bucket;
	struct kit *kit = &self->kit;
	const uint64_t *cells;
	int came;

	OK(kit, kit_pair(kit, KTALLY_PAIR_TASK, 0, 0, 64));
	OK(kit, kit_table(kit, 64, 0, NULL, hist, 1));
	OK(kit, perf_probe(self, 1, PROGRAM(start)));
	OK(kit, perf_probe(self, 2, PROGRAM(end)));
	OK(kit, kit_start(kit));
	for (i = 0; i < 2 * COUNTOF(orders); i++) {
		for (skip = 0, came = 1; came; skip += self->stride) {
			came = OK(kit, one_round(self, skip, orders[i / 2], i % 2 ? "count 1 1" : "count 2 1"));
			OK(kit, kit_tell(i % 2 ? "count 2 1" : "count 1 1"));
			starts += 1 + came * begins[i / 2];
			ended += 1 + came * ends[i / 2];
		}
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(100, kit->snap->pairs[0].count.ended);
	expect_ends(_metadata, kit, starts, ended);
	half = 63 - __builtin_clzll(kit_now() - began);
	cells = kit_cells(kit, 0, &kit->snap->tables[0].rows[0], "value0");
	/* None of them longer than all of it. */
	for (bucket = 0; bucket < KTALLY_HIST_LOG2_BUCKETS; bucket++)
		if (bucket < 2 || bucket > 2 + half)
			EXPECT_EQ(0, cells[bucket]) TH_LOG("bucket %u", bucket);
	EXPECT_TRUE(kit_closes(kit));
}

/* A start of key @key, which saves what only that key has, and its end, which finds out whether it was that. */
static int keyed_pair(FIXTURE_DATA(nmi) *self, unsigned int event, uint64_t key, unsigned int saved)
{
	const struct ktally_insn start[] = { SET(0, key), SET(1, key << 32), PAIR_START(0, 0, 1), EXIT(FOLDED) };
	const struct ktally_insn end[] = {
		SET(0, key), PAIR_END(1, 0, 0, 3), CALC(SUB, saved, saved, key << 32), UPDATE(0, saved, KTALLY_NO_REG), EXIT(FOLDED), EXIT(FILTERED),
	};
	int ret = perf_probe(self, event, PROGRAM(start));

	return ret < 0 ? ret : perf_probe(self, event + 1, PROGRAM(end));
}

/* The long way: two keys with saved words. */
static void keyed_pairs(struct __test_metadata *_metadata, FIXTURE_DATA(nmi) *self, enum ktally_pair_kind kind, uint32_t flags)
{
	static const char *orders[] = { "nmi count 1 1\nnmi count 2 1", "nmi count 3 1\nnmi count 1 1\nnmi count 4 1\nnmi count 2 1" };
	struct kit *kit = &self->kit;
	uint64_t starts = 0, ended = 0;
	unsigned int skip, i;
	int came;

	OK(kit, kit_pair(kit, kind, 1, 1, 64));
	kit->plan->pairs[0].flags = flags;
	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, keyed_pair(self, 1, 5, flags & KTALLY_PAIR_NEST ? 4 : 2));
	OK(kit, keyed_pair(self, 3, 7, flags & KTALLY_PAIR_NEST ? 4 : 2));
	OK(kit, kit_start(kit));
	for (i = 0; i < 4; i++) {
		for (skip = 0, came = 1; came; skip += 3 * self->stride) {
			came = OK(kit, one_round(self, skip, orders[i / 2], i % 2 ? "count 2 1" : "count 1 1"));
			OK(kit, kit_tell(i % 2 ? "count 1 1" : "count 2 1"));
			starts += 1 + came * (1 + i / 2);
			ended += 1 + came * (1 + i / 2);
		}
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(100, kit->snap->pairs[0].count.ended);
	expect_ends(_metadata, kit, starts, ended);
	/* Each end was given what its own start saved. */
	EXPECT_EQ(1, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(kit->snap->pairs[0].count.ended, kit_hits(kit, 0, 0));
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(nmi, pairs_by_key)
{
	NEEDS_NMIS(self);
	keyed_pairs(_metadata, self, KTALLY_PAIR_KEY, 0);
}

TEST_F(nmi, pairs_that_nest)
{
	NEEDS_NMIS(self);
	keyed_pairs(_metadata, self, KTALLY_PAIR_TASK, KTALLY_PAIR_NEST);
}

/* ---- rings ---- */

#define MAGIC 0x1122334455667788ULL

/* A ring of records of @words words, all equal, from what a command hits (probe 0) and from what NMIs hit (probe 1); @fast: by the short cut. */
static int ring_session(FIXTURE_DATA(nmi) *self, uint32_t size, uint32_t mode, bool fast)
{
	const struct ktally_insn short_cut[] = { FIELD(0, 0), EMIT(0, 1), EXIT(FOLDED) };
	const struct ktally_insn long_way[] = { SET(0, MAGIC), SET(1, MAGIC), SET(2, MAGIC), EMIT(0, 3), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	int ret;

	kit->plan->ring_size = size;
	kit->plan->ring_mode = mode;
	ret = fast ? perf_probe(self, COMMAND, PROGRAM(short_cut)) : perf_probe(self, COMMAND, PROGRAM(long_way));
	if (ret >= 0)
		ret = perf_probe(self, NMI, PROGRAM(long_way));
	return ret < 0 ? ret : kit_start(kit);
}

/* Reads all there is, whole. Return: how many of each probe */
static void read_records(struct __test_metadata *_metadata, struct ktally_reader *reader, uint64_t seen[2], bool fast)
{
	const struct ktally_record *record;
	unsigned int cpu, i, nr;

	while ((record = ktally_reader_next(reader, &cpu, true))) {
		const struct ktally_event *event = (const void *)record;

		ASSERT_EQ(KTALLY_RECORD_EVENT, record->type);
		ASSERT_GT(2, record->probe);
		ASSERT_EQ(0, cpu);
		ASSERT_EQ(getpid(), record->pid);
		nr = fast && !record->probe ? 1 : 3;
		ASSERT_EQ(sizeof(*event) + nr * sizeof(__u64), record->size);
		for (i = 0; i < nr; i++)
			ASSERT_EQ(nr == 1 ? 0 : MAGIC, event->words[i]);
		seen[record->probe]++;
	}
}

static void ring_sweep(struct __test_metadata *_metadata, FIXTURE_DATA(nmi) *self, uint32_t mode, bool fast)
{
	struct ktally_ring_accounting acc;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	uint64_t seen[2] = { 0 };
	unsigned int rounds;

	OK(kit, ring_session(self, 1 << 18, mode, fast));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	rounds = sweep(_metadata, self, "nmi count 2 1", "count 1 1", self->stride);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	read_records(_metadata, reader, seen, fast);
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(rounds + 1, seen[0]);
	EXPECT_EQ(rounds, seen[1]);
	EXPECT_EQ(2 * rounds + 1, acc.offered);
	EXPECT_EQ(2 * rounds + 1, acc.read);
	EXPECT_EQ(0, acc.dropped + acc.overwritten + acc.unread);
	EXPECT_TRUE(acc.closed);
	EXPECT_TRUE(kit_closes(kit));
	ktally_reader_close(reader);
}

TEST_F(nmi, records)
{
	NEEDS_NMIS(self);
	ring_sweep(_metadata, self, KTALLY_RING_DISCARD, false);
}

TEST_F(nmi, records_by_the_short_cut)
{
	NEEDS_NMIS(self);
	ring_sweep(_metadata, self, KTALLY_RING_DISCARD, true);
}

/* The smallest ring there is, so that it wraps and is full all the time; whoever comes in between makes room for himself too. */
static void small_ring(struct __test_metadata *_metadata, FIXTURE_DATA(nmi) *self, uint32_t mode)
{
	struct ktally_ring_accounting acc;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	uint64_t seen[2] = { 0 }, came = nmis(0);
	unsigned int i;

	OK(kit, ring_session(self, KTALLY_RING_MIN, mode, false));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	for (i = 0; i < 23; i++) {
		OK(kit, kit_tell("nmi\nnmi count %u %u\naim %llu %llu %u 7\nstep burn 5 %u 1", NMI, 1 + i % 5, (unsigned long long)self->from,
				 (unsigned long long)self->to, i % 7, COMMAND));
		if (i % 3 == 0)
			read_records(_metadata, reader, seen, false);
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	came = nmis(0) - came;
	EXPECT_LT(1000, came);
	read_records(_metadata, reader, seen, false);
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(count_of(kit, 0)->hits + count_of(kit, 1)->hits, acc.offered);
	EXPECT_EQ(acc.offered, acc.reserved + acc.dropped);
	EXPECT_EQ(seen[0] + seen[1], acc.read);
	EXPECT_EQ(acc.reserved, acc.read + acc.unread + acc.overwritten);
	EXPECT_LT(0, acc.dropped + acc.overwritten);
	EXPECT_TRUE(acc.closed);
	EXPECT_TRUE(kit_closes(kit));
	ktally_reader_close(reader);
}

TEST_F(nmi, full_ring)
{
	NEEDS_NMIS(self);
	small_ring(_metadata, self, KTALLY_RING_DISCARD);
}

TEST_F(nmi, ring_that_overwrites)
{
	NEEDS_NMIS(self);
	small_ring(_metadata, self, KTALLY_RING_OVERWRITE);
}

/* NMIs write into the scratch ring that is being dumped, and overwrite what is: what came out is whole. */
TEST_F(nmi, dumps)
{
	NEEDS_NMIS(self);
	const struct ktally_insn keep[] = { SET(0, MAGIC), SET(1, MAGIC), SET(2, MAGIC), { .op = KTALLY_OP_KEEP, .a = 0, .aux = 3 }, EXIT(FOLDED) };
	const struct ktally_insn keep_more[] = {
		SET(0, MAGIC), SET(1, MAGIC), SET(2, MAGIC), SET(3, MAGIC), SET(4, MAGIC), { .op = KTALLY_OP_KEEP, .a = 0, .aux = 5 }, EXIT(FOLDED),
	};
	const struct ktally_insn dump[] = { SET(0, 1ull << 60), { .op = KTALLY_OP_DUMP, .a = 0 }, EXIT(FOLDED) };
	struct ktally_ring_accounting acc;
	const struct ktally_record *record;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	unsigned int cpu, i, nr, rounds;
	uint64_t records = 0;

	kit->plan->ring_size = 1 << 22;
	kit->plan->scratch_size = 4096;
	OK(kit, perf_probe(self, COMMAND, PROGRAM(dump)));
	OK(kit, perf_probe(self, NMI, PROGRAM(keep)));
	OK(kit, perf_probe(self, NMI_TOO, PROGRAM(keep_more)));
	OK(kit, kit_start(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	for (i = 0; i < 101; i++) {
		OK(kit, kit_tell("nmi\ncount %u 200\naim %llu %llu %u 0\nnmi count %u 60\nnmi count %u %u\nstep count %u 1", NMI,
				 (unsigned long long)self->from, (unsigned long long)self->to, i * 61, NMI_TOO, NMI, i % 40, COMMAND));
		while ((record = ktally_reader_next(reader, &cpu, true))) {
			const struct ktally_event *event = (const void *)record;

			ASSERT_EQ(KTALLY_RECORD_EVENT, record->type);
			ASSERT_EQ(getpid(), record->pid);
			ASSERT_GT(3, record->probe);
			nr = record->probe == 1 ? 3 : 5;
			ASSERT_EQ(sizeof(*event) + nr * sizeof(__u64), record->size);
			while (nr--)
				ASSERT_EQ(MAGIC, event->words[nr]);
			records++;
		}
	}
	rounds = i;
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(records, acc.read);
	EXPECT_LT(rounds * 20, records);
	EXPECT_EQ(0, acc.dropped);
	EXPECT_TRUE(acc.closed);
	EXPECT_TRUE(kit_closes(kit));
	ktally_reader_close(reader);
}

/* ---- stacks ---- */

static bool has(const uint64_t *words, unsigned int nr, uint64_t from, uint64_t size)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (words[i] - from < size)
			return true;
	return false;
}

/* The stack of an NMI's hit begins where it came and leads through what it interrupted; that of the command is always the same. */
TEST_F(nmi, kernel_stacks)
{
	NEEDS_NMIS(self);
	const enum ktally_kind kinds[] = { KTALLY_KIND_KSTACK, KTALLY_KIND_UINT, KTALLY_KIND_UINT };
	const struct ktally_insn insns[] = { STACK(0, KERNEL, 64), CONTEXT(1, IN_IRQ), CONTEXT(2, IP), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	uint64_t test = text_start("/sys/module/ktally_test/sections/.text"), commands = 0, inner = 0;
	struct kit *kit = &self->kit;
	const struct ktally_table *table;
	const uint64_t *words;
	unsigned int nr, rounds;
	size_t i;

	ASSERT_NE(0, test);
	kit->plan->stack_entries = 8192;
	OK(kit, kit_table(kit, 4096, 3, kinds, NULL, 0));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(insns)));
	OK(kit, perf_probe(self, NMI, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	rounds = sweep(_metadata, self, "nmi count 2 1", "burn 1 1 1", 4 * self->stride);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(0, kit->snap->stacks_lost);
	EXPECT_FOLDED(kit, 0, rounds + 1);
	EXPECT_FOLDED(kit, 1, rounds);
	table = &kit->snap->tables[0];
	for (i = 0; i < table->nr_rows; i++) {
		const struct ktally_row *row = &table->rows[i];

		words = ktally_stackset_get(kit->snap->stacks, row->key[0], &nr);
		ASSERT_LT(1, nr);
		ASSERT_EQ(row->key[2], words[0]);
		/* Through the test module, which was at its command. */
		ASSERT_TRUE(has(words, nr, test, kit_file_number("/sys/module/ktally_test/coresize"))) {
			unsigned int n;

			for (n = 0; n < nr; n++)
				TH_LOG("%u: %llx", n, (unsigned long long)words[n]);
		}
		if (!row->key[1]) {
			commands++;
			EXPECT_EQ(rounds + 1, row->hits);
			continue;
		}
		EXPECT_EQ(3, row->key[1]);
		ASSERT_TRUE(words[0] >= self->from && words[0] < self->to);
		inner += row->hits;
	}
	EXPECT_EQ(1, commands);
	EXPECT_EQ(rounds, inner);
	EXPECT_TRUE(kit_closes(kit));
}

static __attribute__((noinline)) int deeper(unsigned int depth, int (*work)(void *), void *arg)
{
	volatile int ret = depth ? deeper(depth - 1, work, arg) : work(arg);

	return ret;
}

struct user_work {
	struct __test_metadata *_metadata;
	FIXTURE_DATA(nmi) *self;
	unsigned int rounds;
};

static int user_rounds(void *arg)
{
	struct user_work *work = arg;
	int came;

	/* The same call for every round, so that there is one stack. */
	for (came = 1; came > 0; work->rounds += came > 0)
		came = one_round(work->self, work->rounds * 4 * work->self->stride, "nmi count 2 1", "count 1 1");
	return came;
}

/* User stacks by tables: an NMI that walks in the middle of a walk finds the same, and so does the walk. */
TEST_F(nmi, user_stacks)
{
	NEEDS_NMIS(self);
	const enum ktally_kind kinds[] = { KTALLY_KIND_USTACK, KTALLY_KIND_IMAGE };
	const struct ktally_insn insns[] = { STACK(0, USER, 64), CONTEXT(1, IMAGE), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	struct user_work work = { _metadata, self };
	struct ktally_session_info info;
	struct ktally_agent *agent;
	struct kit *kit = &self->kit;
	uint32_t pid = getpid();
	const uint64_t *words;
	unsigned int nr;

	kit->plan->stack_entries = 1024;
	kit->plan->mappings = 4096;
	OK(kit, kit_table(kit, 256, 2, kinds, NULL, 0));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(insns)));
	OK(kit, perf_probe(self, NMI, PROGRAM(insns)));
	OK(kit, kit_make(kit));
	OK(kit, ktally_agent_open(&agent, kit->session, NULL, &kit->err));
	EXPECT_EQ(1, ktally_agent_scan(agent, &pid, 1, &kit->err));
	EXPECT_EQ(0, ktally_agent_work(agent, 0, &kit->err));
	OK(kit, kit_start(kit));
	OK(kit, deeper(7, user_rounds, &work));
	OK(kit, kit_look(kit, &info));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(20, work.rounds);
	EXPECT_FOLDED(kit, 0, work.rounds + 1);
	EXPECT_FOLDED(kit, 1, work.rounds);
	ASSERT_EQ(1, kit->snap->tables[0].nr_rows);
	words = ktally_stackset_get(kit->snap->stacks, kit->snap->tables[0].rows[0].key[0], &nr);
	EXPECT_TRUE(has(words, nr, (uintptr_t)deeper, 256));
	EXPECT_LT(8, nr);
	EXPECT_EQ(2 * work.rounds + 1, info.unwind.stacks);
	EXPECT_EQ(2 * work.rounds + 1, info.unwind.whole);
	ktally_agent_close(agent);
}

/* ---- at any time ---- */

/* A process that sends NMIs to CPU 0 from CPU 1 until it is killed, or @nr of them. */
static pid_t sender(uint64_t nr)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (kit_pin(1))
		_exit(1);
	_exit(kit_tell("send 0 %llu", (unsigned long long)nr) ? 2 : 0);
}

static void kill_sender(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static bool has_two_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) >= 2;
}

/* Everything at once, while CPU 0 is busy with hits and snapshots are taken: exact in the end. */
TEST_F(nmi, at_random)
{
	NEEDS_NMIS(self);
	const enum ktally_kind kinds[] = { KTALLY_KIND_KSTACK, KTALLY_KIND_UINT };
	const struct ktally_column columns[] = { { .kind = KTALLY_COLUMN_SUM } };
	const struct ktally_insn insns[] = { STACK(0, KERNEL, 32), CONTEXT(1, IN_IRQ), SET(2, 3), UPDATE(0, 0, 2), EMIT(0, 2), EXIT(FOLDED) };
	uint64_t before = nmis(0), came, fired = 0, folded;
	struct kit *kit = &self->kit;
	struct ktally_reader *reader;
	struct ktally_ring_accounting acc;
	unsigned int cpu;
	pid_t pid;

	if (!has_two_cpus())
		SKIP(return, "there is one processor only");
	kit->plan->stack_entries = 16384;
	kit->plan->ring_size = 1 << 16;
	OK(kit, kit_table(kit, 4096, 2, kinds, columns, 1));
	OK(kit, kit_event(kit, "ktally_test:fire//key=number/sum=value/hist=value/"));
	OK(kit, kit_event(kit, "ktally_test:begin/pair=id/ -> ktally_test:end/pair=id/hist=lat/"));
	OK(kit, perf_probe(self, NMI, PROGRAM(insns)));
	OK(kit, perf_probe(self, COMMAND, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	OK(kit, kit_tell("nmi count %u 1\nnmi fire 1 5\nnmi pair 1 1", NMI));
	pid = sender(1009);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		OK(kit, kit_tell("fire 101 5\npair 23 10\nburn 101 %u 1", COMMAND));
		fired += 101;
		OK(kit, kit_take(kit));
		while (ktally_reader_next(reader, &cpu, false))
			;
	}
	came = nmis(0) - before;
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(1009, came);
	EXPECT_EQ(fired + came, count_of(kit, 0)->hits);
	EXPECT_EQ(fired + came, count_of(kit, 0)->folded);
	EXPECT_EQ(fired + came, kit_total(kit, 1));
	EXPECT_EQ(5 * (fired / 101 + came), (uint64_t)kit_value(kit, 1, kit_row(kit, 1, 0), "sum(value)"));
	folded = count_of(kit, 3)->folded + count_of(kit, 4)->folded;
	EXPECT_EQ(came, count_of(kit, 3)->hits);
	EXPECT_EQ(fired, count_of(kit, 4)->hits);
	EXPECT_EQ(came + fired, folded);
	EXPECT_EQ(came + fired, kit_total(kit, 0));
	EXPECT_PAIR_CLOSES(kit, 0);
	while (ktally_reader_next(reader, &cpu, true))
		;
	ktally_reader_accounting(reader, &acc);
	EXPECT_EQ(came + fired, acc.offered);
	EXPECT_TRUE(acc.closed);
	EXPECT_TRUE(kit_closes(kit));
	ktally_reader_close(reader);
}

/* A session with a kprobe in the middle of ktally_test_call(), where the kernel has no other way than a trap, and a probe of NMIs. */
static int trap_session(FIXTURE_DATA(nmi) *self)
{
	const enum ktally_kind kinds[] = { KTALLY_KIND_KSTACK, KTALLY_KIND_UINT };
	const struct ktally_insn insns[] = { STACK(0, KERNEL, 64), SET(1, 1), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	const struct ktally_insn nmi_insns[] = { STACK(0, KERNEL, 64), SET(1, 2), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	int ret = -EILSEQ;
	unsigned int offset;

	/* Behind what ftrace and the compiler put at the start, wherever an instruction begins. */
	for (offset = 9; offset < 32 && ret == -EILSEQ; offset++) {
		kit_close(kit);
		ret = kit_open(kit);
		if (ret)
			return ret;
		kit->plan->stack_entries = 16384;
		kit_table(kit, 4096, 2, kinds, NULL, 0);
		kit_probe(kit, KTALLY_SOURCE_KPROBE, "ktally_test_call", PROGRAM(insns));
		kit->plan->probes[0].offset = offset;
		ret = perf_probe(self, NMI, PROGRAM(nmi_insns));
		if (ret >= 0)
			ret = kit_start(kit);
	}
	return ret;
}

/* A breakpoint instruction is as good as an NMI to the kernel; a real one comes in the middle of the hit all the same. */
TEST_F(nmi, inside_of_traps)
{
	NEEDS_NMIS(self);
	uint64_t before = nmis(0), came, rows[3] = { 0 }, hits[3] = { 0 }, calls = 0;
	struct kit *kit = &self->kit;
	size_t i;
	pid_t pid;

	if (!has_two_cpus())
		SKIP(return, "there is one processor only");
	/* Otherwise the kernel makes a jump of it. */
	OK(kit, kit_write("/proc/sys/debug/kprobes-optimization", "0"));
	OK(kit, trap_session(self));
	OK(kit, kit_tell("nmi count %u 1", NMI));
	pid = sender(307);
	while (waitpid(pid, NULL, WNOHANG) == 0) {
		OK(kit, kit_tell("call 1009 1"));
		calls += 1009;
	}
	came = nmis(0) - before;
	OK(kit, kit_stop(kit));
	OK(kit, kit_write("/proc/sys/debug/kprobes-optimization", "1"));
	OK(kit, kit_take(kit));
	for (i = 0; i < kit->snap->tables[0].nr_rows; i++) {
		const struct ktally_row *row = &kit->snap->tables[0].rows[i];

		ASSERT_GT(3, row->key[1]);
		rows[row->key[1]]++;
		hits[row->key[1]] += row->hits;
	}
	EXPECT_EQ(307, came);
	EXPECT_EQ(calls, count_of(kit, 0)->hits + kit->snap->probes[0].missed);
	EXPECT_EQ(count_of(kit, 0)->hits, hits[1]);
	EXPECT_EQ(came, count_of(kit, 1)->hits);
	EXPECT_EQ(came, hits[2]);
	/* Called from one place. */
	EXPECT_EQ(1, rows[1]);
	EXPECT_TRUE(kit_closes(kit));
}

/* Sessions come and go, and so does the module, while NMIs hit. */
TEST_F(nmi, come_and_go)
{
	NEEDS_NMIS(self);
	const struct ktally_insn insns[] = { CONTEXT(0, PID), STACK(1, KERNEL, 32), UPDATE(0, 0, KTALLY_NO_REG), EMIT(0, 2), EXIT(FOLDED) };
	const enum ktally_kind kinds[] = { KTALLY_KIND_UINT, KTALLY_KIND_KSTACK };
	const char *module = getenv("KTALLY_KO");
	struct kit *kit = &self->kit;
	uint64_t hits = 0, end;
	unsigned int rounds = 0;
	pid_t pid;
	int fd;

	if (!has_two_cpus())
		SKIP(return, "there is one processor only");
	OK(kit, kit_tell("nmi count %u 1", NMI));
	kit_close(kit);
	pid = sender(1000000);
	end = kit_now() + 2000000000;
	do {
		OK(kit, kit_open(kit));
		kit->plan->stack_entries = 1024;
		kit->plan->ring_size = 1 << 16;
		OK(kit, kit_table(kit, 64, 2, kinds, NULL, 0));
		OK(kit, perf_probe(self, NMI, PROGRAM(insns)));
		OK(kit, kit_start(kit));
		kit_sleep_ms(5);
		if (rounds % 3 == 0) {
			OK(kit, kit_stop(kit));
			OK(kit, kit_start(kit));
		}
		OK(kit, kit_take(kit));
		hits += count_of(kit, 0)->hits;
		EXPECT_TRUE(kit_closes(kit));
		kit_close(kit);
		rounds++;
		if (rounds % 7 || !module)
			continue;
		OK(kit, kit_settle(10000));
		ASSERT_EQ(0, syscall(SYS_delete_module, "ktally", O_NONBLOCK)) TH_LOG("%s", strerror(errno));
		fd = open(module, O_RDONLY | O_CLOEXEC);
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, syscall(SYS_finit_module, fd, "", 0)) TH_LOG("%s", strerror(errno));
		close(fd);
	} while (kit_now() < end || rounds < 14);
	EXPECT_EQ(0, waitpid(pid, NULL, WNOHANG));
	kill_sender(pid);
	EXPECT_LT(0, hits);
	OK(kit, kit_open(kit));
}

TEST_HARNESS_MAIN
