// SPDX-License-Identifier: GPL-2.0
/*
 * Walks user stacks by tables.
 *
 * What a walk knows of a frame: its address, its stack pointer, and of the registers that functions keep for their callers either the value
 * or where in memory it was saved; memory is read only when a rule needs the value. The innermost frame, and the one that a signal
 * interrupted, have all registers.
 */
#include <linux/compiler.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/ktally_ring.h>
#include "compat/task.h"
#include "compat/uaccess.h"
#include "compat/unwind.h"
#include "compat/uprobe.h"
#include "compat/user_regs.h"
#include "compat/vma.h"
#include "image.h"
#include "interp.h"
#include "mappings.h"
#include "probe.h"
#include "session.h"
#include "unwind.h"
#include "unwind_call.h"
#include "unwind_table.h"

#define REMEMBERED_BITS	10

/* A frame is not larger than a stack usually is. */
#define FRAME_MAX	(8UL << 20)

/**
 * struct remembered - the rule of an address, as it was last found
 * @ip: the address; written first as 0 and last as itself, since an NMI may look in the middle
 * @image: of whom
 * @rule: NULL: nothing is mapped there
 * @changes: of the place then
 * @generation: of the tables then
 */
struct remembered {
	unsigned long ip;
	u64 image;
	const struct ktally_unwind_rule *rule;
	u32 changes;
	u32 generation;
};

struct ktally_walker {
	struct ktally_unwind_count count;
	bool remembering;
	struct remembered remembered[1 << REMEMBERED_BITS];
};

/**
 * struct walk - a walk under way
 * @saved: of each register of ktally_saved_regs its value, or with its bit in @in_memory where that is
 * @in_memory: see @saved
 * @lost: bits of those that nobody knows
 * @regs: has all registers of this frame, or NULL
 * @signal: a signal frame that has, or 0
 * @exact: the address is where the frame was interrupted; else it is a return address
 * @apart: the stack pointer is only known to be @sp or above: the frame came by a frame pointer, which is not next to it (arm64)
 */
struct walk {
	const struct ktally_mappings *mappings;
	const struct ktally_place *place;
	struct ktally_walker *walker;
	u64 image;
	u32 generation;
	unsigned long ip;
	unsigned long sp;
	const struct pt_regs *regs;
	unsigned long signal;
	bool exact;
	bool apart;
	bool guess;
	u32 in_memory;
	u32 lost;
	unsigned long saved[ARRAY_SIZE(ktally_saved_regs)];
};

/* Before the first row of a table. */
static const struct ktally_unwind_rule no_rule = { .cfa = KTALLY_CFA_UNKNOWN };

/* Of what is mapped and has no table: told apart by its address, and remembered like a rule. */
static const struct ktally_unwind_rule no_table = { .cfa = KTALLY_CFA_FRAME };

struct ktally_walker *ktally_walker_new(void)
{
	return vzalloc(sizeof(struct ktally_walker));
}

void ktally_walker_free(struct ktally_walker *walker)
{
	vfree(walker);
}

u64 ktally_walker_length(void)
{
	return sizeof(struct ktally_walker);
}

void ktally_walker_add(const struct ktally_walker *walker, struct ktally_unwind_count *sum)
{
	const u64 *from = (const u64 *)&walker->count;
	u64 *to = (u64 *)sum;
	unsigned int i;

	for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		to[i] += READ_ONCE(from[i]);
}

/* ---- rules ---- */

/* The rule at an address, or NULL: nothing is mapped there that is known of. Memory of no file that is the vDSO's is file 0. */
static noinline const struct ktally_unwind_rule *search_rule(const struct walk *walk, unsigned long ip)
{
	const struct ktally_range *range = walk->place ? ktally_mappings_range(walk->mappings, walk->place, ip) : NULL;
	const struct ktally_unwind_rule *rule;
	const struct ktally_rows *rows;
	u32 file;

	if (!range)
		return NULL;
	file = range->file;
	if (file == KTALLY_FILE_NONE && range->start == ktally_vdso_start(current->mm))
		file = 0;
	if (file == KTALLY_FILE_NONE)
		return &no_table;
	/* Pairs with ktally_mappings_give_table(). */
	rows = smp_load_acquire(&walk->mappings->files[file].rows);
	if (!rows)
		return &no_table;
	rule = ktally_rows_find(rows, ip - range->start + range->offset);
	return rule ? rule : &no_rule;
}

static __always_inline const struct ktally_unwind_rule *find_rule(const struct walk *walk, unsigned long ip)
{
	struct remembered *entry = &walk->walker->remembered[hash_64(ip ^ walk->image, REMEMBERED_BITS)];
	u32 changes = walk->place ? READ_ONCE(walk->place->changes) : 0;
	const struct ktally_unwind_rule *rule;

	if (likely(READ_ONCE(entry->ip) == ip && entry->image == walk->image && entry->changes == changes &&
		   entry->generation == walk->generation)) {
		rule = entry->rule;
		barrier();
		/* An NMI that took the entry for another address left that one here. */
		if (likely(READ_ONCE(entry->ip) == ip && READ_ONCE(entry->image) == walk->image))
			return rule;
	}
	rule = search_rule(walk, ip);
	/* An NMI in the middle leaves entries alone: half of one and half of another would be a wrong rule. */
	if (unlikely(READ_ONCE(walk->walker->remembering)))
		return rule;
	WRITE_ONCE(walk->walker->remembering, true);
	barrier();
	WRITE_ONCE(entry->ip, 0);
	barrier();
	entry->image = walk->image;
	entry->rule = rule;
	entry->changes = changes;
	entry->generation = walk->generation;
	barrier();
	WRITE_ONCE(entry->ip, ip);
	barrier();
	WRITE_ONCE(walk->walker->remembering, false);
	return rule;
}

/* ---- registers ---- */

static bool get_saved(const struct walk *walk, unsigned int n, unsigned long *value)
{
	if (walk->lost & 1U << n)
		return false;
	*value = walk->saved[n];
	return !(walk->in_memory & 1U << n) || ktally_user_word(walk->saved[n], value);
}

static __always_inline bool get_reg(const struct walk *walk, unsigned int reg, unsigned long *value)
{
	unsigned int n;

	if (likely(reg == KTALLY_REG_SP)) {
		*value = walk->sp;
		return true;
	}
	for (n = 0; n < ARRAY_SIZE(ktally_saved_regs); n++)
		if (ktally_saved_regs[n] == reg)
			return get_saved(walk, n, value);
	if (walk->regs) {
		*value = ktally_user_reg(walk->regs, reg);
		return true;
	}
	return walk->signal && ktally_user_word(walk->signal + ktally_signal_reg(reg), value);
}

static void begin(struct walk *walk, const struct pt_regs *regs, unsigned long frame, bool whole)
{
	unsigned int n;

	walk->ip = ktally_user_reg(regs, KTALLY_REG_IP);
	walk->sp = ktally_user_reg(regs, KTALLY_REG_SP);
	walk->regs = whole ? regs : NULL;
	walk->exact = true;
	for (n = 0; n < ARRAY_SIZE(ktally_saved_regs); n++)
		walk->saved[n] = ktally_user_reg(regs, ktally_saved_regs[n]);
	walk->saved[0] = frame;
	walk->lost = whole ? 0 : ~1U;
}

/* ---- steps: each gives KTALLY_CUT_NONE, or why there is no next frame ---- */

/* In the place of a reason: the stack ends here. */
#define WHOLE	__KTALLY_CUT_END

static void arrive(struct walk *walk, unsigned long ip, unsigned long sp)
{
	walk->ip = ip;
	walk->sp = sp;
	walk->regs = NULL;
	walk->signal = 0;
	walk->exact = false;
	walk->apart = false;
}

/* A uretprobe may have put its own address in the place of the caller's. @low, @high: of the stack pointer after the return */
static __always_inline unsigned long caller(unsigned long ip, unsigned long low, unsigned long high)
{
	ip = ktally_strip_user(ip);
	return likely(offset_in_page(ip)) ? ip : ktally_uretprobe_caller(ip, low, high);
}

static int step_signal(struct walk *walk)
{
	unsigned long at = walk->sp, ip, sp;
	unsigned int n;

	if (walk->apart)
		return KTALLY_CUT_RULE;
	if (!ktally_user_word(at + ktally_signal_reg(KTALLY_REG_IP), &ip) ||
	    !ktally_user_word(at + ktally_signal_reg(KTALLY_REG_SP), &sp))
		return KTALLY_CUT_FAULT;
	for (n = 0; n < ARRAY_SIZE(ktally_saved_regs); n++)
		walk->saved[n] = at + ktally_signal_reg(ktally_saved_regs[n]);
	walk->in_memory = ~0U;
	walk->lost = 0;
	/* A signal may run on a stack of its own, which may lie above. */
	arrive(walk, ktally_strip_user(ip), sp);
	walk->signal = at;
	walk->exact = true;
	return KTALLY_CUT_NONE;
}

/* Whether the next frame pointer and an address that no call stands before look like those of a frame. */
static bool is_plausible(const struct walk *walk, unsigned long frame, unsigned long next, unsigned long ip)
{
	unsigned long word;

	if (next && (next <= frame || next - frame > FRAME_MAX || next % sizeof(long)))
		return false;
	return (ip < walk->sp || ip - walk->sp > FRAME_MAX) && ktally_user_word(ip & ~7UL, &word);
}

/*
 * By the frame pointer, if it leads to an address that a call stands before. Interpreters that were generated push such addresses without
 * a call: where code has no table these are guesses. @reason: what is missing otherwise
 */
static int step_frame(struct walk *walk, int reason)
{
	unsigned long frame, next, ip;

	if (!get_saved(walk, 0, &frame))
		return reason;
	/* Code without frame pointers may have anything there, and often 0. */
	if (!frame)
		return reason == KTALLY_CUT_MAPPING ? WHOLE : reason;
	if (frame < walk->sp || frame - walk->sp > FRAME_MAX || frame % sizeof(long))
		return reason;
	if (!ktally_user_word(frame, &next) || !ktally_user_word(frame + sizeof(long), &ip))
		return KTALLY_CUT_FAULT;
	ip = caller(ip, frame + 2 * sizeof(long), IS_ENABLED(CONFIG_X86) ? frame + 2 * sizeof(long) : next);
	if (!ip && reason == KTALLY_CUT_MAPPING)
		return WHOLE;
	/* Code that was compiled into a file need not keep frame pointers, that of JIT compilers does or would have failed the test. */
	walk->guess = reason != KTALLY_CUT_MAPPING;
	if (!ktally_follows_call(ip)) {
		if (walk->guess || !is_plausible(walk, frame, next, ip))
			return reason;
		walk->guess = true;
	}
	walk->saved[0] = next;
	walk->in_memory &= ~1U;
	walk->lost = ~1U;
	arrive(walk, ip, frame + 2 * sizeof(long));
	walk->apart = IS_ENABLED(CONFIG_ARM64);
	walk->walker->count.by_frame++;
	walk->walker->count.guesses += walk->guess;
	return KTALLY_CUT_NONE;
}

/* Has the function stored its link register, @ip, where the frame pointer is: so that this is its frame? */
static bool has_frame(const struct walk *walk, unsigned long ip)
{
	unsigned long frame, stored;

	return get_saved(walk, 0, &frame) && frame >= walk->sp && frame - walk->sp <= FRAME_MAX && frame % sizeof(long) == 0 &&
	       ktally_user_word(frame + sizeof(long), &stored) && ktally_strip_user(stored) == ip;
}

/*
 * Code of a file whose table does not tell about it: functions of assemblers that nobody described. The innermost one has mostly pushed
 * nothing yet: then the caller is at the stack pointer, or in the link register.
 */
static int step_bare(struct walk *walk)
{
	unsigned long ip, sp = walk->sp;

#ifdef CONFIG_ARM64
	if (!walk->exact || !get_reg(walk, KTALLY_REG_LR, &ip))
		return step_frame(walk, KTALLY_CUT_RULE);
#else
	if (!walk->exact || !ktally_user_word(sp, &ip))
		return step_frame(walk, KTALLY_CUT_RULE);
	sp += sizeof(long);
#endif
	ip = caller(ip, sp, sp);
	if (!ktally_follows_call(ip) || (IS_ENABLED(CONFIG_ARM64) && has_frame(walk, ip)))
		return step_frame(walk, KTALLY_CUT_RULE);
	arrive(walk, ip, sp);
	walk->guess = true;
	walk->walker->count.guesses++;
	return KTALLY_CUT_NONE;
}

/* @cfa: in: reg + offset; see KTALLY_CFA_LEFT */
static int left_address(const struct ktally_unwind_rule *rule, unsigned long *cfa)
{
	unsigned long thread, left;

	if (!ktally_user_word(*cfa, &thread) || !ktally_user_word(thread + rule->offset2, &left) ||
	    !ktally_user_word(left + rule->offset + sizeof(long), cfa))
		return KTALLY_CUT_FAULT;
	*cfa -= rule->return_offset;
	return KTALLY_CUT_NONE;
}

/* Where the stack pointer is not known the frame pointer tells it, if the function has saved that of its caller: it leads to where. */
static int apart_address(const struct walk *walk, const struct ktally_unwind_rule *rule, unsigned long *cfa)
{
	if (!rule->nr_saved || rule->saved[0] <= KTALLY_SAVED_UNKNOWN || rule->flags & KTALLY_RULE_SAVED_FRAME ||
	    rule->cfa != KTALLY_CFA_REGISTER || !get_saved(walk, 0, cfa))
		return KTALLY_CUT_RULE;
	*cfa -= rule->saved[0] * (long)sizeof(u64);
	return KTALLY_CUT_NONE;
}

static int frame_address(const struct walk *walk, const struct ktally_unwind_rule *rule, unsigned long *cfa)
{
	if (unlikely(walk->apart) && rule->reg == KTALLY_REG_SP)
		return apart_address(walk, rule, cfa);
	if (!get_reg(walk, rule->reg, cfa))
		return KTALLY_CUT_RULE;
	*cfa += rule->offset;
	if (likely(rule->cfa == KTALLY_CFA_REGISTER))
		return KTALLY_CUT_NONE;
	if (rule->cfa == KTALLY_CFA_DEREF) {
		if (!ktally_user_word(*cfa, cfa))
			return KTALLY_CUT_FAULT;
		*cfa += rule->offset2;
		return KTALLY_CUT_NONE;
	}
	if (rule->cfa == KTALLY_CFA_LEFT)
		return left_address(rule, cfa);
	/* KTALLY_CFA_PLT: behind its push, or before */
	*cfa += (long)(walk->ip & 15) >= rule->offset2 ? sizeof(long) : 0;
	return KTALLY_CUT_NONE;
}

/* @from: what the places of saved registers count from: the CFA, or the frame pointer where the stack was aligned */
static __always_inline void keep_saved(struct walk *walk, const struct ktally_unwind_rule *rule, unsigned long from)
{
	unsigned int n;

	if (unlikely(rule->flags & KTALLY_RULE_SAVED_FRAME) && !get_saved(walk, 0, &from)) {
		for (n = 0; n < rule->nr_saved; n++)
			if (rule->saved[n] != KTALLY_SAVED_SAME)
				walk->lost |= 1U << n;
		return;
	}
	for (n = 0; n < rule->nr_saved; n++) {
		if (rule->saved[n] == KTALLY_SAVED_SAME)
			continue;
		walk->saved[n] = from + rule->saved[n] * (long)sizeof(u64);
		walk->in_memory |= 1U << n;
		walk->lost &= ~(1U << n);
		if (unlikely(rule->saved[n] == KTALLY_SAVED_UNKNOWN))
			walk->lost |= 1U << n;
	}
}

static __always_inline int step_rule(struct walk *walk, const struct ktally_unwind_rule *rule)
{
	unsigned long cfa, ip;
	int cut;

	cut = frame_address(walk, rule, &cfa);
	if (unlikely(cut))
		return cut;
	/* A leaf of arm64 has no frame, so the stack pointer need not move the first time. */
	if (unlikely(cfa <= walk->sp && (cfa < walk->sp || !walk->exact)) && !(rule->flags & KTALLY_RULE_SWITCH))
		return KTALLY_CUT_LOOP;
	if (likely(rule->ret == KTALLY_RETURN_CFA)) {
		if (unlikely(!ktally_user_word(cfa + rule->return_offset, &ip)))
			return KTALLY_CUT_FAULT;
	} else if (!get_reg(walk, rule->return_offset, &ip)) {
		return KTALLY_CUT_RULE;
	}
	keep_saved(walk, rule, cfa);
	arrive(walk, caller(ip, cfa, cfa), cfa);
	walk->walker->count.by_table++;
	return walk->ip ? KTALLY_CUT_NONE : WHOLE;
}

static __always_inline int step(struct walk *walk)
{
	/* The call may have been the last of its function, and what follows another one. */
	const struct ktally_unwind_rule *rule = find_rule(walk, walk->exact ? walk->ip : walk->ip - 1);

	walk->guess = false;
	if (unlikely(!rule))
		return step_frame(walk, KTALLY_CUT_MAPPING);
	if (unlikely(rule == &no_table))
		return step_frame(walk, KTALLY_CUT_TABLE);
	switch (rule->cfa) {
	case KTALLY_CFA_UNKNOWN:
		return step_bare(walk);
	case KTALLY_CFA_END:
		return WHOLE;
	case KTALLY_CFA_SIGNAL:
		return step_signal(walk);
	case KTALLY_CFA_FRAME:
		return step_frame(walk, KTALLY_CUT_MAPPING);
	}
	return step_rule(walk, rule);
}

static unsigned int native(struct walk *walk, unsigned long *words, unsigned int depth)
{
	unsigned int nr = 0;
	int cut;

	do {
		words[nr++] = walk->ip | (walk->guess ? KTALLY_WORD_GUESS : 0);
		cut = step(walk);
	} while (!cut && nr < depth);
	if (!cut)
		cut = KTALLY_CUT_DEPTH;
	if (cut == WHOLE) {
		walk->walker->count.whole++;
		return nr;
	}
	walk->walker->count.cut[cut]++;
	words[nr++] = KTALLY_WORD_CUT(cut);
	return nr;
}

/* The frames of the language that the process interprets, and what user space needs to name them. */
static unsigned int interpreted(const struct ktally_probe *probe, const struct ktally_hot *hot, const struct walk *walk,
				const struct ktally_interp *interp, unsigned long *words)
{
	unsigned int nr = ktally_interp_walk(interp, walk->place->runtime, words, KTALLY_INTERP_DEPTH_MAX);

	ktally_interp_codes(probe, hot->ring, hot->codes, walk->image, interp, words, nr);
	walk->walker->count.interp += nr;
	return nr;
}

unsigned int ktally_walk_user(const struct ktally_probe *probe, const struct ktally_hot *hot, const struct ktally_hit *hit,
			      unsigned long *words, unsigned int depth)
{
	struct pt_regs *regs = ktally_hit_user(hit);
	struct walk walk = { .mappings = probe->session->mappings, .walker = hot->walker };
	const struct ktally_interp *interp;
	unsigned long frame;
	unsigned int nr;
	bool whole;

	regs = ktally_user_entry(regs, &frame, &whole);
	/* Between two programs there is no stack: memory is the new one's already, registers still the old one's. */
	if (!regs && ktally_task_in_execve(current))
		return 0;
	/* A kernel thread has none; one of 32 bits has frame pointers, or none that we could tell. */
	if (!regs)
		return ktally_unwind_user(ktally_hit_user(hit), words, depth);
	walk.image = ktally_task_image(current);
	walk.place = ktally_mappings_place(walk.mappings, walk.image);
	/* Pairs with ktally_mappings_give_table(). */
	walk.generation = smp_load_acquire(&walk.mappings->generation);
	begin(&walk, regs, frame, whole);
	pagefault_disable();
	nr = native(&walk, words, depth);
	pagefault_enable();
	walk.walker->count.stacks++;
	/* Pairs with ktally_mappings_set_interp(). */
	interp = walk.place ? smp_load_acquire(&walk.place->interp) : NULL;
	return interp ? nr + interpreted(probe, hot, &walk, interp, words + nr) : nr;
}
