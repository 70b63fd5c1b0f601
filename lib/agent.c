// SPDX-License-Identifier: LGPL-2.1-or-later
/* Gives the module what it needs to walk user stacks: the mappings of running processes, then a table for each mapped file. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"
#include "files.h"
#include "process.h"
#include "python_layout.h"

#define MOST_OPEN	4096U
#define TRIES		16	/* at a process that runs one program after the other */

static int device_ioctl(int fd, unsigned long request, void *arg)
{
	return ioctl(fd, request, arg);
}

static uint64_t monotonic_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* ---- opening ---- */

static int open_error(int code, struct ktally_error *err)
{
	if (code == -ENOENT || code == -ENXIO || code == -ENODEV)
		return ktally_fail(err, -ENOENT, "there is no %s: load the module with `modprobe ktally`", KTALLY_DEVICE);
	return ktally_fail(err, code, "cannot open %s to give unwind tables: %s", KTALLY_DEVICE, strerror(-code));
}

static int attach_error(int code, uint32_t session, struct ktally_error *err)
{
	switch (code) {
	case -EAGAIN:
		return ktally_fail(err, code, "session %u has no room for mappings, so it walks user stacks by frame pointers only", session);
	case -EPERM:
	case -EACCES:
		return ktally_fail(err, -EACCES, "giving unwind tables to session %u needs CAP_PERFMON or CAP_SYS_ADMIN; run as root", session);
	case -ENOENT:
		return ktally_fail(err, -ESRCH, "there is no session %u; `ktally session list` shows those there are", session);
	default:
		return ktally_fail(err, code, "cannot attach to session %u to give unwind tables: %s", session, strerror(-code));
	}
}

/* A quarter of what the process may have open: names of files keep half. */
static unsigned int most_open(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur < 64)
		return 16;
	return limit.rlim_cur / 4 < MOST_OPEN ? (unsigned int)(limit.rlim_cur / 4) : MOST_OPEN;
}

int ktally_agent_open(struct ktally_agent **out, uint32_t session, struct ktally_processes *procs, struct ktally_error *err)
{
	struct ktally_attach attach = { .size = sizeof(attach), .session = session };
	struct ktally_agent *agent = calloc(1, sizeof(*agent));
	int ret;

	*out = NULL;
	if (!agent)
		return ktally_fail(err, -ENOMEM, "out of memory");
	agent->ioctl = device_ioctl;
	agent->procs = procs;
	agent->most = most_open();
	agent->fd = open(KTALLY_DEVICE, O_RDWR | O_CLOEXEC);
	if (agent->fd < 0) {
		ret = open_error(-errno, err);
		free(agent);
		return ret;
	}
	if (agent->ioctl(agent->fd, KTALLY_IOC_ATTACH, &attach) < 0) {
		ret = attach_error(-errno, session, err);
		ktally_agent_close(agent);
		return ret;
	}
	*out = agent;
	return 0;
}

void ktally_agent_close(struct ktally_agent *agent)
{
	if (!agent)
		return;
	while (agent->nr)
		if (agent->list[--agent->nr].fd >= 0)
			close(agent->list[agent->nr].fd);
	if (agent->fd >= 0)
		close(agent->fd);
	free(agent->list);
	free(agent);
}

void ktally_agent_stats(const struct ktally_agent *agent, struct ktally_agent_stats *stats)
{
	*stats = agent->stats;
}

/* ---- running processes ---- */

/* Return: 1; 0: it has ended, or is a thread of the kernel; -errno */
static int scan_pid(struct ktally_agent *agent, uint32_t pid, struct ktally_error *err)
{
	struct ktally_follow follow;
	unsigned int tries = 0;
	int ret;

	do {
		follow = (struct ktally_follow){ .size = sizeof(follow), .pid = pid };
		ret = agent->ioctl(agent->fd, KTALLY_IOC_PROCESS, &follow);
	} while (ret < 0 && errno == EAGAIN && ++tries < TRIES);
	if (ret < 0) {
		if (errno == ESRCH || errno == EAGAIN)
			return 0;
		if (errno == ENOSPC)
			return ktally_fail(err, -ENOSPC, "the session has no room for the mappings of process %u", pid);
		if (errno == EPERM || errno == EACCES)
			return ktally_fail(err, -EACCES, "looking at the mappings of process %u needs CAP_SYS_ADMIN; run as root", pid);
		return ktally_fail(err, -errno, "the module cannot tell the mappings of process %u: %s", pid, strerror(errno));
	}
	if (agent->procs && ktally_processes_running(agent->procs, pid, follow.image) == -ENOMEM)
		return ktally_fail(err, -ENOMEM, "out of memory");
	return 1;
}

static int scan_all(struct ktally_agent *agent, struct ktally_error *err)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned long pid;
	int nr = 0, ret = 0;
	char *end;

	if (!dir)
		return ktally_fail(err, -errno, "cannot list the processes in /proc: %s", strerror(errno));
	while (ret >= 0 && (entry = readdir(dir))) {
		pid = strtoul(entry->d_name, &end, 10);
		if (*end || !pid || pid > INT32_MAX)
			continue;
		ret = scan_pid(agent, pid, err);
		nr += ret > 0;
	}
	closedir(dir);
	return ret < 0 ? ret : nr;
}

int ktally_agent_scan(struct ktally_agent *agent, const uint32_t *pids, unsigned int nr, struct ktally_error *err)
{
	unsigned int i;
	int ret = 0, found = 0;

	if (!nr)
		return scan_all(agent, err);
	for (i = 0; i < nr && ret >= 0; i++) {
		ret = scan_pid(agent, pids[i], err);
		found += ret > 0;
	}
	return ret < 0 ? ret : found;
}

/* ---- files ---- */

struct wanted {
	uint64_t start;
	struct ktally_map map;
	char path[KTALLY_PATH_MAX];
};

static int take_map(const struct ktally_map *map, size_t path_len, void *arg)
{
	struct wanted *wanted = arg;

	if (map->start != wanted->start || path_len >= sizeof(wanted->path))
		return 0;
	wanted->map = *map;
	memcpy(wanted->path, map->path, path_len);
	wanted->path[path_len] = 0;
	wanted->map.path = wanted->path;
	return 1;
}

/* Without the module's help, as long as its process lives. */
static int open_by_proc(const struct ktally_mapped *mapped)
{
	struct wanted wanted = { .start = mapped->start };
	char name[64], *text;
	size_t size;
	int found = 0;

	snprintf(name, sizeof(name), "/proc/%u/maps", mapped->pid);
	text = ktally_read_file(name, &size);
	if (text)
		found = ktally_maps_parse(text, size, take_map, &wanted);
	free(text);
	if (!found || wanted.map.offset != mapped->offset)
		return -1;
	return ktally_files_open(NULL, &wanted.map, mapped->pid);
}

/* File @number or the next above. Return: 0 with @mapped->fd, -1 if it cannot be had; -ENOENT: there is none; -EMFILE; -errno */
static int ask_file(struct ktally_agent *agent, uint32_t number, struct ktally_mapped *mapped)
{
	unsigned int flags = KTALLY_MAPPED_OPEN;

	for (;; flags = 0) {
		*mapped = (struct ktally_mapped){ .size = sizeof(*mapped), .file = number, .flags = flags, .fd = -1 };
		if (agent->ioctl(agent->fd, KTALLY_IOC_FILE, mapped) >= 0)
			break;
		if (errno != EPERM || !flags)
			return -errno;
	}
	if (!flags)
		mapped->fd = -1;
	if (mapped->fd < 0 && mapped->file)
		mapped->fd = open_by_proc(mapped);
	return 0;
}

static int greater_first(const void *a, const void *b)
{
	const struct ktally_agent_file *x = a, *y = b;

	return x->bytes == y->bytes ? (x->number < y->number) - (x->number > y->number) : x->bytes < y->bytes ? 1 : -1;
}

static int add_file(struct ktally_agent *agent, const struct ktally_mapped *mapped)
{
	struct ktally_agent_file *bigger;

	if (agent->nr == agent->room) {
		bigger = realloc(agent->list, (agent->room * 2 + 64) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		agent->list = bigger;
		agent->room = agent->room * 2 + 64;
	}
	/* The vDSO is in every stack that waits for a clock, and small. */
	agent->list[agent->nr++] = (struct ktally_agent_file){ mapped->file, mapped->flags, mapped->file ? mapped->bytes : 0, mapped->fd };
	return 0;
}

static int take_file(struct ktally_agent *agent, const struct ktally_mapped *mapped, struct ktally_error *err)
{
	agent->next = mapped->file + 1;
	agent->stats.files++;
	if (agent->procs && mapped->fd >= 0)
		ktally_processes_file(agent->procs, mapped, mapped->fd);
	if (!add_file(agent, mapped))
		return 0;
	if (mapped->fd >= 0)
		close(mapped->fd);
	return ktally_fail(err, -ENOMEM, "out of memory");
}

/* What the module has met since. */
static int learn_files(struct ktally_agent *agent, struct ktally_error *err)
{
	struct ktally_mapped mapped;
	unsigned int before = agent->nr;
	int ret = 0;

	agent->more = false;
	while (!ret && agent->next < KTALLY_FILES_MAX) {
		if (agent->nr >= agent->most) {
			agent->more = true;
			break;
		}
		ret = ask_file(agent, agent->next, &mapped);
		if (ret == -ENOENT)
			break;
		if (ret == -EMFILE || ret == -ENFILE) {
			ret = 0;
			agent->more = agent->nr;
			if (agent->more)
				break;
			agent->next++;	/* not even one: its code stays without a table */
			agent->stats.files++;
			agent->stats.failed++;
			continue;
		}
		if (ret)
			return ktally_fail(err, ret, "the module does not tell which files are mapped: %s", strerror(-ret));
		if (mapped.file < agent->next || mapped.file >= KTALLY_FILES_MAX)
			return ktally_fail(err, -EBADMSG, "the module told of mapped file %u, not of %u or above", mapped.file, agent->next);
		ret = take_file(agent, &mapped, err);
	}
	if (agent->nr != before)
		qsort(agent->list, agent->nr, sizeof(*agent->list), greater_first);
	return ret == -ENOENT ? 0 : ret;
}

/* ---- tables ---- */

static int compile_table(uint32_t number, int fd, struct ktally_unwind_table **table, size_t *size, struct ktally_unwind_info *info)
{
	const void *image;
	uint64_t length;

	if (number)
		return ktally_unwind_cached(table, size, fd, info, NULL);
	image = ktally_vdso_image(&length);
	return image ? ktally_unwind_compile_memory(table, size, image, length, info, NULL) : -ENODATA;
}

/* Return: 0; -errno that ends the work: the session's memory is used up, or it is gone */
static int give_table(struct ktally_agent *agent, uint32_t number, int fd, struct ktally_error *err)
{
	struct ktally_unwind_info info = { .source = "" };
	struct ktally_unwind_table *table = NULL;
	struct ktally_give_table give = { .size = sizeof(give), .file = number };
	size_t size = 0;
	int ret = compile_table(number, fd, &table, &size, &info);

	if (ret) {
		if (ret == -ENODATA)
			agent->stats.none++;
		else
			agent->stats.failed++;
		return ret == -ENOMEM ? ktally_fail(err, ret, "out of memory") : 0;
	}
	give.data = (uintptr_t)table;
	give.length = size;
	ret = agent->ioctl(agent->fd, KTALLY_IOC_TABLE, &give) < 0 ? -errno : 0;
	free(table);
	if (!ret) {
		agent->stats.tables++;
		agent->stats.bytes += size;
		agent->stats.cached += !strcmp(info.source, "cache");
	} else if (ret != -EEXIST && ret != -ENOENT) {
		agent->stats.failed++;
	}
	if (ret == -ENODEV || ret == -EBADF)
		return ktally_fail(err, ret, "the session is gone: %s", strerror(-ret));
	return 0;
}

static int give_interpreter(struct ktally_agent *agent, uint32_t number, int fd, struct ktally_error *err)
{
	struct ktally_give_interp give = { .size = sizeof(give), .file = number };
	int ret = ktally_python_describe(fd, &give.interp, NULL);

	if (ret == -ENOMEM)
		return ktally_fail(err, ret, "out of memory");
	if (ret == -EOPNOTSUPP)
		agent->stats.strangers++;
	if (!ret && !agent->ioctl(agent->fd, KTALLY_IOC_INTERPRETER, &give))
		agent->stats.interps++;
	return 0;
}

static int do_file(struct ktally_agent *agent, const struct ktally_agent_file *file, struct ktally_error *err)
{
	int ret = 0;

	if (file->number && file->fd < 0) {
		agent->stats.failed++;
		return 0;
	}
	if (!(file->flags & KTALLY_MAPPED_TABLE))
		ret = give_table(agent, file->number, file->fd, err);
	if (!ret && file->number && !(file->flags & KTALLY_MAPPED_INTERP))
		ret = give_interpreter(agent, file->number, file->fd, err);
	if (file->fd >= 0)
		close(file->fd);
	return ret;
}

int ktally_agent_work(struct ktally_agent *agent, uint64_t until, struct ktally_error *err)
{
	int ret;

	do {
		ret = learn_files(agent, err);
		while (!ret && agent->nr && (!until || monotonic_now() < until))
			ret = do_file(agent, &agent->list[--agent->nr], err);
	} while (!ret && !agent->nr && agent->more);
	return ret ? ret : (int)(agent->nr + agent->more);
}
