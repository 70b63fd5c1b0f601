/* SPDX-License-Identifier: GPL-2.0 */
/* The stack store of one CPU: each distinct stack once, compared and not only hashed. */
#ifndef _KTALLY_STACK_H
#define _KTALLY_STACK_H

#include <linux/types.h>
#include <linux/ktally_program.h>
#include <linux/ktally_table.h>

struct ktally_hit;
struct ktally_hot;
struct ktally_probe;

/** ktally_stacks_length() - bytes of a store with room for @entries stacks */
u64 ktally_stacks_length(u32 entries);

/** ktally_stacks_init() - begin an empty store in zeroed memory of ktally_stacks_length() */
void ktally_stacks_init(struct ktally_stacks *stacks, unsigned int cpu, u32 entries);

/**
 * ktally_stack_id() - capture a stack and intern it
 * @probe: whose hit
 * @hot: the session's memory on this CPU, with a store
 * @hit: of what
 * @kind: KTALLY_STACK_KERNEL or KTALLY_STACK_USER
 * @depth: at most so many addresses
 *
 * Return: the id; 0 if there is no such stack; KTALLY_STACK_LOST if the store is full.
 * Context: inside a handler (ktally_enter()), any context.
 */
u32 ktally_stack_id(const struct ktally_probe *probe, const struct ktally_hot *hot, const struct ktally_hit *hit, unsigned int kind,
		    unsigned int depth);

#endif /* _KTALLY_STACK_H */
