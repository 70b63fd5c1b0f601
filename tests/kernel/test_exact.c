// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions counted by a processor whose every instruction takes a nanosecond: an emulated arm64, which has a PMU. What
 * runs is known to the instruction, so what is counted is too. tests/kernel/run boots this guest for this program alone.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

/* Fields of raw_syscalls:sys_enter and of sched:sched_switch. */
enum { ID, ARG0, ARG1 };
enum { PREV_COMM, PREV_PID };

#define LOOPS 5000000ull
#define INSTRUCTIONS (2 * LOOPS)

#define COUNTER(dst_, n_)	{ .op = KTALLY_OP_COUNTER, .dst = (dst_), .aux = (n_) }
#define DIFFERENCE(dst_, n_)	{ .op = KTALLY_OP_COUNTER, .dst = (dst_), .aux = (n_) | KTALLY_COUNTER_DELTA }
/* Goes on with the second argument in register 0 if this is our lseek. */
#define OUR_MARK		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_lseek, 1), EXIT(FILTERED), FIELD(0, ARG1)

static const struct ktally_column sum_column[] = { { .kind = KTALLY_COLUMN_SUM } };

FIXTURE(exact) {
	struct kit kit;
};

FIXTURE_SETUP(exact)
{
	if (!kit_number("KTALLY_EXACT", 0))
		SKIP(return, "only a guest whose instructions take a nanosecond each has exact counts: tests/kernel/run 6.1-arm64");
	OK(&self->kit, kit_open(&self->kit));
	/* The governor would not spare what is measured. */
	self->kit.plan->budget = KTALLY_BUDGET_NONE;
}

FIXTURE_TEARDOWN(exact)
{
	kit_close(&self->kit);
}

/* A loop of exactly two instructions. */
static __attribute__((noinline)) void spin(uint64_t loops)
{
#if defined(__x86_64__)
	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(loops) : : "cc");
#else
	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(loops) : : "cc");
#endif
}

static int add_instructions(struct kit *kit, uint32_t flags)
{
	struct ktally_counter_plan *counter = ktally_plan_add_counter(kit->plan);

	if (!counter)
		return -ENOMEM;
	snprintf(counter->name, sizeof(counter->name), "instructions");
	counter->perf_type = PERF_TYPE_HARDWARE;
	counter->config = PERF_COUNT_HW_INSTRUCTIONS;
	counter->flags = flags | KTALLY_PERF_PINNED;
	counter->scale = 1.0;
	return 0;
}

static void mark(uint64_t key)
{
	syscall(SYS_lseek, -1, key, 0);
}

static uint64_t sum_of(const struct kit *kit, uint64_t key)
{
	const struct ktally_row *row = kit_row(kit, 0, key);

	return row ? row->cells[0] : UINT64_MAX;
}

/* Within a thousandth. */
#define EXPECT_NEAR(expected, seen) do {								\
	uint64_t expected_ = (expected), seen_ = (seen);						\
													\
	EXPECT_LE(expected_ - expected_ / 1000, seen_);							\
	EXPECT_GE(expected_ + expected_ / 1000, seen_);							\
} while (0)

TEST_F(exact, loop)
{
	const struct ktally_insn insns[] = { OUR_MARK, DIFFERENCE(1, 0), UPDATE(0, 0, 1), EXIT(FOLDED) };
	struct kit *kit = &self->kit;

	OK(kit, add_instructions(kit, KTALLY_PERF_EXCLUDE_KERNEL));
	OK(kit, kit_table(kit, 64, 1, NULL, sum_column, 1));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	mark(1);
	spin(LOOPS);
	mark(2);
	spin(LOOPS / 10);
	mark(3);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_NEAR(INSTRUCTIONS, sum_of(kit, 2));
	EXPECT_NEAR(INSTRUCTIONS / 10, sum_of(kit, 3));
}

static pid_t spinner(uint64_t loops)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	spin(loops);
	_exit(0);
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

/* Two that share the processor are each given their own. */
TEST_F(exact, tasks)
{
	const struct ktally_insn insns[] = { FIELD(0, PREV_PID), DIFFERENCE(1, 0), UPDATE(0, 0, 1), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	pid_t one, two;

	OK(kit, add_instructions(kit, KTALLY_PERF_EXCLUDE_KERNEL));
	OK(kit, kit_table(kit, 1024, 1, NULL, sum_column, 1));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "sched:sched_switch", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	one = spinner(2 * LOOPS);
	two = spinner(3 * LOOPS);
	EXPECT_TRUE(ended_well(one));
	EXPECT_TRUE(ended_well(two));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_NEAR(2 * INSTRUCTIONS, sum_of(kit, one));
	EXPECT_NEAR(3 * INSTRUCTIONS, sum_of(kit, two));
	/* They did take turns. */
	EXPECT_LT(2, kit_hits(kit, 0, one));
	EXPECT_LT(2, kit_hits(kit, 0, two));
}

/* A pair of a thread with the one counter. */
static int add_pair(struct kit *kit)
{
	struct ktally_pair_plan *pair = ktally_plan_add_pair(kit->plan);

	if (!pair)
		return -ENOMEM;
	pair->kind = KTALLY_PAIR_TASK;
	pair->entries = 64;
	pair->nr_counters = 1;
	snprintf(pair->schema.name, sizeof(pair->schema.name), "pair");
	return 0;
}

#define START(pair_)		{ .op = KTALLY_OP_START, .aux = (pair_), .b = KTALLY_NO_REG }
#define END(dst_, pair_, n_)	{ .op = KTALLY_OP_END, .dst = (dst_), .aux = (pair_), .imm = (n_) }

/* Adds the pair's ends: the table is given the difference of its counter, under one key. */
static int add_ends(struct kit *kit, const char *start, enum ktally_source_kind kind, const char *end)
{
	const struct ktally_insn first[] = { ONLY_US, START(0), EXIT(FOLDED) };
	const struct ktally_insn last[] = {
		ONLY_US, END(1, 0, 3), SET(0, 1), UPDATE(0, 0, 2), EXIT(FOLDED), EXIT(FILTERED),
	};
	int ret = kit_probe(kit, KTALLY_SOURCE_KPROBE, start, PROGRAM(first));

	if (ret >= 0)
		ret = kit_probe(kit, kind, end, PROGRAM(last));
	return ret;
}

/* What a function takes, the quickest of some calls: in the others the timer's interrupt was at work. */
TEST_F(exact, function)
{
	static const struct ktally_column quickest[] = { { .kind = KTALLY_COLUMN_MIN } };
	const struct ktally_row *row;
	struct kit *kit = &self->kit;
	unsigned int i;

	OK(kit, add_instructions(kit, KTALLY_PERF_EXCLUDE_USER));
	OK(kit, add_pair(kit));
	OK(kit, kit_table(kit, 16, 1, NULL, quickest, 1));
	OK(kit, add_ends(kit, "ktally_test_spin", KTALLY_SOURCE_KRETPROBE, "ktally_test_spin"));
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++)
		OK(kit, kit_write("/dev/ktally_test", "spin 1000000"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	row = kit_row(kit, 0, 1);
	ASSERT_NE(NULL, row);
	EXPECT_EQ(23, row->hits);
	EXPECT_NEAR(2000000, (uint64_t)ktally_cells_int(&kit->snap->tables[0].schema.values[0], row->cells));
	EXPECT_TRUE(kit_closes(kit));
}

/* What another task takes meanwhile is not counted. A tick may come in between, so not to the thousandth. */
TEST_F(exact, switched_out)
{
	struct kit *kit = &self->kit;
	pid_t other;

	OK(kit, add_instructions(kit, 0));
	OK(kit, add_pair(kit));
	OK(kit, kit_table(kit, 16, 1, NULL, sum_column, 1));
	OK(kit, add_ends(kit, "ktally_test_text", KTALLY_SOURCE_KPROBE, "ktally_test_call"));
	OK(kit, kit_start(kit));
	other = spinner(10 * LOOPS);
	OK(kit, kit_write("/dev/ktally_test", "text 1 start\nspin 2500000\nswitch 5\nspin 2500000\ncall 1 1"));
	EXPECT_TRUE(ended_well(other));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(1, kit_hits(kit, 0, 1));
	EXPECT_LE(INSTRUCTIONS, sum_of(kit, 1));
	EXPECT_GE(INSTRUCTIONS + INSTRUCTIONS / 50, sum_of(kit, 1));
	EXPECT_TRUE(kit_closes(kit));
}

/* Samples lie in the loop, and there are as many as periods fit into it. (The emulator has no interrupt for instructions; a cycle is one.) */
TEST_F(exact, overflows)
{
	const struct ktally_insn insns[] = { ONLY_US, CONTEXT(0, IP), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	const uint64_t period = 100003;
	struct ktally_probe_plan *probe;
	const struct ktally_table *table;
	struct kit *kit = &self->kit;
	uint64_t there = 0;
	size_t i;

	OK(kit, kit_table(kit, 1024, 1, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_PERF, "", PROGRAM(insns)));
	probe = &kit->plan->probes[0];
	probe->perf_type = PERF_TYPE_HARDWARE;
	probe->perf_config = PERF_COUNT_HW_CPU_CYCLES;
	probe->perf_flags = KTALLY_PERF_EXCLUDE_KERNEL;
	probe->period = period;
	OK(kit, kit_start(kit));
	spin(4 * LOOPS);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	table = &kit->snap->tables[0];
	for (i = 0; i < table->nr_rows; i++)
		if (table->rows[i].key[0] >= (uintptr_t)spin && table->rows[i].key[0] < (uintptr_t)spin + 64)
			there += table->rows[i].hits;
	EXPECT_LE(4 * INSTRUCTIONS / period * 99 / 100, there);
	EXPECT_GE(4 * INSTRUCTIONS / period * 101 / 100, there);
	EXPECT_LE(kit_total(kit, 0) * 99 / 100, there);
	EXPECT_TRUE(kit_closes(kit));
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* Instructions that 1000 system calls take, the least of some tries, while a program reads the counter @reads times in each. */
static int64_t calls_take(unsigned int reads)
{
	struct ktally_insn insns[20] = { CONTEXT(0, CPU) };
	uint64_t least = UINT64_MAX, taken;
	struct kit kit;
	unsigned int i;
	int ret = kit_open(&kit);

	for (i = 1; i <= reads; i++)
		insns[i] = (struct ktally_insn)COUNTER(1, 0);
	insns[i++] = (struct ktally_insn)UPDATE(0, 0, KTALLY_NO_REG);
	insns[i++] = (struct ktally_insn)EXIT(FOLDED);
	kit.plan->budget = KTALLY_BUDGET_NONE;
	if (!ret)
		ret = add_instructions(&kit, 0);
	if (!ret)
		ret = kit_table(&kit, 16, 1, NULL, NULL, 0);
	if (ret >= 0)
		ret = kit_probe(&kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", insns, i);
	if (ret >= 0)
		ret = kit_start(&kit);
	for (i = 0; !ret && i < 23; i++) {
		taken = now_ns();
		kit_calls(1000);
		taken = now_ns() - taken;
		least = taken < least ? taken : least;
	}
	kit_close(&kit);
	return ret ? ret : (int64_t)least;
}

TEST_F(exact, cost_of_a_read)
{
	int64_t one = calls_take(1), nine = calls_take(9);

	ASSERT_LT(0, one);
	ASSERT_LT(0, nine);
	EXPECT_GE(90, (nine - one) / 8000);
	TH_LOG("a counter is read by %lld instructions", (long long)(nine - one) / 8000);
}

TEST_HARNESS_MAIN
