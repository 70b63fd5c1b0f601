/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Remembers kernel stacks of a CPU, so that one that comes again need not be walked again.
 *
 * What a walk finds depends on where it starts (address, stack pointer, frame pointer) and on the words it reads off the stack: return
 * addresses, saved frame pointers, saved stack pointers. If a walk of before started alike and all words that it may have read, those that
 * look like an address of code or of the stack, are the same, then another walk would find the same.
 *
 * Addresses of the stack are kept as distances: from the stack's end, so that tasks may share what is remembered, or from where the walk
 * starts. For a kernel may leave a gap of random size in the frame that a system call begins with (randomize_kstack_offset): what is below
 * moves with the start, what is above stays. Two walks with different gaps show which is which; the frame with the gap, whose size
 * is not that of its code, is found by the frame pointer, which is among the words compared, and of it only the return address is read.
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
 * struct ktally_memo_start - where a walk starts, and what becomes of it
 * @entry: or NULL: it is not to be remembered
 * @begun: ktally_memo_walk() is to walk, and ktally_memo_keep() to be told
 * @regs: where it starts, or NULL: at a frame of which the following is known
 * @ip: of the start; @sp, @bp likewise
 */
struct ktally_memo_start {
	void *entry;
	bool begun;
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
 * @start: out
 *
 * Return: the id, or 0. If then @start->begun is set, ktally_memo_walk() and ktally_memo_keep() are to be called; else it is not for here.
 * Context: inside a handler (ktally_enter()), any context. A hit that comes in between is not for here.
 */
u32 ktally_memo_find(struct ktally_memo *memo, const struct ktally_hit *hit, unsigned int depth, struct ktally_memo_start *start);
/** ktally_memo_walk() - the stack itself. Return: addresses in @ips, at most @depth */
unsigned int ktally_memo_walk(struct ktally_memo *memo, struct ktally_memo_start *start, unsigned long *ips, unsigned int depth);
/** ktally_memo_keep() - @id is what ktally_memo_walk() found; 0: nothing */
void ktally_memo_keep(struct ktally_memo *memo, struct ktally_memo_start *start, u32 id);

#endif /* _KTALLY_STACK_MEMO_H */
