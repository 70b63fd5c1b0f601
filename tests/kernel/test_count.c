// SPDX-License-Identifier: GPL-2.0-or-later
/* Counts against the truth: a prime number of system calls in, exactly that many out, however they are keyed. */
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define N0 10007
#define N1 20011

KIT_FIXTURE(count)

/* Fields of raw_syscalls:sys_enter. */
enum { ID, ARG0, ARG1 };

static int sys_enter(struct kit *kit, const struct ktally_insn *insns, unsigned int nr)
{
	return kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", insns, nr);
}

TEST_F(count, system_calls_by_number)
{
	const struct ktally_insn insns[] = { ONLY_US, FIELD(0, ID), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	struct kit *kit = &self->kit;

	OK(kit, kit_table(kit, 512, 1, NULL, NULL, 0));
	OK(kit, sys_enter(kit, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	OK(kit, kit_calls_both(N0, N1));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(N0 + N1, kit_hits(kit, 0, SYS_getppid));
	EXPECT_EQ(kit->snap->probes[0].count.folded, kit_total(kit, 0));
	EXPECT_EQ(0, kit->snap->probes[0].count.other);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(count, cpu_key)
{
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED),
		CONTEXT(1, CPU), UPDATE(0, 1, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit;

	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, sys_enter(kit, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	OK(kit, kit_calls_both(N0, N1));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(N0, kit_hits(kit, 0, 0));
	EXPECT_EQ(N1, kit_hits(kit, 0, 1));
	EXPECT_EQ(2, kit->snap->tables[0].nr_rows);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(count, kprobe_on_a_system_call)
{
	const struct ktally_insn insns[] = { ONLY_US, CONTEXT(0, CPU), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	struct kit *kit = &self->kit;

	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_KPROBE, kit_call_symbol("getppid"), PROGRAM(insns)));
	OK(kit, kit_start(kit));
	OK(kit, kit_calls_both(N0, N1));
	OK(kit, kit_stop(kit));
	kit_calls(101);
	OK(kit, kit_take(kit));
	EXPECT_EQ(N0 + N1, kit_total(kit, 0));
	EXPECT_EQ(N0, kit_hits(kit, 0, 0));
	EXPECT_EQ(N0 + N1, kit->snap->probes[0].count.folded);
	EXPECT_EQ(0, kit->snap->probes[0].missed);
	EXPECT_TRUE(kit_closes(kit));
}

/* Every third call passes: what the filter says no to must be counted as that. */
TEST_F(count, filter_and_fold_make_all_hits)
{
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_lseek, 1), EXIT(FILTERED),
		FIELD(1, ARG1), CALC(UMOD, 1, 1, 3), SKIP_IF(EQ, 1, 0, 1), EXIT(FILTERED),
		UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	const struct ktally_probe_count *c;
	struct kit *kit = &self->kit;
	long i;

	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, sys_enter(kit, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	for (i = 0; i < N0; i++)
		syscall(SYS_lseek, -1, i, 0);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	c = &kit->snap->probes[0].count;
	EXPECT_EQ((N0 + 2) / 3, kit_hits(kit, 0, SYS_lseek));
	EXPECT_EQ((N0 + 2) / 3, c->folded);
	EXPECT_EQ(c->hits, c->filtered + c->folded);
	EXPECT_LE(N0 - c->folded, c->filtered);
	EXPECT_TRUE(kit_closes(kit));
}

/* Stopped, a session counts nothing; started again it goes on where it was. */
TEST_F(count, stop_and_start_again)
{
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit;

	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, sys_enter(kit, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	kit_calls(499);
	OK(kit, kit_stop(kit));
	kit_calls(1009);
	OK(kit, kit_start(kit));
	kit_calls(4999);
	OK(kit, kit_stop(kit));
	kit_calls(11);
	OK(kit, kit_take(kit));
	EXPECT_EQ(499 + 4999, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* Two sessions and two probes of one session on one source do not disturb each other. */
TEST_F(count, several_at_once)
{
	const struct ktally_insn all[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	const struct ktally_insn first[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), CONTEXT(1, CPU), UPDATE(1, 1, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit, other;

	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, sys_enter(kit, PROGRAM(all)));
	OK(kit, sys_enter(kit, PROGRAM(first)));
	OK(&other, kit_open(&other));
	OK(&other, kit_table(&other, 16, 1, NULL, NULL, 0));
	OK(&other, sys_enter(&other, PROGRAM(all)));
	OK(kit, kit_start(kit));
	kit_calls(101);
	OK(&other, kit_start(&other));
	OK(kit, kit_calls_both(N0, N1));
	OK(kit, kit_stop(kit));
	kit_calls(103);
	OK(&other, kit_stop(&other));
	OK(kit, kit_take(kit));
	OK(&other, kit_take(&other));
	EXPECT_EQ(101 + N0 + N1, kit_total(kit, 0));
	EXPECT_EQ(101 + N0 + N1, kit_total(kit, 1));
	EXPECT_EQ(N0 + N1 + 103, kit_total(&other, 0));
	EXPECT_TRUE(kit_closes(kit));
	EXPECT_TRUE(kit_closes(&other));
	kit_close(&other);
}

static int name_key(struct kit *kit)
{
	const enum ktally_kind kinds[] = { KTALLY_KIND_STRING, KTALLY_KIND_STRING };

	return kit_table(kit, 64, 2, kinds, NULL, 0);
}

static uint64_t hits_of_name(const struct kit *kit, unsigned int table, const char *name)
{
	const struct ktally_table *t = &kit->snap->tables[table];
	char key[16] = "";
	size_t i;

	memcpy(key, name, strlen(name));
	for (i = 0; i < t->nr_rows; i++)
		if (!memcmp(t->rows[i].key, key, sizeof(key)))
			return t->rows[i].hits;
	return 0;
}

static void calls_as(const char *name, unsigned int n)
{
	char was[16];

	prctl(PR_GET_NAME, was);
	prctl(PR_SET_NAME, name);
	kit_calls(n);
	prctl(PR_SET_NAME, was);
}

TEST_F(count, string_key)
{
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED),
		CONTEXT(1, COMM), UPDATE(0, 1, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit;

	OK(kit, name_key(kit));
	OK(kit, sys_enter(kit, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	calls_as("a", 101);
	calls_as("exactly-fifteen", 211);
	calls_as("exactly-fiftee", 307);
	calls_as("", 401);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(101, hits_of_name(kit, 0, "a"));
	EXPECT_EQ(211, hits_of_name(kit, 0, "exactly-fifteen"));
	EXPECT_EQ(307, hits_of_name(kit, 0, "exactly-fiftee"));
	EXPECT_EQ(401, hits_of_name(kit, 0, ""));
	EXPECT_EQ(4, kit->snap->tables[0].nr_rows);
	EXPECT_TRUE(kit_closes(kit));
}

static const struct {
	const char *pattern;
	bool glob;
	uint64_t hits;	/* of java 3, java-gc 5, perl 7, j*va 11 */
} patterns[] = {
	{ "java", false, 3 }, { "java*", false, 0 }, { "j*va", false, 11 }, { "", false, 0 },
	{ "java", true, 3 }, { "java*", true, 3 + 5 }, { "*", true, 3 + 5 + 7 + 11 }, { "j*", true, 3 + 5 + 11 },
	{ "????", true, 3 + 7 + 11 }, { "[a-k]*", true, 3 + 5 + 11 }, { "[!j]*", true, 7 }, { "*-*", true, 5 },
	{ "*a*a*", true, 3 + 5 }, { "j\\*va", true, 11 }, { "java?", true, 0 }, { "*l", true, 7 }, { "", true, 0 },
};

FIXTURE(glob) { struct kit kit; };
FIXTURE_VARIANT(glob) { unsigned int from, to; };
FIXTURE_VARIANT_ADD(glob, whole) { 0, 4 };
FIXTURE_VARIANT_ADD(glob, pattern) { 4, COUNTOF(patterns) };
FIXTURE_SETUP(glob) { OK(&self->kit, kit_open(&self->kit)); }
FIXTURE_TEARDOWN(glob) { kit_close(&self->kit); }

TEST_F(glob, match)
{
	struct kit *kit = &self->kit;
	unsigned int i;

	for (i = variant->from; i < variant->to; i++) {
		const unsigned int len = strlen(patterns[i].pattern);
		const struct ktally_insn insns[] = {
			ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), CONTEXT(1, COMM),
			MATCH(3, 1, 16, len, patterns[i].glob ? KTALLY_MATCH_GLOB : 0), SKIP_IF(EQ, 3, 1, 1), EXIT(FILTERED), EXIT(FOLDED),
		};

		OK(kit, sys_enter(kit, PROGRAM(insns)));
		if (len)
			OK(kit, kit_pattern(kit, patterns[i].pattern, len));
	}
	OK(kit, kit_start(kit));
	calls_as("java", 3);
	calls_as("java-gc", 5);
	calls_as("perl", 7);
	calls_as("j*va", 11);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (i = variant->from; i < variant->to; i++)
		EXPECT_EQ(patterns[i].hits, kit->snap->probes[i - variant->from].count.folded)
			TH_LOG("pattern '%s'%s", patterns[i].pattern, patterns[i].glob ? " as glob" : "");
	EXPECT_TRUE(kit_closes(kit));
}

/* What a program can ask about the moment, against what this process knows of itself. */
TEST_F(count, context)
{
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED),
		CONTEXT(0, PID), CONTEXT(1, TID), CONTEXT(2, PPID), CONTEXT(3, UID), CONTEXT(4, POLICY), CONTEXT(5, IN_IRQ),
		CONTEXT(6, PRIO), CONTEXT(7, NODE), CONTEXT(8, IMAGE), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit;
	const uint64_t *key;

	OK(kit, kit_table(kit, 16, 9, NULL, NULL, 0));
	OK(kit, sys_enter(kit, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	kit_calls(13);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	ASSERT_EQ(1, kit->snap->tables[0].nr_rows);
	key = kit->snap->tables[0].rows[0].key;
	EXPECT_EQ(13, kit->snap->tables[0].rows[0].hits);
	EXPECT_EQ(getpid(), key[0]);
	EXPECT_EQ(syscall(SYS_gettid), key[1]);
	EXPECT_EQ(getppid(), key[2]);
	EXPECT_EQ(getuid(), key[3]);
	EXPECT_EQ(0, key[4]);
	EXPECT_EQ(0, key[5]);
	EXPECT_EQ(120, key[6]);
	EXPECT_EQ(0, key[7]);
	EXPECT_EQ(getpid(), key[8] >> 32);
}

/* The same answer by way of the compiler. */
TEST_F(count, compiled)
{
	char text[128];
	struct kit *kit = &self->kit;

	snprintf(text, sizeof(text), "raw_syscalls:sys_enter/pid == %d && id == %d/key=cpu/", getpid(), (int)SYS_getppid);
	OK(kit, kit_event(kit, text));
	OK(kit, kit_start(kit));
	OK(kit, kit_calls_both(N0, N1));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(N0, kit_hits(kit, 0, 0));
	EXPECT_EQ(N1, kit_hits(kit, 0, 1));
	EXPECT_TRUE(kit_closes(kit));
}

/* A session of CPU 1 does not see what CPU 0 does. */
TEST_F(count, chosen_cpu)
{
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct kit *kit = &self->kit;

	kit->plan->cpus = calloc(1, sizeof(*kit->plan->cpus));
	ASSERT_NE(NULL, kit->plan->cpus);
	kit->plan->cpus[0] = 2;
	kit->plan->nr_cpu_words = 1;
	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, sys_enter(kit, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	OK(kit, kit_calls_both(N0, N1));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(N1, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* A load through a pointer of the caller: what it points to, and a fault that is accounted as one. */
TEST_F(count, user_memory)
{
	const struct ktally_insn insns[] = {
		ONLY_US, FIELD(0, ID), SKIP_IF(EQ, 0, SYS_lseek, 1), EXIT(FILTERED), FIELD(1, ARG1),
		{ .op = KTALLY_OP_LOAD, .dst = 2, .a = 1, .aux = 4 | KTALLY_LOAD_USER | KTALLY_LOAD_SIGNED, .imm = 4 },
		UPDATE(0, 2, KTALLY_NO_REG), EXIT(FOLDED),
	};
	static int32_t words[2] = { 1, -77 };
	struct kit *kit = &self->kit;
	unsigned int i;

	words[1] = -77;
	OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
	OK(kit, sys_enter(kit, PROGRAM(insns)));
	OK(kit, kit_start(kit));
	for (i = 0; i < 31; i++)
		syscall(SYS_lseek, -1, words, 0);
	for (i = 0; i < 17; i++)
		syscall(SYS_lseek, -1, 16, 0);
	for (i = 0; i < 7; i++)
		syscall(SYS_lseek, -1, 0xffffffff81000000UL, 0);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(31, kit_hits(kit, 0, (uint64_t)-77LL));
	EXPECT_EQ(31, kit->snap->probes[0].count.folded);
	EXPECT_EQ(17 + 7, kit->snap->probes[0].count.fault);
	EXPECT_TRUE(kit_closes(kit));
}

TEST_HARNESS_MAIN
