/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pairs: what is remembered between a start and its end.
 *
 * One fixed array for the whole session, so that a thread that moves to another CPU finds its start again. A key has
 * KTALLY_PAIR_WINDOW places where it may be. Whose place it is decides who writes:
 *
 *	TASK	only the thread itself, wherever it runs; the scheduler orders the CPUs. A place stays its own until it exits
 *	CPU	only that CPU
 *	KEY	anybody: the sequence of the place is taken with a compare-and-exchange, interrupts off
 */
#ifndef _KTALLY_PAIR_H
#define _KTALLY_PAIR_H

#include <linux/types.h>
#include <linux/ktally_table.h>

#define KTALLY_PAIR_WINDOW	8

struct ktally_counter;
struct ktally_hot;
struct ktally_session;

/**
 * struct ktally_pair - the shape of a pair, and its places
 * @kind: enum ktally_pair_kind
 * @flags: KTALLY_PAIR_*
 * @nr_keys: key words of a frame
 * @nr_saved: saved words of a frame
 * @nr_clocks: counters, and the time on a CPU if it is wanted, which comes first
 * @nr_results: words of an end
 * @frame_size: words of a frame
 * @entry_size: bytes of a place
 * @shift: 64 less the bits of the number of places
 * @plain: nothing but times and saved words: by thread, no clocks, no nesting
 * @factor: of its ticks, see compat/clock.h
 * @count: offset of its struct ktally_pair_count in a half
 * @entries: the places
 * @counters: of the clocks; NULL is the time
 *
 * @session: whose
 * @memory: mapped part
 * @length: bytes of it
 * @offset: what mmap calls it by
 * @capacity: places as requested
 * @nr_counters: counters
 * @numbers: theirs
 * @watched: hooks that follow tasks are in place
 * @label: user space's own description
 * @label_len: bytes of it
 */
struct ktally_pair {
	u8 kind;
	u8 flags;
	u8 nr_keys;
	u8 nr_saved;
	u8 nr_clocks;
	u8 nr_results;
	u8 shift;
	bool plain;
	u16 frame_size;
	u32 entry_size;
	u64 count;
	void *entries;
	u64 factor;
	struct ktally_counter *counters[KTALLY_PAIR_COUNTERS_MAX + 1];

	struct ktally_session *session;
	struct ktally_pairs *memory;
	u64 length;
	u64 offset;
	u32 capacity;
	unsigned int nr_counters;
	u32 numbers[KTALLY_PAIR_COUNTERS_MAX];
	bool watched;
	u8 *label;
	unsigned int label_len;
};

/**
 * struct ktally_pair_config - what a pair is made from
 * @kind: enum ktally_pair_kind
 * @flags: KTALLY_PAIR_*
 * @nr_keys: key words
 * @nr_saved: saved words
 * @capacity: starts that can be open at a time
 * @nr_counters: counters
 * @numbers: theirs
 */
struct ktally_pair_config {
	u32 kind;
	u32 flags;
	u32 nr_keys;
	u32 nr_saved;
	u32 capacity;
	unsigned int nr_counters;
	u32 numbers[KTALLY_PAIR_COUNTERS_MAX];
};

/** ktally_pair_new() - check a request; Return: the pair or ERR_PTR() with a sentence. Context: process, session locked. */
struct ktally_pair *ktally_pair_new(struct ktally_session *session, const struct ktally_pair_config *config, const char **why);
void ktally_pair_free(struct ktally_pair *pair);

/** ktally_pair_alloc() - take the memory of its places. Context: process. */
int ktally_pair_alloc(struct ktally_pair *pair);
void ktally_pair_free_memory(struct ktally_pair *pair);
/** ktally_pair_watch() - follow the tasks as far as the pair needs it. Context: process, session locked. */
int ktally_pair_watch(struct ktally_pair *pair, const char **why);
/** ktally_pair_unwatch() - the opposite; nothing of it runs on return. Context: as watch. */
void ktally_pair_unwatch(struct ktally_pair *pair);

/**
 * ktally_pair_start() - remember a start
 * @pair: the pair
 * @half: the active half
 * @key: nr_keys words
 * @saved: nr_saved words
 * @weight: for how many hits it stands
 * @first: an open start stays
 *
 * Context: inside a handler (ktally_enter()), any context.
 */
void ktally_pair_start(struct ktally_pair *pair, void *half, const u64 *key, const u64 *saved, u64 weight, bool first);

/**
 * ktally_pair_cancel() - a start that a gate did not let through: what was open before has lost its end all the same
 * @pair: the pair
 * @half: the active half
 * @key: nr_keys words
 *
 * Context: as ktally_pair_start().
 */
void ktally_pair_cancel(struct ktally_pair *pair, void *half, const u64 *key);

/**
 * ktally_pair_end() - find the start
 * @pair: the pair
 * @half: the active half
 * @key: nr_keys words
 * @results: nr_results words, in the order of KTALLY_OP_END
 * @weight: out: that of the start
 * @stay: the start stays open
 *
 * Return: false if there is none, or it cannot be used.
 * Context: as ktally_pair_start().
 */
bool ktally_pair_end(struct ktally_pair *pair, void *half, const u64 *key, u64 *results, u64 *weight, bool stay);

/**
 * ktally_pair_begin() - the session starts: choose the clock, and close what is open from an earlier run as abandoned in @half
 *
 * Context: process, nothing hits.
 */
void ktally_pair_begin(struct ktally_pair *pair, void *half);

/** ktally_pair_open() - starts that are open. Context: process; exact while nothing hits. */
u64 ktally_pair_open(const struct ktally_pair *pair);

#endif /* _KTALLY_PAIR_H */
