/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory laid out as the module lays out its mappings, for tests that need no module. */
#ifndef CRAFTED_H
#define CRAFTED_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "device.h"

static inline struct ktally_device *crafted_device(unsigned int nr_cpus)
{
	struct ktally_device *dev = calloc(1, sizeof(*dev));
	unsigned int i;

	dev->fd = -1;
	dev->nr_cpus = nr_cpus;
	dev->cpus = calloc(nr_cpus, sizeof(*dev->cpus));
	for (i = 0; i < nr_cpus; i++)
		dev->cpus[i].present = true;
	return dev;
}

static inline void crafted_free(struct ktally_device *dev)
{
	unsigned int i;

	for (i = 0; i < dev->nr_cpus; i++) {
		free(dev->cpus[i].half[0].base);
		free(dev->cpus[i].half[1].base);
		free(dev->cpus[i].ring.base);
		free(dev->cpus[i].consumer.base);
		free(dev->cpus[i].stacks.base);
	}
	for (i = 0; i < dev->nr_pairs; i++)
		free(dev->pairs[i].base);
	free(dev->cpus);
	free(dev);
}

/* One table of @row_words words a row and room for @capacity rows; @nr_probes probes, @nr_pairs pairs. */
static inline struct ktally_half *crafted_half(struct ktally_mapping *map, unsigned int cpu, unsigned int nr_probes, unsigned int nr_pairs,
					       unsigned int nr_keys, unsigned int row_words, unsigned int capacity)
{
	size_t probes = sizeof(struct ktally_half), pairs = probes + nr_probes * sizeof(struct ktally_probe_count);
	size_t tables = pairs + nr_pairs * sizeof(struct ktally_pair_count);
	size_t rows = tables + sizeof(struct ktally_table_head), length = rows + (size_t)capacity * row_words * 8;
	struct ktally_half *half = calloc(1, length);
	struct ktally_table_head *head = (void *)((char *)half + tables);

	*half = (struct ktally_half){ .magic = KTALLY_HALF_MAGIC, .abi = KTALLY_ABI, .cpu = cpu, .nr_probes = nr_probes,
				      .nr_tables = 1, .probes_offset = probes, .tables_offset = tables, .length = length,
				      .nr_pairs = nr_pairs, .pairs_offset = pairs };
	*head = (struct ktally_table_head){ .rows_offset = rows, .used = 1, .row_size = row_words * 8, .nr_keys = nr_keys,
					    .capacity = capacity };
	map->base = half;
	map->length = length;
	return half;
}

static inline struct ktally_table_head *crafted_table(struct ktally_half *half)
{
	return (void *)((char *)half + half->tables_offset);
}

static inline struct ktally_probe_count *crafted_counts(struct ktally_half *half)
{
	return (void *)((char *)half + half->probes_offset);
}

static inline struct ktally_pair_count *crafted_pair_counts(struct ktally_half *half)
{
	return (void *)((char *)half + half->pairs_offset);
}

/* A pair with @capacity places; its frames have @tail words that are of no use to a reader. */
static inline struct ktally_pairs *crafted_pairs(struct ktally_device *dev, unsigned int flags, unsigned int nr_keys, unsigned int nr_saved,
						 unsigned int tail, unsigned int capacity)
{
	unsigned int frame = (2 + nr_keys + nr_saved + tail) * 8, depth = flags & KTALLY_PAIR_NEST ? KTALLY_PAIR_DEPTH : 1;
	unsigned int entry = sizeof(struct ktally_open) + depth * frame + tail * 8;
	size_t length = sizeof(struct ktally_pairs) + (size_t)capacity * entry;
	struct ktally_pairs *pairs = calloc(1, length);

	*pairs = (struct ktally_pairs){ .magic = KTALLY_PAIRS_MAGIC, .kind = KTALLY_PAIR_TASK, .flags = flags, .nr_keys = nr_keys,
					.nr_saved = nr_saved, .capacity = capacity, .entry_size = entry, .frame_size = frame,
					.entries_offset = sizeof(*pairs) };
	dev->pairs[dev->nr_pairs].base = pairs;
	dev->pairs[dev->nr_pairs++].length = length;
	return pairs;
}

/* Open a start at place @n; its words are @first and those that follow it. */
static inline struct ktally_open *crafted_open(struct ktally_pairs *pairs, unsigned int n, unsigned int cpu, uint64_t time, uint64_t first)
{
	struct ktally_open *open = (void *)((char *)pairs + pairs->entries_offset + (size_t)n * pairs->entry_size);
	uint64_t *frame = (uint64_t *)((char *)open->frames + (size_t)open->depth++ * pairs->frame_size);
	unsigned int i;

	open->owner = 1000 + n;
	open->cpu = cpu;
	open->sequence += 2;
	frame[0] = time;
	frame[1] = 7;
	for (i = 0; i < pairs->nr_keys + pairs->nr_saved; i++)
		frame[2 + i] = first + i;
	return open;
}

/* Row @n of the table; rows up to it become used. */
static inline uint64_t *crafted_row(struct ktally_half *half, unsigned int n)
{
	struct ktally_table_head *head = crafted_table(half);

	assert_true(n < head->capacity);
	if (head->used <= n)
		head->used = n + 1;
	return (uint64_t *)((char *)half + head->rows_offset + (size_t)n * head->row_size);
}

static inline struct ktally_stacks *crafted_stacks(struct ktally_mapping *map, unsigned int cpu, unsigned int capacity)
{
	size_t length = sizeof(struct ktally_stacks) + capacity;
	struct ktally_stacks *stacks = calloc(1, length);

	*stacks = (struct ktally_stacks){ .magic = KTALLY_STACKS_MAGIC, .cpu = cpu, .capacity = capacity,
					  .entries_offset = sizeof(*stacks) };
	map->base = stacks;
	map->length = length;
	return stacks;
}

/* Return: the id of the new stack. */
static inline uint64_t crafted_stack(struct ktally_stacks *stacks, const uint64_t *ips, unsigned int nr)
{
	struct ktally_stack *stack = (void *)((char *)stacks + stacks->entries_offset + stacks->used);
	uint64_t id = 1 + stacks->used / 8;

	assert_true(stacks->used + sizeof(*stack) + nr * 8 <= stacks->capacity);
	stack->nr = nr;
	stack->kind = KTALLY_STACK_KERNEL;
	memcpy(stack->ips, ips, nr * sizeof(*ips));
	stacks->used += sizeof(*stack) + nr * 8;
	return id;
}

static inline struct ktally_ring_page *crafted_ring(struct ktally_cpu_regions *regions, unsigned int cpu, unsigned int data_size,
						    unsigned int mode)
{
	size_t length = 4096 + data_size;
	struct ktally_ring_page *page = calloc(1, length);

	*page = (struct ktally_ring_page){ .magic = KTALLY_RING_MAGIC, .cpu = cpu, .data_offset = 4096, .mode = mode,
					   .data_size = data_size };
	regions->ring.base = page;
	regions->ring.length = length;
	regions->consumer.base = calloc(1, 4096);
	regions->consumer.length = 4096;
	return page;
}

static inline struct ktally_record *crafted_at(struct ktally_ring_page *page, uint64_t pos)
{
	return (void *)((char *)page + page->data_offset + (pos & (page->data_size - 1)));
}

/* As the module does it: pads at the end, drops when full, or pushes the oldest out. */
static inline bool crafted_write(struct ktally_cpu_regions *regions, const struct ktally_record *record)
{
	struct ktally_ring_page *page = regions->ring.base;
	struct ktally_consumer_page *consumer = regions->consumer.base;
	uint64_t room = page->data_size - (page->head & (page->data_size - 1)), need = record->size;
	bool overwrite = page->mode == KTALLY_RING_OVERWRITE;
	uint64_t tail = overwrite ? page->tail : consumer->tail;

	if (room < record->size)
		need += room;
	page->offered++;
	while (page->head + need - tail > page->data_size) {
		struct ktally_record *oldest = crafted_at(page, tail);

		if (!overwrite) {
			page->dropped++;
			return false;
		}
		page->overwritten += oldest->type != KTALLY_RECORD_PAD;
		tail += oldest->size;
		page->tail = tail;
	}
	if (room < record->size) {
		crafted_at(page, page->head)->size = room;
		crafted_at(page, page->head)->type = KTALLY_RECORD_PAD;
		page->head += room;
	}
	memcpy(crafted_at(page, page->head), record, record->size);
	page->reserved++;
	page->head += record->size;
	return true;
}

#endif /* CRAFTED_H */
