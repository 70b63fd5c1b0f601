/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a device: the mappings of a session, and checked access to what they show. */
#ifndef KTALLY_DEVICE_H
#define KTALLY_DEVICE_H

#include "libktally.h"

/** struct ktally_mapping - one mapped region; @base is NULL if the session has no such region */
struct ktally_mapping {
	void *base;
	size_t length;
};

/** struct ktally_cpu_regions - everything mapped for one CPU; !@present: no memory was set aside for that CPU */
struct ktally_cpu_regions {
	bool present;
	struct ktally_mapping half[2];
	struct ktally_mapping ring;
	struct ktally_mapping consumer;
	struct ktally_mapping stacks;
};

/** struct ktally_device - plain data, so that a test can put crafted memory here; @fd is -1 then. Pairs are of all CPUs */
struct ktally_device {
	int fd;
	unsigned int nr_cpus;
	struct ktally_cpu_regions *cpus;
	unsigned int nr_pairs;
	struct ktally_mapping pairs[KTALLY_PAIRS_MAX];
};

/* True if @size bytes at @offset lie inside @length and the offset is aligned for 64-bit words. */
static inline bool ktally_inside(uint64_t length, uint64_t offset, uint64_t size)
{
	return !(offset & 7) && offset <= length && size <= length - offset;
}

/** ktally_mapping_half - the head of a half, NULL if head or arrays do not fit the mapping or belong to another CPU */
const struct ktally_half *ktally_mapping_half(const struct ktally_mapping *map, unsigned int cpu);
/** ktally_mapping_table - table @n of a checked half, NULL if its rows do not fit the mapping */
const struct ktally_table_head *ktally_mapping_table(const struct ktally_mapping *map, unsigned int n);
/** ktally_mapping_pairs - the head of a pair's open starts, NULL if its entries do not fit the mapping or their frames not an entry */
const struct ktally_pairs *ktally_mapping_pairs(const struct ktally_mapping *map);
/** ktally_pairs_open - starts that are open in a checked mapping; exact when nothing hits */
uint64_t ktally_pairs_open(const struct ktally_pairs *pairs);
/** ktally_pairs_at - place @n of a checked mapping */
static inline const struct ktally_open *ktally_pairs_at(const struct ktally_pairs *pairs, uint32_t n)
{
	return (const void *)((const char *)pairs + pairs->entries_offset + (uint64_t)n * pairs->entry_size);
}
/** ktally_mapping_ring - the head of a ring, NULL if it does not fit the mapping */
const struct ktally_ring_page *ktally_mapping_ring(const struct ktally_mapping *map, unsigned int cpu);
/** ktally_device_stack - ktally_mapping_stack() of a word that CPU @here had, and that may say that its stack is of another one */
const uint64_t *ktally_device_stack(const struct ktally_device *dev, unsigned int here, uint64_t word, unsigned int *nr);
/** ktally_mapping_stack - addresses of stack @id, NULL (and *@nr 0) if there is no such stack in the store */
const uint64_t *ktally_mapping_stack(const struct ktally_mapping *map, uint64_t id, unsigned int *nr);

#endif /* KTALLY_DEVICE_H */
