/* SPDX-License-Identifier: GPL-2.0 */
/* Walks the user stack of the current task by the tables of what it has mapped, and by frame pointers where there are none. */
#ifndef _KTALLY_UNWIND_H
#define _KTALLY_UNWIND_H

#include <linux/types.h>
#include <linux/ktally_unwind.h>

struct ktally_hit;
struct ktally_hot;
struct ktally_mappings;
struct ktally_probe;
struct ktally_walker;

/** ktally_walker_new() - what walks on one CPU remember and count, or NULL. Context: process. */
struct ktally_walker *ktally_walker_new(void);
void ktally_walker_free(struct ktally_walker *walker);
/** ktally_walker_length() - bytes of one */
u64 ktally_walker_length(void);
/** ktally_walker_add() - add what it counted to @sum. Context: any. */
void ktally_walker_add(const struct ktally_walker *walker, struct ktally_unwind_count *sum);

/**
 * ktally_walk_user() - words of the user stack, as struct ktally_stack has them
 * @probe: whose hit
 * @hot: the session's memory on this CPU; it has a walker
 * @hit: of what
 * @words: where to
 * @depth: at most so many native frames; there is room for one word more and KTALLY_INTERP_DEPTH_MAX
 *
 * Return: how many, 0 for a kernel thread.
 * Context: inside a handler (ktally_enter()), any context. Takes no lock, never faults a page in, bounded.
 */
unsigned int ktally_walk_user(const struct ktally_probe *probe, const struct ktally_hot *hot, const struct ktally_hit *hit,
			      unsigned long *words, unsigned int depth);

#endif /* _KTALLY_UNWIND_H */
