// SPDX-License-Identifier: GPL-2.0-or-later
/* The governor: sessions that cost too much come back under their budget, what was done is told, and totals stay right. */
#include <math.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "test.h"

#define BUDGET 50
#define SECOND 1000000000ull

/* Fields of raw_syscalls:sys_enter. */
enum { ID };

KIT_FIXTURE(governor)

/* ---- a session that only a gate can help: its program takes long, and it is seldom hit ---- */

/* Calls a second: for the long program too many, for a short one few. */
#define OFTEN 5000
#define SELDOM 1000

/* Counts getppid by process, after so much of matching that being hit is nothing beside it. */
static int long_program(struct kit *kit)
{
	struct ktally_insn insns[400] = { FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), CONTEXT(1, COMM) };
	static const char pattern[] = "*a*b*c*d";
	unsigned int n = 4;
	int ret;

	while (n < COUNTOF(insns) - 3)
		insns[n++] = (struct ktally_insn)MATCH(3, 1, 16, strlen(pattern), KTALLY_MATCH_GLOB);
	insns[n++] = (struct ktally_insn)CONTEXT(0, PID);
	insns[n++] = (struct ktally_insn)UPDATE(0, 0, KTALLY_NO_REG);
	insns[n++] = (struct ktally_insn)EXIT(FOLDED);
	ret = kit_table(kit, 64, 1, NULL, NULL, 0);
	if (ret >= 0)
		ret = kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", insns, n);
	return ret < 0 ? ret : kit_pattern(kit, pattern, strlen(pattern));
}

/*
 * System calls, @rate a second for @ms, in bursts with pauses between: after a pause that was longer than asked for there are the more,
 * so that what they cost is the same part of the time on a busy machine. The bursts are large, because which of all calls are run is
 * chance, and the fewer others there are the less is. Return: how many
 */
static uint64_t bursts(unsigned int rate, unsigned int ms)
{
	uint64_t begin = kit_now(), elapsed, n = 0, due;

	do {
		kit_sleep_ms(20);
		due = (kit_now() - begin) * rate / SECOND - n;
		due = due < rate / 10 ? due : rate / 10;
		kit_calls(due);
		n += due;
		elapsed = kit_now() - begin;
	} while (elapsed < ms * 1000000ull);
	return n;
}

/*
 * The same until @until becomes true, a tenth of a second each time; it may look at *@info, and *@most is the highest share seen. One
 * look tells little: where hits are too few to be timed there is no share to be seen for a while.
 */
#define BURSTS_UNTIL(until, rate, kit, info, most, n) do {				\
	uint64_t end_ = kit_now() + KIT_PATIENCE;						\
											\
	do {										\
		*(n) += bursts(rate, 100);						\
		OK(kit, kit_look(kit, info));						\
		*(most) = (info)->share > *(most) ? (info)->share : *(most);		\
	} while (!(until) && kit_now() < end_);						\
} while (0)

static unsigned int highest_gate(const struct ktally_session_info *info)
{
	unsigned int gate = 1, i;

	for (i = 0; i < info->nr_steps; i++)
		if (info->steps[i].kind == KTALLY_STEP_GATE && info->steps[i].number > gate)
			gate = info->steps[i].number;
	return gate;
}

TEST_F_TIMEOUT(governor, gate_keeps_totals, 180)
{
	unsigned int gate, above, tries = 0, i;
	struct ktally_session_info info;
	struct kit *kit = &self->kit;
	uint32_t most = 0;
	uint64_t n = 0;

	kit->plan->budget = BUDGET;
	OK(kit, long_program(kit));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	BURSTS_UNTIL(info.nr_steps, OFTEN, kit, &info, &most, &n);
	n += bursts(OFTEN, 1500);
	/*
	 * It stays there, but for a window now and then that makes it step once more. Where the guest itself is made to wait, hits come in
	 * heaps: two seconds of that are outlived.
	 */
	do {
		for (i = 0, above = 0; i < 20; i++) {
			n += bursts(OFTEN, 100);
			OK(kit, kit_look(kit, &info));
			above += info.share > BUDGET;
		}
	} while (above > 5 && ++tries < 10);
	/* Chance has a part in which hits are run; what it makes of so many does not matter. */
	BURSTS_UNTIL(n >= 2000 * highest_gate(&info), OFTEN, kit, &info, &most, &n);
	gate = highest_gate(&info);
	EXPECT_EQ(BUDGET, info.budget);
	EXPECT_GE(5, above);
	EXPECT_LT(0, info.nr_steps);
	for (i = 0; i < info.nr_steps; i++) {
		EXPECT_EQ(KTALLY_STEP_GATE, info.steps[i].kind);
		EXPECT_EQ(0, info.steps[i].cpu);
		EXPECT_TRUE(info.steps[i].time < kit_now());
		if (i) {
			EXPECT_LT(info.steps[i - 1].time, info.steps[i].time);
		} else {
			EXPECT_LT(BUDGET, info.steps[i].share);
		}
		TH_LOG("gate %u at a share of %u", info.steps[i].number, info.steps[i].share);
	}
	EXPECT_LT(1, gate);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LT(0, kit->snap->probes[0].count.gated);
	EXPECT_EQ(info.nr_steps, kit->snap->nr_steps);
	EXPECT_TRUE(fabs((double)kit_hits(kit, 0, getpid()) - n) <= 0.02 * n)
		TH_LOG("%llu and not %llu", (unsigned long long)kit_hits(kit, 0, getpid()), (unsigned long long)n);
	EXPECT_TRUE(kit_closes(kit));
}

/* The same without a budget. */
TEST_F_TIMEOUT(governor, none, 120)
{
	struct ktally_session_info info;
	struct kit *kit = &self->kit;
	uint32_t most = 0;
	uint64_t n = 0;

	OK(kit, long_program(kit));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	BURSTS_UNTIL(most > BUDGET, OFTEN, kit, &info, &most, &n);
	/* The others had taken a step by then. */
	n += bursts(OFTEN, 1500);
	OK(kit, kit_look(kit, &info));
	EXPECT_EQ(0, info.budget);
	EXPECT_LT(BUDGET, most);
	EXPECT_EQ(0, info.nr_steps);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(0, kit->snap->probes[0].count.gated);
	EXPECT_EQ(n, kit_hits(kit, 0, getpid()));
}

/* What costs little is left alone, and counted exactly. */
TEST_F_TIMEOUT(governor, within_its_budget, 120)
{
	struct ktally_session_info info;
	struct kit *kit = &self->kit;
	unsigned int looks = 0, above = 0;
	uint64_t begin, n = 0;
	uint32_t most = 0;

	kit->plan->budget = BUDGET;
	OK(kit, kit_event(kit, "raw_syscalls:sys_enter//key=id/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	begin = kit_now();
	/* Some are timed: otherwise nothing could be above. */
	do {
		n += bursts(SELDOM, 100);
		OK(kit, kit_look(kit, &info));
		most = info.share > most ? info.share : most;
		above += info.share > BUDGET;
		looks++;
	} while (kit_now() - begin < 3 * SECOND || (n < 3000 && kit_now() - begin < KIT_PATIENCE));
	EXPECT_LE(3000, n);
	EXPECT_EQ(0, info.nr_steps) TH_LOG("kind %u at %u", info.steps[0].kind, info.steps[0].share);
	/* A timed hit in which the guest stood still is seen for the moment that its window is short; the governor waits for its end. */
	EXPECT_GE(looks / 5, above) TH_LOG("%u of %u looks, most %u", above, looks, most);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(n, kit_hits(kit, 0, SYS_getppid));
	EXPECT_EQ(0, kit->snap->probes[0].count.gated);
	EXPECT_TRUE(kit_closes(kit));
}

/* Stacks are the first to go, and come back when there is room for them again. */
TEST_F_TIMEOUT(governor, gives_back, 180)
{
	struct ktally_session_info info = { 0 };
	struct kit *kit = &self->kit;
	uint64_t end;

	kit->plan->budget = BUDGET;
	OK(kit, kit_event(kit, "kprobe:ktally_test_call//stack=kernel/depth=100/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	for (end = kit_now() + KIT_PATIENCE; kit_now() < end && !info.nr_steps;) {
		OK(kit, kit_tell("call 500 1"));
		kit_sleep_ms(1);
		OK(kit, kit_look(kit, &info));
	}
	ASSERT_LT(0, info.nr_steps);
	EXPECT_EQ(KTALLY_STEP_STACKS, info.steps[0].kind);
	EXPECT_EQ(0, info.steps[0].number);
	EXPECT_LT(BUDGET, info.steps[0].share);
	for (end = kit_now() + KIT_PATIENCE; kit_now() < end;) {
		OK(kit, kit_tell("call 10 1"));
		kit_sleep_ms(50);
		OK(kit, kit_look(kit, &info));
		if (info.steps[info.nr_steps - 1].kind == KTALLY_STEP_STACKS && info.steps[info.nr_steps - 1].number)
			break;
	}
	EXPECT_EQ(KTALLY_STEP_STACKS, info.steps[info.nr_steps - 1].kind);
	EXPECT_EQ(1, info.steps[info.nr_steps - 1].number);
}

TEST_HARNESS_MAIN
