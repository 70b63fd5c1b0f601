// SPDX-License-Identifier: GPL-2.0-or-later
/* Gates: who passes, and that those who pass stand for all. */
#include <math.h>
#include <unistd.h>

#include "test.h"

KIT_FIXTURE(gates)

#define HITS 20011

/* Not further from what is expected than five times the deviation that chance has: one run in two million fails by itself. */
#define EXPECT_CHANCE(expected, deviation, seen) ({					\
	double expected_ = (expected), deviation_ = (deviation), seen_ = (seen);	\
											\
	EXPECT_TRUE(fabs(seen_ - expected_) <= 5 * deviation_)				\
		TH_LOG("%s: %.0f and not %.0f, with a deviation of %.0f", #seen, seen_, expected_, deviation_);	\
})

static const struct ktally_probe_count *counted(const struct kit *kit)
{
	return &kit->snap->probes[0].count;
}

static int64_t sum_of(const struct kit *kit, uint64_t key, const char *name)
{
	return kit_value(kit, 0, kit_row(kit, 0, key), name);
}

TEST_F(gates, every)
{
	struct kit *kit = &self->kit;
	unsigned int cpu;

	OK(kit, kit_event(kit, "ktally_test:fire//every=7/key=cpu/sum=value/var=value/"));
	OK(kit, kit_start(kit));
	/* On each processor by itself; what is left over stands for nothing yet. */
	for (cpu = 0; cpu < 2; cpu++)
		OK(kit, kit_tell_on(cpu, "fire %u %u", 7 * 1009 + 3 + cpu, 11 + cpu));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (cpu = 0; cpu < 2; cpu++) {
		const struct ktally_row *row = kit_row(kit, 0, cpu);
		double mean, deviation;

		ASSERT_NE(NULL, row);
		EXPECT_EQ(7 * 1009, row->hits);
		EXPECT_EQ(7 * 1009 * (11 + cpu), sum_of(kit, cpu, "sum(value)"));
		ktally_cells_stats(&kit->snap->tables[0].schema.values[1], row, kit_cells(kit, 0, row, "var(value)"), &mean, &deviation);
		EXPECT_TRUE(fabs(mean - 11 - cpu) < 1e-9 && deviation < 1e-6) TH_LOG("mean %g, deviation %g", mean, deviation);
	}
	EXPECT_EQ(2 * (7 * 1009 + 3) + 1, counted(kit)->hits);
	EXPECT_EQ(2 * 1009, counted(kit)->folded);
	EXPECT_EQ(2 * (6 * 1009 + 3) + 1, counted(kit)->gated);
	EXPECT_TRUE(kit_closes(kit));
}

/* The instruction at its place in a program: before it a hit counts once, behind it as often as those that it stands for. */
TEST_F(gates, weight_is_from_the_gate_on)
{
	const struct ktally_insn insns[] = {
		CONTEXT(0, WEIGHT), UPDATE(0, 0, KTALLY_NO_REG), GATE(EVERY, 5), CONTEXT(0, WEIGHT), UPDATE(0, 0, KTALLY_NO_REG),
		GATE(EVERY, 3), CONTEXT(0, WEIGHT), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit;

	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_KPROBE, "ktally_test_call", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	OK(kit, kit_tell("call 1009 1"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(1009, kit_hits(kit, 0, 1));
	EXPECT_EQ(1009 / 5 * 5, kit_hits(kit, 0, 5));
	EXPECT_EQ(1009 / 15 * 15, kit_hits(kit, 0, 15));
	EXPECT_EQ(1009 / 15, counted(kit)->folded);
	EXPECT_EQ(1009 - 1009 / 15, counted(kit)->gated);
	EXPECT_TRUE(kit_closes(kit));
}

/* What the filter leaves out does not bring the gate's turn nearer. */
TEST_F(gates, come_behind_the_filter)
{
	struct kit *kit = &self->kit;

	OK(kit, kit_event(kit, "ktally_test:fire/number % 10 == 3/every=10/key=(number / 10) % 10/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(1));
	OK(kit, kit_tell("fire 10000 1"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(10000, counted(kit)->hits);
	EXPECT_EQ(9000, counted(kit)->filtered);
	EXPECT_EQ(900, counted(kit)->gated);
	EXPECT_EQ(100, counted(kit)->folded);
	/* Each tenth of those whose number ends in 3. */
	EXPECT_EQ(1, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(1000, kit_hits(kit, 0, 9));
	EXPECT_TRUE(kit_closes(kit));
}

FIXTURE(chance) { struct kit kit; };
FIXTURE_VARIANT(chance) { const char *text; unsigned int n; };
FIXTURE_VARIANT_ADD(chance, one_in_2) { "1/2", 2 };
FIXTURE_VARIANT_ADD(chance, one_in_10) { "10%", 10 };
FIXTURE_VARIANT_ADD(chance, one_in_97) { "1/97", 97 };
FIXTURE_SETUP(chance) { OK(&self->kit, kit_open(&self->kit)); }
FIXTURE_TEARDOWN(chance) { kit_close(&self->kit); }

/* Of all, and of the odd and the even ones, as many as chance would have it. */
TEST_F(chance, is_fair)
{
	unsigned int n = variant->n, key;
	struct kit *kit = &self->kit;
	char text[128];

	snprintf(text, sizeof(text), "ktally_test:fire//chance=%s/key=number & 1/sum=value/", variant->text);
	OK(kit, kit_event(kit, text));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("fire %u 1000003", HITS));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(HITS, counted(kit)->hits);
	EXPECT_EQ(HITS, counted(kit)->folded + counted(kit)->gated);
	EXPECT_EQ(n * counted(kit)->folded, kit_total(kit, 0));
	EXPECT_CHANCE((double)HITS / n, sqrt((double)HITS / n * (1 - 1.0 / n)), counted(kit)->folded);
	for (key = 0; key < 2; key++) {
		EXPECT_CHANCE(HITS / 2.0, sqrt(HITS / 2.0 * (n - 1)), kit_hits(kit, 0, key));
		EXPECT_EQ(1000003 * kit_hits(kit, 0, key), sum_of(kit, key, "sum(value)"));
	}
	EXPECT_TRUE(kit_closes(kit));
}

/* Calls of a function with sizes around an interval of 4096: each of them so often. */
static const struct {
	unsigned int size, calls;
} sizes[] = {
	{ 1, 20011 }, { 100, 10007 }, { 1000, 5003 }, { 3000, 5003 }, { 4095, 1009 }, { 4096, 1009 }, { 4097, 503 }, { 1000003, 23 },
};

#define INTERVAL 4096.0

/* Sums of sizes and numbers of hits are right on average; of those at least as large as the interval, exactly. */
TEST_F(gates, bytes)
{
	struct kit *kit = &self->kit;
	double hits, below = 0;
	unsigned int i;

	OK(kit, kit_event(kit, "kprobe:ktally_test_call//bytes=arg0:4K/key=arg0/sum=arg0/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < COUNTOF(sizes); i++)
		OK(kit, kit_tell("call %u %u", sizes[i].calls, sizes[i].size));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (i = 0; i < COUNTOF(sizes); i++) {
		double taken = sizes[i].size / INTERVAL, times = 1 / taken, whole = floor(times);

		hits = kit_hits(kit, 0, sizes[i].size);
		if (taken >= 1) {
			EXPECT_EQ(sizes[i].calls, hits);
			EXPECT_EQ((int64_t)sizes[i].calls * sizes[i].size, sum_of(kit, sizes[i].size, "sum(arg0)"));
			continue;
		}
		/* One passes with chance @taken and stands for @times: whole or one more. */
		times = taken * ((times - whole) * (whole + 1) * (whole + 1) + (1 - times + whole) * whole * whole) - 1;
		EXPECT_CHANCE(sizes[i].calls, sqrt(sizes[i].calls * times), hits);
		if (hits)
			EXPECT_EQ((int64_t)hits * sizes[i].size, sum_of(kit, sizes[i].size, "sum(arg0)"));
		below += sizes[i].calls * taken;
	}
	/* And about as many were looked at as there are intervals in all. */
	EXPECT_CHANCE(below + 1009 + 503 + 23, sqrt(below), counted(kit)->folded);
	EXPECT_LT(0, counted(kit)->gated);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(gates, tiers)
{
	static const struct {
		unsigned int size, calls, one_in;
	} tiers[] = {
		{ 0, 20011, 100 }, { 2047, 20011, 100 }, { 2048, 10007, 2 }, { 65535, 10007, 2 }, { 65536, 1009, 1 }, { 1 << 20, 23, 1 },
	};
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, kit_event(kit, "kprobe:ktally_test_call//tiers=arg0/key=arg0/sum=arg0/"));
	OK(kit, kit_start(kit));
	for (i = 0; i < COUNTOF(tiers); i++)
		OK(kit, kit_tell("call %u %u", tiers[i].calls, tiers[i].size));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (i = 0; i < COUNTOF(tiers); i++) {
		uint64_t hits = kit_hits(kit, 0, tiers[i].size);

		if (tiers[i].one_in == 1) {
			EXPECT_EQ(tiers[i].calls, hits);
		} else {
			EXPECT_CHANCE(tiers[i].calls, sqrt(tiers[i].calls * (tiers[i].one_in - 1.0)), hits);
		}
		EXPECT_EQ(0, hits % tiers[i].one_in);
		EXPECT_EQ((int64_t)(hits * tiers[i].size), sum_of(kit, tiers[i].size, "sum(arg0)"));
	}
	EXPECT_TRUE(kit_closes(kit));
}

/* One a period on each processor, which stands for all since the last one: nothing is lost but what came behind the last. */
TEST_F(gates, per_period)
{
	uint64_t begin, end, passed = 0;
	struct kit *kit = &self->kit;
	unsigned int cpu, i;

	OK(kit, kit_event(kit, "ktally_test:fire//per=10ms/key=cpu/sum=value/"));
	OK(kit, kit_start(kit));
	for (cpu = 0; cpu < 2; cpu++) {
		OK(kit, kit_pin(cpu));
		begin = kit_now();
		for (i = 0; i < 101; i++) {
			OK(kit, kit_tell("fire 101 7"));
			kit_sleep_ms(1);
		}
		kit_sleep_ms(20);
		OK(kit, kit_tell("fire 1 7"));
		end = kit_now();
		OK(kit, kit_take(kit));
		EXPECT_EQ(101 * 101 + 1, kit_hits(kit, 0, cpu));
		EXPECT_EQ(7 * (101 * 101 + 1), sum_of(kit, cpu, "sum(value)"));
		passed = counted(kit)->folded - passed;
		EXPECT_GE((end - begin) / 10000000 + 1, passed);
		EXPECT_LE(5, passed);
	}
	OK(kit, kit_stop(kit));
	EXPECT_EQ(2 * (101 * 101 + 1), counted(kit)->hits);
	EXPECT_EQ(counted(kit)->hits, counted(kit)->folded + counted(kit)->gated);
	EXPECT_TRUE(kit_closes(kit));
}

/* A start that passed a gate brings its weight along to the end. */
TEST_F(gates, of_a_start_weigh_at_the_end)
{
	struct kit *kit = &self->kit;

	OK(kit, kit_event(kit, "ktally_test:begin/every=7/pair=id/ -> ktally_test:end/pair=id/key=weight/hist=lat/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	OK(kit, kit_tell("pair %u 0", 7 * 101 + 2));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_PAIR(kit, 0, .count = { .starts = 101, .ended = 101, .unmatched = 6 * 101 + 2 });
	EXPECT_EQ(1, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(7 * 101, kit_hits(kit, 0, 7));
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(gates, of_an_end_multiply_it)
{
	struct kit *kit = &self->kit;

	OK(kit, kit_event(kit, "ktally_test:begin/every=7/pair=id/ -> ktally_test:end/pair=id/every=3/hist=lat/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	OK(kit, kit_tell("pair %u 0", 21 * 101));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	/* Whoever is not let through has closed its start all the same. */
	EXPECT_PAIR(kit, 0, .count = { .starts = 3 * 101, .ended = 3 * 101, .unmatched = 18 * 101 });
	EXPECT_EQ(21 * 101, kit_total(kit, 0));
	EXPECT_EQ(101, kit->snap->probes[1].count.folded);
	EXPECT_EQ(2 * 101, kit->snap->probes[1].count.gated);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_HARNESS_MAIN
