// SPDX-License-Identifier: GPL-2.0-or-later
/* The agent, with a device of our own in place of the module's. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "agent.h"
#include "crafted.h"
#include "process.h"

/* A file that the device knows. @table: bytes of the table that it got */
struct known {
	const char *path;
	uint64_t bytes, table;
	bool there, interp;
	int order;
};

/* What the device is told and says. @errno_*: how it refuses */
static struct fake {
	struct known files[8];
	unsigned int nr_pids, given, may_not_open, no_room, no_files, busy;
	uint32_t pids[8192];
	int table_errno;
	uint64_t start, offset;		/* of the mapping by which files are told to be found */
} fake;

static int do_process(struct ktally_follow *follow)
{
	assert_int_equal(follow->size, sizeof(*follow));
	assert_int_equal(follow->reserved, 0);
	if (fake.no_room) {
		errno = ENOSPC;
		return -1;
	}
	if (fake.busy && fake.busy--) {		/* it runs another program than a moment ago */
		errno = EAGAIN;
		return -1;
	}
	if (follow->pid == 2) {		/* kthreadd */
		errno = ESRCH;
		return -1;
	}
	fake.pids[fake.nr_pids++ % 8192] = follow->pid;
	follow->image = (uint64_t)follow->pid << 32 | 7;
	follow->mappings = 3;
	return 0;
}

static int do_file(struct ktally_mapped *mapped)
{
	uint32_t n = mapped->file;
	struct stat st;

	assert_int_equal(mapped->size, sizeof(*mapped));
	while (n < 8 && !fake.files[n].there)
		n++;
	if (n >= 8) {
		errno = ENOENT;
		return -1;
	}
	if (mapped->flags & KTALLY_MAPPED_OPEN && fake.may_not_open) {
		errno = EPERM;
		return -1;
	}
	if (mapped->flags & KTALLY_MAPPED_OPEN && fake.no_files) {
		errno = EMFILE;
		return -1;
	}
	mapped->fd = -1;
	if (mapped->flags & KTALLY_MAPPED_OPEN && fake.files[n].path)
		mapped->fd = open(fake.files[n].path, O_RDONLY | O_CLOEXEC);
	mapped->file = n;
	mapped->flags = fake.files[n].table ? KTALLY_MAPPED_TABLE : 0;
	mapped->bytes = fake.files[n].bytes;
	mapped->pid = getpid();
	mapped->start = fake.start;
	mapped->offset = fake.offset;
	if (fake.files[n].path && !stat(fake.files[n].path, &st)) {
		mapped->inode = st.st_ino + 1000;	/* an overlay: the module has another idea of the file than we */
		mapped->dev_major = major(st.st_dev);
		mapped->dev_minor = minor(st.st_dev) + 1;
	}
	return 0;
}

static int do_table(const struct ktally_give_table *give)
{
	const struct ktally_unwind_table *table = (const void *)(uintptr_t)give->data;

	assert_int_equal(give->size, sizeof(*give));
	assert_true(give->file < 8);
	if (fake.table_errno) {
		errno = fake.table_errno;
		return -1;
	}
	assert_int_equal(table->magic, KTALLY_UNWIND_MAGIC);
	assert_true(table->nr_rows > 10 || !give->file);
	assert_true(give->length >= sizeof(*table) + table->nr_rows * 6);
	fake.files[give->file].table = give->length;
	fake.files[give->file].order = ++fake.given;
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *arg)
{
	assert_int_equal(fd, -1);
	switch (request) {
	case KTALLY_IOC_PROCESS:
		return do_process(arg);
	case KTALLY_IOC_FILE:
		return do_file(arg);
	case KTALLY_IOC_TABLE:
		return do_table(arg);
	case KTALLY_IOC_INTERPRETER:
		fake.files[((struct ktally_give_interp *)arg)->file].interp = true;
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}

static struct ktally_agent *new_agent(struct ktally_processes *procs)
{
	struct ktally_agent *agent = calloc(1, sizeof(*agent));

	agent->fd = -1;
	agent->ioctl = fake_ioctl;
	agent->procs = procs;
	agent->most = 64;
	memset(&fake, 0, sizeof(fake));
	setenv("XDG_CACHE_HOME", "/nonexistent", 1);
	return agent;
}

static char *own_path(void)
{
	return realpath("/proc/self/exe", NULL);
}

static void every_file_gets_its_table(void **state)
{
	struct ktally_agent *agent = new_agent(NULL);
	struct ktally_agent_stats stats;
	struct ktally_error err;
	char *self = own_path();

	(void)state;
	fake.files[0] = (struct known){ .there = true };
	fake.files[2] = (struct known){ .there = true, .path = self, .bytes = 900 };
	fake.files[3] = (struct known){ .there = true, .path = "/bin/sh", .bytes = 100 };
	fake.files[4] = (struct known){ .there = true, .path = "/etc/passwd", .bytes = 10 };
	fake.files[5] = (struct known){ .there = true, .path = NULL, .bytes = 5 };	/* nobody can read it */
	fake.files[6] = (struct known){ .there = true, .path = "/bin/sh", .bytes = 100, .table = 8 };
	assert_int_equal(ktally_agent_work(agent, 0, &err), 0);
	assert_int_equal(fake.given, 3);
	assert_int_equal(fake.files[0].order, 1);	/* the smallest first */
	assert_int_equal(fake.files[3].order, 2);
	assert_int_equal(fake.files[2].order, 3);
	assert_int_equal(fake.files[6].table, 8);
	ktally_agent_stats(agent, &stats);
	assert_int_equal(stats.files, 6);
	assert_int_equal(stats.tables, 3);
	assert_int_equal(stats.failed, 2);		/* no ELF file, and the one that cannot be read */
	assert_int_equal(stats.interps, 0);
	assert_int_equal(stats.bytes, fake.files[0].table + fake.files[2].table + fake.files[3].table);
	fake.files[7] = (struct known){ .there = true, .path = "/bin/sh", .bytes = 100 };
	assert_int_equal(ktally_agent_work(agent, 1, &err), 1);		/* long past */
	assert_int_equal(ktally_agent_work(agent, 0, &err), 0);
	assert_int_equal(fake.files[7].order, 4);
	ktally_agent_close(agent);
	free(self);
}

/* Files wait open: no more than may be, and none is forgotten. */
static void few_files_wait_at_a_time(void **state)
{
	struct ktally_agent *agent = new_agent(NULL);
	struct ktally_error err;
	unsigned int n;

	(void)state;
	agent->most = 2;
	for (n = 1; n < 8; n++)
		fake.files[n] = (struct known){ .there = true, .path = "/bin/sh", .bytes = 100 * n };
	assert_int_equal(ktally_agent_work(agent, 1, &err), 3);		/* two, and at least one more */
	assert_int_equal(agent->nr, 2);
	assert_int_equal(ktally_agent_work(agent, 0, &err), 0);
	assert_int_equal(fake.given, 7);
	fake.no_files = true;
	agent->next = 0;
	fake.files[5].table = 0;
	assert_int_equal(ktally_agent_work(agent, 0, &err), 0);
	assert_int_equal(fake.given, 7);
	assert_true(agent->stats.failed > 0);
	ktally_agent_close(agent);
}

static void tables_are_refused(void **state)
{
	static const struct { int code, ret; } list[] = { { EEXIST, 0 }, { ENOENT, 0 }, { ENOMEM, 0 }, { EBADMSG, 0 }, { ENODEV, -ENODEV } };
	struct ktally_agent *agent;
	struct ktally_error err;
	unsigned int i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(*list); i++) {
		agent = new_agent(NULL);
		fake.files[1] = (struct known){ .there = true, .path = "/bin/sh", .bytes = 100 };
		fake.table_errno = list[i].code;
		assert_int_equal(ktally_agent_work(agent, 0, &err), list[i].ret);
		assert_int_equal(agent->stats.tables, 0);
		assert_int_equal(agent->stats.failed, list[i].code == ENOMEM || list[i].code == EBADMSG || list[i].code == ENODEV);
		ktally_agent_close(agent);
	}
}

static void processes_are_learnt(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_agent *agent = new_agent(procs);
	uint32_t pids[] = { getpid(), 2 };
	uint64_t image = (uint64_t)getpid() << 32 | 7, ip = (uintptr_t)processes_are_learnt;
	const struct ktally_map *map;
	struct ktally_error err;
	char *self = own_path();
	unsigned int i;

	(void)state;
	fake.busy = 3;
	assert_int_equal(ktally_agent_scan(agent, pids, 2, &err), 1);
	assert_int_equal(fake.pids[0], getpid());
	map = ktally_processes_find(procs, image, ip);
	assert_non_null(map);
	assert_string_equal(map->path, self);
	assert_string_equal(ktally_processes_comm(procs, image), "test_agent");
	assert_null(ktally_processes_comm(procs, 2ULL << 32));
	fake.nr_pids = 0;
	assert_true(ktally_agent_scan(agent, NULL, 0, &err) > 0);
	for (i = 0; i < fake.nr_pids && i < 8192 && fake.pids[i] != (uint32_t)getpid(); i++)
		;
	assert_true(i < fake.nr_pids);
	fake.no_room = true;
	assert_int_equal(ktally_agent_scan(agent, pids, 2, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "no room"));
	ktally_agent_close(agent);
	ktally_processes_free(procs);
	free(self);
}

/* The file is deleted after the module opened it for us, and the module calls it by another inode than /proc. */
static void deleted_files_stay_open(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_agent *agent = new_agent(procs);
	uint64_t image = (uint64_t)getpid() << 32 | 7, ip;
	char path[] = "/tmp/ktally-agent-XXXXXX";
	uint32_t pid = getpid();
	struct ktally_error err;
	struct ktally_map map;
	struct stat st;
	void *memory;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0 && !ftruncate(fd, 4096));
	memory = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	ip = (uintptr_t)memory;
	fake.files[1] = (struct known){ .there = true, .path = path, .bytes = 4096 };
	fake.start = ip;
	assert_int_equal(ktally_agent_scan(agent, &pid, 1, &err), 1);
	assert_int_equal(ktally_agent_work(agent, 0, &err), 0);
	assert_int_equal(fstat(fd, &st), 0);
	close(fd);
	munmap(memory, 4096);
	unlink(path);
	map = *ktally_processes_find(procs, image, ip);
	fd = ktally_processes_open(procs, &map, pid);
	assert_true(fd >= 0);
	close(fd);
	map.inode = st.st_ino + 1000;
	map.dev_minor = minor(st.st_dev) + 1;
	fd = ktally_processes_open(procs, &map, pid);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 4096);
	close(fd);
	map.inode++;
	assert_int_equal(ktally_processes_open(procs, &map, pid), -1);
	ktally_agent_close(agent);
	ktally_processes_free(procs);
}

static void what_may_not_be_opened_is_found_in_proc(void **state)
{
	struct ktally_agent *agent = new_agent(NULL);
	const struct ktally_map *map;
	struct ktally_processes *procs = ktally_processes_new(true);
	struct ktally_error err;
	char *self = own_path();

	(void)state;
	map = ktally_processes_find(procs, (uint64_t)getpid() << 32, (uintptr_t)what_may_not_be_opened_is_found_in_proc);
	assert_non_null(map);
	fake.start = map->start;
	fake.offset = map->offset;
	fake.may_not_open = true;
	fake.files[1] = (struct known){ .there = true, .path = self, .bytes = 4096 };
	assert_int_equal(ktally_agent_work(agent, 0, &err), 0);
	assert_int_equal(fake.given, 1);
	fake.files[2] = (struct known){ .there = true, .path = self, .bytes = 4096 };
	fake.start++;		/* nothing is mapped there any more */
	assert_int_equal(ktally_agent_work(agent, 0, &err), 0);
	assert_int_equal(fake.given, 1);
	assert_int_equal(agent->stats.failed, 1);
	ktally_agent_close(agent);
	ktally_processes_free(procs);
	free(self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_gets_its_table),
		cmocka_unit_test(few_files_wait_at_a_time),
		cmocka_unit_test(tables_are_refused),
		cmocka_unit_test(processes_are_learnt),
		cmocka_unit_test(deleted_files_stay_open),
		cmocka_unit_test(what_may_not_be_opened_is_found_in_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
