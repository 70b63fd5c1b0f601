// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes what paths of cgroups tell: texts are whole, and never longer than what they were read from. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_container container;
	char *path = malloc(size + 1);
	bool is;

	if (!path)
		return 0;
	memcpy(path, data, size);
	path[size] = 0;
	is = ktally_container_of(&container, path);
	if (is != (*container.id || *container.pod) || !!*container.runtime != !!*container.id ||
	    strlen(container.id) > strlen(path) || strlen(container.pod) > strlen(path) || strchr(container.id, '/') != NULL)
		/* An escaped slash is one that a unit's name can have. */
		if (!strstr(path, "\\x2"))
			__builtin_trap();
	free(path);
	return 0;
}
