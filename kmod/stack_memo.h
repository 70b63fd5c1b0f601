/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remembers kernel stacks of a CPU, so that one that comes again need not be walked again.
 *
 * What a walk finds depends on where it starts (address, stack pointer, frame pointer) and on the words it reads off the stack, which are
 * addresses of code and of the stack itself. If a walk of before started there and all words that may have been read, those that look like
 * such an address, are the same, then it would find the same. Stacks of the same shape in another task count as the same: addresses of
 * the stack are kept as distances.
 */
#ifndef _KTALLY_STACK_MEMO_H
#define _KTALLY_STACK_MEMO_H

#include <linux/types.h>

struct ktally_hit;
struct ktally_memo;
struct pt_regs;

/** ktally_memo_new() - what is remembered on one CPU; NULL: no memory, or of no use on this kernel. Context: process. */
struct ktally_memo *ktally_memo_new(void);
void ktally_memo_free(struct ktally_memo *memo);
/** ktally_memo_length() - bytes of one, 0: of no use on this kernel */
u64 ktally_memo_length(void);

/**
 * struct ktally_memo_start - where a walk starts, and what is remembered of it
 * @entry: or NULL: do not remember
 * @learn: a walk is worth remembering
 * @regs: where it starts, or NULL: at a frame of which the following is known
 * @ip: of the start; @sp, @bp likewise
 */
struct ktally_memo_start {
	void *entry;
	bool learn;
	struct pt_regs *regs;
	unsigned long ip;
	unsigned long sp;
	unsigned long bp;
};

/**
 * ktally_memo_find() - the id of the stack of a hit, if it is remembered
 * @memo: of this CPU
 * @hit: of what
 * @depth: limit of frames
 * @start: out: for ktally_memo_walk()
 *
 * Return: the id, or 0.
 * Context: inside a handler (ktally_enter()), any context. To be followed by ktally_memo_walk() if it returns 0, and then
 * ktally_memo_keep(). An interrupt in between remembers nothing.
 */
u32 ktally_memo_find(struct ktally_memo *memo, const struct ktally_hit *hit, unsigned int depth, struct ktally_memo_start *start);
/** ktally_memo_walk() - the stack itself. Return: addresses in @ips, at most @depth */
unsigned int ktally_memo_walk(struct ktally_memo *memo, struct ktally_memo_start *start, unsigned long *ips, unsigned int depth);
/** ktally_memo_keep() - @id is what ktally_memo_walk() found; 0: nothing */
void ktally_memo_keep(struct ktally_memo *memo, struct ktally_memo_start *start, u32 id);

#endif /* _KTALLY_STACK_MEMO_H */
