// SPDX-License-Identifier: GPL-2.0-or-later
/* The command behind "--": started, held back until its measurement runs, released, awaited. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

static void child_main(int gate, int failure, char **argv)
{
	sigset_t none;
	char byte;
	int err;

	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (read(gate, &byte, 1) != 1)
		_exit(1);	/* the measurement never began */
	execvp(argv[0], argv);
	err = errno;
	if (write(failure, &err, sizeof(err)) != sizeof(err))
		_exit(1);
	_exit(err == ENOENT ? 127 : 126);
}

int child_fork(struct child *child, char **argv)
{
	int gate[2], failure[2], err;

	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	if (pipe2(failure, O_CLOEXEC)) {
		err = -errno;
		close(gate[0]);
		close(gate[1]);
		return err;
	}
	memset(child, 0, sizeof(*child));
	child->pid = fork();
	if (!child->pid) {
		close(gate[1]);
		close(failure[0]);
		child_main(gate[0], failure[1], argv);
	}
	err = child->pid < 0 ? -errno : 0;
	close(gate[0]);
	close(failure[1]);
	child->gate = gate[1];
	child->failure = failure[0];
	if (err) {
		child->pid = 0;
		close(child->gate);
		close(child->failure);
	}
	return err;
}

static void reap(struct child *child)
{
	while (waitpid(child->pid, &child->wait_status, 0) < 0 && errno == EINTR)
		;
	child->ended = true;
}

int child_release(struct child *child)
{
	int err = 0;

	if (write(child->gate, "", 1) != 1)
		err = errno;
	close(child->gate);
	child->gate = -1;
	while (!err && read(child->failure, &err, sizeof(err)) < 0 && errno == EINTR)
		;
	close(child->failure);
	child->failure = -1;
	if (err)
		reap(child);
	return -err;
}

bool child_poll(struct child *child)
{
	if (child->pid && !child->ended && waitpid(child->pid, &child->wait_status, WNOHANG) == child->pid)
		child->ended = true;
	return child->ended;
}

void child_end(struct child *child)
{
	if (!child->pid || child->ended)
		return;
	if (child->gate >= 0) {
		close(child->gate);	/* not released yet: it ends by itself */
		close(child->failure);
		child->gate = -1;
	} else {
		kill(child->pid, SIGTERM);
	}
	reap(child);
}

int child_status(const struct child *child)
{
	if (WIFSIGNALED(child->wait_status))
		return 128 + WTERMSIG(child->wait_status);
	return WEXITSTATUS(child->wait_status);
}
