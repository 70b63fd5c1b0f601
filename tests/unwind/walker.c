// SPDX-License-Identifier: GPL-2.0-or-later
/* walker.c: walks a stack by unwind tables, as <linux/ktally_unwind.h> says. */
#include <elf.h>

#include "walker.h"

static unsigned int frame_pointer(const struct walker *walker)
{
	return walker->machine == EM_X86_64 ? 6 : 29;
}

static unsigned int stack_pointer(const struct walker *walker)
{
	return walker->machine == EM_X86_64 ? 7 : 31;
}

static bool get(const struct walker_state *state, unsigned int reg, uint64_t *value)
{
	if (reg > 31 || !(state->known & (1U << reg)))
		return false;
	*value = state->reg[reg];
	return true;
}

static void set(struct walker_state *state, unsigned int reg, uint64_t value)
{
	state->reg[reg] = value;
	state->known |= 1U << reg;
}

/* The kernel's frame: a ucontext on x86, a siginfo and a ucontext on arm64. */
static int signal_frame(const struct walker *walker, struct walker_state *state)
{
	/* r8-r15 rdi rsi rbp rbx rdx rax rcx rsp rip */
	static const uint8_t order[] = { 8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7 };
	uint64_t sp, word;
	unsigned int i;

	if (!get(state, stack_pointer(walker), &sp))
		return KTALLY_CUT_RULE;
	state->exact = true;
	if (walker->machine == EM_X86_64) {
		for (i = 0; i < sizeof(order); i++) {
			if (!walker->read(walker->arg, sp + 40 + i * 8, &word))
				return KTALLY_CUT_FAULT;
			set(state, order[i], word);
		}
		return walker->read(walker->arg, sp + 40 + i * 8, &state->pc) ? 0 : KTALLY_CUT_FAULT;
	}
	for (i = 0; i < 32; i++) {
		if (!walker->read(walker->arg, sp + 312 + i * 8, &word))
			return KTALLY_CUT_FAULT;
		set(state, i, word);
	}
	return walker->read(walker->arg, sp + 312 + i * 8, &state->pc) ? 0 : KTALLY_CUT_FAULT;
}

/* By frame pointer: the words there are the caller's, and where to return. */
static int frame_step(const struct walker *walker, struct walker_state *state, int reason)
{
	unsigned int fp = frame_pointer(walker), sp = stack_pointer(walker);
	uint64_t frame, stack, caller, pc;

	if (!get(state, fp, &frame) || !get(state, sp, &stack) || frame < stack || frame % 8)
		return reason;
	if (!walker->read(walker->arg, frame, &caller) || !walker->read(walker->arg, frame + 8, &pc))
		return reason;
	state->known = 0;
	set(state, fp, caller);
	set(state, sp, frame + 16);
	state->pc = pc;
	state->exact = false;
	return 0;
}

static int find_cfa(const struct walker *walker, const struct walker_state *state, const struct ktally_unwind_rule *rule, uint64_t *cfa)
{
	uint64_t base;

	if (!get(state, rule->reg, &base))
		return KTALLY_CUT_RULE;
	base += (uint64_t)(int64_t)rule->offset;
	*cfa = base;
	if (rule->cfa == KTALLY_CFA_PLT)
		*cfa += (state->pc & 15) >= (uint64_t)rule->offset2 ? 8 : 0;
	if (rule->cfa != KTALLY_CFA_DEREF)
		return 0;
	if (!walker->read(walker->arg, base, cfa))
		return KTALLY_CUT_FAULT;
	*cfa += (uint64_t)(int64_t)rule->offset2;
	return 0;
}

static int restore(const struct walker *walker, const struct walker_state *old, struct walker_state *state, const struct ktally_unwind_rule *rule,
		   uint64_t cfa)
{
	static const uint8_t x86_64[] = KTALLY_SAVED_X86_64, arm64[] = KTALLY_SAVED_ARM64;
	const uint8_t *registers = walker->machine == EM_X86_64 ? x86_64 : arm64;
	unsigned int nr = walker->machine == EM_X86_64 ? sizeof(x86_64) : sizeof(arm64), i;
	uint64_t base = cfa, value;
	bool based = true;

	if (rule->flags & KTALLY_RULE_SAVED_FRAME)
		based = get(old, frame_pointer(walker), &base);
	for (i = 0; i < nr; i++) {
		int16_t saved = i < rule->nr_saved ? rule->saved[i] : KTALLY_SAVED_SAME;

		if (saved == KTALLY_SAVED_SAME) {
			if (get(old, registers[i], &value))
				set(state, registers[i], value);
		} else if (saved != KTALLY_SAVED_UNKNOWN && based) {
			if (!walker->read(walker->arg, base + (uint64_t)(int64_t)saved * 8, &value))
				return KTALLY_CUT_FAULT;
			set(state, registers[i], value);
		}
	}
	return 0;
}

static int table_step(const struct walker *walker, struct walker_state *state, const struct ktally_unwind_rule *rule)
{
	struct walker_state old = *state;
	unsigned int sp = stack_pointer(walker);
	uint64_t cfa, stack;
	int cut = find_cfa(walker, &old, rule, &cfa);

	if (cut)
		return cut;
	/* A leaf of arm64 has nothing on the stack, and vfork of x86 takes its return address off. */
	if (!get(&old, sp, &stack) || (!(rule->flags & KTALLY_RULE_SWITCH) && (cfa < stack || (cfa == stack && !old.exact))))
		return KTALLY_CUT_LOOP;
	if (rule->ret == KTALLY_RETURN_REGISTER) {
		if (!get(&old, rule->return_offset, &state->pc))
			return KTALLY_CUT_RULE;
	} else if (!walker->read(walker->arg, cfa + (uint64_t)(int64_t)rule->return_offset, &state->pc)) {
		return KTALLY_CUT_FAULT;
	}
	state->known = 0;
	state->exact = false;
	set(state, sp, cfa);
	return restore(walker, &old, state, rule, cfa);
}

unsigned int walk(const struct walker *walker, struct walker_state *state, uint64_t *words, unsigned int max)
{
	const struct ktally_unwind_rule *rule;
	uint64_t guess = 0;
	unsigned int nr = 0;
	bool mapped;
	int cut = 0;

	while (nr < max) {
		words[nr++] = state->pc | guess;
		guess = 0;
		rule = walker->rule(walker->arg, state->exact ? state->pc : state->pc - 1, &mapped);
		if (rule && rule->cfa == KTALLY_CFA_END)
			return nr;
		if (!mapped) {
			cut = KTALLY_CUT_MAPPING;
		} else if (!rule || rule->cfa == KTALLY_CFA_FRAME) {
			cut = frame_step(walker, state, KTALLY_CUT_TABLE);
			guess = KTALLY_WORD_GUESS;
		} else if (rule->cfa == KTALLY_CFA_SIGNAL) {
			cut = signal_frame(walker, state);
		} else if (rule->cfa == KTALLY_CFA_UNKNOWN) {
			cut = KTALLY_CUT_RULE;
		} else {
			cut = table_step(walker, state, rule);
		}
		if (cut && nr < max)
			words[nr++] = KTALLY_WORD_CUT(cut);
		if (cut || !state->pc)
			return nr;
	}
	return nr;
}
