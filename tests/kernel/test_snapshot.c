// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading while it counts: snapshots, readers that die in the middle, sessions that outlive their maker. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "test.h"

KIT_FIXTURE(snapshot)

/* getppid calls of process @pid, by CPU. */
static int count_calls_of(struct kit *kit, pid_t pid)
{
	const struct ktally_insn insns[] = {
		CONTEXT(31, PID), SKIP_IF(EQ, 31, pid, 1), EXIT(FILTERED), FIELD(0, 0), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED),
		CONTEXT(1, CPU), UPDATE(0, 1, KTALLY_NO_REG), EXIT(FOLDED),
	};

	kit_table(kit, 16, 1, NULL, NULL, 0);
	return kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(insns));
}

/* Works in rounds of @n calls until told to stop. */
struct worker {
	unsigned int cpu;
	uint64_t n, calls;
	bool stop;
};

static void *work(void *arg)
{
	struct worker *worker = arg;

	kit_pin(worker->cpu);
	do {
		kit_calls(worker->n);
		worker->calls += worker->n;
	} while (!__atomic_load_n(&worker->stop, __ATOMIC_ACQUIRE));
	return NULL;
}

/* However many snapshots are taken meanwhile, totals only grow, every identity closes, and the last is exact. */
TEST_F_TIMEOUT(snapshot, while_it_counts, 120)
{
	struct worker workers[2] = { { .cpu = 0, .n = 20011 }, { .cpu = 1, .n = 15013 } };
	struct kit *kit = &self->kit;
	uint64_t last = 0, total = 0;
	unsigned int i, taken = 0;
	pthread_t threads[2];

	OK(kit, count_calls_of(kit, getpid()));
	OK(kit, kit_start(kit));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, work, &workers[i]));
	do {
		OK(kit, kit_take(kit));
		total = kit_total(kit, 0);
		ASSERT_LE(last, total);
		ASSERT_TRUE(kit_closes(kit));
		ASSERT_EQ(total, kit->snap->probes[0].count.folded);
		last = total;
	} while (++taken < 20);
	for (i = 0; i < 2; i++) {
		__atomic_store_n(&workers[i].stop, true, __ATOMIC_RELEASE);
		pthread_join(threads[i], NULL);
	}
	OK(kit, kit_take(kit));
	EXPECT_EQ(workers[0].calls, kit_hits(kit, 0, 0));
	EXPECT_EQ(workers[1].calls, kit_hits(kit, 0, 1));
	OK(kit, kit_stop(kit));
}

/* Two readers of one session flip under each other's feet; both end up exact. */
TEST_F_TIMEOUT(snapshot, two_readers, 120)
{
	struct kit *kit = &self->kit, other = { 0 };
	uint64_t last = 0;
	int status;
	pid_t child;
	unsigned int i;

	OK(kit, count_calls_of(kit, getpid()));
	OK(kit, kit_start(kit));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		char id[16];

		snprintf(id, sizeof(id), "%u", kit->session);
		if (kit_open(&other) || kit_attach(&other, id))
			_exit(1);
		for (i = 0; i < 30; i++) {
			int ret = kit_take(&other);

			if (ret == -EAGAIN)
				continue;
			if (ret || !kit_closes(&other) || kit_total(&other, 0) < last)
				_exit(2);
			last = kit_total(&other, 0);
		}
		_exit(0);
	}
	for (i = 0; i < 30; i++) {
		kit_calls(101);
		if (kit_take(kit) == -EAGAIN)
			continue;
		EXPECT_EQ((i + 1) * 101, kit_total(kit, 0)) break;
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	OK(kit, kit_take(kit));
	EXPECT_EQ(30 * 101, kit_total(kit, 0));
	OK(kit, kit_stop(kit));
}

/* A clearing snapshot starts anew; what came before is not seen again. */
TEST_F(snapshot, clear)
{
	struct ktally_snapshot_info info;
	struct kit *kit = &self->kit;

	OK(kit, count_calls_of(kit, getpid()));
	OK(kit, kit_start(kit));
	kit_calls(1009);
	OK(kit, ktally_client_flip(kit->client, kit->session, KTALLY_SNAPSHOT_CLEAR, &info, &kit->err));
	OK(kit, ktally_client_flip(kit->client, kit->session, KTALLY_SNAPSHOT_CLEAR, &info, &kit->err));
	kit_calls(307);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(307, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* Generations: even means quiet, and the half that is named is the quiet one on every CPU. */
TEST_F(snapshot, generations)
{
	struct ktally_snapshot_info info, before = { 0 };
	struct kit *kit = &self->kit;
	unsigned int i, cpu;

	OK(kit, count_calls_of(kit, getpid()));
	OK(kit, kit_start(kit));
	for (i = 0; i < 7; i++) {
		OK(kit, ktally_client_flip(kit->client, kit->session, 0, &info, &kit->err));
		EXPECT_EQ(0, info.generation % 2);
		if (i)
			EXPECT_EQ(!before.half, info.half);
		EXPECT_LE(before.time, info.time);
		for (cpu = 0; cpu < 2; cpu++) {
			const struct ktally_half *quiet = kit->dev->cpus[cpu].half[info.half].base;
			const struct ktally_half *active = kit->dev->cpus[cpu].half[!info.half].base;

			EXPECT_EQ(info.generation, quiet->generation);
			EXPECT_EQ(1, active->generation % 2);
		}
		before = info;
	}
}

static void fill_pinned(struct kit *kit, const char *name, pid_t pid)
{
	snprintf(kit->plan->name, sizeof(kit->plan->name), "%s", name);
	kit->plan->flags = KTALLY_SESSION_PINNED;
	count_calls_of(kit, pid);
}

/* A reader that is killed between its two flips, and in the middle of reading, costs nothing. */
TEST_F_TIMEOUT(snapshot, reader_killed, 120)
{
	struct kit *kit = &self->kit;
	unsigned int round;
	int status;

	fill_pinned(kit, "test-reader", getpid());
	OK(kit, kit_start(kit));
	for (round = 0; round < 20; round++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (!child) {
			struct ktally_snapshot_info info;
			struct kit mine;

			if (kit_open(&mine) || kit_attach(&mine, "test-reader"))
				_exit(1);
			for (;;) {
				if (round & 1)
					kit_take(&mine);
				else
					ktally_client_flip(mine.client, mine.session, 0, &info, NULL);
			}
		}
		kit_calls(1009);
		kit_sleep_ms(2 + round);
		kill(child, SIGKILL);
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(SIGKILL, WTERMSIG(status));
		kit_calls(503);
	}
	OK(kit, kit_take(kit));
	EXPECT_EQ(20 * (1009 + 503), kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* A pinned session lives on without its maker and its readers, counts what nobody watches, and can be attached again. */
TEST_F(snapshot, pinned_outlives_its_maker)
{
	struct ktally_session_info info;
	struct kit *kit = &self->kit;
	pid_t me = getpid(), child;
	int status;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct kit mine;

		if (kit_open(&mine))
			_exit(1);
		fill_pinned(&mine, "test.pinned", me);
		if (kit_start(&mine))
			_exit(2);
		kill(getpid(), SIGKILL);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(true, WIFSIGNALED(status)) TH_LOG("the maker ended with %d", WEXITSTATUS(status));
	kit_calls(10007);
	OK(kit, ktally_client_find(kit->client, "test.pinned", &info, &kit->err));
	EXPECT_EQ(KTALLY_STATE_RUNNING, info.state);
	EXPECT_EQ(0, info.portid);
	OK(kit, kit_attach(kit, "test.pinned"));
	kit_calls(3);
	OK(kit, kit_take(kit));
	EXPECT_EQ(10010, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
	OK(kit, kit_stop(kit));
	kit_calls(5);
	OK(kit, kit_take(kit));
	EXPECT_EQ(10010, kit_total(kit, 0));
}

/* A session of a killed owner is gone soon, but what a reader has mapped stays readable. */
TEST_F(snapshot, owner_killed_reader_stays)
{
	uint32_t *id = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ktally_session_info info;
	struct kit *kit = &self->kit;
	pid_t me = getpid(), child;
	char name[16];
	int status, i;

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		struct kit mine;

		if (kit_open(&mine))
			_exit(1);
		count_calls_of(&mine, me);
		if (kit_start(&mine))
			_exit(2);
		__atomic_store_n(id, mine.session, __ATOMIC_RELEASE);
		for (;;)
			pause();
	}
	for (i = 0; i < 500 && !__atomic_load_n(id, __ATOMIC_ACQUIRE); i++)
		kit_sleep_ms(10);
	ASSERT_NE(0, *id);
	snprintf(name, sizeof(name), "%u", *id);
	OK(kit, kit_attach(kit, name));
	kit_calls(1009);
	OK(kit, kit_take(kit));
	EXPECT_EQ(1009, kit_total(kit, 0));
	kill(child, SIGKILL);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	for (i = 0; i < 500 && !ktally_client_find(kit->client, name, &info, &kit->err); i++)
		kit_sleep_ms(10);
	EXPECT_EQ(-ENOENT, ktally_client_find(kit->client, name, &info, &kit->err));
	kit_calls(7);
	EXPECT_EQ(KTALLY_HALF_MAGIC, ((const struct ktally_half *)kit->dev->cpus[0].half[0].base)->magic);
	EXPECT_NE(0, kit_take(kit));
	kit->session = 0;
}

TEST_HARNESS_MAIN
