// SPDX-License-Identifier: LGPL-2.1-or-later
/* The starts of a pair that are open: read where the module keeps them, while they change. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device.h"

#define TRIES 1000

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Its sequence is even and the same before and after; pairs with the barriers of pair_take(), pair_lock() and pair_give(). */
static bool copy_place(struct ktally_open *copy, const struct ktally_open *open, size_t size)
{
	unsigned int tries;
	uint32_t sequence;

	for (tries = 0; tries < TRIES; tries++) {
		sequence = __atomic_load_n(&open->sequence, __ATOMIC_ACQUIRE);
		if (sequence & 1)
			continue;
		memcpy(copy, open, size);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&open->sequence, __ATOMIC_RELAXED) == sequence)
			return true;
	}
	return false;
}

/** struct gathering - the list while it grows */
struct gathering {
	const struct ktally_device *dev;
	const struct ktally_pair_info *info;
	struct ktally_stackset *stacks;
	struct ktally_open_start *list;
	size_t nr, room;
};

static struct ktally_open_start *add(struct gathering *g)
{
	size_t room = g->room ? g->room * 2 : 64;
	struct ktally_open_start *list;

	if (g->nr == g->room) {
		list = reallocarray(g->list, room, sizeof(*list));
		if (!list)
			return NULL;
		g->list = list;
		g->room = room;
	}
	return memset(&g->list[g->nr++], 0, sizeof(*g->list));
}

/* A stack id is of the store of the CPU where the start happened, if it does not say otherwise. */
static int translate(struct gathering *g, struct ktally_open_start *start)
{
	const struct ktally_schema *schema = &g->info->schema;
	const uint64_t *ips;
	unsigned int i, nr;
	int64_t id;

	for (i = 0; i < schema->nr_keys; i++) {
		uint64_t *word = &start->words[schema->keys[i].word];

		if ((schema->keys[i].kind != KTALLY_KIND_KSTACK && schema->keys[i].kind != KTALLY_KIND_USTACK) || !*word)
			continue;
		ips = ktally_device_stack(g->dev, start->cpu, *word, &nr);
		id = ips ? ktally_stackset_add(g->stacks, ips, nr) : (int64_t)KTALLY_STACKSET_LOST;
		if (id == -ENOMEM)
			return -ENOMEM;
		*word = (uint64_t)id;
	}
	return 0;
}

/* The module counts ticks of the processor where it can trust them: the difference to a moment that both clocks know. */
static uint64_t moment_of(const struct ktally_pairs *pairs, uint64_t time)
{
	__int128 ticks = (__int128)(int64_t)(time - pairs->ticks) * pairs->factor;

	return pairs->factor ? pairs->time + (int64_t)(ticks >> 32) : time;
}

static int take_place(struct gathering *g, const struct ktally_pairs *pairs, const struct ktally_open *place)
{
	unsigned int i, words = pairs->nr_keys + pairs->nr_saved;
	const uint64_t *frame = (const uint64_t *)place->frames;
	struct ktally_open_start *start;
	int ret = 0;

	for (i = 0; i < place->depth && !ret; i++, frame += pairs->frame_size / 8) {
		start = add(g);
		if (!start)
			return -ENOMEM;
		start->time = moment_of(pairs, frame[0]);
		start->weight = frame[1];
		start->owner = place->owner;
		start->cpu = place->cpu;
		memcpy(start->words, frame + 2, words * sizeof(*frame));
		ret = translate(g, start);
	}
	return ret;
}

static int gather(struct gathering *g, const struct ktally_pairs *pairs, struct ktally_open *copy)
{
	unsigned int depth = pairs->flags & KTALLY_PAIR_NEST ? KTALLY_PAIR_DEPTH : 1;
	uint32_t i;
	int ret = 0;

	for (i = 0; i < pairs->capacity && !ret; i++) {
		const struct ktally_open *open = ktally_pairs_at(pairs, i);

		if (!__atomic_load_n(&open->depth, __ATOMIC_RELAXED))
			continue;
		if (!copy_place(copy, open, pairs->entry_size))
			return -EAGAIN;
		if (copy->depth > depth)
			return -EBADMSG;
		ret = take_place(g, pairs, copy);
	}
	return ret;
}

static int older(const void *a, const void *b)
{
	const struct ktally_open_start *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time;
}

static void set_ages(struct gathering *g)
{
	uint64_t time = now();
	size_t i;

	for (i = 0; i < g->nr; i++)
		g->list[i].age = time > g->list[i].time ? time - g->list[i].time : 0;
	if (g->nr > 1)
		qsort(g->list, g->nr, sizeof(*g->list), older);
}

static int say(int code, const struct ktally_pair_info *info, struct ktally_error *err)
{
	switch (code) {
	case -EBADMSG:
		return ktally_fail(err, code, "the open starts of '%s' are not laid out as the module says", info->schema.name);
	case -EAGAIN:
		return ktally_fail(err, code, "an open start of '%s' changes faster than it can be read; stop the session first", info->schema.name);
	default:
		return ktally_fail(err, code, "out of memory");
	}
}

int ktally_open_starts(struct ktally_device *dev, const struct ktally_pair_info *pair, struct ktally_stackset *stacks,
		       struct ktally_open_start **list, struct ktally_error *err)
{
	const struct ktally_pairs *pairs = pair->pair < dev->nr_pairs ? ktally_mapping_pairs(&dev->pairs[pair->pair]) : NULL;
	struct gathering g = { .dev = dev, .info = pair, .stacks = stacks };
	struct ktally_open *copy;
	int ret;

	*list = NULL;
	if (!pairs || pairs->nr_keys != pair->nr_keys || pairs->nr_saved != pair->nr_saved ||
	    pair->schema.key_words != pairs->nr_keys + pairs->nr_saved)
		return say(-EBADMSG, pair, err);
	copy = malloc(pairs->entry_size);
	if (!copy)
		return say(-ENOMEM, pair, err);
	ret = gather(&g, pairs, copy);
	free(copy);
	if (ret) {
		free(g.list);
		return say(ret, pair, err);
	}
	set_ages(&g);
	*list = g.list;
	return (int)g.nr;
}
