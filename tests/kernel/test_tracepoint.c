// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Typed handlers of tracepoints against numbers that are known, and against the record that the kernel makes of the same hits,
 * which takes the other road.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

KIT_FIXTURE(tracepoint)

#define EVENT(kit, ...) ({							\
	char text_[512];							\
										\
	snprintf(text_, sizeof(text_), __VA_ARGS__);				\
	OK(kit, kit_event(kit, text_));						\
})

static unsigned int nr_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

/* ---- the scheduler ---- */

static pid_t child(int (*life)(void))
{
	pid_t pid = fork();

	if (!pid)
		_exit(life());
	return pid;
}

/* What the kernel itself says of the life of a child, its last switch included. Return: false if it ended badly */
static bool life_of(pid_t pid, struct rusage *usage)
{
	siginfo_t info;
	int status;

	if (waitid(P_PID, pid, &info, WEXITED | WNOWAIT))
		return false;
	kit_sleep_ms(200);
	return wait4(pid, &status, 0, usage) == pid && !status;
}

static int give_way(void)
{
	return kit_tell("switch 23");
}

/* Every switch of a process from its first to its last, by the tracepoint and by the counter. */
TEST_F(tracepoint, switches)
{
	struct kit *kit = &self->kit;
	struct rusage usage;
	pid_t pid;

	EVENT(kit, "sched:sched_switch//key=prev_pid/");
	EVENT(kit, "context-switches//key=tid/");
	OK(kit, kit_start(kit));
	pid = child(give_way);
	ASSERT_TRUE(life_of(pid, &usage));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_LE(24, usage.ru_nvcsw);
	EXPECT_EQ(usage.ru_nvcsw + usage.ru_nivcsw, kit_hits(kit, 0, pid));
	EXPECT_EQ(usage.ru_nvcsw + usage.ru_nivcsw, kit_hits(kit, 1, pid));
	EXPECT_TRUE(kit_closes(kit));
}

static int wander(void)
{
	unsigned int i;
	int ret = 0;

	for (i = 1; i <= 101 && !ret; i++)
		ret = kit_pin(i % 2);
	return ret;
}

/* Whether this kernel has a trace event of such a name, with a field of such a name, if not NULL. */
static bool has_field(const char *event, const char *field)
{
	char path[256], line[256], want[64];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/events/%s/format", access("/sys/kernel/tracing/events", F_OK) ?
		 "/sys/kernel/debug/tracing" : "/sys/kernel/tracing", event);
	*strrchr(path, ':') = '/';
	file = fopen(path, "re");
	snprintf(want, sizeof(want), " %s;", field ? field : "");
	while (file && !found && fgets(line, sizeof(line), file))
		found = !field || strstr(line, want);
	if (file)
		fclose(file);
	return found;
}

static bool has_event(const char *name)
{
	return has_field(name, NULL);
}

/* From CPU 0, where it is born and may not leave by itself. */
TEST_F(tracepoint, migrations)
{
	struct kit *kit = &self->kit;
	struct rusage usage;
	pid_t pid;

	if (nr_cpus() < 2)
		SKIP(return, "there is one processor only");
	OK(kit, kit_pin(0));
	EVENT(kit, "sched:sched_migrate_task/comm == \"wanderer\" && orig_cpu + dest_cpu == 1/key=dest_cpu/");
	EVENT(kit, "cpu-migrations//key=tid/");
	OK(kit, kit_start(kit));
	prctl(PR_SET_NAME, "wanderer");
	pid = child(wander);
	ASSERT_TRUE(life_of(pid, &usage));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(51, kit_hits(kit, 0, 1));
	EXPECT_EQ(50, kit_hits(kit, 0, 0));
	/* "perf: Fix software migrate events", 4.2: before, who moved it was hit. The event came with 4.3. */
	if (has_event("sched:sched_waking")) {
		EXPECT_EQ(101, kit_hits(kit, 1, pid));
	} else {
		EXPECT_LE(101, kit_total(kit, 1));
	}
	EXPECT_TRUE(kit_closes(kit));
}

/* Twenty-three lives, from the fork to the exit code. */
TEST_F(tracepoint, lives)
{
	struct kit *kit = &self->kit;
	unsigned int i;
	int status;
	pid_t pid;

	EVENT(kit, "sched:sched_process_fork/parent_pid == %d/count/", getpid());
	EVENT(kit, "sched:sched_wakeup_new/current.pid == %d/count/", getpid());
	EVENT(kit, "sched:sched_process_exec/ppid == %d && comm == \"false\"/count/", getpid());
	EVENT(kit, "sched:sched_process_exit/ppid == %d/key=exit_code/", getpid());
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++) {
		pid = fork();
		ASSERT_LE(0, pid);
		if (!pid)
			execl("/bin/false", "false", NULL);
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_EQ(256, status);
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(23, kit_total(kit, i)) TH_LOG("%s", kit->snap->probes[i].name);
	EXPECT_EQ(23, kit_hits(kit, 3, 256));
	EXPECT_TRUE(kit_closes(kit));
}

static int fds[2];

static int read_all(void)
{
	char byte;

	close(fds[1]);
	while (read(fds[0], &byte, 1) == 1)
		;
	return 0;
}

static bool sleeps(pid_t pid)
{
	char path[32], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state == 'S';
}

/* A reader is woken by each byte, if it is let fall asleep before. */
TEST_F(tracepoint, wakeups)
{
	struct kit *kit = &self->kit;
	unsigned int i;
	pid_t pid;

	if (!has_event("sched:sched_waking"))
		SKIP(return, "this kernel has no trace event sched:sched_waking");
	ASSERT_EQ(0, pipe(fds));
	pid = child(read_all);
	EVENT(kit, "sched:sched_waking/pid == %d/count/", pid);
	EVENT(kit, "sched:sched_wakeup/pid == %d/count/", pid);
	EVENT(kit, "sched:sched_waking/pid == %d/pair=pid/ -> sched:sched_switch/next_pid == %d/pair=next_pid/hist=lat/", pid, pid);
	while (!sleeps(pid))
		kit_sleep_ms(1);
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++) {
		ASSERT_EQ(1, write(fds[1], "x", 1));
		do
			kit_sleep_ms(2);
		while (!sleeps(pid));
	}
	OK(kit, kit_stop(kit));
	close(fds[1]);
	waitpid(pid, NULL, 0);
	OK(kit, kit_take(kit));
	for (i = 0; i < 3; i++)
		EXPECT_EQ(23, kit_total(kit, i)) TH_LOG("%u", i);
	EXPECT_TRUE(kit_closes(kit));
}

/* ---- memory ---- */

/* A line for the test module is copied: one allocation of its length and a byte, and its end. */
TEST_F(tracepoint, allocations)
{
	struct kit *kit = &self->kit;
	char line[2004];
	unsigned int i;

	memset(line, ' ', sizeof(line));
	line[sizeof(line) - 1] = 0;
	EVENT(kit, "kmem:kmalloc/pid == %d && bytes_req == 2004/sum=bytes_alloc/", getpid());
	EVENT(kit, "kmem:kmalloc/pid == %d && bytes_req == 2004/pair=ptr/ -> kmem:kfree/pid == %d/pair=ptr/key=start.bytes_req/hist=lat/",
	      getpid(), getpid());
	OK(kit, kit_start(kit));
	for (i = 0; i < 101; i++)
		OK(kit, kit_write("/dev/ktally_test", line));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(101, kit_total(kit, 0));
	EXPECT_EQ(101 * 2048, kit->snap->tables[0].other.cells[0]);
	EXPECT_EQ(101, kit_hits(kit, 1, 2004));
	EXPECT_EQ(101, kit->snap->pairs[0].count.ended);
	EXPECT_TRUE(kit_closes(kit));
}

#ifdef __x86_64__
/* Each page is met once, where it is. */
TEST_F(tracepoint, page_faults)
{
	struct kit *kit = &self->kit;
	unsigned int i;
	char *pages;

	pages = mmap(NULL, 211 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, pages);
	madvise(pages, 211 * 4096, MADV_NOHUGEPAGE);
	EVENT(kit, "exceptions:page_fault_user/pid == %d && address >= %llu && address < %llu/min=address/max=address/", getpid(),
	      (unsigned long long)(uintptr_t)pages, (unsigned long long)(uintptr_t)pages + 211 * 4096);
	OK(kit, kit_start(kit));
	for (i = 0; i < 211; i++)
		pages[i * 4096 + i] = 1;
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(211, kit_total(kit, 0));
	EXPECT_EQ((uintptr_t)pages, kit->snap->tables[0].other.cells[0] ^ KTALLY_MIN_BIAS);
	EXPECT_EQ((uintptr_t)pages + 210 * 4097, kit->snap->tables[0].other.cells[1] ^ KTALLY_MAX_BIAS);
	EXPECT_TRUE(kit_closes(kit));
}
#endif

/* ---- timers and work ---- */

/* Timers of files, which nobody else here has, one after the other. */
TEST_F(tracepoint, timers)
{
	const struct itimerspec soon = { .it_value.tv_nsec = 1000000 };
	unsigned long long function = kit_symbol("timerfd_tmrproc");
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct kit *kit = &self->kit;
	uint64_t times;
	unsigned int i;

	ASSERT_LE(0, timer);
	ASSERT_NE(0, function);
	EVENT(kit, "timer:hrtimer_expire_entry/function == %llu/count/", function);
	EVENT(kit, "timer:hrtimer_expire_entry/function == %llu/pair=hrtimer/ -> timer:hrtimer_expire_exit//pair=hrtimer/hist=lat/", function);
	OK(kit, kit_start(kit));
	for (i = 0; i < 23; i++) {
		ASSERT_EQ(0, timerfd_settime(timer, 0, &soon, NULL));
		ASSERT_EQ(8, read(timer, &times, sizeof(times)));
		ASSERT_EQ(1, times);
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23, kit_total(kit, 0));
	EXPECT_EQ(23, kit_total(kit, 1));
	EXPECT_TRUE(kit_closes(kit));
}

TEST_F(tracepoint, work)
{
	unsigned long long function = kit_symbol("ktally_test_work");
	struct kit *kit = &self->kit;
	unsigned int cpu;

	ASSERT_NE(0, function);
	EVENT(kit, "workqueue:workqueue_execute_start/function == %llu/key=cpu/", function);
	EVENT(kit, "workqueue:workqueue_execute_start/function == %llu/pair=work/ -> workqueue:workqueue_execute_end//pair=work/key=cpu/hist=lat/",
	      function);
	OK(kit, kit_start(kit));
	OK(kit, kit_tell("work 23"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	for (cpu = 0; cpu < nr_cpus(); cpu++) {
		EXPECT_EQ(23, kit_hits(kit, 0, cpu));
		EXPECT_EQ(23, kit_hits(kit, 1, cpu));
	}
	EXPECT_EQ(23 * nr_cpus(), kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* ---- packets and requests ---- */

#define DATAGRAM 991
#define IP_UDP 28
#define ETHERNET 14

/* @n datagrams to ourselves, each of them taken. Return: 0 or -errno */
static int talk(unsigned int n)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int ear = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), mouth = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), ret = 0;
	socklen_t size = sizeof(to);
	char text[DATAGRAM] = "";

	if (bind(ear, (void *)&to, sizeof(to)) || getsockname(ear, (void *)&to, &size))
		ret = -errno;
	while (!ret && n--)
		if (sendto(mouth, text, sizeof(text), 0, (void *)&to, sizeof(to)) != sizeof(text) || read(ear, text, sizeof(text)) != sizeof(text))
			ret = -errno;
	close(ear);
	close(mouth);
	return ret;
}

TEST_F(tracepoint, packets)
{
	struct kit *kit = &self->kit;

	EVENT(kit, "net:net_dev_xmit/name == \"lo\" && len == %u/key=rc/", DATAGRAM + IP_UDP + ETHERNET);
	EVENT(kit, "net:netif_receive_skb/name == \"lo\" && len == %u/count/", DATAGRAM + IP_UDP);
	OK(kit, kit_start(kit));
	OK(kit, talk(101));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(101, kit_hits(kit, 0, 0));
	EXPECT_EQ(101, kit_total(kit, 0));
	EXPECT_EQ(101, kit_total(kit, 1));
	EXPECT_TRUE(kit_closes(kit));
}

/* Requests to a disk that keeps nothing, past every cache. */
TEST_F(tracepoint, block_requests)
{
	struct kit *kit = &self->kit;
	unsigned long long dev;
	unsigned int i, tries;
	struct stat info;
	void *page = NULL;
	int disk = -1;

	if (access("/dev/nullb0", F_OK) && system("modprobe null_blk 2>/dev/null"))
		SKIP(return, "this kernel has no module null_blk, nor has it built in");
	for (tries = 0; tries < 100 && disk < 0; tries++) {
		disk = open("/dev/nullb0", O_RDWR | O_DIRECT | O_CLOEXEC);
		if (disk < 0)
			kit_sleep_ms(20);
	}
	ASSERT_LE(0, disk);
	ASSERT_EQ(0, fstat(disk, &info));
	ASSERT_EQ(0, posix_memalign(&page, 4096, 8192));
	dev = (unsigned long long)major(info.st_rdev) << 20 | minor(info.st_rdev);
	EVENT(kit, "block:block_rq_issue/dev == %llu && rwbs ~ \"W*\"/key=bytes,nr_sector/max=sector/", dev);
	EVENT(kit, "block:block_rq_complete/dev == %llu && rwbs ~ \"W*\"/key=bytes,error/max=sector/", dev);
	EVENT(kit, "block:block_rq_issue/dev == %llu/pair=rq/ -> block:block_rq_complete/dev == %llu/pair=rq/key=start.rwbs/hist=lat/", dev, dev);
	OK(kit, kit_start(kit));
	for (i = 0; i < 101; i++)
		ASSERT_EQ(8192, pwrite(disk, page, 8192, i * 65536l));
	for (i = 0; i < 23; i++)
		ASSERT_EQ(4096, pread(disk, page, 4096, i * 65536l));
	OK(kit, kit_stop(kit));
	close(disk);
	OK(kit, kit_take(kit));
	EXPECT_EQ(101, kit_hits(kit, 0, 8192));
	EXPECT_EQ(101, kit_hits(kit, 1, 8192));
	EXPECT_EQ(1, kit->snap->tables[0].nr_rows);
	ASSERT_EQ(1, kit->snap->tables[1].nr_rows);
	EXPECT_EQ(16, kit->snap->tables[0].rows[0].key[1]);
	EXPECT_EQ(0, kit->snap->tables[1].rows[0].key[1]);
	EXPECT_EQ(100 * 128, kit->snap->tables[0].rows[0].cells[0] ^ KTALLY_MAX_BIAS);
	EXPECT_EQ(100 * 128, kit->snap->tables[1].rows[0].cells[0] ^ KTALLY_MAX_BIAS);
	EXPECT_EQ(101 + 23, kit_total(kit, 2));
	EXPECT_EQ(2, kit->snap->tables[2].nr_rows);
	EXPECT_EQ(101 + 23, kit->snap->pairs[0].count.ended);
	EXPECT_TRUE(kit_closes(kit));
}

/* ---- both roads ---- */

static void spin_ms(unsigned int ms)
{
	struct timespec now;
	uint64_t end;

	clock_gettime(CLOCK_MONOTONIC, &now);
	end = now.tv_sec * 1000000000ull + now.tv_nsec + ms * 1000000ull;
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while (now.tv_sec * 1000000000ull + now.tv_nsec < end);
}

static int nothing(void)
{
	return 0;
}

/* Something of everything. Return: 0 or -errno */
/* A datagram between two ends of one socket pair: who reads it frees it in the plainest way, on every kernel. */
static int pass_datagram(void)
{
	char byte = 1;
	int ends[2], ret = 0;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, ends))
		return -errno;
	if (write(ends[0], &byte, 1) != 1 || read(ends[1], &byte, 1) != 1)
		ret = -errno;
	close(ends[0]);
	close(ends[1]);
	return ret;
}

static int bustle(void)
{
	char *pages = mmap(NULL, 31 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;
	int ret;

	kit_calls(23);
	for (i = 0; i < 31; i++)
		pages[i * 4096] = 1;
	munmap(pages, 31 * 4096);
	for (i = 0; i < 3; i++)
		waitpid(child(nothing), NULL, 0);
	ret = kit_tell("switch 3");
	if (!ret)
		ret = talk(5);
	if (!ret)
		ret = pass_datagram();
	for (i = 0; i < 5 && !ret; i++)
		ret = kit_pin(i % nr_cpus());
	spin_ms(30);
	return ret;
}

/**
 * struct roads - a trace event that has a typed handler, and what both roads must agree about
 * @fields: as key
 * @seen: whether bustle() makes it hit for sure
 */
static const struct roads { const char *event, *fields; bool seen; } roads[] = {
	{ "raw_syscalls:sys_enter", "id", true }, { "raw_syscalls:sys_exit", "id,ret", true },
	{ "sched:sched_switch", "prev_pid,prev_prio,next_pid,next_prio,next_comm", true }, { "sched:sched_waking", "pid,prio,target_cpu", true },
	{ "sched:sched_wakeup", "pid,prio,target_cpu", false }, { "sched:sched_wakeup_new", "pid,prio,target_cpu", true },
	{ "sched:sched_process_fork", "parent_pid,child_pid", true }, { "sched:sched_process_exit", "pid,prio", true },
	{ "sched:sched_stat_runtime", "pid,runtime", true },
	{ "irq:irq_handler_entry", "irq", false }, { "irq:irq_handler_exit", "irq,ret", false },
	{ "irq:softirq_entry", "vec", true }, { "irq:softirq_exit", "vec", true },
	{ "timer:hrtimer_expire_entry", "hrtimer,function", true }, { "timer:hrtimer_expire_exit", "hrtimer", true },
	{ "timer:timer_expire_entry", "timer,function", false }, { "timer:timer_expire_exit", "timer", false },
	{ "kmem:kmalloc", "call_site,bytes_req,bytes_alloc", true }, { "kmem:kfree", "call_site", true },
	{ "kmem:kmem_cache_alloc", "call_site,bytes_req", true }, { "kmem:kmem_cache_free", "call_site", true },
	{ "kmem:mm_page_alloc", "pfn,order,migratetype", true }, { "kmem:mm_page_free", "pfn,order", true },
	{ "net:net_dev_xmit", "len,rc", true }, { "net:netif_receive_skb", "len", true },
	{ "skb:consume_skb", "skbaddr", true }, { "skb:kfree_skb", "location,protocol", false },
#ifdef __x86_64__
	{ "exceptions:page_fault_user", "address,ip,error_code", true },
#endif
};

static const struct ktally_row *same_row(const struct ktally_table *table, const uint64_t *key)
{
	size_t i;

	for (i = 0; i < table->nr_rows; i++)
		if (!memcmp(table->rows[i].key, key, table->schema.key_words * sizeof(*key)))
			return &table->rows[i];
	return NULL;
}

/* Both roads see a hit at the same moment, so that a name of the running thread cuts the same out of both. */
TEST_F_TIMEOUT(tracepoint, typed_and_recorded, 200)
{
	const struct ktally_table *typed, *recorded;
	struct kit *kit = &self->kit;
	unsigned int i;
	size_t n;

	for (i = 0; i < COUNTOF(roads); i++) {
		const char *fields = roads[i].fields;

		/* The record had the address of the page's description before 3.18. */
		if (!strncmp(fields, "pfn,", 4) && !has_field(roads[i].event, "pfn"))
			fields += 4;
		if (!has_event(roads[i].event)) {
			TH_LOG("this kernel has no trace event %s", roads[i].event);
			continue;
		}
		kit_close(kit);
		OK(kit, kit_open(kit));
		EVENT(kit, "%s/current.comm == \"window\"/rows=8192/key=%s/", roads[i].event, fields);
		EVENT(kit, "event:%s/current.comm == \"window\"/rows=8192/key=%s/", roads[i].event, fields);
		ASSERT_EQ(KTALLY_SOURCE_TRACEPOINT, kit->plan->probes[0].kind) TH_LOG("%s", roads[i].event);
		ASSERT_EQ(KTALLY_SOURCE_EVENT, kit->plan->probes[1].kind);
		OK(kit, kit_start(kit));
		prctl(PR_SET_NAME, "window");
		OK(kit, bustle());
		prctl(PR_SET_NAME, "outside");
		OK(kit, kit_stop(kit));
		OK(kit, kit_take(kit));
		typed = &kit->snap->tables[0];
		recorded = &kit->snap->tables[1];
		EXPECT_EQ(0, typed->other.hits + recorded->other.hits) TH_LOG("%s", roads[i].event);
		EXPECT_EQ(typed->nr_rows, recorded->nr_rows) TH_LOG("%s", roads[i].event);
		EXPECT_LE(roads[i].seen, typed->nr_rows) TH_LOG("%s was not hit", roads[i].event);
		for (n = 0; n < typed->nr_rows; n++) {
			const struct ktally_row *row = same_row(recorded, typed->rows[n].key);

			EXPECT_EQ(typed->rows[n].hits, row ? row->hits : 0)
				TH_LOG("%s, row %zu: %#llx, %#llx, ...", roads[i].event, n, (unsigned long long)typed->rows[n].key[0],
				       (unsigned long long)typed->rows[n].key[1]);
		}
		EXPECT_TRUE(kit_closes(kit));
	}
}

TEST_HARNESS_MAIN
