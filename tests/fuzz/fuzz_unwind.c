// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes what makes unwind tables of ELF files, of either machine. */
#include <errno.h>
#include <stdlib.h>

#include "unwind_build.h"
#include "unwind_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ktally_image image;
	struct ktally_unwind_table *table = NULL;
	struct ktally_unwind_info info;
	struct ktally_error err;
	size_t length;
	uint64_t at;

	if (ktally_image_open(&image, -1, data, size, &err))
		return 0;
	if (!ktally_unwind_compile_image(&table, &length, &image, &info, &err)) {
		if (ktally_unwind_check(table, length))
			__builtin_trap();
		for (at = 0; at < size; at += 16)
			ktally_unwind_rule_at(table, at);
	}
	ktally_image_close(&image);
	free(table);
	return 0;
}
