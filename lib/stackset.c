// SPDX-License-Identifier: LGPL-2.1-or-later
/* A set of distinct stacks: the same addresses from different CPUs get the same id. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "libktally.h"

#define CHUNK_WORDS 16384U

/* Addresses live in chunks that never move, so a pointer that was handed out stays valid. */
struct chunk {
	struct chunk *next;
	size_t used, size;
	uint64_t words[];
};

struct entry {
	const uint64_t *ips;
	uint32_t nr, hash;
};

struct ktally_stackset {
	struct chunk *chunks;
	struct entry *entries;
	size_t nr, room;
	uint32_t *slots;	/* entry number + 1, 0 is free */
	size_t nr_slots;	/* a power of two */
};

struct ktally_stackset *ktally_stackset_new(void)
{
	return calloc(1, sizeof(struct ktally_stackset));
}

void ktally_stackset_free(struct ktally_stackset *set)
{
	struct chunk *chunk;

	if (!set)
		return;
	while ((chunk = set->chunks)) {
		set->chunks = chunk->next;
		free(chunk);
	}
	free(set->entries);
	free(set->slots);
	free(set);
}

static int grow(struct ktally_stackset *set)
{
	size_t room = set->room ? set->room * 2 : 256, nr_slots = room * 2, i, at;
	struct entry *entries;
	uint32_t *slots;

	if (room > UINT32_MAX / 4)
		return -ENOMEM;
	entries = realloc(set->entries, room * sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	set->entries = entries;
	slots = calloc(nr_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	for (i = 0; i < set->nr; i++) {
		for (at = entries[i].hash & (nr_slots - 1); slots[at]; at = (at + 1) & (nr_slots - 1))
			;
		slots[at] = i + 1;
	}
	free(set->slots);
	set->slots = slots;
	set->nr_slots = nr_slots;
	set->room = room;
	return 0;
}

static uint64_t *take_words(struct ktally_stackset *set, unsigned int nr)
{
	struct chunk *chunk = set->chunks;
	uint64_t *words;
	size_t size;

	if (!chunk || chunk->size - chunk->used < nr) {
		size = nr > CHUNK_WORDS ? nr : CHUNK_WORDS;
		chunk = malloc(sizeof(*chunk) + size * sizeof(uint64_t));
		if (!chunk)
			return NULL;
		chunk->used = 0;
		chunk->size = size;
		chunk->next = set->chunks;
		set->chunks = chunk;
	}
	words = chunk->words + chunk->used;
	chunk->used += nr;
	return words;
}

int64_t ktally_stackset_add(struct ktally_stackset *set, const uint64_t *ips, unsigned int nr)
{
	uint32_t hash = (uint32_t)ktally_hash_words(ips, nr);
	struct entry *entry;
	uint64_t *words;
	size_t at;

	if (!nr)
		return 0;
	if (set->nr == set->room && grow(set))
		return -ENOMEM;
	for (at = hash & (set->nr_slots - 1); set->slots[at]; at = (at + 1) & (set->nr_slots - 1)) {
		entry = &set->entries[set->slots[at] - 1];
		if (entry->hash == hash && entry->nr == nr && !memcmp(entry->ips, ips, nr * sizeof(*ips)))
			return set->slots[at];
	}
	words = take_words(set, nr);
	if (!words)
		return -ENOMEM;
	memcpy(words, ips, nr * sizeof(*ips));
	entry = &set->entries[set->nr++];
	entry->ips = words;
	entry->nr = nr;
	entry->hash = hash;
	set->slots[at] = set->nr;
	return (int64_t)set->nr;
}

const uint64_t *ktally_stackset_get(const struct ktally_stackset *set, uint64_t id, unsigned int *nr)
{
	if (!id || id > set->nr) {
		*nr = 0;
		return NULL;
	}
	*nr = set->entries[id - 1].nr;
	return set->entries[id - 1].ips;
}
