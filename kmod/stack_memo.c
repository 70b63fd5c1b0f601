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

/* Stacks that start at the same address, or nearly, share a set. */
#define SETS_BITS	4
#define WAYS		8
#define WORDS_MAX	48

/* A stack that is in use gives way to another only so seldom, so that many stacks of one place do not drive each other out. */
#define REPLACE_EVERY	16

/* What a word of the stack is a distance from. */
enum { PLAIN, FROM_START, FROM_BASE, KINDS };

/* How far learning a stack is. */
enum { SEEN, SAMPLED, LEARNT };

/**
 * struct word - one word that is compared
 * @at: its place, in bytes from the start's stack pointer
 * @kind: what @value is a distance from
 * @value: SAMPLED: the word itself
 */
struct word {
	u32 at;
	u32 kind;
	unsigned long value;
};

/**
 * struct entry - one stack
 * @ip: where its walk starts
 * @depth: limit of frames
 * @state: SEEN: the start alone
 * @floats: the stack pointer of the start may be any, there is a gap in the last frame
 * @nr: of @words
 * @id: of the stack
 * @sp: stack pointer of the start, from the base
 * @last: where the last frame begins, from the start's stack pointer
 * @high: where it ends, from the base
 * @base: SAMPLED: of the stack
 * @bp: frame pointer of the start, if it is an address of the stack; else its kind is KINDS
 * @ret: return address of the last frame
 * @words: below the last frame if it @floats, else all
 */
struct entry {
	unsigned long ip;
	u16 depth;
	u8 state;
	bool floats;
	u32 nr;
	u32 id;
	u32 sp;
	u32 last;
	u32 high;
	unsigned long base;
	unsigned long ret;
	struct word bp;
	struct word words[WORDS_MAX];
};

struct ktally_memo {
	bool busy;
	u32 turns;
	struct ktally_span span;
	struct entry sets[1 << SETS_BITS][WAYS];
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

static __always_inline bool is_same(const struct entry *entry, const struct ktally_memo_start *start, unsigned long base)
{
	const unsigned long from[KINDS] = { [FROM_START] = start->sp, [FROM_BASE] = base };
	unsigned int i;

	if (!entry->floats && start->sp - base != entry->sp)
		return false;
	if (entry->bp.kind != KINDS && start->bp != entry->bp.value + from[entry->bp.kind])
		return false;
	/* With a gap of any size nothing may lead beyond the stack. */
	if (entry->floats && (start->sp - base + entry->last > entry->high ||
			      READ_ONCE_NOCHECK(*(unsigned long *)(base + entry->high - sizeof(long))) != entry->ret))
		return false;
	for (i = 0; i < entry->nr; i++) {
		const struct word *word = &entry->words[i];

		if (READ_ONCE_NOCHECK(*(unsigned long *)(start->sp + word->at)) != word->value + from[word->kind])
			return false;
	}
	return true;
}

/* Of those that start here the one that is being learnt, else the one to give way, if it is its turn. */
static struct entry *choose(struct ktally_memo *memo, struct entry *set, const struct ktally_memo_start *start, unsigned int depth)
{
	struct entry *entry;
	unsigned int i;

	for (i = 0; i < WAYS; i++)
		if (set[i].ip == start->ip && set[i].depth == depth && set[i].state != LEARNT)
			return &set[i];
	memo->turns++;
	entry = &set[memo->turns / REPLACE_EVERY % WAYS];
	for (i = 0; i < WAYS && entry->state == LEARNT; i++)
		if (set[i].state != LEARNT)
			entry = &set[i];
	if (entry->state == LEARNT && memo->turns % REPLACE_EVERY)
		return NULL;
	entry->ip = start->ip;
	entry->depth = depth;
	entry->state = SEEN;
	entry->id = 0;
	/* Worth a look if it comes again. */
	return NULL;
}

u32 ktally_memo_find(struct ktally_memo *memo, const struct ktally_hit *hit, unsigned int depth, struct ktally_memo_start *start)
{
	unsigned long base = stack_base();
	struct entry *set;
	unsigned int i;
	u32 id;

	start->begun = false;
	if (unlikely(memo->busy) || !find_start(hit, start))
		return 0;
	memo->busy = true;
	barrier();
	set = memo->sets[hash_64(start->ip, SETS_BITS)];
	for (i = 0; i < WAYS; i++) {
		if (set[i].ip != start->ip || set[i].state != LEARNT || set[i].depth != depth || !is_same(&set[i], start, base))
			continue;
		id = set[i].id;
		barrier();
		memo->busy = false;
		return id;
	}
	start->entry = choose(memo, set, start, depth);
	start->begun = true;
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

/* What a walk may have read from @low up to @high. Return: whether it fits */
static bool take_words(struct entry *entry, unsigned long low, unsigned long high)
{
	unsigned long base = stack_base(), at, word;

	entry->nr = 0;
	for (at = low; at < high; at += sizeof(word)) {
		word = READ_ONCE_NOCHECK(*(unsigned long *)at);
		if (word - base >= THREAD_SIZE && !ktally_may_be_code(word))
			continue;
		if (entry->nr == WORDS_MAX)
			return false;
		entry->words[entry->nr++] = (struct word){ .at = at - low, .value = word };
	}
	return true;
}

static bool sample(struct entry *entry, const struct ktally_span *span, const struct ktally_memo_start *start, u32 id)
{
	unsigned long base = stack_base();

	entry->state = SEEN;
	if (!span->plain || !take_words(entry, span->low, span->high))
		return false;
	entry->id = id;
	entry->base = base;
	entry->sp = span->low - base;
	entry->last = span->last - span->low;
	entry->high = span->high - base;
	entry->ret = ((unsigned long *)span->high)[-1];
	entry->bp.value = start->bp;
	entry->bp.kind = start->bp - base < THREAD_SIZE ? PLAIN : KINDS;
	entry->state = SAMPLED;
	return true;
}

/* What kind of distance a word is that was @value and is @now. Return: whether there is one */
static bool relate(struct word *word, unsigned long now, const struct entry *entry, unsigned long sp)
{
	unsigned long base = stack_base();

	if (now - base >= THREAD_SIZE) {
		word->kind = PLAIN;
		return word->value == now;
	}
	if (word->value - entry->base == now - base) {
		word->kind = FROM_BASE;
		word->value -= entry->base;
		return true;
	}
	word->kind = FROM_START;
	word->value -= entry->base + entry->sp;
	return word->value == now - sp;
}

/*
 * A second walk like the sampled one tells what its words are. Where the stack pointer is elsewhere, all but the last frame moved with
 * it. Return: learnt
 */
static bool learn(struct entry *entry, const struct ktally_span *span, const struct ktally_memo_start *start)
{
	unsigned long base = stack_base();
	unsigned int i;

	entry->floats = span->low - base != entry->sp;
	if (entry->high != span->high - base || (entry->bp.kind == KINDS) != (start->bp - base >= THREAD_SIZE))
		return false;
	if (entry->floats) {
		if (entry->last != span->last - span->low || span->high != (unsigned long)task_pt_regs(current) ||
		    entry->ret != ((unsigned long *)span->high)[-1])
			return false;
		while (entry->nr && entry->words[entry->nr - 1].at >= entry->last)
			entry->nr--;
	}
	if (entry->bp.kind != KINDS && !relate(&entry->bp, start->bp, entry, span->low))
		return false;
	for (i = 0; i < entry->nr; i++)
		if (!relate(&entry->words[i], READ_ONCE_NOCHECK(*(unsigned long *)(span->low + entry->words[i].at)), entry, span->low))
			return false;
	entry->state = LEARNT;
	return true;
}

void ktally_memo_keep(struct ktally_memo *memo, struct ktally_memo_start *start, u32 id)
{
	struct entry *entry = start->entry;

	if (entry && id && memo->span.plain) {
		if (entry->state != SAMPLED || entry->id != id || !learn(entry, &memo->span, start))
			sample(entry, &memo->span, start, id);
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
	start->begun = false;
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
