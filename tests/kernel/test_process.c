// SPDX-License-Identifier: GPL-2.0-or-later
/* Processes: the scope follows children and nobody else; records tell of short lives, with image and path. */
#include <libgen.h>
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

KIT_FIXTURE(process)

/* A child that waits for a byte before it does anything. */
struct waiting {
	pid_t pid;
	int go;
};

static void *thread_calls(void *arg)
{
	kit_calls(*(unsigned int *)arg);
	return NULL;
}

/* 11 calls itself, 13 by a thread, 17 by a child of that, 19 by a grandchild's grandchild. */
static void family(void)
{
	unsigned int by_thread = 13;
	pthread_t thread;
	pid_t child;

	kit_calls(11);
	if (!pthread_create(&thread, NULL, thread_calls, &by_thread))
		pthread_join(thread, NULL);
	child = fork();
	if (!child) {
		kit_calls(17);
		child = fork();
		if (!child) {
			kit_calls(19);
			_exit(0);
		}
		waitpid(child, NULL, 0);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

#define FAMILY_CALLS (11 + 13 + 17 + 19)

static struct waiting start_waiting(void (*run)(void))
{
	struct waiting waiting = { .pid = -1, .go = -1 };
	int ends[2];
	char byte;

	if (pipe(ends))
		return waiting;
	waiting.pid = fork();
	if (!waiting.pid) {
		close(ends[1]);
		if (read(ends[0], &byte, 1) == 1)
			run();
		_exit(0);
	}
	close(ends[0]);
	waiting.go = ends[1];
	return waiting;
}

static void let_go(struct waiting waiting)
{
	if (write(waiting.go, "", 1) == 1)
		waitpid(waiting.pid, NULL, 0);
	close(waiting.go);
}

TEST_F(process, scope_follows_children_only)
{
	const struct ktally_insn insns[] = {
		FIELD(0, 0), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), CONTEXT(1, PID), UPDATE(0, 1, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct waiting inside = start_waiting(family), outside = start_waiting(family);
	struct kit *kit = &self->kit;

	ASSERT_LT(0, inside.pid);
	ASSERT_LT(0, outside.pid);
	kit->plan->pids = calloc(1, sizeof(*kit->plan->pids));
	kit->plan->pids[0] = inside.pid;
	kit->plan->nr_pids = 1;
	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	kit_calls(1009);
	let_go(outside);
	let_go(inside);
	kit_calls(1009);
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(FAMILY_CALLS, kit_total(kit, 0));
	EXPECT_EQ(3, kit->snap->tables[0].nr_rows);
	EXPECT_EQ(11 + 13, kit_hits(kit, 0, inside.pid));
	EXPECT_EQ(0, kit_hits(kit, 0, outside.pid));
	EXPECT_EQ(0, kit_hits(kit, 0, getpid()));
	EXPECT_TRUE(kit_closes(kit));
}

/* A process that is in scope and gone does not lend its place to a stranger of the same id. */
TEST_F_TIMEOUT(process, scope_forgets_the_dead, 60)
{
	const struct ktally_insn insns[] = {
		FIELD(0, 0), SKIP_IF(EQ, 0, SYS_getppid, 1), EXIT(FILTERED), CONTEXT(1, PID), UPDATE(0, 1, KTALLY_NO_REG), EXIT(FOLDED),
	};
	struct waiting inside = start_waiting(family);
	struct kit *kit = &self->kit;
	char last[16];
	pid_t child;

	kit->plan->pids = calloc(1, sizeof(*kit->plan->pids));
	kit->plan->pids[0] = inside.pid;
	kit->plan->nr_pids = 1;
	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	let_go(inside);
	snprintf(last, sizeof(last), "%d", inside.pid - 1);
	if (kit_write("/proc/sys/kernel/ns_last_pid", last))
		SKIP(return, "this kernel does not let a process id be chosen (CONFIG_CHECKPOINT_RESTORE)");
	child = fork();
	if (!child) {
		kit_calls(101);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	if (child != inside.pid)
		SKIP(return, "another process took the id in between");
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(FAMILY_CALLS, kit_total(kit, 0));
}

struct life {
	unsigned int fork, exec, exit, mmap;
	uint64_t fork_image, parent_image, exec_image, exit_image, mmap_image;
	char comm[17], path[KTALLY_PATH_MAX];
	uint64_t start, length;
	bool ordered;
};

static void note(struct life *life, const struct ktally_record *record)
{
	const struct ktally_process *process = (const void *)record;
	const struct ktally_mmap *mmap = (const void *)record;

	switch (record->type) {
	case KTALLY_RECORD_FORK:
		life->fork++;
		life->fork_image = process->image;
		life->parent_image = process->parent;
		break;
	case KTALLY_RECORD_EXEC:
		life->exec++;
		life->exec_image = process->image;
		memcpy(life->comm, process->comm, 16);
		break;
	case KTALLY_RECORD_EXIT:
		life->ordered = life->fork == 1 && life->exec == 1 && !life->exit && life->mmap;
		life->exit++;
		life->exit_image = process->image;
		break;
	case KTALLY_RECORD_MMAP:
		if (!strstr(mmap->path, "/plain"))
			break;
		life->mmap++;
		life->mmap_image = mmap->image;
		life->start = mmap->start;
		life->length = mmap->length;
		snprintf(life->path, sizeof(life->path), "%s", mmap->path);
		break;
	}
}

TEST_F(process, records_of_a_short_life)
{
	const struct ktally_record *record;
	struct ktally_reader *reader;
	struct life life = { 0 };
	struct kit *kit = &self->kit;
	char path[4096] = "", *folder;
	unsigned int cpu;
	pid_t child;

	ASSERT_LT(0, readlink("/proc/self/exe", path, sizeof(path) - 16));
	folder = dirname(path);
	strcat(folder, "/plain");
	kit->plan->ring_size = 1 << 20;
	OK(kit, kit_probe(kit, KTALLY_SOURCE_PROCESS, "", NULL, 0));
	OK(kit, kit_start(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	child = fork();
	if (!child) {
		execl(folder, folder, "7", NULL);
		_exit(127);
	}
	waitpid(child, NULL, 0);
	OK(kit, kit_stop(kit));
	while ((record = ktally_reader_next(reader, &cpu, true)))
		if (record->pid == (uint32_t)child)
			note(&life, record);
	EXPECT_EQ(1, life.fork);
	EXPECT_EQ(1, life.exec);
	EXPECT_EQ(1, life.exit);
	EXPECT_LE(1, life.mmap);
	EXPECT_TRUE(life.ordered);
	EXPECT_EQ(child, life.fork_image >> 32);
	EXPECT_EQ(getpid(), life.parent_image >> 32);
	EXPECT_EQ(life.parent_image & UINT32_MAX, life.fork_image & UINT32_MAX);
	EXPECT_EQ(life.fork_image + 1, life.exec_image);
	EXPECT_EQ(life.exec_image, life.mmap_image);
	EXPECT_EQ(life.exec_image, life.exit_image);
	EXPECT_EQ(0, strcmp("plain", life.comm)) TH_LOG("comm is '%s'", life.comm);
	EXPECT_EQ(0, strcmp(folder, life.path)) TH_LOG("path is '%s', not '%s'", life.path, folder);
	EXPECT_EQ(0, life.start & 4095);
	EXPECT_LT(0, life.length);
	OK(kit, kit_take(kit));
	EXPECT_TRUE(kit_closes(kit));
	ktally_reader_close(reader);
}

static void *nothing(void *arg)
{
	return arg;
}

/* Threads are no processes: neither their beginning nor their end is told. */
TEST_F(process, threads_are_silent)
{
	const struct ktally_record *record;
	struct ktally_reader *reader;
	struct kit *kit = &self->kit;
	unsigned int i, cpu, told = 0;
	pthread_t thread;

	kit->plan->ring_size = 1 << 20;
	OK(kit, kit_probe(kit, KTALLY_SOURCE_PROCESS, "", NULL, 0));
	OK(kit, kit_start(kit));
	OK(kit, ktally_reader_open(&reader, kit->dev, &kit->err));
	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, pthread_create(&thread, NULL, nothing, NULL));
		pthread_join(thread, NULL);
	}
	OK(kit, kit_stop(kit));
	while ((record = ktally_reader_next(reader, &cpu, true)))
		told += record->pid == (uint32_t)getpid() && (record->type == KTALLY_RECORD_FORK || record->type == KTALLY_RECORD_EXIT);
	EXPECT_EQ(0, told);
	ktally_reader_close(reader);
}

TEST_HARNESS_MAIN
