/* SPDX-License-Identifier: GPL-2.0-or-later */
/* walker.h: walks a stack by unwind tables as the module does, but in user space and plainly: what both must come to. */
#ifndef WALKER_H
#define WALKER_H

#include "libktally.h"

/** struct walker_state - @reg: by DWARF number; @known: bit n says that @reg[n] is known; @exact: @pc is where it runs, not where it returns to */
struct walker_state {
	uint64_t pc, reg[32];
	uint32_t known;
	bool exact;
};

/**
 * struct walker - what a walk needs
 * @rule: for the code at @address; NULL: there is no table, or no row. @mapped: it is code at all
 * @read: a word of the stack. Return: it is there
 */
struct walker {
	uint32_t machine;
	const struct ktally_unwind_rule *(*rule)(void *arg, uint64_t address, bool *mapped);
	bool (*read)(void *arg, uint64_t address, uint64_t *word);
	void *arg;
};

/** walk - @words as of KTALLY_STACK_USER, at most @max. Return: how many; a walk to the end has no word KTALLY_WORD_CUT */
unsigned int walk(const struct walker *walker, struct walker_state *state, uint64_t *words, unsigned int max);

#endif
