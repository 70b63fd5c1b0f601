/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bytecode.h: a second implementation of the bytecode, written from uapi/linux/ktally_program.h: what the module would
 * refuse (bc_verify) and what it would do (bc_run). For the compiler's tests and its fuzzer.
 */
#ifndef TESTS_BYTECODE_H
#define TESTS_BYTECODE_H

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"

#define BC_MEMORY 0xffff888000001000ULL	/* address of bc_env.memory */

/** struct bc_env - the moment of a hit */
struct bc_env {
	uint64_t number[32];			/* fields that are numbers, already extended */
	const char *string[32];			/* fields that are strings */
	uint64_t context[__KTALLY_CTX_END];
	const char *comm;
	unsigned char memory[256];		/* kernel and user see the same */
	const unsigned char *record;		/* of a trace event */
	unsigned int record_size;
	const struct ktally_plan *plan;		/* for pairs: what an end finds */
	uint64_t found[KTALLY_REGS];		/* by an end, in the order of KTALLY_OP_END */
	bool unmatched;				/* there is no start */
	bool gated;				/* no gate lets it through */
	uint64_t counter;			/* what a counter shows */
};

/** struct bc_result - what the program did */
struct bc_result {
	bool fault, filtered, gated;
	unsigned int nr_starts, nr_ends, nr_keeps, nr_dumps, nr_gates, nr_counters;
	uint64_t start_key[KTALLY_REGS], end_key[KTALLY_REGS], saved[KTALLY_REGS], dumped;
	struct ktally_insn gate;		/* the last */
	unsigned int nr_updates, nr_emits, nr_stacks, nr_users, steps, emit_words;
	uint64_t keys[KTALLY_REGS], values[KTALLY_REGS], record[KTALLY_REGS];
};

/* Words that an end of @pair finds. */
static inline unsigned int bc_results(const struct ktally_pair_plan *pair)
{
	return 1 + !!(pair->flags & KTALLY_PAIR_ONCPU) + 2 * !!(pair->flags & KTALLY_PAIR_NEST) + pair->nr_counters + pair->nr_saved;
}

static inline unsigned int bc_width(const struct ktally_insn *i, const struct ktally_plan *plan)
{
	switch (i->op) {
	case KTALLY_OP_FIELD:
	case KTALLY_OP_STRING:
		return i->imm ? i->imm / 8 : 1;
	case KTALLY_OP_CONTEXT:
		return i->aux == KTALLY_CTX_COMM ? 2 : 1;
	case KTALLY_OP_RECORD_TEXT:
		return (uint32_t)i->imm / 8;
	case KTALLY_OP_END:
		return bc_results(&plan->pairs[i->aux & 0xffff]);
	case KTALLY_OP_RECORD:
	case KTALLY_OP_COUNTER:
	case KTALLY_OP_USER:
		return 1;
	case KTALLY_OP_EXIT:
	case KTALLY_OP_UPDATE:
	case KTALLY_OP_EMIT:
		return 0;
	default:
		return i->op >= KTALLY_OP_JMP ? 0 : 1;
	}
}

static inline uint32_t bc_mask(unsigned int reg, unsigned int nr)
{
	return (uint32_t)(((1ULL << nr) - 1) << reg);
}

static inline bool bc_pair_op(const struct ktally_insn *i)
{
	return i->op == KTALLY_OP_START || i->op == KTALLY_OP_END;
}

/* What a start or an end reads; the number of the pair is checked. */
static inline const char *bc_pair_reads(const struct ktally_insn *i, uint32_t written, const struct ktally_pair_plan *pair)
{
	uint32_t need = 0;

	if (i->a + pair->nr_keys > KTALLY_REGS || (!pair->nr_keys && i->a))
		return "key of a pair out of range";
	need |= bc_mask(i->a, pair->nr_keys);
	if (i->op == KTALLY_OP_START && pair->nr_saved) {
		if (i->b + pair->nr_saved > KTALLY_REGS)
			return "saved words out of range";
		need |= bc_mask(i->b, pair->nr_saved);
	} else if (i->op == KTALLY_OP_START && i->b != KTALLY_NO_REG) {
		return "the pair saves no words";
	}
	if (i->op == KTALLY_OP_START ? i->aux & KTALLY_START_FIRST : i->aux & KTALLY_END_STAY)
		if (pair->flags & KTALLY_PAIR_NEST)
			return "flag of a pair that nests";
	return (written & need) == need ? NULL : "register read before it is written";
}

static inline const char *bc_reads(const struct ktally_insn *i, uint32_t written, const struct ktally_table_plan *table)
{
	unsigned int first = i->a, nr = 1, v;
	uint32_t need = 0;

	if (i->op == KTALLY_OP_EXIT || i->op == KTALLY_OP_FIELD || i->op == KTALLY_OP_CONTEXT || i->op == KTALLY_OP_IMM ||
	    i->op == KTALLY_OP_STACK || i->op == KTALLY_OP_USER || i->op == KTALLY_OP_JMP || i->op == KTALLY_OP_RECORD || i->op == KTALLY_OP_RECORD_TEXT ||
	    i->op == KTALLY_OP_COUNTER || (i->op == KTALLY_OP_GATE && i->aux != KTALLY_GATE_BYTES))
		return i->a ? "operand of an opcode without" : NULL;
	if (i->op == KTALLY_OP_MATCH)
		nr = (i->aux & 0xffff) / 8;
	if (i->op == KTALLY_OP_EMIT || i->op == KTALLY_OP_KEEP)
		nr = i->aux;
	if (i->op == KTALLY_OP_UPDATE) {
		nr = table->schema.key_words;
		for (v = first = 0; v < table->schema.nr_values; v++)
			first += table->schema.values[v].column.kind != KTALLY_COLUMN_COUNT;
		if (first && i->b + first > KTALLY_REGS)
			return "values out of range";
		if (first)
			need |= bc_mask(i->b, first);
		else if (i->b != KTALLY_NO_REG)
			return "values without columns";
		first = i->a;
	} else if (i->op >= KTALLY_OP_ADD && i->op < KTALLY_OP_RECORD && i->b != KTALLY_NO_REG) {
		if (i->b >= KTALLY_REGS || i->imm)
			return "second operand out of range";
		need |= bc_mask(i->b, 1);
	}
	if (first + nr > KTALLY_REGS)
		return "operand out of range";
	need |= bc_mask(first, nr);
	return (written & need) == need ? NULL : "register read before it is written";
}

/* Return: NULL, or what is wrong with the program. Unreachable instructions are wrong too. */
static inline const char *bc_verify(const struct ktally_probe_plan *p, const struct ktally_plan *plan)
{
	uint32_t incoming[KTALLY_INSNS_MAX + 1];
	bool reached[KTALLY_INSNS_MAX + 1] = { true };
	const char *why;
	unsigned int n;

	if (!p->nr_insns || p->nr_insns > KTALLY_INSNS_MAX || p->data_len > KTALLY_DATA_MAX)
		return "size of the program";
	memset(incoming, 0xff, sizeof(incoming));
	incoming[0] = 0;
	for (n = 0; n < p->nr_insns; n++) {
		const struct ktally_insn *i = &p->insns[n];
		uint32_t written = incoming[n], distance = i->op == KTALLY_OP_END ? i->imm : i->aux;
		unsigned int width;

		if (!reached[n])
			return "unreachable instruction";
		if (i->op >= __KTALLY_OP_END)
			return "unknown opcode";
		if (i->op == KTALLY_OP_UPDATE && i->aux >= plan->nr_tables)
			return "unknown table";
		if (bc_pair_op(i) && (i->aux & 0xffff) >= plan->nr_pairs)
			return "unknown pair";
		if (i->op == KTALLY_OP_COUNTER && (i->aux & 0xffff) >= plan->nr_counters)
			return "unknown counter";
		if (i->op == KTALLY_OP_GATE && (!i->aux || i->aux > KTALLY_GATE_MAX || !i->imm))
			return "gate without a number";
		width = bc_width(i, plan);
		why = bc_pair_op(i) ? bc_pair_reads(i, written, &plan->pairs[i->aux & 0xffff]) : bc_reads(i, written, i->op == KTALLY_OP_UPDATE ? &plan->tables[i->aux] : NULL);
		if (why)
			return why;
		if (i->op == KTALLY_OP_MATCH && (uint32_t)i->imm + (i->imm >> 32) > p->data_len)
			return "pattern outside the data";
		if (i->dst + width > KTALLY_REGS || (!width && i->dst))
			return "destination out of range";
		if (i->op != KTALLY_OP_END)	/* whose results are there when it does not jump */
			written |= bc_mask(i->dst, width);
		if (i->op == KTALLY_OP_EXIT)
			continue;
		if ((i->op >= KTALLY_OP_JMP && i->op <= KTALLY_OP_JSET) || i->op == KTALLY_OP_END) {
			if (!distance || n + 1 + distance >= p->nr_insns)
				return "jump out of the program";
			incoming[n + 1 + distance] &= written;
			reached[n + 1 + distance] = true;
			if (i->op == KTALLY_OP_JMP)
				continue;
		}
		written |= bc_mask(i->dst, width);
		if (n + 1 >= p->nr_insns)
			return "no exit at the end";
		incoming[n + 1] &= written;
		reached[n + 1] = true;
	}
	return NULL;
}

static inline uint64_t bc_arithmetic(uint8_t op, uint64_t a, uint64_t b)
{
	bool wraps = (int64_t)a == INT64_MIN && (int64_t)b == -1;

	switch (op) {
	case KTALLY_OP_ADD: return a + b;
	case KTALLY_OP_SUB: return a - b;
	case KTALLY_OP_MUL: return a * b;
	case KTALLY_OP_UDIV: return b ? a / b : 0;
	case KTALLY_OP_SDIV: return !b ? 0 : wraps ? a : (uint64_t)((int64_t)a / (int64_t)b);
	case KTALLY_OP_UMOD: return b ? a % b : 0;
	case KTALLY_OP_SMOD: return !b || wraps ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
	case KTALLY_OP_AND: return a & b;
	case KTALLY_OP_OR: return a | b;
	case KTALLY_OP_XOR: return a ^ b;
	case KTALLY_OP_SHL: return b < 64 ? a << b : 0;
	case KTALLY_OP_SHR: return b < 64 ? a >> b : 0;
	case KTALLY_OP_SAR: return (uint64_t)((int64_t)a >> (b < 64 ? b : 63));
	default: abort();
	}
}

static inline bool bc_jumps(uint8_t op, uint64_t a, uint64_t b)
{
	switch (op) {
	case KTALLY_OP_JMP: return true;
	case KTALLY_OP_JEQ: return a == b;
	case KTALLY_OP_JNE: return a != b;
	case KTALLY_OP_JULT: return a < b;
	case KTALLY_OP_JULE: return a <= b;
	case KTALLY_OP_JUGT: return a > b;
	case KTALLY_OP_JUGE: return a >= b;
	case KTALLY_OP_JSLT: return (int64_t)a < (int64_t)b;
	case KTALLY_OP_JSLE: return (int64_t)a <= (int64_t)b;
	case KTALLY_OP_JSGT: return (int64_t)a > (int64_t)b;
	case KTALLY_OP_JSGE: return (int64_t)a >= (int64_t)b;
	case KTALLY_OP_JSET: return a & b;
	default: abort();
	}
}

static inline bool bc_load(const struct bc_env *env, uint64_t address, unsigned int size, bool sign, uint64_t *out)
{
	uint64_t value = 0;

	if (address < BC_MEMORY || address - BC_MEMORY > sizeof(env->memory) - size)
		return false;
	memcpy(&value, env->memory + (address - BC_MEMORY), size);
	if (sign && size < 8)
		value = (uint64_t)((int64_t)(value << (64 - size * 8)) >> (64 - size * 8));
	*out = value;
	return true;
}

static inline bool bc_text(const struct bc_env *env, uint64_t address, unsigned int size, char *out)
{
	unsigned int i;

	memset(out, 0, size);
	for (i = 0; i < size; i++, address++) {
		if (address < BC_MEMORY || address - BC_MEMORY >= sizeof(env->memory))
			return false;
		out[i] = env->memory[address - BC_MEMORY];
		if (!out[i])
			break;
	}
	return true;
}

static inline uint64_t bc_match(const struct ktally_probe_plan *p, const struct ktally_insn *i, const uint64_t *span)
{
	unsigned int size = i->aux & 0xffff, len = i->imm >> 32;
	char text[KTALLY_STRING_MAX + 1] = "", pattern[KTALLY_STRING_MAX + 1] = "";

	memcpy(text, span, size);
	memcpy(pattern, p->data + (uint32_t)i->imm, len);
	if (i->aux & KTALLY_MATCH_GLOB)
		return fnmatch(pattern, text, 0) == 0;
	return strcmp(pattern, text) == 0;
}

/* A value of a trace event's record; lengths as the module would check them. */
static inline bool bc_record(const struct bc_env *env, const struct ktally_insn *i, uint64_t *r)
{
	bool text = i->op == KTALLY_OP_RECORD_TEXT;
	unsigned int at = i->aux & 0xffff, size = text ? i->imm >> 32 : i->aux >> 16 & 0xff, room = (uint32_t)i->imm;
	uint64_t value = 0;
	uint32_t where;

	if (i->aux & (KTALLY_RECORD_DYNAMIC | KTALLY_RECORD_RELATIVE)) {
		if (at + 4 > env->record_size)
			return false;
		memcpy(&where, env->record + at, 4);
		at = (where & 0xffff) + (i->aux & KTALLY_RECORD_RELATIVE ? at + 4 : 0) + (text ? 0 : i->imm);
		size = text ? where >> 16 : size;
	}
	if (at + size > env->record_size)
		return false;
	if (text) {
		memset(&r[i->dst], 0, room);
		memcpy(&r[i->dst], env->record + at, strnlen((const char *)env->record + at, size < room ? size : room));
		return true;
	}
	memcpy(&value, env->record + at, size);
	if (i->aux & KTALLY_RECORD_SIGNED && size < 8)
		value = (uint64_t)((int64_t)(value << (64 - size * 8)) >> (64 - size * 8));
	r[i->dst] = value;
	return true;
}

/* What remembers or lets through. Return: how many instructions to skip, or -1: the program ends */
static inline int bc_relation(const struct bc_env *env, const struct ktally_insn *i, uint64_t *r, struct bc_result *out)
{
	const struct ktally_pair_plan *pair = bc_pair_op(i) ? &env->plan->pairs[i->aux & 0xffff] : NULL;

	switch (i->op) {
	case KTALLY_OP_GATE:
		out->nr_gates++;
		out->gate = *i;
		out->gated = env->gated;
		return env->gated ? -1 : 0;
	case KTALLY_OP_START:
		out->nr_starts++;
		memcpy(out->start_key, &r[i->a], pair->nr_keys * 8);
		if (pair->nr_saved)
			memcpy(out->saved, &r[i->b], pair->nr_saved * 8);
		return 0;
	case KTALLY_OP_END:
		out->nr_ends++;
		memcpy(out->end_key, &r[i->a], pair->nr_keys * 8);
		if (env->unmatched)
			return i->imm;
		memcpy(&r[i->dst], env->found, bc_results(pair) * 8);
		return 0;
	case KTALLY_OP_KEEP:
		out->nr_keeps++;
		out->emit_words = i->aux;
		memcpy(out->record, &r[i->a], i->aux * 8);
		return 0;
	default:
		out->nr_dumps++;
		out->dumped = r[i->a];
		return 0;
	}
}

/* Run the values of one instruction. Return: false if it faults */
static inline bool bc_fetch(const struct ktally_probe_plan *p, const struct bc_env *env, const struct ktally_insn *i, uint64_t *r,
			    struct bc_result *out)
{
	switch (i->op) {
	case KTALLY_OP_FIELD:
		if (i->imm)
			strncpy((char *)&r[i->dst], env->string[i->aux], i->imm);
		else
			r[i->dst] = env->number[i->aux];
		return true;
	case KTALLY_OP_CONTEXT:
		if (i->aux == KTALLY_CTX_COMM)
			strncpy((char *)&r[i->dst], env->comm, 16);
		else
			r[i->dst] = env->context[i->aux];
		return true;
	case KTALLY_OP_IMM:
		r[i->dst] = i->imm;
		return true;
	case KTALLY_OP_MOV:
		r[i->dst] = r[i->a];
		return true;
	case KTALLY_OP_LOAD:
		return bc_load(env, r[i->a] + i->imm, i->aux & 0xff, i->aux & KTALLY_LOAD_SIGNED, &r[i->dst]);
	case KTALLY_OP_STRING:
		return bc_text(env, r[i->a], i->imm, (char *)&r[i->dst]);
	case KTALLY_OP_STACK:
		out->nr_stacks++;
		r[i->dst] = 1000 + i->aux;
		return true;
	case KTALLY_OP_USER:
		out->nr_users++;
		r[i->dst] = 2000 + i->imm;
		return true;
	case KTALLY_OP_MATCH:
		r[i->dst] = bc_match(p, i, &r[i->a]);
		return true;
	case KTALLY_OP_COUNTER:
		out->nr_counters++;
		r[i->dst] = env->counter + (i->aux & 0xffff);
		return true;
	case KTALLY_OP_RECORD:
	case KTALLY_OP_RECORD_TEXT:
		return bc_record(env, i, r);
	default:
		r[i->dst] = bc_arithmetic(i->op, r[i->a], i->b == KTALLY_NO_REG ? i->imm : r[i->b]);
		return true;
	}
}

static inline void bc_update(const struct ktally_insn *i, const uint64_t *r, struct bc_result *out)
{
	out->nr_updates++;
	memcpy(out->keys, &r[i->a], (KTALLY_REGS - i->a) * 8);
	if (i->b != KTALLY_NO_REG)
		memcpy(out->values, &r[i->b], (KTALLY_REGS - i->b) * 8);
}

static inline void bc_run(const struct ktally_probe_plan *p, const struct bc_env *env, struct bc_result *out)
{
	uint64_t r[KTALLY_REGS];
	unsigned int n;

	memset(out, 0, sizeof(*out));
	memset(r, 0xa5, sizeof(r));
	for (n = 0;; n++) {
		const struct ktally_insn *i = &p->insns[n];

		out->steps++;
		if (i->op == KTALLY_OP_EXIT) {
			out->filtered = i->imm == KTALLY_VERDICT_FILTERED;
			return;
		}
		if (i->op == KTALLY_OP_UPDATE) {
			bc_update(i, r, out);
		} else if (i->op == KTALLY_OP_EMIT) {
			out->nr_emits++;
			out->emit_words = i->aux;
			memcpy(out->record, &r[i->a], i->aux * 8);
		} else if (i->op >= KTALLY_OP_GATE && i->op <= KTALLY_OP_DUMP) {
			int skip = bc_relation(env, i, r, out);

			if (skip < 0)
				return;
			n += skip;
		} else if (i->op >= KTALLY_OP_JMP && i->op <= KTALLY_OP_JSET) {
			if (bc_jumps(i->op, i->op == KTALLY_OP_JMP ? 0 : r[i->a], i->b == KTALLY_NO_REG ? i->imm : r[i->b]))
				n += i->aux;
		} else if (!bc_fetch(p, env, i, r, out)) {
			out->fault = true;
			return;
		}
	}
}

#endif
