// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions of this very program, their returns and its USDT probes, against calls that are counted by who makes them. */
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "known.h"

#define TARGET __attribute__((noinline, noclone))

/* ---- what is probed ---- */

TARGET long probed_call(long a, long b, long c, long d, long e, long f)
{
	__asm__ volatile("" : : "r"(b), "r"(c), "r"(d), "r"(e), "r"(f));
	return 2 * a + 1;
}

TARGET long probed_depth(long depth)
{
	long below = depth ? probed_depth(depth - 1) + 1 : 0;

	__asm__ volatile("");
	return below;
}

/* Its own memory on the stack makes even gcc give a leaf a frame. */
TARGET void probed_inner(void)
{
	volatile unsigned long here = 0;

	here++;
	__asm__ volatile("");
}

TARGET void probed_middle(void)
{
	probed_inner();
	__asm__ volatile("");
}

TARGET void probed_outer(void)
{
	probed_middle();
	__asm__ volatile("");
}

static int call(unsigned int n, unsigned int value)
{
	while (n--)
		if (probed_call(value, value + 1, value + 2, value + 3, value + 4, value + 5) != 2l * value + 1)
			return -EIO;
	return 0;
}

/* ---- USDT by hand: what sys/sdt.h would make of STAP_PROBE4 ---- */

unsigned short usdt_semaphore __attribute__((section(".probes"), used));

#if defined(__x86_64__)
#define OPERANDS "8@%[a] -4@%k[b] 8@%[c] 8@%[d]"
#else
#define OPERANDS "8@%[a] -4@%w[b] 8@%[c] 8@%[d]"
#endif

#define NOTE(name, semaphore)							\
	"990:	nop\n"								\
	"	.pushsection .note.stapsdt, \"\", \"note\"\n"			\
	"	.balign 4\n"							\
	"	.4byte 992f - 991f, 994f - 993f, 3\n"				\
	"991:	.asciz \"stapsdt\"\n"						\
	"992:	.balign 4\n"							\
	"993:	.8byte 990b, _.stapsdt.base, " semaphore "\n"			\
	"	.asciz \"ktally\"\n"						\
	"	.asciz \"" name "\"\n"						\
	"	.asciz \"" OPERANDS "\"\n"					\
	"994:	.balign 4\n"							\
	"	.popsection\n"							\
	"	.ifndef _.stapsdt.base\n"					\
	"	.pushsection .stapsdt.base, \"aG\", \"progbits\", .stapsdt.base, comdat\n"	\
	"	.weak _.stapsdt.base\n"						\
	"	.hidden _.stapsdt.base\n"					\
	"_.stapsdt.base:	.space 1\n"					\
	"	.size _.stapsdt.base, 1\n"					\
	"	.popsection\n"							\
	"	.endif\n"

/* A register, a negative number in half of one, memory, and a constant. */
#define USDT(name, semaphore, value) ({						\
	long a_ = (value), c_ = (value) + 2;					\
	int b_ = -(int)(value);							\
										\
	__asm__ volatile(NOTE(name, semaphore) : : [a] "r"(a_), [b] "r"(b_), [c] "m"(c_), [d] "n"(23));	\
})

TARGET int usdt_plain(unsigned int n, unsigned int value)
{
	while (n--)
		USDT("plain", "0", value);
	return 0;
}

/* In two places. */
TARGET int usdt_twice(unsigned int n, unsigned int value)
{
	while (n--) {
		if (n & 1)
			USDT("twice", "0", value);
		else
			USDT("twice", "0", value);
	}
	return 0;
}

/* Only while somebody listens, as programs with a semaphore do. */
TARGET int usdt_guarded(unsigned int n, unsigned int value)
{
	while (n--)
		if (*(volatile unsigned short *)&usdt_semaphore)
			USDT("guarded", "usdt_semaphore", value);
	return 0;
}

/* ---- every source ---- */

/* The file and the function, behind the kind of source. */
#define SELF "/proc/self/exe"

FIXTURE(source) { struct kit kit; };
FIXTURE_VARIANT(source) { struct known known; };
FIXTURE_SETUP(source) { OK(&self->kit, kit_open(&self->kit)); }
FIXTURE_TEARDOWN(source) { kit_close(&self->kit); }

#define SOURCE(name, ...) FIXTURE_VARIANT_ADD(source, name) { .known = { __VA_ARGS__ } }

SOURCE(uprobe, "uprobe:" SELF ":probed_call", "", "arg0", call);
SOURCE(uprobe_with_arguments, "uprobe:" SELF ":probed_call", "pid == %d && arg1 + arg2 + arg3 + arg4 == 4 * arg0 + 10", "(arg5 - 5)", call);
SOURCE(uretprobe, "uretprobe:" SELF ":probed_call", "", "((ret - 1) / 2)", call);
SOURCE(usdt, "usdt:" SELF ":ktally:plain", "", "arg1", usdt_plain);
SOURCE(usdt_with_arguments, "usdt:" SELF ":plain", "pid == %d && arg2 == -arg1 && arg4 == 23", "(arg3 - 2)", usdt_plain);
SOURCE(usdt_in_two_places, "usdt:" SELF ":twice", "", "arg1", usdt_twice);
SOURCE(usdt_with_semaphore, "usdt:" SELF ":ktally:guarded", "", "arg1", usdt_guarded);

TEST_F(source, filter_and_key)
{
	known_through_filter_and_key(_metadata, &self->kit, &variant->known);
}

TEST_F(source, start_of_pairs)
{
	known_as_start(_metadata, &self->kit, &variant->known);
}

TEST_F(source, end_of_pairs)
{
	known_as_end(_metadata, &self->kit, &variant->known);
}

/* ---- what only these have ---- */

KIT_FIXTURE(uprobe)

/* A call and its return, and calls inside of calls: each return is one, with what its function returned. */
TEST_F(uprobe, recursion)
{
	struct kit *kit = &self->kit;
	unsigned int i;
	long depth;

	KNOWN_EVENT(kit, "uprobe:" SELF ":probed_depth/pid == %d/key=arg0/", getpid());
	KNOWN_EVENT(kit, "uretprobe:" SELF ":probed_depth/pid == %d/key=ret/", getpid());
	KNOWN_START(kit);
	for (i = 0; i < 23; i++)
		ASSERT_EQ(30, probed_depth(30));
	for (i = 0; i < 101; i++)
		ASSERT_EQ(2, probed_depth(2));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (depth = 0; depth <= 30; depth++) {
		EXPECT_EQ(depth <= 2 ? 23 + 101 : 23, kit_hits(kit, 0, depth));
		EXPECT_EQ(depth <= 2 ? 23 + 101 : 23, kit_hits(kit, 1, depth));
	}
	EXPECT_EQ(23 * 31 + 101 * 3, kit_total(kit, 1));
	EXPECT_TRUE(kit_closes(kit));
}

/* How long it took, by what it was called with. */
TEST_F(uprobe, from_call_to_return)
{
	struct kit *kit = &self->kit;

	KNOWN_EVENT(kit, "uprobe:" SELF ":probed_call/pid == %d/ -> uretprobe:" SELF ":probed_call/pid == %d && ret == 2 * start.arg0 + 1/"
		    "key=start.arg0/hist=lat/", getpid(), getpid());
	KNOWN_START(kit);
	OK(kit, call(23, 5));
	OK(kit, call(101, 11));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23, kit_hits(kit, 0, 5));
	EXPECT_EQ(101, kit_hits(kit, 0, 11));
	EXPECT_EQ(23 + 101, kit->snap->pairs[0].count.starts);
	EXPECT_EQ(23 + 101, kit->snap->pairs[0].count.ended);
	EXPECT_TRUE(kit->snap->pairs[0].closed);
	EXPECT_TRUE(kit_closes(kit));
}

/* Which of the functions above @ip is in: they are small. */
static bool inside(uint64_t ip, void (*function)(void))
{
	return ip >= (uintptr_t)function && ip < (uintptr_t)function + 64;
}

/* The one stack that @source was hit with 23 times. */
static void known_stack(struct __test_metadata *_metadata, struct kit *kit, const char *source, const uint64_t **ips,
			unsigned int *nr)
{
	unsigned int i;

	kit_close(kit);
	OK(kit, kit_open(kit));
	kit->plan->stack_entries = 64;
	*nr = 0;
	KNOWN_EVENT(kit, "%s/pid == %d/stack=user/", source, getpid());
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++)
		probed_outer();
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_TRUE(kit_closes(kit));
	EXPECT_EQ(0, kit->snap->stacks_lost);
	ASSERT_EQ(1, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(23, kit->snap->tables[0].rows[0].hits);
	*ips = ktally_stackset_get(kit->snap->stacks, kit->snap->tables[0].rows[0].key[0], nr);
}

/* The stack leads from the probed place to its callers. */
TEST_F(uprobe, stack_of_the_process)
{
	const uint64_t *ips;
	unsigned int nr, i;

	known_stack(_metadata, &self->kit, "uprobe:" SELF ":probed_inner", &ips, &nr);
	ASSERT_LE(3, nr);
	EXPECT_EQ((uintptr_t)probed_inner, ips[0]);
	/* At its first instruction a function has no frame yet: its caller may be missing, the caller's caller not. */
	for (i = 1; i < nr && !inside(ips[i], probed_outer); i++)
		;
	EXPECT_GE(2, i);
	known_stack(_metadata, &self->kit, "uretprobe:" SELF ":probed_inner", &ips, &nr);
	ASSERT_LE(2, nr);
	EXPECT_TRUE(inside(ips[0], probed_middle));
	EXPECT_TRUE(inside(ips[1], probed_outer));
}

/* Uretprobes of somebody else put addresses of their own on the stack: the walk sees through them. */
TEST_F(uprobe, stack_through_uretprobes)
{
	struct kit *kit = &self->kit, other;
	const uint64_t *ips;
	uint64_t before[64];
	unsigned int nr, nr_before = 0, round;

	OK(&other, kit_open(&other));
	KNOWN_EVENT(&other, "uretprobe:" SELF ":probed_inner/pid == %d/count/", getpid());
	KNOWN_EVENT(&other, "uretprobe:" SELF ":probed_middle/pid == %d/count/", getpid());
	KNOWN_EVENT(&other, "uretprobe:" SELF ":probed_outer/pid == %d/count/", getpid());
	for (round = 0; round < 2; round++) {
		if (round)
			KNOWN_START(&other);
		known_stack(_metadata, kit, "uprobe:" SELF ":probed_inner", &ips, &nr);
		ASSERT_LE(3, nr);
		ASSERT_GE(64, nr);
		if (!round)
			memcpy(before, ips, sizeof(*ips) * (nr_before = nr));
	}
	OK(&other, kit_stop(&other));
	OK(&other, kit_take(&other));
	EXPECT_EQ(23 * 3, kit_total(&other, 0) + kit_total(&other, 1) + kit_total(&other, 2));
	EXPECT_EQ(nr_before, nr);
	EXPECT_EQ(0, memcmp(before, ips, sizeof(*ips) * nr_before));
	kit_close(&other);
}

static unsigned short semaphore(void)
{
	return *(volatile unsigned short *)&usdt_semaphore;
}

/*
 * Raised while anybody listens, in this process and in one that begins later, and lowered by the last. The kernel raises it too
 * where the file is mapped once more, so that both events are looked up before.
 */
TEST_F(uprobe, semaphore)
{
	struct kit *kit = &self->kit, other;
	int status;
	pid_t pid;

	OK(&other, kit_open(&other));
	KNOWN_EVENT(&other, "usdt:" SELF ":guarded/arg1 == 77/count/");
	KNOWN_EVENT(kit, "usdt:" SELF ":guarded/arg1 == 77/count/");
	EXPECT_EQ(0, semaphore());
	KNOWN_START(kit);
	EXPECT_EQ(1, semaphore());
	OK(&other, kit_start(&other));
	usdt_guarded(23, 77);
	OK(&other, kit_stop(&other));
	EXPECT_EQ(1, semaphore());
	OK(&other, kit_take(&other));
	EXPECT_EQ(23, kit_total(&other, 0));
	kit_close(&other);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		_exit(semaphore() == 1 ? usdt_guarded(101, 77) : 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	OK(kit, kit_stop(kit));
	EXPECT_EQ(0, semaphore());
	usdt_guarded(7, 77);
	OK(kit, kit_take(kit));
	EXPECT_EQ(23 + 101, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* A library on a file system with layers, in this process, in a child and in a program that starts later. */
TEST_F(uprobe, function_of_a_library)
{
	struct kit *kit = &self->kit;
	unsigned int i;
	pid_t pid;

	KNOWN_EVENT(kit, "uprobe:libc:nice/arg0 == 0/key=pid/");
	KNOWN_EVENT(kit, "uretprobe:libc:nice/ret == 0/key=pid/");
	KNOWN_START(kit);
	for (i = 0; i < 23; i++)
		ASSERT_EQ(0, nice(0));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		for (i = 0; i < 101; i++)
			nice(0);
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(23, kit_hits(kit, i, getpid()));
		EXPECT_EQ(101, kit_hits(kit, i, pid));
		EXPECT_EQ(23 + 101, kit_total(kit, i));
	}
	EXPECT_TRUE(kit_closes(kit));
}

/* A program that begins when the session runs already, by a file of a copy of its own: the other file does not count. */
TEST_F(uprobe, program_that_begins_later)
{
	struct kit *kit = &self->kit;
	char copy[512], command[1100];
	ssize_t len;

	/* Beside this one: programs in memory (/tmp) could not be probed before Linux 3.17. Guests share that folder. */
	len = readlink("/proc/self/exe", copy, sizeof(copy) - 32);
	ASSERT_LT(0, len);
	snprintf(copy + len, 32, ".%llx", (unsigned long long)kit_now());
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), copy);
	ASSERT_EQ(0, system(command));
	KNOWN_EVENT(kit, "uprobe:%s:probed_call/arg0 == 77/count/", copy);
	KNOWN_START(kit);
	OK(kit, call(13, 77));
	snprintf(command, sizeof(command), "exec %s --call 101", copy);
	EXPECT_EQ(0, system(command));
	OK(kit, kit_stop(kit));
	snprintf(command, sizeof(command), "exec %s --call 31", copy);
	EXPECT_EQ(0, system(command));
	OK(kit, kit_take(kit));
	EXPECT_EQ(101, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
	remove(copy);
}

/* An instruction inside of a function, by its offset: where it is met each time, and registers by their names. */
TEST_F(uprobe, registers_by_name)
{
	struct kit *kit = &self->kit;

#if defined(__x86_64__)
	KNOWN_EVENT(kit, "uprobe:" SELF ":probed_call/pid == %d && di == arg0 && si == arg1 && ip == %llu/key=di/min=sp/max=sp/", getpid(),
		    (unsigned long long)(uintptr_t)probed_call);
#else
	KNOWN_EVENT(kit, "uprobe:" SELF ":probed_call/pid == %d && x0 == arg0 && x1 == arg1 && pc == %llu/key=x0/min=sp/max=sp/", getpid(),
		    (unsigned long long)(uintptr_t)probed_call);
#endif
	KNOWN_START(kit);
	OK(kit, call(23, 5));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23, kit_hits(kit, 0, 5));
	EXPECT_TRUE(kit_closes(kit));
}

/* Started with these arguments it is the program that is probed. */
static void __attribute__((constructor)) be_probed(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--call"))
		_exit(call(atoi(argv[2]), 77) ? 1 : 0);
}

TEST_HARNESS_MAIN
