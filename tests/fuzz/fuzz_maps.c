// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the reader of /proc/PID/maps and the sorted mappings that come of it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int put(const struct ktally_map *found, size_t path_len, void *arg)
{
	struct ktally_map map = *found;
	size_t i;

	for (i = 0; i < path_len; i++)	/* all of the path must be readable */
		if (found->path[i] == '\n')
			__builtin_trap();
	map.path = "";
	return ktally_maps_set(arg, &map, path_len & 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_maps *maps = NULL;
	unsigned int i;

	ktally_maps_parse((const char *)data, size, put, &maps);
	for (i = 0; maps && i < maps->nr; i++)
		if (maps->list[i].start >= maps->list[i].end || (i && maps->list[i - 1].end > maps->list[i].start) ||
		    ktally_maps_find(maps, maps->list[i].start) != &maps->list[i])
			__builtin_trap();
	ktally_maps_put(maps);
	return 0;
}
