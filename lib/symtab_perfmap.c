// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of code that a JIT compiler made, from the perf map it writes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "symtab.h"

struct ktally_perfmap {
	char *text;
	struct jit {
		uint64_t start, size;
		size_t line;	/* later lines replace earlier ones */
		const char *name;
	} *list;
	size_t nr;
};

static bool take_hex(char **at, uint64_t *value)
{
	char *end;

	if (!strchr("0123456789abcdefABCDEF", **at) || !**at)
		return false;
	errno = 0;
	*value = strtoull(*at, &end, 16);
	if (errno || *end != ' ')
		return false;
	*at = end + 1;
	return true;
}

static int compare(const void *left, const void *right)
{
	const struct jit *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

static void take_lines(struct ktally_perfmap *map, size_t size)
{
	char *line = map->text, *end = line + size, *stop, *p;
	struct jit *jit;

	for (; line < end; line = stop + 1) {
		stop = memchr(line, '\n', end - line);
		if (!stop)
			break;
		*stop = 0;
		p = line;
		jit = &map->list[map->nr];
		if (!take_hex(&p, &jit->start) || !take_hex(&p, &jit->size) || !jit->size || !*p)
			continue;
		jit->name = p;
		jit->line = map->nr++;
	}
}

struct ktally_perfmap *ktally_perfmap_parse(char *text, size_t size)
{
	struct ktally_perfmap *map = calloc(1, sizeof(*map));
	size_t i, lines = 1;

	for (i = 0; i < size; i++)
		lines += text[i] == '\n';
	if (map)
		map->list = calloc(lines, sizeof(*map->list));
	if (!map || !map->list) {
		free(map);
		free(text);
		return NULL;
	}
	map->text = text;
	take_lines(map, size);
	qsort(map->list, map->nr, sizeof(*map->list), compare);
	return map;
}

struct ktally_perfmap *ktally_perfmap_load(uint32_t pid)
{
	char path[64], *text;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%u/root/tmp/perf-%u.map", pid, pid);
	text = ktally_read_file(path, &size);
	if (!text) {
		snprintf(path, sizeof(path), "/tmp/perf-%u.map", pid);
		text = ktally_read_file(path, &size);
	}
	return text ? ktally_perfmap_parse(text, size) : NULL;
}

void ktally_perfmap_free(struct ktally_perfmap *map)
{
	if (!map)
		return;
	free(map->list);
	free(map->text);
	free(map);
}

const char *ktally_perfmap_find(const struct ktally_perfmap *map, uint64_t ip, uint64_t *start)
{
	size_t low = 0, high = map->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (map->list[mid].start <= ip)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || ip - map->list[low - 1].start >= map->list[low - 1].size)
		return NULL;
	*start = map->list[low - 1].start;
	return map->list[low - 1].name;
}
