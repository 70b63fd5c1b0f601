// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes places in the source: our use of libdw on damaged debug information. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_place places[KTALLY_PLACES_MAX];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct ktally_lines *lines;
	unsigned int nr, i;
	uint64_t at;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
		close(fd);
		return 0;
	}
	if (ktally_lines_open(&lines, fd))
		return 0;
	for (at = 0x1000; at < 0x1400; at += 5) {
		nr = ktally_lines_find(lines, at, true, places);
		if (nr > KTALLY_PLACES_MAX)
			__builtin_trap();
		for (i = 0; i < nr; i++)
			if (!places[i].function || !places[i].file)
				__builtin_trap();
	}
	ktally_lines_close(lines);
	return 0;
}
