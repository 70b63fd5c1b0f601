/* SPDX-License-Identifier: GPL-2.0 */
/* The inside of a pair's place: where its words are, and how it is taken and given back. Only for pair*.c. */
#ifndef _KTALLY_PAIR_ENTRY_H
#define _KTALLY_PAIR_ENTRY_H

#include <linux/compiler.h>
#include <linux/hardirq.h>
#include <linux/kernel.h>
#include <asm/barrier.h>
#include "pair.h"
#include "table.h"

/*
 * A place: struct ktally_open | KTALLY_PAIR_DEPTH or 1 frames | clocks: (sum, since) each
 * A frame: time | weight | keys | saved | nanoseconds of inner pairs (NEST) | clocks at the start
 *
 * A clock of a place goes on only while the thread is on a CPU: sum is what it showed when it was last switched out, since
 * what the counter of this CPU showed when it was switched in. Of a CPU's place both stay 0, and the clock is the counter.
 */
#define FRAME_TIME	0
#define FRAME_WEIGHT	1
#define FRAME_KEYS	2

struct pair_clock {
	u64 sum;
	u64 since;
};

static inline unsigned int pair_depth(const struct ktally_pair *pair)
{
	return pair->flags & KTALLY_PAIR_NEST ? KTALLY_PAIR_DEPTH : 1;
}

static __always_inline struct ktally_open *pair_entry(const struct ktally_pair *pair, u64 n)
{
	return pair->entries + n * pair->entry_size;
}

static __always_inline u64 *pair_frame(const struct ktally_pair *pair, struct ktally_open *entry, unsigned int n)
{
	return entry->frames + n * pair->frame_size;
}

static inline struct pair_clock *pair_clocks(const struct ktally_pair *pair, struct ktally_open *entry)
{
	return (void *)(entry->frames + pair_depth(pair) * pair->frame_size);
}

static inline u64 *frame_inner(const struct ktally_pair *pair, u64 *frame)
{
	return frame + FRAME_KEYS + pair->nr_keys + pair->nr_saved;
}

static inline u64 *frame_clocks(const struct ktally_pair *pair, u64 *frame)
{
	return frame_inner(pair, frame) + !!(pair->flags & KTALLY_PAIR_NEST);
}

/* Places of one CPU or one thread: an interrupt that finds one being written leaves it alone. */
static __always_inline bool pair_take(struct ktally_open *entry)
{
	if (unlikely(READ_ONCE(entry->sequence) & 1))
		return false;
	barrier();
	/* In one instruction on x86: an NMI that comes before it, and has taken and given the place, is not undone. */
	entry->sequence++;
	/* Odd before the first word changes; pairs with the reader's look at it. */
	smp_wmb();
	return true;
}

static __always_inline void pair_give(struct ktally_open *entry)
{
	/* Whole before it is even; pairs with the reader's look at it and with pair_lock(). */
	smp_wmb();
	entry->sequence++;
	barrier();
}

/* Places of anybody. Interrupts are off, so that another CPU is soon done; only an NMI gives up, and soon: it may wait for whom it interrupted. */
static inline bool pair_lock(struct ktally_open *entry)
{
	unsigned int tries;
	u32 sequence;

	for (tries = 0; tries < 4096; tries++) {
		sequence = READ_ONCE(entry->sequence);
		/* Full barrier; pairs with pair_give(). */
		if (!(sequence & 1) && cmpxchg(&entry->sequence, sequence, sequence + 1) == sequence)
			return true;
		if (tries > 64 && in_nmi())
			break;
		cpu_relax();
	}
	return false;
}

/** pair_owner_entry() - the place of an owner, or NULL. A thread's stays its own on its CPU, or with its run queue locked; a key's may go. */
static __always_inline struct ktally_open *pair_owner_entry(const struct ktally_pair *pair, u64 owner)
{
	struct ktally_open *entry = pair_entry(pair, ktally_table_hash(owner) >> pair->shift);
	unsigned int n;

	if (likely(READ_ONCE(entry->owner) == owner))
		return entry;
	for (n = 1; n < KTALLY_PAIR_WINDOW; n++) {
		entry = (void *)entry + pair->entry_size;
		if (READ_ONCE(entry->owner) == owner)
			return entry;
	}
	return NULL;
}

#define PAIR_COUNT(pair, half, member) \
	ktally_word_inc((half) + (pair)->count + offsetof(struct ktally_pair_count, member))

#endif /* _KTALLY_PAIR_ENTRY_H */
