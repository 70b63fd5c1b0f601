// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the merging of halves and stack stores: the input is one half, then a stack store. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ktally_table_info info(void)
{
	struct ktally_table_info info = { .nr_keys = 1, .rows = 8, .nr_columns = 1, .columns = { { .kind = KTALLY_COLUMN_VAR } } };

	info.schema.nr_keys = 1;
	info.schema.key_words = 1;
	info.schema.keys[0] = (struct ktally_field){ .kind = KTALLY_KIND_KSTACK, .words = 1 };
	info.schema.nr_values = 1;
	info.schema.values[0].column = info.columns[0];
	return info;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t half[128], stacks[128];
	struct ktally_cpu_regions regions = { .present = true, .half = { { half, sizeof(half) } }, .stacks = { stacks, sizeof(stacks) } };
	struct ktally_device dev = { .fd = -1, .nr_cpus = 1, .cpus = &regions };
	struct ktally_table_info table = info();
	struct ktally_half *head = (void *)half;
	struct ktally_snapshot *snap;
	struct ktally_merge *merge;

	memset(half, 0, sizeof(half));
	memset(stacks, 0, sizeof(stacks));
	memcpy(half, data, size < sizeof(half) ? size : sizeof(half));
	if (size > sizeof(half))
		memcpy(stacks, data + sizeof(half), size - sizeof(half) < sizeof(stacks) ? size - sizeof(half) : sizeof(stacks));
	head->magic = KTALLY_HALF_MAGIC;
	head->abi = KTALLY_ABI;
	head->cpu = 0;
	head->generation = 0;
	head->nr_tables = 1;
	head->nr_probes = 0;
	((struct ktally_stacks *)stacks)->magic = KTALLY_STACKS_MAGIC;
	merge = ktally_merge_new(&table, 1, NULL, 0);
	if (!merge)
		return 0;
	if (ktally_merge_half(merge, &dev, 0, 0, NULL)) {
		ktally_merge_free(merge);
		return 0;
	}
	snap = ktally_merge_finish(merge, &dev, 0);
	if (snap && snap->tables[0].nr_rows > 128)
		__builtin_trap();
	ktally_snapshot_free(snap);
	return 0;
}
