// SPDX-License-Identifier: GPL-2.0-or-later
/* Scopes: processes with their threads and children to come, and control groups; these count, and nothing else, from every source. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define TARGET __attribute__((noinline, noclone))

TARGET long scoped_call(long n)
{
	__asm__ volatile("");
	return n + 1;
}

/* Each of them, once for each time. */
static void work(unsigned int times)
{
	while (times--) {
		syscall(SYS_getppid);
		scoped_call(times);
	}
}

/* What counts that work, by every kind of source that knows whom it hits; 1 is the number of the call, 2 its function. */
static const char *const sources[] = {
	"raw_syscalls:sys_enter/id == %1$d/key=pid/", "kprobe:%2$s/1/key=pid/", "kretprobe:%2$s/1/key=pid/",
	"event:raw_syscalls:sys_enter/id == %1$d/key=pid/", "uprobe:/proc/self/exe:scoped_call/1/key=pid/",
	"uretprobe:/proc/self/exe:scoped_call/1/key=pid/",
};

static int add_sources(struct kit *kit)
{
	char text[128];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < COUNTOF(sources) && ret >= 0; i++) {
		snprintf(text, sizeof(text), sources[i], (int)SYS_getppid, kit_call_symbol("getppid"));
		ret = kit_event(kit, text);
	}
	return ret;
}

/* By every source @total hits, and @of of them by process @pid. */
#define EXPECT_WORK(kit, total, pid, of) ({					\
	unsigned int i_;							\
										\
	for (i_ = 0; i_ < COUNTOF(sources); i_++) {				\
		EXPECT_EQ(total, kit_total(kit, i_)) TH_LOG("%s", sources[i_]);	\
		EXPECT_EQ(of, kit_hits(kit, i_, pid)) TH_LOG("%s", sources[i_]);	\
	}									\
	EXPECT_TRUE(kit_closes(kit));						\
})

/* ---- a process that does as it is told ---- */

/**
 * struct servant - a child, and pipes to it and back
 * @pid: who it is
 */
struct servant {
	pid_t pid;
	int to[2], from[2];
};

enum { WORK, WORK_IN_THREAD, WORK_IN_CHILD, WORK_IN_ORPHAN, EXEC_AND_WORK, LEAVE };

/**
 * struct task - what a servant is told
 * @what: from the list above; @times: of the work
 */
struct task {
	int what;
	unsigned int times;
};

static void *work_in_thread(void *times)
{
	work((uintptr_t)times);
	return NULL;
}

/* In a thread that another thread makes. */
static void *work_in_thread_of_thread(void *times)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work_in_thread, times))
		abort();
	pthread_join(thread, NULL);
	return NULL;
}

/* Waits for the end of whoever had the other end of the pipe. */
static void wait_for_end(int fd)
{
	char byte;

	while (read(fd, &byte, 1) > 0)
		;
}

static int work_in_child(unsigned int times, bool orphan)
{
	int fds[2], status = 0;
	pid_t pid;

	if (pipe(fds))
		return -errno;
	pid = fork();
	if (!pid) {
		close(fds[0]);
		/* The grandchild outlives its parent. */
		if (orphan && fork())
			_exit(0);
		if (orphan)
			kit_sleep_ms(50);
		work(times);
		_exit(0);
	}
	close(fds[1]);
	wait_for_end(fds[0]);
	close(fds[0]);
	return waitpid(pid, &status, 0) == pid && !status ? 0 : -EIO;
}

/* The rest of its life is in be_servant(). */
static void exec_and_work(unsigned int times)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", times);
	execl("/proc/self/exe", "servant", "--work", text, NULL);
}

static int obey(const struct task *task)
{
	pthread_t thread;

	switch (task->what) {
	case WORK:
		work(task->times);
		return 0;
	case WORK_IN_THREAD:
		if (pthread_create(&thread, NULL, work_in_thread_of_thread, (void *)(uintptr_t)task->times))
			return -EAGAIN;
		return -pthread_join(thread, NULL);
	case WORK_IN_CHILD:
	case WORK_IN_ORPHAN:
		return work_in_child(task->times, task->what == WORK_IN_ORPHAN);
	case EXEC_AND_WORK:
		exec_and_work(task->times);
	}
	return -EINVAL;
}

static void serve(struct servant *servant)
{
	struct task task;
	int ret;

	while (read(servant->to[0], &task, sizeof(task)) == sizeof(task) && task.what != LEAVE) {
		ret = obey(&task);
		if (write(servant->from[1], &ret, sizeof(ret)) != sizeof(ret))
			break;
	}
	_exit(0);
}

static int servant_begin(struct servant *servant)
{
	if (pipe2(servant->to, O_CLOEXEC) || pipe2(servant->from, O_CLOEXEC))
		return -errno;
	servant->pid = fork();
	if (!servant->pid)
		serve(servant);
	close(servant->to[0]);
	close(servant->from[1]);
	return servant->pid < 0 ? -errno : 0;
}

static int tell(struct servant *servant, int what, unsigned int times)
{
	struct task task = { what, times };
	int ret = 0;

	if (write(servant->to[1], &task, sizeof(task)) != sizeof(task))
		return -EPIPE;
	if (what == LEAVE || what == EXEC_AND_WORK) {
		ret = waitpid(servant->pid, NULL, 0) == servant->pid ? 0 : -ECHILD;
		servant->pid = 0;
		return ret;
	}
	return read(servant->from[0], &ret, sizeof(ret)) == sizeof(ret) ? ret : -EPIPE;
}

/* Whoever began later holds the pipe to it as well, so that it sees no end of it. */
static void servant_end(struct servant *servant)
{
	if (servant->pid) {
		kill(servant->pid, SIGKILL);
		waitpid(servant->pid, NULL, 0);
	}
	close(servant->to[1]);
	close(servant->from[0]);
}

/* ---- processes ---- */

FIXTURE(scope) {
	struct kit kit;
	struct servant one, two;
};

FIXTURE_SETUP(scope)
{
	OK(&self->kit, kit_open(&self->kit));
	ASSERT_EQ(0, servant_begin(&self->one));
	ASSERT_EQ(0, servant_begin(&self->two));
}

FIXTURE_TEARDOWN(scope)
{
	servant_end(&self->one);
	servant_end(&self->two);
	kit_close(&self->kit);
}

static int choose(struct kit *kit, pid_t pid)
{
	kit->plan->pids = calloc(1, sizeof(*kit->plan->pids));
	if (!kit->plan->pids)
		return -ENOMEM;
	kit->plan->pids[0] = pid;
	kit->plan->nr_pids = 1;
	return 0;
}

/* Its threads, their threads, its children and children whose parent is gone, and what it turns into; not its sister and not its parent. */
TEST_F(scope, follows_threads_and_children)
{
	struct kit *kit = &self->kit;
	pid_t pid = self->one.pid;

	OK(kit, choose(kit, self->one.pid));
	OK(kit, add_sources(kit));
	OK(kit, kit_start(kit));
	OK(kit, tell(&self->one, WORK, 23));
	OK(kit, tell(&self->two, WORK, 1009));
	OK(kit, tell(&self->one, WORK_IN_THREAD, 101));
	OK(kit, tell(&self->two, WORK_IN_THREAD, 1013));
	OK(kit, tell(&self->one, WORK_IN_CHILD, 211));
	OK(kit, tell(&self->two, WORK_IN_CHILD, 1019));
	OK(kit, tell(&self->one, WORK_IN_ORPHAN, 307));
	OK(kit, tell(&self->two, WORK_IN_ORPHAN, 1021));
	OK(kit, tell(&self->one, EXEC_AND_WORK, 401));
	OK(kit, tell(&self->two, EXEC_AND_WORK, 1031));
	work(1033);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_WORK(kit, 23 + 101 + 211 + 307 + 401, pid, 23 + 101 + 401);
}

/* Children born between the making of a session and its start are in, and so are those of a time when it is stopped. */
TEST_F(scope, children_of_the_time_before)
{
	struct kit *kit = &self->kit;
	struct servant child;
	int fds[2];
	pid_t pid;

	OK(kit, choose(kit, getpid()));
	OK(kit, add_sources(kit));
	OK(kit, kit_make(kit));
	ASSERT_EQ(0, servant_begin(&child));
	OK(kit, kit_start(kit));
	OK(kit, tell(&child, WORK, 23));
	OK(kit, tell(&self->one, WORK, 1009));
	OK(kit, kit_stop(kit));
	ASSERT_EQ(0, pipe(fds));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		close(fds[1]);
		wait_for_end(fds[0]);
		work(101);
		_exit(0);
	}
	work(13);
	OK(kit, kit_start(kit));
	close(fds[1]);
	ASSERT_EQ(pid, waitpid(pid, NULL, 0));
	work(211);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_WORK(kit, 23 + 101 + 211, getpid(), 211);
	servant_end(&child);
}

/* A thread's number stands for its whole process. */
static void *work_when_told(void *fd)
{
	wait_for_end((int)(intptr_t)fd);
	work(23);
	return NULL;
}

TEST_F(scope, thread_stands_for_its_process)
{
	struct kit *kit = &self->kit;
	pthread_t thread;
	char path[64], *entry = NULL;
	FILE *tasks;
	int fds[2];
	unsigned int tid = 0;

	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, pthread_create(&thread, NULL, work_when_told, (void *)(intptr_t)fds[0]));
	snprintf(path, sizeof(path), "ls /proc/%d/task", getpid());
	tasks = popen(path, "r");
	ASSERT_NE(NULL, tasks);
	while (fscanf(tasks, "%ms", &entry) == 1) {
		if (atoi(entry) != getpid())
			tid = atoi(entry);
		free(entry);
	}
	pclose(tasks);
	ASSERT_LT(0, tid);
	OK(kit, choose(kit, tid));
	OK(kit, add_sources(kit));
	OK(kit, kit_start(kit));
	work(101);
	close(fds[1]);
	pthread_join(thread, NULL);
	OK(kit, tell(&self->one, WORK, 1009));
	work(211);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_WORK(kit, 23 + 101 + 211, getpid(), 23 + 101 + 211);
}

/* Who is given the number of a process that is gone is a stranger. */
TEST_F(scope, number_used_again)
{
	struct kit *kit = &self->kit;
	pid_t pid = self->one.pid, stranger = -1;
	unsigned int tries;
	char number[16];

	if (access("/proc/sys/kernel/ns_last_pid", W_OK))
		SKIP(return, "this kernel does not let the next process id be chosen (CONFIG_CHECKPOINT_RESTORE)");
	OK(kit, choose(kit, pid));
	OK(kit, add_sources(kit));
	OK(kit, kit_start(kit));
	OK(kit, tell(&self->one, WORK, 23));
	OK(kit, tell(&self->one, LEAVE, 0));
	snprintf(number, sizeof(number), "%d", pid - 1);
	for (tries = 0; tries < 100 && stranger != pid; tries++) {
		OK(kit, kit_write("/proc/sys/kernel/ns_last_pid", number));
		stranger = fork();
		if (!stranger) {
			work(101);
			_exit(0);
		}
		ASSERT_EQ(stranger, waitpid(stranger, NULL, 0));
	}
	EXPECT_EQ(pid, stranger) TH_LOG("the number was not given again");
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_WORK(kit, 23, pid, 23);
}

/* ---- control groups ---- */

#define V2 "/sys/fs/cgroup"

FIXTURE(cgroup) {
	struct kit kit;
	struct servant one, two;
	char top[64];
};

FIXTURE_VARIANT(cgroup) {
	const char *controller;	/* of version 1, "" for version 2 */
};

FIXTURE_VARIANT_ADD(cgroup, v2) { "" };
FIXTURE_VARIANT_ADD(cgroup, v1) { "freezer" };

/* Where the hierarchy is mounted; "" if it cannot be had. */
static const char *mount_hierarchy(const char *controller)
{
	static const char place[] = "/run/cgroup1";

	if (!controller[0])
		return access(V2 "/cgroup.procs", F_OK) ? "" : V2;
	if (mkdir(place, 0755) && errno != EEXIST)
		return "";
	if (mount("none", place, "cgroup", 0, controller) && errno != EBUSY)
		return "";
	return place;
}

FIXTURE_SETUP(cgroup)
{
	OK(&self->kit, kit_open(&self->kit));
	ASSERT_EQ(0, servant_begin(&self->one));
	ASSERT_EQ(0, servant_begin(&self->two));
	snprintf(self->top, sizeof(self->top), "%s", mount_hierarchy(variant->controller));
}

static const char *const groups[] = { "ktally_in", "ktally_in/below", "ktally_out" };

FIXTURE_TEARDOWN(cgroup)
{
	char path[128];
	int i;

	servant_end(&self->one);
	servant_end(&self->two);
	for (i = COUNTOF(groups) - 1; i >= 0 && self->top[0]; i--) {
		snprintf(path, sizeof(path), "%s/%s", self->top, groups[i]);
		rmdir(path);
	}
	kit_close(&self->kit);
}

static int move(const char *top, const char *group, pid_t pid)
{
	char path[128], number[16];

	snprintf(path, sizeof(path), "%s/%s/cgroup.procs", top, group);
	snprintf(number, sizeof(number), "%d", pid);
	return kit_write(path, number);
}

static uint64_t number_of(const char *top, const char *group)
{
	struct stat info;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", top, group);
	return stat(path, &info) ? 0 : info.st_ino;
}

/* Moved in, further in, out and back; the children of those inside; others stay outside. */
TEST_F(cgroup, tasks_move_in_and_out)
{
	struct kit *kit = &self->kit;
	char path[128];
	unsigned int i;

	if (!self->top[0])
		SKIP(return, "this hierarchy of cgroups cannot be mounted: %s", strerror(errno));
	for (i = 0; i < COUNTOF(groups); i++) {
		snprintf(path, sizeof(path), "%s/%s", self->top, groups[i]);
		rmdir(path);
		ASSERT_EQ(0, mkdir(path, 0755)) TH_LOG("%s: %s", path, strerror(errno));
	}
	kit->plan->cgroup = number_of(self->top, "ktally_in");
	snprintf(kit->plan->controller, sizeof(kit->plan->controller), "%s", variant->controller);
	OK(kit, add_sources(kit));
	OK(kit, kit_start(kit));
	OK(kit, tell(&self->one, WORK, 1009));
	OK(kit, move(self->top, "ktally_in", self->one.pid));
	OK(kit, tell(&self->one, WORK, 23));
	OK(kit, tell(&self->one, WORK_IN_CHILD, 101));
	OK(kit, tell(&self->two, WORK, 1013));
	OK(kit, move(self->top, "ktally_in/below", self->one.pid));
	OK(kit, tell(&self->one, WORK, 211));
	OK(kit, tell(&self->one, WORK_IN_THREAD, 307));
	OK(kit, move(self->top, "ktally_out", self->one.pid));
	OK(kit, tell(&self->one, WORK, 1019));
	OK(kit, tell(&self->one, WORK_IN_CHILD, 1021));
	OK(kit, move(self->top, "ktally_in", self->two.pid));
	OK(kit, tell(&self->two, WORK, 401));
	OK(kit, move(self->top, "", self->two.pid));
	OK(kit, tell(&self->two, WORK, 1031));
	OK(kit, move(self->top, "ktally_in", self->one.pid));
	OK(kit, tell(&self->one, WORK, 503));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_WORK(kit, 23 + 101 + 211 + 307 + 401 + 503, self->one.pid, 23 + 211 + 307 + 503);
	EXPECT_EQ(401, kit_hits(kit, 0, self->two.pid));
}

/* Without a scope the groups of version 2 are told apart by their numbers. */
TEST_F(scope, cgroup_as_key)
{
	static const char *const names[] = { "ktally_one", "ktally_two" };
	struct kit *kit = &self->kit;
	char text[128], path[128];
	uint64_t number[2];
	unsigned int i;

	if (!mount_hierarchy("")[0])
		SKIP(return, "the cgroup hierarchy of version 2 cannot be mounted: %s", strerror(errno));
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), V2 "/%s", names[i]);
		ASSERT_EQ(0, mkdir(path, 0755));
		number[i] = number_of(V2, names[i]);
	}
	snprintf(text, sizeof(text), "raw_syscalls:sys_enter/id == %d/key=cgroup/", (int)SYS_getppid);
	OK(kit, kit_event(kit, text));
	OK(kit, kit_start(kit));
	OK(kit, move(V2, names[0], self->one.pid));
	OK(kit, tell(&self->one, WORK, 23));
	OK(kit, move(V2, names[1], self->one.pid));
	OK(kit, tell(&self->one, WORK, 101));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(23, kit_hits(kit, 0, number[0]));
	EXPECT_EQ(101, kit_hits(kit, 0, number[1]));
	OK(kit, move(V2, "", self->one.pid));
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), V2 "/%s", names[i]);
		EXPECT_EQ(0, rmdir(path));
	}
}

/* Both at once: only who is in the group and in the list. */
TEST_F(cgroup, with_processes)
{
	struct kit *kit = &self->kit;
	char path[128];

	if (!self->top[0])
		SKIP(return, "this hierarchy of cgroups cannot be mounted: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/%s", self->top, groups[0]);
	ASSERT_EQ(0, mkdir(path, 0755));
	kit->plan->cgroup = number_of(self->top, groups[0]);
	snprintf(kit->plan->controller, sizeof(kit->plan->controller), "%s", variant->controller);
	OK(kit, choose(kit, self->one.pid));
	OK(kit, add_sources(kit));
	OK(kit, kit_start(kit));
	OK(kit, tell(&self->one, WORK, 1009));
	OK(kit, move(self->top, groups[0], self->one.pid));
	OK(kit, move(self->top, groups[0], self->two.pid));
	OK(kit, tell(&self->one, WORK, 23));
	OK(kit, tell(&self->two, WORK, 1013));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_WORK(kit, 23, self->one.pid, 23);
}

/* What a servant turns into. */
static void __attribute__((constructor)) be_servant(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "--work"))
		return;
	work(atoi(argv[2]));
	_exit(0);
}

TEST_HARNESS_MAIN
