// SPDX-License-Identifier: GPL-2.0
/*
 * The stack store of one CPU: captures and interns stacks.
 *
 * The same rules as for tables: only this CPU writes, its contexts nest, an entry is filled before a local
 * compare-and-exchange publishes it in the index, and entries never change after.
 */
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/string.h>
#include "compat/unwind.h"
#include "percpu.h"
#include "probe.h"
#include "program.h"
#include "source.h"
#include "stack.h"
#include "stack_memo.h"
#include "table.h"
#include "unwind.h"

/* Room per stack, in addresses: most are shorter, deep ones borrow from them. */
#define MEAN_DEPTH	32
#define PROBE_LIMIT	128

static u32 index_bits(u32 entries)
{
	return ilog2(roundup_pow_of_two(entries)) + 1;
}

static u64 arena_size(u32 entries)
{
	return (u64)entries * (sizeof(struct ktally_stack) + MEAN_DEPTH * sizeof(u64));
}

u64 ktally_stacks_length(u32 entries)
{
	return PAGE_ALIGN(sizeof(struct ktally_stacks) + ((u64)sizeof(u32) << index_bits(entries)) +
			  arena_size(entries));
}

void ktally_stacks_init(struct ktally_stacks *stacks, unsigned int cpu, u32 entries)
{
	stacks->magic = KTALLY_STACKS_MAGIC;
	stacks->cpu = cpu;
	stacks->index_offset = sizeof(*stacks);
	stacks->index_bits = index_bits(entries);
	stacks->entries_offset = sizeof(*stacks) + ((u64)sizeof(u32) << stacks->index_bits);
	stacks->capacity = arena_size(entries);
}

static u32 hash_ips(const unsigned long *ips, unsigned int nr, unsigned int kind)
{
	u64 hash = kind + nr;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		hash = (hash ^ ips[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash >> 32;
}

static struct ktally_stack *entry(struct ktally_stacks *stacks, u32 id)
{
	return (void *)stacks + stacks->entries_offset + ((u64)id - 1) * 8;
}

static bool same(const struct ktally_stack *stack, u32 hash, const unsigned long *ips,
		 unsigned int nr, unsigned int kind)
{
	return stack->hash == hash && stack->nr == nr && stack->kind == kind &&
	       !memcmp(stack->ips, ips, nr * sizeof(u64));
}

/* Sets room for @nr addresses aside and fills it; returns the id, or 0. */
static u32 entry_new(struct ktally_stacks *stacks, u32 hash, const unsigned long *ips,
		     unsigned int nr, unsigned int kind)
{
	u64 size = sizeof(struct ktally_stack) + nr * sizeof(u64), used;
	struct ktally_stack *stack;
	unsigned int tries;

	for (tries = 0; tries < 16; tries++) {
		used = READ_ONCE(stacks->used);
		if (used + size > stacks->capacity)
			return 0;
		if (cmpxchg_local(&stacks->used, used, used + size) != used)
			continue;
		stack = entry(stacks, 1 + used / 8);
		stack->hash = hash;
		stack->nr = nr;
		stack->kind = kind;
		memcpy(stack->ips, ips, nr * sizeof(u64));
		/* Whole before an interrupt can find it; pairs with the lookup in intern(). */
		barrier();
		return 1 + used / 8;
	}
	return 0;
}

static u32 intern(struct ktally_stacks *stacks, const unsigned long *ips, unsigned int nr,
		  unsigned int kind)
{
	u32 *index = (void *)stacks + stacks->index_offset;
	u32 mask = (1U << stacks->index_bits) - 1, hash = hash_ips(ips, nr, kind);
	u32 i = hash & mask, id, fresh = 0;
	unsigned int tried;

	for (tried = 0; tried < PROBE_LIMIT; tried++, i = (i + 1) & mask) {
		id = READ_ONCE(index[i]);
		if (!id) {
			if (!fresh)
				fresh = entry_new(stacks, hash, ips, nr, kind);
			if (!fresh)
				break;
			id = cmpxchg_local(&index[i], 0, fresh);
			if (!id)
				return fresh;
		}
		if (same(entry(stacks, id), hash, ips, nr, kind))
			return id;
	}
	ktally_word_inc(&stacks->lost);
	return KTALLY_STACK_LOST;
}

static unsigned int walk_kernel_side(const struct ktally_probe *probe, const struct ktally_hit *hit, unsigned long *ips,
				     unsigned int depth)
{
	if (hit->frame)
		return ktally_unwind_caller(hit->frame, ips, depth);
	if (probe->ops->kind == KTALLY_SOURCE_KPROBE && !probe->offset)
		return ktally_unwind_entry(hit->regs, ips, depth);
	return ktally_unwind_kernel(hit->regs, ips, depth);
}

static u32 kernel_id(const struct ktally_probe *probe, const struct ktally_hot *hot, const struct ktally_hit *hit,
		     unsigned int depth)
{
	struct ktally_memo_start start = { 0 };
	unsigned long *ips = ktally_scratch();
	unsigned int nr;
	u32 id;

	id = hot->memo ? ktally_memo_find(hot->memo, hit, depth, &start) : 0;
	if (id)
		return id;
	nr = start.begun ? ktally_memo_walk(hot->memo, &start, ips, depth) : walk_kernel_side(probe, hit, ips, depth);
	id = nr ? intern(hot->stacks, ips, nr, KTALLY_STACK_KERNEL) : 0;
	if (start.begun)
		ktally_memo_keep(hot->memo, &start, id == KTALLY_STACK_LOST ? 0 : id);
	return id;
}

u32 ktally_stack_id(const struct ktally_probe *probe, const struct ktally_hot *hot, const struct ktally_hit *hit, unsigned int kind,
		    unsigned int depth)
{
	unsigned long *ips = ktally_scratch();
	struct pt_regs *user = ktally_hit_user(hit);
	unsigned int nr;

	if (kind == KTALLY_STACK_KERNEL)
		return user && !hit->frame ? 0 : kernel_id(probe, hot, hit, depth);
	if (hot->walker)
		nr = ktally_walk_user(probe, hot, hit, ips, depth);
	else
		nr = ktally_unwind_user(user, ips, depth);
	return nr ? intern(hot->stacks, ips, nr, kind) : 0;
}
