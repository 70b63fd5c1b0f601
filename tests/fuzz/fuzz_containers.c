// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes what paths of cgroups and names of log folders tell: texts are whole, and never longer than what they were read from. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As an entry of the folders of logs; it is found by what it says it is of. */
static void try_entry(const char *entry)
{
	struct ktally_pods *pods = ktally_pods_new("/nonexistent");
	const char *uid = strrchr(entry, '_'), *dash = strrchr(entry, '-'), *name;
	char id[65] = "";

	if (!pods)
		return;
	ktally_pods_take_pod(pods, entry);
	ktally_pods_take_container(pods, entry);
	if (dash && strlen(dash + 1) > 64)
		memcpy(id, dash + 1, 64);
	name = ktally_pods_name(pods, uid ? uid + 1 : "", id);
	if (name && (!strchr(name, '/') || strlen(name) > strlen(entry)))
		__builtin_trap();
	ktally_pods_container_is(pods, id, "web");
	ktally_pods_free(pods);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_container container;
	char *path = malloc(size + 1);
	bool is;

	if (!path)
		return 0;
	memcpy(path, data, size);
	path[size] = 0;
	if (size <= 255)
		try_entry(path);
	is = ktally_container_of(&container, path);
	if (is != (*container.id || *container.pod) || !!*container.runtime != !!*container.id ||
	    strlen(container.id) > strlen(path) || strlen(container.pod) > strlen(path) || strchr(container.id, '/') != NULL)
		/* An escaped slash is one that a unit's name can have. */
		if (!strstr(path, "\\x2"))
			__builtin_trap();
	free(path);
	return 0;
}
