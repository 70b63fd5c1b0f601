// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Frames by address. They are many and asked for in any order, so most of the time goes into waiting for memory: the table holds no more
 * than a number and some bits of the hash for each, and lies in the processor's cache where the frames do not.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "frames.h"
#include "hash.h"

struct node {
	uint64_t image, word;
	struct ktally_frame frame;
};

/* @nr: number of the node + 1, 0: free */
struct slot {
	uint32_t tag, nr;
};

/* Frames that no address leads to. */
struct chunk {
	struct chunk *next;
	size_t used;
	struct ktally_frame frames[64];
};

#define NODES		(KTALLY_BLOCK / sizeof(struct node))	/* in a block; blocks never move, so a pointer that was handed out stays valid */
#define SLOTS_FIRST	4096U
#define SOON		64U		/* so many at a time; the first must not be out of the cache again when the last has come */
#define LINE		64U

struct ktally_frames {
	struct slot *slots;
	size_t nr_slots, nr;
	struct node **blocks;
	size_t nr_blocks;
	struct chunk *chunks;
};

struct ktally_frames *ktally_frames_new(void)
{
	struct ktally_frames *frames = calloc(1, sizeof(*frames));

	if (!frames)
		return NULL;
	frames->nr_slots = SLOTS_FIRST;
	frames->slots = calloc(frames->nr_slots, sizeof(*frames->slots));
	if (frames->slots)
		return frames;
	free(frames);
	return NULL;
}

void ktally_frames_free(struct ktally_frames *frames)
{
	struct chunk *chunk;
	size_t i;

	if (!frames)
		return;
	for (i = 0; i < frames->nr_blocks; i++)
		free(frames->blocks[i]);
	while ((chunk = frames->chunks)) {
		frames->chunks = chunk->next;
		free(chunk);
	}
	free(frames->blocks);
	free(frames->slots);
	free(frames);
}

static struct node *node_at(const struct ktally_frames *frames, size_t n)
{
	return &frames->blocks[n / NODES][n % NODES];
}

static uint64_t hash_of(uint64_t image, uint64_t word)
{
	return ktally_hash_word(ktally_hash_word(1, image), word);
}

/* The slot of a word, or the free one that it belongs in. */
static struct slot *find(const struct ktally_frames *frames, uint64_t image, uint64_t word, uint64_t hash)
{
	size_t mask = frames->nr_slots - 1, at = hash & mask;
	const struct node *node;

	for (; frames->slots[at].nr; at = (at + 1) & mask) {
		if (frames->slots[at].tag != (uint32_t)(hash >> 32))
			continue;
		node = node_at(frames, frames->slots[at].nr - 1);
		if (node->word == word && node->image == image)
			break;
	}
	return &frames->slots[at];
}

static bool is_full(size_t nr, size_t nr_slots)
{
	return nr >= nr_slots / 8 * 7 || nr >= UINT32_MAX;
}

static int grow(struct ktally_frames *frames, size_t nr_slots)
{
	struct slot *slots = calloc(nr_slots, sizeof(*slots));
	const struct node *node;
	uint64_t hash;
	size_t i, at;

	if (!slots)
		return -ENOMEM;
	for (i = 0; i < frames->nr; i++) {
		node = node_at(frames, i);
		hash = hash_of(node->image, node->word);
		for (at = hash & (nr_slots - 1); slots[at].nr; at = (at + 1) & (nr_slots - 1))
			;
		slots[at] = (struct slot){ .tag = hash >> 32, .nr = (uint32_t)i + 1 };
	}
	free(frames->slots);
	frames->slots = slots;
	frames->nr_slots = nr_slots;
	return 0;
}

int ktally_frames_expect(struct ktally_frames *frames, size_t nr)
{
	size_t nr_slots = frames->nr_slots;

	if (nr >= UINT32_MAX - frames->nr)
		return -ENOMEM;
	while (is_full(frames->nr + nr, nr_slots))
		nr_slots *= 2;
	return nr_slots == frames->nr_slots ? 0 : grow(frames, nr_slots);
}

/* The first block may stay nearly empty. */
static struct node *new_node(struct ktally_frames *frames)
{
	struct node **blocks;

	if (frames->nr / NODES == frames->nr_blocks) {
		blocks = realloc(frames->blocks, (frames->nr_blocks + 1) * sizeof(struct node *));
		if (!blocks)
			return NULL;
		frames->blocks = blocks;
		blocks[frames->nr_blocks] = frames->nr_blocks ? ktally_block_alloc(KTALLY_BLOCK) : malloc(KTALLY_BLOCK);
		if (!blocks[frames->nr_blocks])
			return NULL;
		frames->nr_blocks++;
	}
	return node_at(frames, frames->nr);
}

struct ktally_frame *ktally_frames_find(const struct ktally_frames *frames, uint64_t image, uint64_t word)
{
	const struct slot *slot = find(frames, image, word, hash_of(image, word));

	return slot->nr ? &node_at(frames, slot->nr - 1)->frame : NULL;
}

struct ktally_frame *ktally_frames_get(struct ktally_frames *frames, uint64_t image, uint64_t word, bool *fresh)
{
	uint64_t hash = hash_of(image, word);
	struct slot *slot = find(frames, image, word, hash);
	struct node *node;

	*fresh = !slot->nr;
	if (slot->nr)
		return &node_at(frames, slot->nr - 1)->frame;
	if (is_full(frames->nr + 1, frames->nr_slots)) {
		if (frames->nr >= UINT32_MAX - 1 || grow(frames, frames->nr_slots * (frames->nr_slots < 65536 ? 4 : 2)))
			return NULL;
		slot = find(frames, image, word, hash);
	}
	node = new_node(frames);
	if (!node)
		return NULL;
	*node = (struct node){ .image = image, .word = word };
	*slot = (struct slot){ .tag = hash >> 32, .nr = (uint32_t)++frames->nr };
	return &node->frame;
}

struct ktally_frame *ktally_frames_more(struct ktally_frames *frames)
{
	struct chunk *chunk = frames->chunks;

	if (!chunk || chunk->used == sizeof(chunk->frames) / sizeof(*chunk->frames)) {
		chunk = malloc(sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->next = frames->chunks;
		chunk->used = 0;
		frames->chunks = chunk;
	}
	return &chunk->frames[chunk->used++];
}

/* What comes first of each waits for the same memory at the same time, and so does what that leads to. */
static void soon(const struct ktally_frames *frames, uint64_t image, const uint64_t *words, size_t nr)
{
	const struct node *nodes[SOON];
	uint64_t hashes[SOON];
	size_t i, at, mask = frames->nr_slots - 1;

	for (i = 0; i < nr; i++) {
		hashes[i] = hash_of(image, words[i]);
		__builtin_prefetch(&frames->slots[hashes[i] & mask]);
	}
	for (i = 0; i < nr; i++) {
		for (at = hashes[i] & mask; frames->slots[at].nr && frames->slots[at].tag != (uint32_t)(hashes[i] >> 32); at = (at + 1) & mask)
			;
		nodes[i] = frames->slots[at].nr ? node_at(frames, frames->slots[at].nr - 1) : NULL;
		if (!nodes[i])
			continue;
		__builtin_prefetch(nodes[i]);
		__builtin_prefetch((const char *)nodes[i] + LINE);
	}
	for (i = 0; i < nr; i++) {
		if (!nodes[i])
			continue;
		__builtin_prefetch(nodes[i]->frame.name);
		__builtin_prefetch(nodes[i]->frame.name + LINE);
	}
}

void ktally_frames_soon(const struct ktally_frames *frames, uint64_t image, const uint64_t *words, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i += SOON)
		soon(frames, image, words + i, nr - i < SOON ? nr - i : SOON);
}

int ktally_frames_each(const struct ktally_frames *frames, int (*fn)(uint64_t image, uint64_t word, const struct ktally_frame *frame, void *arg),
		       void *arg)
{
	const struct node *node;
	size_t i;
	int ret = 0;

	for (i = 0; i < frames->nr && !ret; i++) {
		node = node_at(frames, i);
		ret = fn(node->image, node->word, &node->frame, arg);
	}
	return ret;
}
