/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of an agent: the device, which a test may replace, and the files that wait for their tables. */
#ifndef KTALLY_AGENT_H
#define KTALLY_AGENT_H

#include "libktally.h"

/** struct ktally_agent_file - a file that the module told of and that has no table yet; @fd -1: it cannot be had */
struct ktally_agent_file {
	uint32_t number, flags;
	uint64_t bytes;
	int fd;
};

/**
 * struct ktally_agent - plain data
 * @ioctl: of the device; a test gives its own. Return: as ioctl(2)
 * @next: the least number of a file that was not asked for yet
 * @list: files that wait, the greatest first: those at the end are done first
 * @most: that may wait, for each is open: the module keeps a file only until it was asked for
 * @more: there may be more than these
 */
struct ktally_agent {
	int fd;
	int (*ioctl)(int fd, unsigned long request, void *arg);
	struct ktally_processes *procs;
	uint32_t next;
	struct ktally_agent_file *list;
	unsigned int nr, room, most;
	bool more;
	struct ktally_agent_stats stats;
};

#endif /* KTALLY_AGENT_H */
