/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command behind "--": started, held back until its measurement runs, released, awaited. */
#ifndef _KTALLY_CHILD_H
#define _KTALLY_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

/** struct child - @pid is 0 when there is none */
struct child {
	pid_t pid;
	int gate;	/* a byte here lets it go; closing it unwritten makes it end */
	int failure;	/* tells the errno of a failed exec */
	bool ended;
	int wait_status;
};

/** child_fork - start the process, which waits. Return: 0 or -errno */
int child_fork(struct child *child, char **argv);
/** child_release - let it execute its program. Return: 0, or the -errno of exec: then it has ended */
int child_release(struct child *child);
/** child_poll - has it ended? */
bool child_poll(struct child *child);
/** child_end - ask it to end, unless it has, and wait */
void child_end(struct child *child);
/** child_status - as a shell would tell it: its exit status, or 128 + signal */
int child_status(const struct child *child);

#endif /* _KTALLY_CHILD_H */
