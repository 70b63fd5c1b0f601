// SPDX-License-Identifier: LGPL-2.1-or-later
/* Sorted executable mappings of a process, and the text of /proc/PID/maps. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"

/* Some of what is read was written by other users: a file without end must not take all memory. */
#define READ_MAX (1UL << 30)

char *ktally_read_file(const char *path, size_t *size)
{
	size_t room = 65536, used = 0;
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), code;
	char *buf = NULL, *bigger;
	ssize_t got;

	if (fd < 0)
		return NULL;
	for (;;) {
		bigger = buf && room - used > 4096 ? buf : realloc(buf, room = buf ? room * 2 : room);
		if (!bigger || room > READ_MAX) {
			buf = bigger ? bigger : buf;
			errno = ENOMEM;
			break;
		}
		buf = bigger;
		got = read(fd, buf + used, room - used - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		if (!got) {
			close(fd);
			buf[used] = 0;
			*size = used;
			return buf;
		}
		used += got;
	}
	code = errno;
	close(fd);
	free(buf);
	errno = code;
	return NULL;
}

struct ktally_maps *ktally_maps_get(struct ktally_maps *maps)
{
	if (maps)
		maps->refs++;
	return maps;
}

void ktally_maps_put(struct ktally_maps *maps)
{
	if (!maps || --maps->refs)
		return;
	free(maps->list);
	free(maps);
}

/* A private list with room for two more than there are: a mapping put inside another one makes three of one. */
static int make_private(struct ktally_maps **maps)
{
	struct ktally_maps *old = *maps, *copy;
	unsigned int nr = old ? old->nr : 0;
	struct ktally_map *list;

	if (!old || old->refs > 1) {
		copy = calloc(1, sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		copy->refs = 1;
		copy->room = nr + 8;
		copy->list = malloc(copy->room * sizeof(*copy->list));
		if (!copy->list) {
			free(copy);
			return -ENOMEM;
		}
		if (nr)
			memcpy(copy->list, old->list, nr * sizeof(*copy->list));
		copy->nr = nr;
		ktally_maps_put(old);
		*maps = copy;
	} else if (old->room < nr + 2) {
		list = realloc(old->list, (nr * 2 + 8) * sizeof(*list));
		if (!list)
			return -ENOMEM;
		old->list = list;
		old->room = nr * 2 + 8;
	}
	return 0;
}

/* First mapping that ends behind @address. */
static unsigned int lower_bound(const struct ktally_maps *maps, uint64_t address)
{
	unsigned int low = 0, high = maps->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (maps->list[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct ktally_map *ktally_maps_find(const struct ktally_maps *maps, uint64_t ip)
{
	unsigned int at;

	if (!maps)
		return NULL;
	at = lower_bound(maps, ip);
	return at < maps->nr && maps->list[at].start <= ip ? &maps->list[at] : NULL;
}

static void cut_start(struct ktally_map *map, uint64_t start)
{
	map->offset += start - map->start;
	map->start = start;
}

static uint64_t next_stamp(void)
{
	static uint64_t last;

	return __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

int ktally_maps_set(struct ktally_maps **out, const struct ktally_map *map, bool keep)
{
	struct ktally_map left, right, add[3];
	unsigned int first, last, nr_add = 0;
	struct ktally_maps *maps;
	bool has_left, has_right;

	if (map->start >= map->end)
		return 0;
	if (make_private(out))
		return -ENOMEM;
	maps = *out;
	first = lower_bound(maps, map->start);
	for (last = first; last < maps->nr && maps->list[last].start < map->end; last++)
		;
	if (keep && last > first)
		return 0;
	has_left = last > first && maps->list[first].start < map->start;
	has_right = last > first && maps->list[last - 1].end > map->end;
	if (has_left) {
		left = maps->list[first];
		left.end = map->start;
		add[nr_add++] = left;
	}
	add[nr_add++] = *map;
	if (has_right) {
		right = maps->list[last - 1];
		cut_start(&right, map->end);
		add[nr_add++] = right;
	}
	memmove(maps->list + first + nr_add, maps->list + last, (maps->nr - last) * sizeof(*maps->list));
	memcpy(maps->list + first, add, nr_add * sizeof(*add));
	maps->nr = maps->nr - (last - first) + nr_add;
	maps->stamp = next_stamp();
	return 0;
}

/* Reads a number of at most 16 digits in @base (10 or 16) behind which stands @end. */
static bool take_number(const char **at, const char *stop, unsigned int base, char end, uint64_t *value)
{
	const char *p = *at;
	unsigned int digit;

	*value = 0;
	for (; p < stop && *p != end; p++) {
		if (*p >= '0' && *p <= '9')
			digit = *p - '0';
		else if (base == 16 && *p >= 'a' && *p <= 'f')
			digit = *p - 'a' + 10;
		else
			return false;
		if (*value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	if (p == stop || p == *at)
		return false;
	*at = p + 1;
	return true;
}

/* start-end perms offset major:minor inode    path */
static bool parse_line(const char *p, const char *stop, struct ktally_map *map, size_t *path_len)
{
	static const char deleted[] = " (deleted)";
	const size_t suffix = sizeof(deleted) - 1;
	uint64_t major, minor;
	const char *perms;

	memset(map, 0, sizeof(*map));
	if (!take_number(&p, stop, 16, '-', &map->start) || !take_number(&p, stop, 16, ' ', &map->end) || map->start >= map->end)
		return false;
	perms = p;
	if (stop - p < 5 || p[4] != ' ' || perms[2] != 'x')
		return false;
	p += 5;
	if (!take_number(&p, stop, 16, ' ', &map->offset) || !take_number(&p, stop, 16, ':', &major) ||
	    !take_number(&p, stop, 16, ' ', &minor))
		return false;
	/* Lines without a path may end right behind the inode. */
	if (!take_number(&p, stop, 10, ' ', &map->inode) && p < stop && !take_number(&p, stop + 1, 10, *stop, &map->inode))
		return false;
	map->dev_major = (uint32_t)major;
	map->dev_minor = (uint32_t)minor;
	while (p < stop && *p == ' ')
		p++;
	map->path = p;
	*path_len = p < stop ? (size_t)(stop - p) : 0;
	if (*path_len > suffix && !memcmp(stop - suffix, deleted, suffix)) {
		map->deleted = true;
		*path_len -= suffix;
	}
	return true;
}

int ktally_maps_parse(const char *text, size_t size, ktally_maps_fn fn, void *arg)
{
	const char *line = text, *end = text + size, *stop;
	struct ktally_map map;
	size_t path_len;
	int ret = 0;

	while (line < end && !ret) {
		stop = memchr(line, '\n', end - line);
		if (!stop)
			break;
		if (parse_line(line, stop, &map, &path_len))
			ret = fn(&map, path_len, arg);
		line = stop + 1;
	}
	return ret;
}
