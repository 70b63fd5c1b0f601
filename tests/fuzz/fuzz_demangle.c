// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes readable names: they end, and stay in their buffer. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = malloc(size + 1), *buf = malloc(KTALLY_DEMANGLED_MAX);
	const char *readable;

	if (name && buf) {
		memcpy(name, data, size);
		name[size] = 0;
		readable = ktally_demangle(name, buf);
		if (readable == buf && strlen(buf) >= KTALLY_DEMANGLED_MAX)
			__builtin_trap();
	}
	free(name);
	free(buf);
	return 0;
}
