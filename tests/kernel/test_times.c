// SPDX-License-Identifier: GPL-2.0-or-later
/* What is measured from a start to its end, while threads are moved, switched out and share a processor: times, counters, states. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

KIT_FIXTURE(times)

static const struct ktally_row *row_of(const struct kit *kit, unsigned int table, uint64_t key0, uint64_t key1)
{
	const struct ktally_table *t = &kit->snap->tables[table];
	size_t i;

	for (i = 0; i < t->nr_rows; i++)
		if (t->rows[i].key[0] == key0 && t->rows[i].key[1] == key1)
			return &t->rows[i];
	return NULL;
}

/* The times of our system calls, by number and thread. */
static int system_calls(struct kit *kit)
{
	char text[256];

	snprintf(text, sizeof(text), "raw_syscalls:sys_enter/pid == %d/ -> raw_syscalls:sys_exit/pid == %d/"
		 "key=start.id,tid/sum=lat/min=lat/max=lat/", getpid(), getpid());
	return kit_event(kit, text);
}

/**
 * struct worker - a thread that makes system calls while others push it about
 * @sleep_ns: how long it sleeps each time
 * @rounds: how often; 0: until @stop
 * @sleeps, @reads: how often it did
 * @moved: how often it was elsewhere after a call
 * @asleep: what its sleeps took by its own clock
 */
struct worker {
	long sleep_ns;
	unsigned int rounds;
	volatile bool stop;
	volatile pid_t tid;
	volatile uint64_t sleeps, moved;
	uint64_t reads, asleep;
	int ret;
	pthread_t thread;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	struct timespec duration = { .tv_nsec = worker->sleep_ns };
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), cpu;
	uint64_t before;
	char page[4096];

	worker->tid = gettid();
	while (!worker->stop && (!worker->rounds || worker->sleeps < worker->rounds)) {
		cpu = sched_getcpu();
		before = kit_now();
		if (syscall(SYS_nanosleep, &duration, NULL))
			worker->ret = -errno;
		worker->asleep += kit_now() - before;
		worker->sleeps++;
		if (read(zero, page, sizeof(page)) != sizeof(page))
			worker->ret = -EIO;
		worker->reads++;
		worker->moved += sched_getcpu() != cpu;
	}
	close(zero);
	return NULL;
}

static void begin_work(struct worker *worker)
{
	if (pthread_create(&worker->thread, NULL, work, worker))
		abort();
	while (!worker->tid)
		sched_yield();
}

static int push_to(const struct worker *worker, unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(worker->tid, sizeof(set), &set) ? -errno : 0;
}

static bool are_moved(const struct worker *workers, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr && workers[i].sleeps > 100 && workers[i].moved > 20; i++)
		;
	return i == nr;
}

/* Moved about as fast as the kernel can, in their sleeps and between: no time is negative, or of anything but the call it is of. */
TEST_F_TIMEOUT(times, threads_that_are_moved, 90)
{
	struct worker workers[2] = { { .sleep_ns = 300000 }, { .sleep_ns = 100000 } };
	const struct ktally_pair_accounting *pair;
	const struct ktally_row *row;
	uint64_t begin = kit_now(), elapsed;
	struct kit *kit = &self->kit;
	unsigned int i, round;

	OK(kit, system_calls(kit));
	OK(kit, kit_start(kit));
	for (i = 0; i < 2; i++)
		begin_work(&workers[i]);
	for (round = 0; kit_now() - begin < (are_moved(workers, 2) ? 3000000000ull : KIT_PATIENCE); round++)
		for (i = 0; i < 2; i++)
			ASSERT_EQ(0, push_to(&workers[i], (round + i) % 2));
	for (i = 0; i < 2; i++) {
		workers[i].stop = true;
		pthread_join(workers[i].thread, NULL);
	}
	OK(kit, kit_stop(kit));
	elapsed = kit_now() - begin;
	OK(kit, kit_take(kit));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, workers[i].ret);
		EXPECT_TRUE(are_moved(&workers[i], 1));
		row = row_of(kit, 0, SYS_nanosleep, workers[i].tid);
		ASSERT_NE(NULL, row);
		EXPECT_EQ(workers[i].sleeps, row->hits);
		EXPECT_LE(workers[i].sleep_ns, kit_value(kit, 0, row, "min(lat)"));
		EXPECT_GT((int64_t)elapsed, kit_value(kit, 0, row, "max(lat)"));
		EXPECT_GE((int64_t)workers[i].asleep, kit_value(kit, 0, row, "sum(lat)"));
		row = row_of(kit, 0, SYS_read, workers[i].tid);
		ASSERT_NE(NULL, row);
		EXPECT_EQ(workers[i].reads, row->hits);
		EXPECT_LT(0, kit_value(kit, 0, row, "min(lat)"));
		EXPECT_GT((int64_t)(elapsed - workers[i].asleep), kit_value(kit, 0, row, "sum(lat)"));
	}
	pair = &kit->snap->pairs[0];
	EXPECT_EQ(0, pair->count.negative);
	EXPECT_EQ(0, pair->count.full);
	/* Calls that never return: the one that stops us, and the exits of the workers, who can be joined a little before they are gone. */
	EXPECT_GE(2, pair->count.abandoned);
	EXPECT_GE(3, pair->count.abandoned + pair->open);
	EXPECT_PAIR_CLOSES(kit, 0);
	EXPECT_TRUE(kit_closes(kit));
}

/* Two that sleep and are moved. Return: the part of their sleep, by their own clock, that is missing in what was measured */
static double missing_sleep(struct __test_metadata *_metadata, struct kit *kit)
{
	struct worker workers[2] = { { .sleep_ns = 23000000, .rounds = 61 }, { .sleep_ns = 41000000, .rounds = 37 } };
	const struct ktally_row *row;
	double missing = 0, part;
	unsigned int i, round;
	int64_t sum;
	int ret;

	for (i = 0; i < 2; i++)
		begin_work(&workers[i]);
	for (round = 0; round < 100; round++) {
		kit_sleep_ms(11);
		for (i = 0; i < 2; i++) {
			ret = push_to(&workers[i], (round + i) % 2);
			/* It may be done by now. */
			ASSERT_TRUE(!ret || ret == -ESRCH);
		}
	}
	for (i = 0; i < 2; i++)
		pthread_join(workers[i].thread, NULL);
	OK(kit, kit_take(kit));
	for (i = 0; i < 2; i++) {
		EXPECT_EQ(0, workers[i].ret);
		row = row_of(kit, 0, SYS_nanosleep, workers[i].tid);
		ASSERT_NE(NULL, row);
		EXPECT_EQ(workers[i].rounds, row->hits);
		sum = kit_value(kit, 0, row, "sum(lat)");
		EXPECT_GE((int64_t)workers[i].asleep, sum);
		part = 1 - (double)sum / workers[i].asleep;
		missing = part > missing ? part : missing;
	}
	return missing;
}

/*
 * The sum of what sleeps took is that of the clock in the workload, to the hundredth. A guest may stand still between a look at that
 * clock and the call: what is missing then is outlived.
 */
TEST_F_TIMEOUT(times, agree_with_the_clock, 90)
{
	struct kit *kit = &self->kit;
	double missing = 1;
	unsigned int tries;

	OK(kit, system_calls(kit));
	OK(kit, kit_start(kit));
	for (tries = 0; tries < 10 && missing > 0.01; tries++)
		missing = missing_sleep(_metadata, kit);
	EXPECT_GE(0.01, missing) TH_LOG("%.1f %% after %u tries", missing * 100, tries);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(0, kit->snap->pairs[0].count.negative);
	EXPECT_PAIR_CLOSES(kit, 0);
	EXPECT_TRUE(kit_closes(kit));
}

static uint64_t thread_time(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

/* A process on CPU 0 that gives commands to the test module for ever, or only spins if there is none. */
static pid_t competitor(const char *command)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (kit_pin(0))
		_exit(1);
	while (!command || !kit_tell("%s", command))
		;
	_exit(1);
}

static bool end_competitor(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
}

/**
 * struct share - of a processor that it shares, what a thread had between a start and an end
 * @used: by the kernel's own account, ns
 * @oncpu: as measured
 * @lat: time that passed
 */
struct share {
	int64_t used, oncpu, lat;
};

/* Half a second of the processor; the sums of the only row grow by what *@share becomes. */
static void share_processor(struct __test_metadata *_metadata, struct kit *kit, struct share *share, int64_t *oncpu, int64_t *lat)
{
	int64_t used = thread_time();
	const struct ktally_row *row;

	OK(kit, kit_tell("text 1 x"));
	while (thread_time() - used < 500000000)
		;
	OK(kit, kit_tell("call 1 1"));
	share->used = thread_time() - used;
	OK(kit, kit_take(kit));
	row = &kit->snap->tables[0].rows[0];
	share->oncpu = kit_value(kit, 0, row, "sum(oncpu)") - *oncpu;
	share->lat = kit_value(kit, 0, row, "sum(lat)") - *lat;
	*oncpu += share->oncpu;
	*lat += share->lat;
}

/* Only what it has of a processor that it shares. The guest may stand still between a look at the kernel's account and a hit: outlived. */
TEST_F_TIMEOUT(times, on_a_shared_processor, 90)
{
	struct kit *kit = &self->kit;
	int64_t oncpu = 0, lat = 0;
	struct share share;
	unsigned int tries = 0;
	pid_t other;

	OK(kit, kit_event(kit, "kprobe:ktally_test_text -> kprobe:ktally_test_call/sum=oncpu/sum=lat/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	other = competitor(NULL);
	kit_sleep_ms(50);
	do {
		share_processor(_metadata, kit, &share, &oncpu, &lat);
		/* It did share it. */
		EXPECT_LT(share.oncpu * 3 / 2, share.lat);
	} while (llabs(share.used - share.oncpu) > share.used / 50 && ++tries < 10);
	EXPECT_GT(10, tries) TH_LOG("%lld of %lld", (long long)share.oncpu, (long long)share.used);
	EXPECT_TRUE(end_competitor(other));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(kit_total(kit, 0), kit->snap->pairs[0].count.ended);
	EXPECT_EQ(kit_total(kit, 0), kit->snap->pairs[0].count.starts);
	EXPECT_PAIR_CLOSES(kit, 0);
	EXPECT_TRUE(kit_closes(kit));
}

/* Time of which it had no processor at all, and that of a thread which is moved meanwhile. */
TEST_F(times, asleep_and_moved)
{
	const struct ktally_row *row;
	struct kit *kit = &self->kit;
	unsigned int i;
	int64_t used;

	OK(kit, kit_event(kit, "kprobe:ktally_test_text -> kprobe:ktally_test_call/sum=oncpu/sum=lat/"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	used = thread_time();
	for (i = 0; i < 23; i++) {
		OK(kit, kit_tell("text 1 x"));
		OK(kit, kit_pin(!(i % 2)));
		kit_sleep_ms(20);
		OK(kit, kit_tell("call 1 1"));
	}
	used = thread_time() - used;
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	row = &kit->snap->tables[0].rows[0];
	EXPECT_EQ(23, row->hits);
	EXPECT_LT(0, kit_value(kit, 0, row, "sum(oncpu)"));
	EXPECT_GE(used, kit_value(kit, 0, row, "sum(oncpu)"));
	EXPECT_LE(23 * 20000000, kit_value(kit, 0, row, "sum(lat)"));
	EXPECT_PAIR(kit, 0, .count = { .starts = 23, .ended = 23 });
	EXPECT_TRUE(kit_closes(kit));
}

/* What others count while the thread is switched out is not its own; a pair of the processor sees it. */
TEST_F(times, counters_of_a_thread_switched_out)
{
	struct kit *kit = &self->kit;
	unsigned int i;
	pid_t other;

	if (kit_file_number("/sys/bus/event_source/devices/ktally_test/type") < 0)
		SKIP(return, "the test module has no PMU here");
	OK(kit, kit_event(kit, "kprobe:ktally_test_text -> kprobe:ktally_test_call/pmu=ktally_test/event=1//"));
	OK(kit, kit_event(kit, "kprobe:ktally_test_text/pair=cpu/ -> kprobe:ktally_test_call/pair=cpu/pmu=ktally_test/event=1//"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	other = competitor("count 1 1000003");
	kit_sleep_ms(50);
	for (i = 0; i < 23; i++)
		OK(kit, kit_tell("text 1 x\ncount 1 1009\nswitch 3\ncount 1 211\ncall 1 1"));
	EXPECT_TRUE(end_competitor(other));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23 * (1009 + 211), kit->snap->tables[0].rows[0].cells[0]);
	EXPECT_LT(23 * (1009 + 211) + 1000003, kit->snap->tables[1].rows[0].cells[0]);
	EXPECT_EQ(23 * (1009 + 211) % 1000003, kit->snap->tables[1].rows[0].cells[0] % 1000003);
	EXPECT_PAIR(kit, 0, .count = { .starts = 23, .ended = 23 });
	EXPECT_PAIR(kit, 1, .count = { .starts = 23, .ended = 23 });
	EXPECT_TRUE(kit_closes(kit));
}

/* It begins on one processor and ends on another: what it counted on both, and nothing of the counters' distance. */
TEST_F(times, counters_of_a_thread_moved)
{
	struct kit *kit = &self->kit;
	unsigned int i;

	if (kit_file_number("/sys/bus/event_source/devices/ktally_test/type") < 0)
		SKIP(return, "the test module has no PMU here");
	OK(kit, kit_event(kit, "kprobe:ktally_test_text -> kprobe:ktally_test_call/pmu=ktally_test/event=1//"));
	OK(kit, kit_start(kit));
	OK(kit, kit_tell_on(1, "count 1 123456789"));
	OK(kit, kit_pin(0));
	for (i = 0; i < 23; i++) {
		OK(kit, kit_tell("count 1 7\ntext 1 x\ncount 1 1009"));
		OK(kit, kit_tell_on(i % 2, "count 1 1000003"));
		OK(kit, kit_pin(!(i % 2)));
		OK(kit, kit_tell("count 1 211\ncall 1 1\ncount 1 13"));
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23 * (1009 + 211), kit->snap->tables[0].rows[0].cells[0]);
	EXPECT_PAIR(kit, 0, .count = { .starts = 23, .ended = 23 });
	EXPECT_TRUE(kit_closes(kit));
}

/* How often this process left its processor by itself, as the kernel counts it. */
static long leaves(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_SELF, &usage) ? 0 : usage.ru_nvcsw;
}

/*
 * Sleeps, waits that nothing interrupts, and its end: what a thread leaves its processor for. On a busy machine a sleep may be over
 * before it began: that one is none.
 */
static pid_t sleeper(void)
{
	const struct timespec duration = { .tv_nsec = 5000000 };
	pid_t pid = fork();
	unsigned int i = 0;
	long before;

	if (pid)
		return pid;
	while (i < 23) {
		before = leaves();
		syscall(SYS_nanosleep, &duration, NULL);
		i += leaves() > before;
	}
	_exit(kit_tell("switch 41"));
}

static uint64_t hits_of(const struct kit *kit, unsigned int table, uint64_t tid, enum ktally_task_state state)
{
	const struct ktally_row *row = row_of(kit, table, tid, state);

	return row ? row->hits : 0;
}

TEST_F(times, states)
{
	pid_t child, spinner = competitor(NULL);
	struct kit *kit = &self->kit;
	unsigned int table;
	int status;

	/* What the scheduler says of the thread that goes, and what that is about for any source. */
	OK(kit, kit_event(kit, "sched:sched_switch//key=prev_pid,prev_class/"));
	OK(kit, kit_event(kit, "sched:sched_switch//key=tid,state/"));
	OK(kit, kit_event(kit, "kprobe:ktally_test_call//key=state/"));
	/* All that it needs is in memory. */
	OK(kit, kit_tell("switch 1"));
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	child = sleeper();
	EXPECT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	OK(kit, kit_tell("call 23 1"));
	OK(kit, kit_stop(kit));
	EXPECT_TRUE(end_competitor(spinner));
	OK(kit, kit_take(kit));
	for (table = 0; table < 2; table++) {
		/* A fault more or less may wait too. */
		EXPECT_LE(23, hits_of(kit, table, child, KTALLY_TASK_SLEEPING));
		EXPECT_GE(23 + 2, hits_of(kit, table, child, KTALLY_TASK_SLEEPING));
		EXPECT_LE(41, hits_of(kit, table, child, KTALLY_TASK_BLOCKED));
		EXPECT_GE(41 + 5, hits_of(kit, table, child, KTALLY_TASK_BLOCKED));
		EXPECT_EQ(1, hits_of(kit, table, child, KTALLY_TASK_OTHER));
		EXPECT_EQ(0, hits_of(kit, table, spinner, KTALLY_TASK_SLEEPING));
	}
	/* Who spins does not leave by itself: it is made to, again and again, and it is running until it has gone. */
	EXPECT_LT(23, hits_of(kit, 0, spinner, KTALLY_TASK_RUNNABLE));
	EXPECT_EQ(hits_of(kit, 0, spinner, KTALLY_TASK_RUNNABLE), hits_of(kit, 1, spinner, KTALLY_TASK_RUNNING));
	EXPECT_EQ(23, kit_hits(kit, 2, KTALLY_TASK_RUNNING));
	EXPECT_EQ(23, kit_total(kit, 2));
	EXPECT_TRUE(kit_closes(kit));
}

TEST_HARNESS_MAIN
