// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads the text of perf maps. */
#include <stdlib.h>
#include <string.h>

#include "perfmap.h"

#define LINE_MAX_BYTES 16384U

/* @part: the beginning of a line whose end has not come yet; @skip: it is too long, and what comes of it is not looked at */
struct ktally_perfmap {
	struct ktally_jit_codes *codes;
	size_t nr_part;
	bool skip;
	char part[LINE_MAX_BYTES];
};

struct ktally_perfmap *ktally_perfmap_new(struct ktally_jit_codes *codes)
{
	struct ktally_perfmap *map = malloc(sizeof(*map));

	if (map) {
		map->codes = codes;
		ktally_perfmap_restart(map);
	}
	return map;
}

void ktally_perfmap_free(struct ktally_perfmap *map)
{
	free(map);
}

void ktally_perfmap_restart(struct ktally_perfmap *map)
{
	map->nr_part = 0;
	map->skip = false;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* A number and the spaces behind it. */
static bool take_hex(const char **at, const char *end, uint64_t *value)
{
	const char *p = *at, *first;

	if (end - p > 2 && p[0] == '0' && (p[1] | 0x20) == 'x')
		p += 2;
	*value = 0;
	for (first = p; p < end && digit_of(*p) >= 0; p++) {
		if (*value >> 60)
			return false;
		*value = *value << 4 | (unsigned int)digit_of(*p);
	}
	if (p == first || p == end || (*p != ' ' && *p != '\t'))
		return false;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	*at = p;
	return true;
}

static void take_line(struct ktally_perfmap *map, const char *line, size_t len)
{
	const char *p = line, *end = line + len, *name;
	uint64_t start, size;

	while (end > line && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	if (!take_hex(&p, end, &start) || !take_hex(&p, end, &size) || !size || p == end)
		return;
	name = ktally_jit_codes_text(map->codes, p, end - p);
	if (name && *name)
		ktally_jit_codes_add(map->codes, start, size, 0, name);
}

void ktally_perfmap_feed(struct ktally_perfmap *map, const char *text, size_t size)
{
	const char *end = text + size, *stop;
	size_t len;

	for (; text < end; text = stop + 1) {
		stop = memchr(text, '\n', end - text);
		len = (stop ? stop : end) - text;
		if (map->nr_part + len > sizeof(map->part))
			map->skip = true;
		if (stop && !map->skip && !map->nr_part) {
			take_line(map, text, len);
			continue;
		}
		if (!map->skip) {
			memcpy(map->part + map->nr_part, text, len);
			map->nr_part += len;
		}
		if (!stop)
			return;
		if (!map->skip)
			take_line(map, map->part, map->nr_part);
		ktally_perfmap_restart(map);
	}
}
