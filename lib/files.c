// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds the file behind a mapping. Files of processes that start while we measure, and those that the module opens for us, are kept open:
 * by the time of the report the process, its container and the file itself may be gone. As long as it is open nothing else has its inode.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "files.h"
#include "hash.h"

#define SLOTS 1024U
#define KEPT_MAX 4096U

struct kept {
	struct kept *next;
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	int fd;
};

struct ktally_files {
	struct kept *slots[SLOTS];
	unsigned int nr, most;
};

/*
 * A file of the same name on the same file system but with another inode replaced ours: its names would be wrong. Where the
 * file systems differ (overlays report either side's device) the name has to do.
 */
static bool is_ours(int fd, const struct ktally_map *map)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	if (!map->inode || major(st.st_dev) != map->dev_major || minor(st.st_dev) != map->dev_minor)
		return true;
	return st.st_ino == map->inode;
}

static int open_if_ours(const char *path, const struct ktally_map *map)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && is_ours(fd, map))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The mapping itself leads to the file even if it was deleted; then the name as the process sees it; then as we see it. */
static int open_mapped(const struct ktally_map *map, uint32_t pid)
{
	char path[KTALLY_PATH_MAX + 64];
	int fd = -1;

	if (map->path[0] != '/')
		return -1;
	if (pid) {
		snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", pid, (unsigned long long)map->start,
			 (unsigned long long)map->end);
		fd = open_if_ours(path, map);
		if (fd < 0 && !map->deleted && snprintf(path, sizeof(path), "/proc/%u/root%s", pid, map->path) < (int)sizeof(path))
			fd = open_if_ours(path, map);
	}
	if (fd < 0 && !map->deleted)
		fd = open_if_ours(map->path, map);
	return fd;
}

static struct kept **slot_of(struct ktally_files *files, const struct ktally_map *map)
{
	uint64_t hash = ktally_hash_word(map->inode, (uint64_t)map->dev_major << 32 | map->dev_minor);

	return &files->slots[hash & (SLOTS - 1)];
}

static const struct kept *find(struct ktally_files *files, const struct ktally_map *map)
{
	const struct kept *kept;

	for (kept = *slot_of(files, map); kept; kept = kept->next)
		if (kept->inode == map->inode && kept->dev_major == map->dev_major && kept->dev_minor == map->dev_minor)
			break;
	return kept;
}

/* Half of what the process may have open is left to the rest of it. */
struct ktally_files *ktally_files_new(void)
{
	struct ktally_files *files = calloc(1, sizeof(*files));
	struct rlimit limit;

	if (files && !getrlimit(RLIMIT_NOFILE, &limit))
		files->most = limit.rlim_cur / 2 < KEPT_MAX ? (unsigned int)(limit.rlim_cur / 2) : KEPT_MAX;
	return files;
}

void ktally_files_free(struct ktally_files *files)
{
	struct kept *kept;
	unsigned int i;

	for (i = 0; files && i < SLOTS; i++) {
		while ((kept = files->slots[i])) {
			files->slots[i] = kept->next;
			close(kept->fd);
			free(kept);
		}
	}
	free(files);
}

/* @fd is given up in any case. */
static void keep(struct ktally_files *files, const struct ktally_map *map, int fd)
{
	struct kept *kept = fd < 0 ? NULL : calloc(1, sizeof(*kept));

	if (!kept) {
		if (fd >= 0)
			close(fd);
		return;
	}
	kept->inode = map->inode;
	kept->dev_major = map->dev_major;
	kept->dev_minor = map->dev_minor;
	kept->fd = fd;
	kept->next = *slot_of(files, map);
	*slot_of(files, map) = kept;
	files->nr++;
}

static bool wanted(struct ktally_files *files, const struct ktally_map *map)
{
	return files->nr < files->most && map->inode && !find(files, map);
}

void ktally_files_keep(struct ktally_files *files, const struct ktally_map *map, uint32_t pid)
{
	if (wanted(files, map))
		keep(files, map, open_mapped(map, pid));
}

void ktally_files_add(struct ktally_files *files, const struct ktally_map *map, int fd)
{
	if (wanted(files, map))
		keep(files, map, fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

int ktally_files_open(struct ktally_files *files, const struct ktally_map *map, uint32_t pid)
{
	const struct kept *kept = files ? find(files, map) : NULL;

	return kept ? fcntl(kept->fd, F_DUPFD_CLOEXEC, 0) : open_mapped(map, pid);
}
