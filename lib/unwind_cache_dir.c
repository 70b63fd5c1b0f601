// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_cache_dir.c: the folder that unwind tables are kept in: whose it is, its secret, how large it gets. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "unwind_cache.h"

#define SEED_NAME	"seed"
#define TEMP_OLD_S	3600	/* a file that nobody finished writing for so long never will be */

/* Every folder of @path that is missing. */
static void make_folders(char *path)
{
	char *slash;

	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0755);
		*slash = '/';
	}
	mkdir(path, 0700);
}

static int folder_path(char *path, size_t size)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int len;

	if (!geteuid())
		len = snprintf(path, size, "/var/cache/ktally/unwind");
	else if (base && *base == '/')
		len = snprintf(path, size, "%s/ktally/unwind", base);
	else if (home && *home == '/')
		len = snprintf(path, size, "%s/.cache/ktally/unwind", home);
	else
		return -ENOENT;
	return len < 0 || (size_t)len >= size ? -ENAMETOOLONG : 0;
}

/* The folder, if nobody but this user can have put something there. Return: a descriptor or -errno */
static int open_folder(void)
{
	char path[PATH_MAX];
	struct stat st;
	int fd, rc = folder_path(path, sizeof(path));

	if (rc)
		return rc;
	make_folders(path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && st.st_uid == geteuid() && !(st.st_mode & 022))
		return fd;
	close(fd);
	return -EPERM;
}

int ktally_cache_open_file(int folder, const char *name, struct stat *st)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (!fstat(fd, st) && S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 022))
		return fd;
	close(fd);
	return -EPERM;
}

/* So that nobody can make a file that looks like another: what a table was made of is known by a hash that only this user can compute. */
static bool read_seed(struct ktally_cache *cache)
{
	struct stat st;
	int fd = ktally_cache_open_file(cache->folder, SEED_NAME, &st);
	bool done;

	if (fd < 0)
		return false;
	done = read(fd, cache->seed, sizeof(cache->seed)) == sizeof(cache->seed);
	close(fd);
	return done;
}

static void make_seed(struct ktally_cache *cache)
{
	uint64_t seed[2];
	char name[64];
	int fd;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return;
	snprintf(name, sizeof(name), "%sseed-%ld", KTALLY_CACHE_TEMP, (long)getpid());
	fd = openat(cache->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	/* Of two that make it at once the first wins: a link never replaces. */
	if (write(fd, seed, sizeof(seed)) == sizeof(seed))
		linkat(cache->folder, name, cache->folder, SEED_NAME, 0);
	unlinkat(cache->folder, name, 0);
	close(fd);
}

int ktally_cache_open(struct ktally_cache *cache)
{
	memset(cache, 0, sizeof(*cache));
	cache->folder = open_folder();
	if (cache->folder < 0)
		return cache->folder;
	if (read_seed(cache))
		return 0;
	make_seed(cache);
	if (read_seed(cache))
		return 0;
	ktally_cache_close(cache);
	return -EIO;
}

void ktally_cache_close(struct ktally_cache *cache)
{
	if (cache->folder >= 0)
		close(cache->folder);
	cache->folder = -1;
}

/* ---- size ---- */

struct kept {
	char name[KTALLY_CACHE_NAME];
	uint64_t size;
	time_t used;
};

static int compare(const void *left, const void *right)
{
	const struct kept *a = left, *b = right;

	return a->used < b->used ? -1 : a->used > b->used;
}

/* All tables of the folder, at most KTALLY_CACHE_FILES; those beyond, and what nobody finished, are deleted. */
static size_t list(const struct ktally_cache *cache, DIR *dir, struct kept *kept, uint64_t *bytes)
{
	time_t now = time(NULL);
	const struct dirent *entry;
	struct stat st;
	size_t nr = 0;

	*bytes = 0;
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, SEED_NAME) || fstatat(cache->folder, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		if (!strncmp(entry->d_name, KTALLY_CACHE_TEMP, strlen(KTALLY_CACHE_TEMP))) {
			if (now - st.st_mtime > TEMP_OLD_S)
				unlinkat(cache->folder, entry->d_name, 0);
			continue;
		}
		if (strlen(entry->d_name) >= KTALLY_CACHE_NAME || nr == KTALLY_CACHE_FILES) {
			unlinkat(cache->folder, entry->d_name, 0);
			continue;
		}
		memcpy(kept[nr].name, entry->d_name, strlen(entry->d_name) + 1);
		kept[nr].size = (uint64_t)st.st_size;
		kept[nr++].used = st.st_mtime;
		*bytes += (uint64_t)st.st_size;
	}
	return nr;
}

void ktally_cache_prune(const struct ktally_cache *cache, uint64_t most)
{
	int fd = openat(cache->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct kept *kept = malloc(KTALLY_CACHE_FILES * sizeof(*kept));
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	size_t nr = 0, i;
	uint64_t bytes;

	if (!dir && fd >= 0)
		close(fd);
	if (dir && kept) {
		nr = list(cache, dir, kept, &bytes);
		qsort(kept, nr, sizeof(*kept), compare);
		/* A quarter more than needed, so that this is not the work of every new table. */
		for (i = 0; i < nr && (bytes > most || (i && bytes > most / 4 * 3)); i++) {
			unlinkat(cache->folder, kept[i].name, 0);
			bytes -= kept[i].size;
		}
	}
	if (dir)
		closedir(dir);
	free(kept);
}
