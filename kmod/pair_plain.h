/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Short cuts for plain pairs (by thread, time and saved words only), inline for the hit path.
 *
 * They call nothing, so that nothing can recurse, and do nothing unless all is as it mostly is: the thread has its place, and
 * an interrupt did not find it being written. Else they return false and pair.c does it in general.
 */
#ifndef _KTALLY_PAIR_PLAIN_H
#define _KTALLY_PAIR_PLAIN_H

#include <linux/sched.h>
#include <linux/smp.h>
#include "compat/clock.h"
#include "pair_entry.h"

/* The thread's place, at the first place of its window, with @depth starts open, and not being written. */
static __always_inline struct ktally_open *plain_entry(const struct ktally_pair *pair, u32 depth)
{
	u64 owner = (u64)current->pid + 1;
	struct ktally_open *entry = pair_entry(pair, ktally_table_hash(owner) >> pair->shift);

	if (unlikely(entry->owner != owner || entry->depth != depth || entry->sequence & 1))
		return NULL;
	return entry;
}

/* The same, taken. How many are open is certain only then: an interrupt before that may have started or ended. */
static __always_inline struct ktally_open *plain_take(const struct ktally_pair *pair, u32 depth)
{
	u64 owner = (u64)current->pid + 1;
	struct ktally_open *entry = pair_entry(pair, ktally_table_hash(owner) >> pair->shift);

	if (unlikely(entry->owner != owner || !pair_take(entry)))
		return NULL;
	if (likely(entry->depth == depth))
		return entry;
	pair_give(entry);
	return NULL;
}

/** plain_start() - ktally_pair_start() of up to one saved word */
static __always_inline bool plain_start(const struct ktally_pair *pair, void *half, const u64 *saved)
{
	struct ktally_open *entry = plain_take(pair, 0);

	if (unlikely(!entry))
		return false;
	PAIR_COUNT(pair, half, starts);
	if (pair->nr_saved)
		entry->frames[FRAME_KEYS] = *saved;
	entry->frames[FRAME_WEIGHT] = 1;
	entry->cpu = raw_smp_processor_id();
	entry->depth = 1;
	entry->frames[FRAME_TIME] = ktally_ticks(pair->factor);
	pair_give(entry);
	return true;
}

/** plain_cancel() - ktally_pair_cancel() */
static __always_inline bool plain_cancel(const struct ktally_pair *pair, void *half)
{
	struct ktally_open *entry;

	if (likely(plain_entry(pair, 0)))
		return true;
	entry = plain_take(pair, 1);
	if (!entry)
		return false;
	entry->depth = 0;
	pair_give(entry);
	PAIR_COUNT(pair, half, abandoned);
	return true;
}

/** plain_unmatched() - whether the thread has its place, and no start in it. Counts that, too. */
static __always_inline bool plain_unmatched(const struct ktally_pair *pair, void *half)
{
	if (!plain_entry(pair, 0))
		return false;
	PAIR_COUNT(pair, half, unmatched);
	return true;
}

/** plain_end() - ktally_pair_end() of up to one saved word */
static __always_inline bool plain_end(const struct ktally_pair *pair, void *half, u64 *ns, u64 *saved, u64 *weight)
{
	u64 now = ktally_ticks(pair->factor), ticks;
	struct ktally_open *entry = plain_take(pair, 1);

	if (unlikely(!entry))
		return false;
	ticks = now - entry->frames[FRAME_TIME];
	if (unlikely((s64)ticks < 0)) {
		pair_give(entry);
		return false;
	}
	*ns = ktally_ticks_to_ns(ticks, pair->factor);
	*weight = entry->frames[FRAME_WEIGHT];
	*saved = pair->nr_saved ? entry->frames[FRAME_KEYS] : 0;
	entry->depth = 0;
	pair_give(entry);
	PAIR_COUNT(pair, half, ended);
	return true;
}

#endif /* _KTALLY_PAIR_PLAIN_H */
