// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the perf map of a process, decides whether to believe it, and reads what is new in it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "perfmap.h"

#define BLOCK 65536U
/* A clock that was set between the birth of a process and its first line may be as wrong as this. */
#define CLOCK_SLACK 2

/*
 * Anybody may write into /tmp. What a process says of its own code is its own affair, or root's; of one that is gone nobody knows whose it
 * was, and only root and we ourselves are believed.
 */
static int check(const struct ktally_jit_process *process, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return -EPERM;
	if (st->st_uid && st->st_uid != (process->known ? process->uid : geteuid()))
		return -EPERM;
	if (process->born && st->st_mtim.tv_sec + CLOCK_SLACK < process->born)
		return -ESTALE;
	return 0;
}

static int read_on(struct ktally_perfmap *map, struct ktally_perfmap_file *file, int fd)
{
	char *block = malloc(BLOCK);
	ssize_t got = 0;
	int ret = 0;

	if (!block)
		return -ENOMEM;
	while (file->at < (off_t)KTALLY_PERFMAP_MAX && (got = pread(fd, block, BLOCK, file->at)) > 0) {
		ktally_perfmap_feed(map, block, (size_t)got);
		file->at += got;
		ret = 1;
	}
	free(block);
	return got < 0 ? -errno : ret;
}

int ktally_perfmap_read(struct ktally_perfmap *map, struct ktally_perfmap_file *file, const struct ktally_jit_process *process)
{
	char name[32];
	struct stat st;
	int fd, ret;

	if (process->tmp < 0)
		return -ENOENT;
	snprintf(name, sizeof(name), "perf-%u.map", process->inner);
	fd = openat(process->tmp, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = fstat(fd, &st) ? -errno : check(process, &st);
	/* Another file, or less of it, is a new text. */
	if (!ret && (st.st_dev != file->dev || st.st_ino != file->inode || st.st_size < file->at)) {
		*file = (struct ktally_perfmap_file){ st.st_dev, st.st_ino, 0 };
		ktally_perfmap_restart(map);
	}
	if (!ret)
		ret = read_on(map, file, fd);
	close(fd);
	return ret;
}
