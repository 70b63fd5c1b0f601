// SPDX-License-Identifier: GPL-2.0-or-later
/* Life and death: owners that are killed, a module that is taken out and put back, processors that go, a thousand sessions. */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

static int unload(void)
{
	return syscall(SYS_delete_module, "ktally", O_NONBLOCK) < 0 ? -errno : 0;
}

static int load(void)
{
	const char *path = getenv("KTALLY_KO");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1, ret = 0;

	if (fd < 0)
		return -ENOENT;
	if (syscall(SYS_finit_module, fd, "", 0) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static const struct ktally_insn count_calls[] = {
	FIELD(0, 0), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), CONTEXT(1, CPU), UPDATE(0, 1, KTALLY_NO_REG), EXIT(FOLDED),
};
static const struct ktally_insn count_ticks[] = { CONTEXT(1, CPU), UPDATE(1, 1, KTALLY_NO_REG), EXIT(FOLDED) };
static const struct ktally_insn count_clocks[] = { CONTEXT(1, CPU), UPDATE(2, 1, KTALLY_NO_REG), EXIT(FOLDED) };

/* Everything that a session can have: three tables, a ring, stacks, a tracepoint, a kprobe, a timer, a clock, process life. */
static int fill(struct kit *kit)
{
	int ret, i;

	kit->plan->ring_size = 1 << 16;
	kit->plan->stack_entries = 64;
	for (i = 0; i < 3; i++)
		kit_table(kit, 64, 1, NULL, NULL, 0);
	kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(count_calls));
	kit_probe(kit, KTALLY_SOURCE_TIMER, "", PROGRAM(count_ticks));
	kit->plan->probes[1].period = 2000000;
	kit_probe(kit, KTALLY_SOURCE_PERF, "", PROGRAM(count_clocks));
	kit->plan->probes[2].perf_type = PERF_TYPE_SOFTWARE;
	kit->plan->probes[2].perf_config = PERF_COUNT_SW_CPU_CLOCK;
	kit->plan->probes[2].period = 3000000;
	ret = kit_probe(kit, KTALLY_SOURCE_PROCESS, "", NULL, 0);
	return ret < 0 ? ret : 0;
}

/* Tables, a ring and one tracepoint. */
static int fill_little(struct kit *kit)
{
	int ret;

	kit->plan->ring_size = 1 << 14;
	kit_table(kit, 64, 1, NULL, NULL, 0);
	ret = kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(count_calls));
	return ret < 0 ? ret : 0;
}

static pid_t start_owner(const char *pinned)
{
	struct kit mine;
	int ends[2];
	pid_t child;
	char byte;

	if (pipe(ends))
		return -1;
	child = fork();
	if (!child) {
		if (kit_open(&mine) || fill(&mine))
			_exit(1);
		if (pinned) {
			snprintf(mine.plan->name, sizeof(mine.plan->name), "%s", pinned);
			mine.plan->flags = KTALLY_SESSION_PINNED;
		}
		if (kit_start(&mine) || write(ends[1], "", 1) != 1)
			_exit(2);
		for (;;)
			pause();
	}
	close(ends[1]);
	if (read(ends[0], &byte, 1) != 1)
		child = -1;
	close(ends[0]);
	return child;
}

/* Whoever is killed leaves no probe, no session and no reference behind; then the module goes and comes again. */
TEST(owner_is_killed)
{
	struct ktally_info info;
	struct kit kit;
	pid_t owner;
	unsigned int i;

	for (i = 0; i < 5; i++) {
		owner = start_owner(NULL);
		ASSERT_LT(0, owner);
		EXPECT_LT(0, kit_file_number("/sys/module/ktally/refcnt"));
		EXPECT_EQ(-EWOULDBLOCK, unload());
		kill(owner, SIGKILL);
		ASSERT_EQ(owner, waitpid(owner, NULL, 0));
		ASSERT_EQ(0, kit_settle(5000)) TH_LOG("after 5 s the module still has references");
		OK(&kit, kit_open(&kit));
		OK(&kit, ktally_client_info(kit.client, &info, &kit.err));
		EXPECT_EQ(0, info.nr_sessions);
		kit_close(&kit);
		ASSERT_EQ(0, unload());
		EXPECT_EQ(-1, access(KTALLY_DEVICE, F_OK));
		EXPECT_EQ(-ENOENT, kit_open(&kit));
		kit_close(&kit);
		ASSERT_EQ(0, load());
	}
}

TEST(pinned_stays)
{
	struct ktally_session_info info;
	struct kit kit;
	pid_t owner = start_owner("stays");

	ASSERT_LT(0, owner);
	kill(owner, SIGKILL);
	ASSERT_EQ(owner, waitpid(owner, NULL, 0));
	kit_sleep_ms(500);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	OK(&kit, kit_open(&kit));
	OK(&kit, ktally_client_find(kit.client, "stays", &info, &kit.err));
	EXPECT_EQ(KTALLY_STATE_RUNNING, info.state);
	EXPECT_LT(0, info.memory);
	OK(&kit, ktally_client_delete(kit.client, info.id, &kit.err));
	kit_close(&kit);
	ASSERT_EQ(0, kit_settle(5000));
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, load());
}

/* An open device holds the module, mapped or not. */
TEST(open_device_holds_the_module)
{
	int fd = open(KTALLY_DEVICE, O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-EWOULDBLOCK, unload());
	close(fd);
	ASSERT_EQ(0, unload());
	ASSERT_EQ(0, load());
}

/* Only tests of a fixture can have a limit of time of their own. */
FIXTURE(many) { int unused; };
FIXTURE_SETUP(many) { }
FIXTURE_TEARDOWN(many) { }

static bool stop;

/* Makes sessions as fast as the module comes and goes; everything may fail, nothing may break. */
static void *make_sessions(void *arg)
{
	unsigned int *made = arg, round = 0;
	struct kit kit;

	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		if (!kit_open(&kit) && !(round++ % 4 ? fill_little(&kit) : fill(&kit)) && !kit_start(&kit)) {
			kit_calls(10);
			++*made;
		}
		kit_close(&kit);
		/* Now and then nobody holds the module. */
		kit_sleep_ms(round % 16 * 5);
	}
	return NULL;
}

static void *open_device(void *arg)
{
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		int fd = open(KTALLY_DEVICE, O_RDONLY);

		if (fd >= 0)
			close(fd);
		kit_sleep_ms(1);
	}
	return arg;
}

TEST_F_TIMEOUT(many, unloads_race_with_everything, 60)
{
	unsigned int made[2] = { 0 }, unloaded = 0, i, tries;
	pthread_t threads[3];
	struct timespec begun, now;

	ASSERT_EQ(0, pthread_create(&threads[0], NULL, make_sessions, &made[0]));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, make_sessions, &made[1]));
	ASSERT_EQ(0, pthread_create(&threads[2], NULL, open_device, NULL));
	clock_gettime(CLOCK_MONOTONIC, &begun);
	do {
		if (!unload()) {
			unloaded++;
			for (tries = 0; tries < 100 && load(); tries++)
				kit_sleep_ms(10);
			kit_sleep_ms(20 * (unloaded % 8));
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < begun.tv_sec + 8 || (unloaded < 5 && now.tv_sec < begun.tv_sec + 40));
	__atomic_store_n(&stop, true, __ATOMIC_RELEASE);
	for (i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	EXPECT_EQ(0, kit_settle(5000));
	EXPECT_LT(0, unloaded);
	EXPECT_LT(0, made[0] + made[1]) TH_LOG("no session was ever made");
	TH_LOG("%u sessions, %u times unloaded", made[0] + made[1], unloaded);
}

/* Uses that much time of a processor: the clock counts only then. */
static void spin_ms(unsigned int ms)
{
	struct timespec now;
	clock_t end = clock() + (clock_t)ms * (CLOCKS_PER_SEC / 1000);

	while (clock() < end)
		clock_gettime(CLOCK_MONOTONIC, &now);
}

/* Patience of tests that have the usual limit, ns. */
#define SOME_SECONDS 5000000000ull
#define CPU1 "/sys/devices/system/cpu/cpu1/online"

/* CPU 1 goes and comes while everything runs; it counts again, and what it had counted stays. */
TEST(processor_goes_and_comes)
{
	uint64_t ticks, clocks, calls, begin;
	struct kit kit;
	unsigned int round;

	if (access(CPU1, W_OK))
		SKIP(return, "CPU 1 of this guest cannot be taken offline");
	OK(&kit, kit_open(&kit));
	OK(&kit, fill(&kit));
	OK(&kit, kit_start(&kit));
	for (round = 0; round < 4; round++) {
		OK(&kit, kit_calls_both(1009, 503));
		ASSERT_EQ(0, kit_write(CPU1, "0"));
		OK(&kit, kit_calls_on(0, 101));
		OK(&kit, kit_take(&kit));
		EXPECT_TRUE(kit_closes(&kit));
		ticks = kit_hits(&kit, 1, 1);
		clocks = kit_hits(&kit, 2, 1);
		calls = kit_hits(&kit, 0, 1);
		EXPECT_EQ((round + 1) * (1009 + 101), kit_hits(&kit, 0, 0));
		EXPECT_EQ(round * (503 + 7) + 503, calls);
		kit_sleep_ms(50);
		OK(&kit, kit_take(&kit));
		EXPECT_EQ(ticks, kit_hits(&kit, 1, 1));
		ASSERT_EQ(0, kit_write(CPU1, "1"));
		OK(&kit, kit_calls_on(1, 7));
		kit_pin(1);
		begin = kit_now();
		do {
			kit_sleep_ms(100);
			spin_ms(50);
			OK(&kit, kit_take(&kit));
		} while ((kit_hits(&kit, 1, 1) == ticks || kit_hits(&kit, 2, 1) == clocks) && kit_now() - begin < SOME_SECONDS);
		EXPECT_LT(ticks, kit_hits(&kit, 1, 1)) TH_LOG("the timer does not tick on CPU 1 again");
		EXPECT_LT(clocks, kit_hits(&kit, 2, 1)) TH_LOG("the clock does not count on CPU 1 again");
		EXPECT_EQ((round + 1) * (503 + 7), kit_hits(&kit, 0, 1));
		EXPECT_TRUE(kit_closes(&kit));
	}
	OK(&kit, kit_stop(&kit));
	OK(&kit, kit_take(&kit));
	EXPECT_TRUE(kit_closes(&kit));
	kit_close(&kit);
}

/* A session that is made, started or stopped while CPU 1 is away. */
TEST(processor_is_away)
{
	uint64_t begin;
	struct kit kit;

	if (access(CPU1, W_OK))
		SKIP(return, "CPU 1 of this guest cannot be taken offline");
	ASSERT_EQ(0, kit_write(CPU1, "0"));
	OK(&kit, kit_open(&kit));
	OK(&kit, fill(&kit));
	OK(&kit, kit_start(&kit));
	OK(&kit, kit_calls_on(0, 1009));
	ASSERT_EQ(0, kit_write(CPU1, "1"));
	OK(&kit, kit_calls_on(1, 503));
	begin = kit_now();
	do {
		kit_sleep_ms(100);
		OK(&kit, kit_take(&kit));
	} while (!kit_hits(&kit, 1, 1) && kit_now() - begin < SOME_SECONDS);
	EXPECT_EQ(1009, kit_hits(&kit, 0, 0));
	EXPECT_EQ(503, kit_hits(&kit, 0, 1));
	EXPECT_LT(0, kit_hits(&kit, 1, 1)) TH_LOG("the timer never ticked on CPU 1");
	ASSERT_EQ(0, kit_write(CPU1, "0"));
	OK(&kit, kit_stop(&kit));
	OK(&kit, kit_calls_on(0, 11));
	OK(&kit, kit_start(&kit));
	OK(&kit, kit_calls_on(0, 13));
	ASSERT_EQ(0, kit_write(CPU1, "1"));
	OK(&kit, kit_calls_on(1, 17));
	OK(&kit, kit_stop(&kit));
	OK(&kit, kit_take(&kit));
	EXPECT_EQ(1009 + 13, kit_hits(&kit, 0, 0));
	EXPECT_EQ(503 + 17, kit_hits(&kit, 0, 1));
	EXPECT_TRUE(kit_closes(&kit));
	kit_close(&kit);
}

/* Kilobytes of a line of /proc/meminfo. */
static long meminfo(const char *name)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long value = -1;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtol(line + strlen(name) + 1, NULL, 10);
	if (file)
		fclose(file);
	return value;
}

/* Areas of virtual memory that the module took and has not given back. */
static long vmallocs(void)
{
	FILE *file = fopen("/proc/vmallocinfo", "re");
	char line[512];
	long n = 0;

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		n += strstr(line, "[ktally]") && strstr(line, "vmalloc") && !strstr(line, "load_module") && !strstr(line, "module_alloc");
	fclose(file);
	return n;
}

static void one_session(struct __test_metadata *_metadata, unsigned int i)
{
	struct kit kit;

	OK(&kit, kit_open(&kit));
	/* One in ten has every kind of source; each of these costs the kernel a change of its code. */
	OK(&kit, i % 10 ? fill_little(&kit) : fill(&kit));
	OK(&kit, kit_start(&kit));
	kit_calls(3);
	/* Ended in every way there is. */
	if (i % 3 == 0)
		OK(&kit, kit_stop(&kit));
	if (i % 2)
		OK(&kit, ktally_client_delete(kit.client, kit.session, &kit.err));
	if (i % 2 || i % 5 == 0)
		kit.session = 0;
	kit_close(&kit);
}

TEST_F_TIMEOUT(many, sessions_leave_nothing_behind, 240)
{
	static const char *const names[] = { "VmallocUsed", "Slab", "Percpu" };
	const unsigned int n = kit_number("KTALLY_SESSIONS", 200);
	long before[COUNTOF(names)], after;
	unsigned int i;

	/* The first ones fill caches. */
	for (i = 0; i < 30; i++)
		one_session(_metadata, i);
	ASSERT_EQ(0, kit_settle(5000));
	for (i = 0; i < COUNTOF(names); i++)
		before[i] = meminfo(names[i]);
	for (i = 0; i < n; i++)
		one_session(_metadata, i);
	ASSERT_EQ(0, kit_settle(5000));
	kit_sleep_ms(500);
	EXPECT_EQ(0, vmallocs());
	for (i = 0; i < COUNTOF(names); i++) {
		after = meminfo(names[i]);
		/* A page a session would show: n * 4 KiB. */
		EXPECT_LT(after - before[i], 1024 + n) TH_LOG("%s grew from %ld to %ld kB in %u sessions", names[i], before[i], after, n);
	}
}

TEST_HARNESS_MAIN
