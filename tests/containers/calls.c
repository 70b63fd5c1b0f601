// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * calls NUMBER MILLISECONDS [IN OUT]: makes so many calls of getppid() and sleeps. With two lists of folders, divided by ':', it moves itself
 * into the cgroups of the first before, and into those of the second after that: it neither begins nor ends there.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void move(char *folders)
{
	char path[4096], *folder, *rest;
	int fd;

	for (folder = strtok_r(folders, ":", &rest); folder; folder = strtok_r(NULL, ":", &rest)) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", folder);
		fd = open(path, O_WRONLY);
		if (fd < 0 || write(fd, "0", 1) != 1) {
			perror(path);
			exit(1);
		}
		close(fd);
	}
}

int main(int argc, char **argv)
{
	long number = argc > 2 ? atol(argv[1]) : 0, ms = argc > 2 ? atol(argv[2]) : 0;
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	if (argc > 4)
		move(argv[3]);
	while (number-- > 0)
		syscall(SYS_getppid);
	nanosleep(&time, NULL);
	if (argc > 4)
		move(argv[4]);
	return 0;
}
