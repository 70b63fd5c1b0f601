// SPDX-License-Identifier: GPL-2.0
/* Remembers kernel stacks of a CPU; stack_memo.h says why that is exact. */
#include <linux/compiler.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/vmalloc.h>
#include "compat/unwind.h"
#include "program.h"
#include "stack_memo.h"

#ifdef KTALLY_PLAIN_STACKS

#define ENTRIES_BITS	6
#define WORDS_MAX	64

/* A place whose stacks differ each time is learnt anew only so seldom. */
#define LEARN_AGAIN	8

/* Bit of at[]: the word is an address of the stack, kept as distance from its lowest one. */
#define RELATIVE	0x8000U

/**
 * struct entry - one stack
 * @ip: where its walk started
 * @sp: and its stack pointer, as distance
 * @bp: and its frame pointer, as distance; only if it was one
 * @depth: limit of frames
 * @id: of the stack; 0: this start was only seen
 * @nr: words that are compared
 * @misses: starts in a row that looked alike and were not
 * @at: number of each word in the stack, and RELATIVE
 * @words: what it must be
 */
struct entry {
	unsigned long ip;
	u32 sp;
	u32 bp;
	u32 id;
	u16 depth;
	u8 nr;
	u8 misses;
	u16 at[WORDS_MAX];
	unsigned long words[WORDS_MAX];
};
#define NO_BP	0xffffffffU

struct ktally_memo {
	bool busy;
	struct ktally_span span;
	struct entry entries[1 << ENTRIES_BITS];
};

struct ktally_memo *ktally_memo_new(void)
{
	return vzalloc(sizeof(struct ktally_memo));
}

void ktally_memo_free(struct ktally_memo *memo)
{
	vfree(memo);
}

u64 ktally_memo_length(void)
{
	return sizeof(struct ktally_memo);
}

static __always_inline unsigned long stack_base(void)
{
	return (unsigned long)task_stack_page(current);
}

/* A call leaves the return address above the frame pointer that the function saved. */
static __always_inline bool find_start(const struct ktally_hit *hit, struct ktally_memo_start *start)
{
	unsigned long *saved = hit->frame;

	start->regs = saved ? NULL : hit->regs;
	if (saved) {
		start->bp = saved[0];
		start->ip = saved[1];
		start->sp = (unsigned long)(saved + 2);
	} else if (hit->regs && !user_mode(hit->regs)) {
		start->bp = hit->regs->bp;
		start->ip = hit->regs->ip;
		start->sp = hit->regs->sp;
	} else {
		return false;
	}
	return start->sp - stack_base() < THREAD_SIZE;
}

static __always_inline bool same_words(const struct entry *entry, unsigned long base)
{
	const unsigned long *stack = (const unsigned long *)base;
	unsigned int i;

	for (i = 0; i < entry->nr; i++)
		if (READ_ONCE_NOCHECK(stack[entry->at[i] & ~RELATIVE]) != entry->words[i] + (entry->at[i] & RELATIVE ? base : 0))
			return false;
	return true;
}

u32 ktally_memo_find(struct ktally_memo *memo, const struct ktally_hit *hit, unsigned int depth, struct ktally_memo_start *start)
{
	unsigned long base = stack_base();
	struct entry *entry;
	u32 id;

	start->entry = NULL;
	start->learn = false;
	if (unlikely(memo->busy) || !find_start(hit, start))
		return 0;
	memo->busy = true;
	barrier();
	entry = &memo->entries[hash_64(start->ip ^ (start->sp - base), ENTRIES_BITS)];
	if (entry->ip != start->ip || entry->sp != start->sp - base || entry->depth != depth) {
		/* Worth it if it comes again. */
		entry->ip = start->ip;
		entry->sp = start->sp - base;
		entry->depth = depth;
		entry->id = 0;
		entry->misses = 0;
	} else if (entry->id && (entry->bp == NO_BP || entry->bp == start->bp - base) && same_words(entry, base)) {
		id = entry->id;
		entry->misses = 0;
		barrier();
		memo->busy = false;
		return id;
	} else {
		start->learn = entry->misses++ % LEARN_AGAIN == 0;
	}
	start->entry = entry;
	return 0;
}

unsigned int ktally_memo_walk(struct ktally_memo *memo, struct ktally_memo_start *start, unsigned long *ips, unsigned int depth)
{
	struct pt_regs regs __uninitialized;

	regs.ip = start->ip;
	regs.sp = start->sp;
	regs.bp = start->bp;
	regs.cs = __KERNEL_CS;
	regs.flags = 0;
	memo->span.skip_own = !start->regs;
	return ktally_unwind_span(start->regs ? start->regs : &regs, ips, depth, &memo->span);
}

/* Code of the kernel and of modules is in the highest 2 GiB. */
static __always_inline bool may_be_code(unsigned long word)
{
	return (long)word < 0 && (long)word >= -(1L << 31);
}

/* The words of the span that a walk may have read. Return: whether they fit. */
static bool learn(struct entry *entry, const struct ktally_span *span)
{
	unsigned long base = stack_base(), at, word;
	unsigned int nr = 0;

	for (at = span->low; at < span->high; at += sizeof(word)) {
		word = READ_ONCE_NOCHECK(*(unsigned long *)at);
		if (word - base >= THREAD_SIZE && !may_be_code(word))
			continue;
		if (nr == WORDS_MAX)
			return false;
		entry->at[nr] = (at - base) / sizeof(word);
		entry->words[nr] = word;
		if (word - base < THREAD_SIZE) {
			entry->at[nr] |= RELATIVE;
			entry->words[nr] -= base;
		}
		nr++;
	}
	entry->nr = nr;
	return true;
}

void ktally_memo_keep(struct ktally_memo *memo, struct ktally_memo_start *start, u32 id)
{
	struct entry *entry = start->entry;
	unsigned long base = stack_base();

	if (!entry)
		return;
	if (start->learn) {
		entry->id = 0;
		if (id && memo->span.plain && learn(entry, &memo->span)) {
			entry->bp = start->bp - base < THREAD_SIZE ? start->bp - base : NO_BP;
			entry->id = id;
		}
	}
	barrier();
	memo->busy = false;
}

#else

struct ktally_memo *ktally_memo_new(void)
{
	return NULL;
}

void ktally_memo_free(struct ktally_memo *memo)
{
}

u64 ktally_memo_length(void)
{
	return 0;
}

u32 ktally_memo_find(struct ktally_memo *memo, const struct ktally_hit *hit, unsigned int depth, struct ktally_memo_start *start)
{
	start->entry = NULL;
	return 0;
}

unsigned int ktally_memo_walk(struct ktally_memo *memo, struct ktally_memo_start *start, unsigned long *ips, unsigned int depth)
{
	return 0;
}

void ktally_memo_keep(struct ktally_memo *memo, struct ktally_memo_start *start, u32 id)
{
}

#endif
