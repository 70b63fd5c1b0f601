// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the merging of halves, stack stores and open starts: the input is one half, then a stack store, then a pair. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every kind of column that is more than a sum: among them exemplars, whose stacks are looked up. */
static struct ktally_table_info table_info(void)
{
	struct ktally_table_info info = { .nr_keys = 1, .rows = 8, .nr_columns = 3, .columns = {
		{ .kind = KTALLY_COLUMN_VAR }, { .kind = KTALLY_COLUMN_EXEMPLAR, .flags = KTALLY_COLUMN_KSTACK },
		{ .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = 2, .param2 = 1,
		  .flags = KTALLY_COLUMN_EXEMPLARS | KTALLY_COLUMN_USTACK } } };
	unsigned int i;

	info.schema.nr_keys = 1;
	info.schema.key_words = 1;
	info.schema.keys[0] = (struct ktally_field){ .kind = KTALLY_KIND_KSTACK, .words = 1 };
	info.schema.nr_values = info.nr_columns;
	for (i = 0; i < info.nr_columns; i++)
		info.schema.values[i].column = info.columns[i];
	return info;
}

static struct ktally_pair_info pair_info(void)
{
	struct ktally_pair_info info = { .nr_keys = 1, .nr_saved = 2 };
	unsigned int i;

	info.schema.nr_keys = 3;
	info.schema.key_words = 3;
	for (i = 0; i < 3; i++)
		info.schema.keys[i] = (struct ktally_field){ .kind = i ? KTALLY_KIND_KSTACK : KTALLY_KIND_KSYM, .word = i, .words = 1 };
	return info;
}

/* Return: what is behind the part */
static const uint8_t *take(void *to, size_t room, const uint8_t *data, size_t *size)
{
	size_t part = *size < room ? *size : room;

	memset(to, 0, room);
	memcpy(to, data, part);
	*size -= part;
	return data + part;
}

static void read_snapshot(struct ktally_device *dev)
{
	struct ktally_table_info table = table_info();
	struct ktally_pair_info pair = pair_info();
	struct ktally_shape shape = { .tables = &table, .nr_tables = 1, .pairs = &pair, .nr_pairs = 1 };
	struct ktally_merge *merge = ktally_merge_new(&shape);
	struct ktally_snapshot *snap;
	size_t i;

	if (!merge)
		return;
	if (ktally_merge_half(merge, dev, 0, 0, NULL)) {
		ktally_merge_free(merge);
		return;
	}
	snap = ktally_merge_finish(merge, dev, 0);
	if (snap && snap->tables[0].nr_rows > 512)
		__builtin_trap();
	for (i = 0; snap && i < snap->tables[0].nr_rows; i++) {
		const struct ktally_row *row = &snap->tables[0].rows[i];
		const struct ktally_exemplar *exemplar;
		unsigned int nr;

		exemplar = ktally_cells_exemplar(&table.schema.values[1], ktally_cells(&table.schema, row, 1), 0);
		if (exemplar && ktally_stackset_get(snap->stacks, exemplar->stack, &nr) && !nr)
			__builtin_trap();
	}
	ktally_snapshot_free(snap);
}

static void read_starts(struct ktally_device *dev)
{
	struct ktally_stackset *stacks = ktally_stackset_new();
	struct ktally_pair_info pair = pair_info();
	struct ktally_open_start *list;
	struct ktally_error err = { 0 };
	int i, nr;

	nr = ktally_open_starts(dev, &pair, stacks, &list, &err);
	if (nr < 0 && !err.text[0])
		__builtin_trap();
	for (i = 1; i < nr; i++)
		if (list[i - 1].time > list[i].time)
			__builtin_trap();
	free(list);
	ktally_stackset_free(stacks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t half[512], stacks[128], pairs[512];
	struct ktally_cpu_regions regions = { .present = true, .half = { { half, sizeof(half) } }, .stacks = { stacks, sizeof(stacks) } };
	struct ktally_device dev = { .fd = -1, .nr_cpus = 1, .cpus = &regions, .nr_pairs = 1, .pairs = { { pairs, sizeof(pairs) } } };
	struct ktally_half *head = (void *)half;

	data = take(half, sizeof(half), data, &size);
	data = take(stacks, sizeof(stacks), data, &size);
	take(pairs, sizeof(pairs), data, &size);
	head->magic = KTALLY_HALF_MAGIC;
	head->abi = KTALLY_ABI;
	head->cpu = 0;
	head->generation = 0;
	head->nr_tables = 1;
	head->nr_probes = 0;
	head->nr_pairs = 1;
	((struct ktally_stacks *)stacks)->magic = KTALLY_STACKS_MAGIC;
	((struct ktally_pairs *)pairs)->magic = KTALLY_PAIRS_MAGIC;
	read_snapshot(&dev);
	read_starts(&dev);
	return 0;
}
