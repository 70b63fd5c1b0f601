// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds separate debug files on this machine and in the root folder of a process. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "debug_file.h"
#include "symtab.h"

#define FOLDER "/usr/lib/debug"

/* A name in another's root folder may be a pipe or a device: it is looked at, but not waited for. */
static int open_regular(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static bool has_checksum(int fd, uint32_t want)
{
	size_t size = 1U << 20;
	unsigned char *block = malloc(size);
	uLong crc = crc32(0, NULL, 0);
	off_t at = 0;
	ssize_t got = -1;

	while (block && (got = pread(fd, block, size, at)) > 0) {
		crc = crc32(crc, block, (uInt)got);
		at += got;
	}
	free(block);
	return !got && crc == want;
}

/* The build-id says for sure whose file it is; a checksum takes reading all of it. */
static bool belongs(int fd, const struct ktally_debug_wish *wish, bool by_link)
{
	char build_id[KTALLY_BUILD_ID_TEXT];

	ktally_elf_read_build_id(fd, build_id);
	if (*build_id && *wish->build_id)
		return !strcmp(build_id, wish->build_id);
	return by_link && has_checksum(fd, wish->crc);
}

static int open_if_belongs(const char *path, const struct ktally_debug_wish *wish, bool by_link)
{
	int fd = open_regular(path);

	if (fd < 0 || belongs(fd, wish, by_link))
		return fd;
	close(fd);
	return -1;
}

static int by_build_id(const struct ktally_debug_wish *wish, const char *root)
{
	char path[PATH_MAX];

	if (strlen(wish->build_id) < 3)
		return -1;
	snprintf(path, sizeof(path), "%s" FOLDER "/.build-id/%.2s/%s.debug", root, wish->build_id, wish->build_id + 2);
	return open_if_belongs(path, wish, false);
}

static int by_link(const struct ktally_debug_wish *wish, const char *root)
{
	static const char *const patterns[] = { "%s%.*s%s", "%s%.*s.debug/%s", "%s" FOLDER "%.*s%s" };
	const char *slash = strrchr(wish->path, '/');
	char path[PATH_MAX];
	unsigned int i;
	int fd = -1;

	if (!*wish->link || wish->path[0] != '/')
		return -1;
	for (i = 0; i < sizeof(patterns) / sizeof(*patterns) && fd < 0; i++)
		if (snprintf(path, sizeof(path), patterns[i], root, (int)(slash + 1 - wish->path), wish->path, wish->link) < (int)sizeof(path))
			fd = open_if_belongs(path, wish, true);
	return fd;
}

int ktally_debug_file_open(const struct ktally_debug_wish *wish)
{
	char root[32] = "";
	int fd = by_build_id(wish, "");

	if (wish->pid)
		snprintf(root, sizeof(root), "/proc/%u/root", wish->pid);
	if (fd < 0 && *root)
		fd = by_build_id(wish, root);
	if (fd < 0 && *root)
		fd = by_link(wish, root);
	return fd < 0 ? by_link(wish, "") : fd;
}
