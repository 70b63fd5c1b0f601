// SPDX-License-Identifier: LGPL-2.1-or-later
/* Learns of another process what its perf map or its virtual machine is trusted by. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "jit_process.h"
#include "process.h"

/* openat2(), whose header older systems lack; the number is the same on all machines. */
#define OPENAT2 437
#define IN_ROOT_NO_MAGIC 0x12
struct how {
	uint64_t flags, mode, resolve;
};

/* What stands behind "KEY:" at the beginning of a line. */
static const char *line_of(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (; text && *text; text = strchr(text, '\n'), text = text ? text + 1 : NULL)
		if (!strncmp(text, key, len) && text[len] == ':')
			return text + len + 1;
	return NULL;
}

/* Number @n of a line, of those that spaces divide; -1: there is none. */
static int64_t number_at(const char *line, unsigned int n)
{
	char *end;
	unsigned long value;

	for (;; n--) {
		line += strspn(line, " \t");
		value = strtoul(line, &end, 10);
		if (end == line || value > UINT32_MAX)
			return -1;
		if (!n)
			return (int64_t)value;
		line = end;
	}
}

/* The last of its numbers is the one of the innermost namespace. Kernels before 4.1 do not tell. */
static uint32_t inner_pid(const char *text)
{
	const char *line = line_of(text, "NSpid");
	int64_t last = 0, number;
	unsigned int n;

	for (n = 0; line && n < 64; n++) {
		number = number_at(line, n);
		if (number < 0)
			break;
		last = number;
	}
	return (uint32_t)last;
}

bool ktally_jit_status_parse(struct ktally_jit_status *status, const char *text)
{
	const char *uid = line_of(text, "Uid"), *gid = line_of(text, "Gid"), *caught = line_of(text, "SigCgt"), *state = line_of(text, "State");
	int64_t number;

	if (!uid || !gid || !caught || !state)
		return false;
	number = number_at(uid, 1);
	if (number < 0)
		return false;
	status->uid = (uid_t)number;
	number = number_at(gid, 1);
	if (number < 0)
		return false;
	status->gid = (gid_t)number;
	status->caught = strtoull(caught, NULL, 16);
	status->state = state[strspn(state, " \t")];
	status->inner = inner_pid(text);
	return true;
}

static int read_status(uint32_t pid, struct ktally_jit_status *status)
{
	char path[64], *text;
	size_t size;
	int ret;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	text = ktally_read_file(path, &size);
	if (!text)
		return errno == ENOMEM ? -ENOMEM : -ESRCH;
	ret = ktally_jit_status_parse(status, text) ? 0 : -ESRCH;
	free(text);
	return ret;
}

/* Ticks since the boot when the process began: field 22, counted from behind the name, which may hold anything. */
static int64_t born(uint32_t pid)
{
	char path[64], *text, *at;
	struct timespec real, boot;
	int64_t ticks = -1, now;
	unsigned int field;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	text = ktally_read_file(path, &size);
	at = text ? strrchr(text, ')') : NULL;
	for (field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	if (at)
		ticks = (int64_t)strtoull(at, NULL, 10);
	free(text);
	if (ticks < 0 || clock_gettime(CLOCK_REALTIME, &real) || clock_gettime(CLOCK_BOOTTIME, &boot))
		return 0;
	now = real.tv_sec - boot.tv_sec;
	return now + ticks / sysconf(_SC_CLK_TCK);
}

/* Links are followed inside of the process' own root only; kernels before 5.6 cannot do that, and there a folder that is a link is refused. */
int ktally_jit_folder(uint32_t pid, const char *path)
{
	struct how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = IN_ROOT_NO_MAGIC };
	char root_path[64];
	int root, fd;

	snprintf(root_path, sizeof(root_path), "/proc/%u/root", pid);
	root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(OPENAT2, root, path, &how, sizeof(how));
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		fd = openat(root, path + 1, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fd = -errno;
	close(root);
	return fd;
}

int ktally_jit_cwd(uint32_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cwd", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void ktally_jit_process_open(struct ktally_jit_process *process, uint32_t pid)
{
	struct ktally_jit_status status;

	*process = (struct ktally_jit_process){ .pid = pid, .inner = pid, .tmp = -1 };
	if (!read_status(pid, &status)) {
		process->tmp = ktally_jit_folder(pid, "/tmp");
		process->inner = status.inner ? status.inner : pid;
		process->uid = status.uid;
		process->gid = status.gid;
		process->born = born(pid);
		process->known = process->tmp >= 0;
	}
	if (process->tmp < 0)
		process->tmp = open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void ktally_jit_process_close(struct ktally_jit_process *process)
{
	if (process->tmp >= 0)
		close(process->tmp);
	process->tmp = -1;
}

int ktally_jit_process_status(const struct ktally_jit_process *process, struct ktally_jit_status *status)
{
	int ret = read_status(process->pid, status);
	int64_t now = ret ? 0 : born(process->pid);

	if (ret)
		return ret;
	if (now > process->born + 1 || now < process->born - 1)
		return -ESRCH;
	return 0;
}
