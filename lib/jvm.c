// SPDX-License-Identifier: LGPL-2.1-or-later
/* Speaks the attach protocol of OpenJDK's HotSpot to have it write a perf map. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "jvm.h"
#include "process.h"

#define REPLY_MAX 4096U
#define STEP_MS 20U
/* Version, command and three arguments. */
static const char request[] = "1\0jcmd\0Compiler.perfmap\0\0";

/* All that the child needs; made before the fork, for in it only system calls are safe. */
struct attach {
	const struct ktally_jit_process *process;
	struct sockaddr_un address;
	char trigger[32];
	int cwd, pidfd, report;
	uint64_t until;
	bool switch_user;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool ktally_jvm_path(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && !strcmp(name, "/libjvm.so");
}

/* Does the command line or the environment of @pid say that it does not want to be attached to? */
static bool refuses(uint32_t pid)
{
	static const char *const files[] = { "cmdline", "environ" };
	char path[64], *text;
	bool found = false;
	unsigned int i;
	size_t size;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%u/%s", pid, files[i]);
		text = ktally_read_file(path, &size);
		if (text && memmem(text, size, "+DisableAttachMechanism", 23))
			found = true;
		free(text);
	}
	return found;
}

static int check(const struct ktally_jit_process *process, struct ktally_error *err)
{
	struct ktally_jit_status status;
	int ret = process->known ? ktally_jit_process_status(process, &status) : -ESRCH;

	if (ret)
		return ktally_fail(err, ret, "process %u is gone", process->pid);
	if (geteuid() && geteuid() != process->uid)
		return ktally_fail(err, -EACCES, "the names of what Java compiled in process %u can only be asked for by its user or by root", process->pid);
	if (strchr("TtZX", status.state))
		return ktally_fail(err, -EACCES, "the Java of process %u is stopped, so it cannot tell the names of its code", process->pid);
	if (!(status.caught & 1U << (SIGQUIT - 1)) || refuses(process->pid))
		return ktally_fail(err, -EACCES, "the Java of process %u does not let others attach (-Xrs or -XX:+DisableAttachMechanism), so its "
				   "compiled code has no names: start it without, or with -XX:+UnlockDiagnosticVMOptions -XX:+DumpPerfMapAtExit",
				   process->pid);
	return 0;
}

/* ---- in the child ---- */

/* It is our program's copy: nothing of it may run on the way out. */
static __attribute__((noreturn)) void leave(int status)
{
	for (;;)
		syscall(SYS_exit_group, status);
}

static void child_fail(const struct attach *attach, int error)
{
	unsigned char byte = (unsigned char)error;

	leave(write(attach->report, &byte, 1) == 1 ? 1 : 2);
}

static void become(const struct attach *attach)
{
	const struct ktally_jit_process *process = attach->process;

	if (!attach->switch_user)
		return;
	/* Without a libc that would try to change all threads: there is but one in a child. */
	if (syscall(SYS_setgroups, 0, NULL) || syscall(SYS_setresgid, process->gid, process->gid, process->gid) ||
	    syscall(SYS_setresuid, process->uid, process->uid, process->uid))
		child_fail(attach, EACCES);
}

/* Is there a socket that is the process' own, or root's? */
static bool has_socket(const struct attach *attach)
{
	struct stat st;

	return !fstatat(attach->process->tmp, attach->address.sun_path, &st, AT_SYMLINK_NOFOLLOW) && S_ISSOCK(st.st_mode) &&
	       (st.st_uid == attach->process->uid || !st.st_uid);
}

static int quit(const struct attach *attach)
{
	if (attach->pidfd >= 0)
		return (int)syscall(424 /* pidfd_send_signal */, attach->pidfd, SIGQUIT, NULL, 0);
	return kill((pid_t)attach->process->pid, SIGQUIT);
}

/* The machine looks for the file in its working folder, then in /tmp. */
static void trigger(const struct attach *attach)
{
	const struct timespec step = { 0, STEP_MS * 1000000L };
	int folder = attach->cwd, fd = -1;

	if (folder >= 0)
		fd = openat(folder, attach->trigger, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0) {
		folder = attach->process->tmp;
		fd = openat(folder, attach->trigger, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	}
	if (fd < 0)
		child_fail(attach, errno);
	close(fd);
	if (!quit(attach))
		while (!has_socket(attach) && now_ms() < attach->until)
			nanosleep(&step, NULL);
	unlinkat(folder, attach->trigger, 0);
	if (!has_socket(attach))
		child_fail(attach, ETIMEDOUT);
}

static int connected(const struct attach *attach)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&attach->address, sizeof(attach->address)))
		child_fail(attach, errno);
	return fd;
}

/* A socket that a machine left behind which is gone refuses connections; the one that has its number now makes another. */
static __attribute__((noreturn)) void child(const struct attach *attach)
{
	char block[512];
	ssize_t got;
	int fd;

	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	become(attach);
	if (fchdir(attach->process->tmp))
		child_fail(attach, errno);
	if (!has_socket(attach))
		trigger(attach);
	fd = connected(attach);
	if (write(fd, request, sizeof(request)) != sizeof(request))
		child_fail(attach, EPROTO);
	if (write(attach->report, "", 1) != 1)
		leave(2);
	while ((got = read(fd, block, sizeof(block))) > 0)
		if (write(attach->report, block, (size_t)got) != got)
			break;
	leave(0);
}

/* ---- in the parent ---- */

/* What the child reports until it ends or time is up. */
static size_t listen_to(int fd, uint64_t until, char *text, bool *late)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t size = 0;
	uint64_t now;
	ssize_t got;

	for (;;) {
		now = now_ms();
		*late = now >= until;
		if (*late || size == REPLY_MAX)
			return size;
		if (poll(&wait, 1, (int)(until - now)) <= 0)
			continue;
		got = read(fd, text + size, REPLY_MAX - size);
		if (got <= 0)
			return size;
		size += (size_t)got;
	}
}

static int judge(uint32_t pid, const char *text, size_t size, bool late, struct ktally_error *err)
{
	if (late)
		return ktally_fail(err, -ETIMEDOUT, "the Java of process %u did not tell the names of its code in time", pid);
	if (!size)
		return ktally_fail(err, -EPROTO, "asking the Java of process %u for the names of its code failed", pid);
	if (text[0])
		return ktally_fail(err, text[0] == ETIMEDOUT ? -ETIMEDOUT : -EACCES, "cannot attach to the Java of process %u: %s", pid,
				   text[0] == ETIMEDOUT ? "it does not answer" : strerror((unsigned char)text[0]));
	return ktally_jvm_reply(pid, text + 1, size - 1, err);
}

int ktally_jvm_reply(uint32_t pid, const char *text, size_t size, struct ktally_error *err)
{
	const char *said = memchr(text, '\n', size);
	char line[200];
	size_t i, len;

	if (said == text + 1 && text[0] == '0' && !memmem(text, size, "Unknown diagnostic command", 26))
		return 0;
	said = said ? said + 1 : text;
	len = size - (size_t)(said - text);
	for (i = 0; i < len && i < sizeof(line) - 1 && said[i] != '\n' && said[i]; i++)
		line[i] = said[i] >= ' ' && said[i] < 127 ? said[i] : '?';
	line[i] = 0;
	if (memmem(text, size, "Unknown diagnostic command", 26))
		return ktally_fail(err, -EOPNOTSUPP, "the Java of process %u is older than 17 and cannot tell the names of the code it compiled: "
				   "use a newer one, or a perf map agent", pid);
	return ktally_fail(err, -EPROTO, "the Java of process %u refused to tell the names of its code: %s", pid, line);
}

static int run(struct attach *attach, char *reply, size_t *size, bool *late)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	attach->report = ends[1];
	pid = fork();
	if (!pid)
		child(attach);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return -errno;
	}
	/* The child clears up behind itself before that. */
	*size = listen_to(ends[0], attach->until + 500, reply, late);
	close(ends[0]);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

int ktally_jvm_perfmap(const struct ktally_jit_process *process, unsigned int limit_ms, struct ktally_error *err)
{
	struct attach attach = { .process = process, .until = now_ms() + limit_ms, .switch_user = geteuid() != process->uid };
	char reply[REPLY_MAX];
	bool late = false;
	size_t size = 0;
	int ret;

	attach.pidfd = (int)syscall(434 /* pidfd_open */, process->pid, 0);
	/* Looked at after that: what has the number now is what gets the signal. */
	ret = check(process, err);
	if (!ret) {
		snprintf(attach.trigger, sizeof(attach.trigger), ".attach_pid%u", process->inner);
		attach.address.sun_family = AF_UNIX;
		snprintf(attach.address.sun_path, sizeof(attach.address.sun_path), ".java_pid%u", process->inner);
		attach.cwd = ktally_jit_cwd(process->pid);
		ret = run(&attach, reply, &size, &late);
		if (attach.cwd >= 0)
			close(attach.cwd);
		ret = ret ? ktally_fail(err, ret, "cannot ask the Java of process %u: %s", process->pid, strerror(-ret)) :
			    judge(process->pid, reply, size, late, err);
	}
	if (attach.pidfd >= 0)
		close(attach.pidfd);
	return ret;
}
