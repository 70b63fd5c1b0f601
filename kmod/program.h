/* SPDX-License-Identifier: GPL-2.0 */
/* Programs: what a source lets them read, their checked form, and running them. */
#ifndef _KTALLY_PROGRAM_H
#define _KTALLY_PROGRAM_H

#include <linux/ptrace.h>
#include <linux/types.h>
#include <linux/ktally.h>
#include <linux/ktally_program.h>

struct ktally_hot;
struct ktally_probe;
struct ktally_session;

/**
 * struct ktally_hit - what a source hands to the program
 * @args: arguments, as many as the source's fields speak of
 * @regs: where the hit interrupted (timer, perf, kprobe), or NULL
 * @frame: without regs: frame address of the handler, whose caller is where a kernel stack begins
 * @record: of a trace event, or NULL
 * @record_size: bytes of it
 */
struct ktally_hit {
	const u64 *args;
	struct pt_regs *regs;
	void *frame;
	const void *record;
	u32 record_size;
};

/** ktally_hit_user() - where the hit interrupted user mode, or NULL: it did not, or nobody knows. Context: any. */
static inline struct pt_regs *ktally_hit_user(const struct ktally_hit *hit)
{
	return hit->regs && user_mode(hit->regs) ? hit->regs : NULL;
}

/**
 * enum ktally_how - where a field's value is
 * @KTALLY_FIELD_ARG: args[arg] itself
 * @KTALLY_FIELD_DEREF: an integer of @size bytes at args[arg] + offset, in memory that the source vouches for
 * @KTALLY_FIELD_TEXT: text of @size bytes there
 * @KTALLY_FIELD_CALL: ask the function
 */
enum ktally_how {
	KTALLY_FIELD_ARG,
	KTALLY_FIELD_DEREF,
	KTALLY_FIELD_TEXT,
	KTALLY_FIELD_CALL,
};

/**
 * struct ktally_field - one field of a source
 * @name: as published
 * @type: enum ktally_type
 * @how: enum ktally_how
 * @arg: index into the hit's args
 * @size: bytes, as published
 * @offset: see @how
 * @get: KTALLY_FIELD_CALL: stores the value in @words words; @param is @offset. False: could not be read
 */
struct ktally_field {
	const char *name;
	u8 type;
	u8 how;
	u8 arg;
	u16 size;
	u32 offset;
	bool (*get)(const struct ktally_hit *hit, u32 param, u64 *dst, unsigned int words);
};

/**
 * struct ktally_fields - the fields of a source
 * @list: array
 * @nr: its length
 * @record: hits have a record, for KTALLY_OP_RECORD
 */
struct ktally_fields {
	const struct ktally_field *list;
	unsigned int nr;
	bool record;
};

/*
 * The checked form uses the same struct ktally_insn with KTALLY_OP_FIELD turned into one of these, UPDATE's imm into a
 * pointer to its table.
 */
enum {
	KTALLY_OPK_ARG = 64,	/* dst = args[a] */
	KTALLY_OPK_DEREF,	/* dst = load of aux bytes at args[a] + imm; b: 1 if signed */
	KTALLY_OPK_TEXT,	/* dst.. = aux bytes at args[a] + (imm & ~0U), span imm >> 32 words */
	KTALLY_OPK_CALL,	/* dst.. = fields->list[aux].get(), imm words */
};

/*
 * Other instructions keep their number, and in the checked form:
 *	COUNTER	imm: struct ktally_counter *; aux: its place in the state, 0: the whole count
 *	GATE	b: its first place in the state
 *	START	imm: struct ktally_pair *; aux: KTALLY_START_*
 *	END	imm: struct ktally_pair *; aux: how many instructions to skip | KTALLY_OPK_STAY
 */
#define KTALLY_OPK_STAY	(1U << 31)

/* What a program uses, for the governor. */
#define KTALLY_USES_STACK	1
#define KTALLY_USES_COUNTER	2
#define KTALLY_USES_END		4
#define KTALLY_USES_START	8
#define KTALLY_USES_NEST	16
#define KTALLY_USES_DUMP	32

/* Words of a program's state on each CPU; the first is the seed of chance. */
#define KTALLY_STATE_MAX_WORDS	64

/**
 * struct ktally_program - a checked program
 * @fields: of its source
 * @nr: instructions
 * @insns: instructions, checked form
 * @data: constant block
 * @data_len: bytes of it
 * @uses: KTALLY_USES_*
 * @nr_state: words of @state that are in use; 0: none
 * @state: what gates and differences remember on each CPU
 */
struct ktally_program {
	const struct ktally_fields *fields;
	unsigned int nr;
	unsigned int uses;
	unsigned int nr_state;
	u64 __percpu *state;
	struct ktally_insn *insns;
	u8 *data;
	unsigned int data_len;
};

/**
 * struct ktally_refusal - why a program was refused
 * @why: a sentence
 * @insn: number of the instruction, or -1
 */
struct ktally_refusal {
	const char *why;
	int insn;
};

/**
 * ktally_program_new() - check a program and take a copy
 * @session: whose tables, ring and stacks it may use
 * @fields: what its source lets it read
 * @insns: @nr instructions, copied; need not be aligned
 * @nr: how many
 * @data: constant block, copied
 * @data_len: bytes
 * @refusal: out: why not
 *
 * Return: the program or ERR_PTR(). Free with ktally_program_free().
 * Context: process, session locked.
 */
struct ktally_program *ktally_program_new(struct ktally_session *session,
					  const struct ktally_fields *fields, const void *insns,
					  unsigned int nr, const void *data, unsigned int data_len,
					  struct ktally_refusal *refusal);
void ktally_program_free(struct ktally_program *program);

/**
 * ktally_program_verify() - the check itself, in place; see ktally_program_new()
 *
 * Return: 0 or -errno with @refusal filled in.
 */
int ktally_program_verify(struct ktally_session *session, struct ktally_program *program,
			  struct ktally_refusal *refusal);

/**
 * ktally_program_run() - run a program at a hit
 * @probe: whose program
 * @hit: what the source hands over
 * @hot: the session's memory on this CPU
 * @half: the active half
 * @weight: for how many hits it stands
 *
 * Return: offset of the member of struct ktally_probe_count that the hit belongs to.
 * Context: inside a handler (ktally_enter()), any context.
 */
unsigned int ktally_program_run(const struct ktally_probe *probe, const struct ktally_hit *hit,
				const struct ktally_hot *hot, void *half, u32 weight);

/**
 * ktally_program_skip() - a hit is passed over: what counters did until now is nobody's, not the next hit's
 * @probe: whose program uses counters
 *
 * Context: as ktally_program_run().
 */
void ktally_program_skip(const struct ktally_probe *probe);

/** ktally_widen() - integer of @size bytes at @from */
static __always_inline u64 ktally_widen(const void *from, unsigned int size, bool is_signed)
{
	switch (size) {
	case 1:
		return is_signed ? (u64)(s64)*(s8 *)from : *(u8 *)from;
	case 2:
		return is_signed ? (u64)(s64)*(s16 *)from : *(u16 *)from;
	case 4:
		return is_signed ? (u64)(s64)*(s32 *)from : *(u32 *)from;
	}
	return *(u64 *)from;
}

/**
 * ktally_gate() - one KTALLY_OP_GATE
 * @insn: checked form
 * @program: whose state it uses
 * @size: for KTALLY_GATE_BYTES
 * @weight: multiplied by how many hits this one stands for
 *
 * Return: whether the hit passes.
 * Context: as ktally_program_run().
 */
bool ktally_gate(const struct ktally_insn *insn, const struct ktally_program *program, const u64 *size, u64 *weight);

/** ktally_record_load() - KTALLY_OP_RECORD; false: not inside the record. Context: as ktally_program_run(). */
bool ktally_record_load(const struct ktally_insn *insn, const struct ktally_hit *hit, u64 *dst);
/** ktally_record_text() - KTALLY_OP_RECORD_TEXT. */
bool ktally_record_text(const struct ktally_insn *insn, const struct ktally_hit *hit, u64 *dst);

#endif /* _KTALLY_PROGRAM_H */
