// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the check of unwind tables: what it lets through can be looked into anywhere. */
#include <stdlib.h>
#include <string.h>

#include "unwind_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_unwind_table *table = malloc(size ? size : 1);
	const struct ktally_unwind_rule *rule;
	uint64_t at;

	memcpy(table, data, size);
	if (!ktally_unwind_check(table, size)) {
		for (at = 0; at < 64; at++) {
			rule = ktally_unwind_rule_at(table, table->start + at * 0x1234567);
			if (rule && rule->nr_saved > KTALLY_SAVED_MAX)
				__builtin_trap();
		}
	}
	free(table);
	return 0;
}
