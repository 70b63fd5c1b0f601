// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds out while it is measured which Java machines have samples. The stores of stacks only grow, so what is new in them can be looked at
 * at any time. They do not tell whose a stack is; an address in the code of a machine is answer enough.
 */
#include <stdlib.h>

#include "device.h"
#include "jit_names.h"

#define RANGES_MAX 256U
#define HITS_MAX 32U

/* How far each CPU's store was looked at. */
struct ktally_jit_peek {
	unsigned int nr;
	uint64_t at[];
};

struct hits {
	struct ktally_jit_range ranges[RANGES_MAX];
	unsigned int nr_ranges, nr;
	uint32_t pids[HITS_MAX];
};

void ktally_jit_peek_free(struct ktally_jit_peek *peek)
{
	free(peek);
}

static struct ktally_jit_peek *get_peek(struct ktally_jit *jit, unsigned int nr_cpus)
{
	struct ktally_jit_peek **peek = ktally_jit_peeked(jit);

	if (*peek && (*peek)->nr == nr_cpus)
		return *peek;
	free(*peek);
	*peek = calloc(1, sizeof(**peek) + nr_cpus * sizeof((*peek)->at[0]));
	if (*peek)
		(*peek)->nr = nr_cpus;
	return *peek;
}

static void hit(struct hits *hits, uint32_t pid)
{
	unsigned int i;

	for (i = 0; i < hits->nr; i++)
		if (hits->pids[i] == pid)
			return;
	if (hits->nr < HITS_MAX)
		hits->pids[hits->nr++] = pid;
}

static void look_at(struct hits *hits, const uint64_t *words, unsigned int nr)
{
	unsigned int i, n;

	for (i = 0; i < nr; i++) {
		uint64_t ip = KTALLY_WORD_ADDRESS(words[i]);

		if (words[i] & KTALLY_WORD_INTERP)
			return;
		for (n = 0; n < hits->nr_ranges; n++)
			if (ip >= hits->ranges[n].start && ip < hits->ranges[n].end)
				hit(hits, hits->ranges[n].pid);
	}
}

/* An entry that is being written has no length yet: it is for the next time. */
static void look_through(struct hits *hits, const struct ktally_mapping *map, uint64_t *at)
{
	const struct ktally_stacks *stacks = map->base;
	const struct ktally_stack *stack;
	const uint64_t *words;
	unsigned int nr;

	if (!stacks || map->length < sizeof(*stacks))
		return;
	if (__atomic_load_n(&stacks->used, __ATOMIC_ACQUIRE) < *at)
		*at = 0;
	while ((words = ktally_mapping_stack(map, 1 + *at / 8, &nr))) {
		stack = (const void *)((const char *)words - offsetof(struct ktally_stack, ips));
		if (stack->kind == KTALLY_STACK_USER)
			look_at(hits, words, nr);
		*at += sizeof(*stack) + nr * 8ULL;
	}
}

void ktally_processes_peek(struct ktally_processes *procs, const struct ktally_device *dev)
{
	struct ktally_jit *jit = ktally_processes_jit(procs);
	struct ktally_jit_peek *peek;
	struct hits *hits;
	unsigned int i;

	hits = jit ? calloc(1, sizeof(*hits)) : NULL;
	if (!hits)
		return;
	hits->nr_ranges = ktally_jit_waiting(jit, hits->ranges, RANGES_MAX);
	peek = hits->nr_ranges ? get_peek(jit, dev->nr_cpus) : NULL;
	for (i = 0; peek && i < dev->nr_cpus; i++)
		look_through(hits, &dev->cpus[i].stacks, &peek->at[i]);
	for (i = 0; i < hits->nr; i++)
		ktally_jit_process_sampled(jit, hits->pids[i]);
	free(hits);
}
