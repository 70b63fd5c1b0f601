// SPDX-License-Identifier: GPL-2.0
/* Checks the instructions that reach beyond the hit: records of trace events, counters, gates, pairs, the scratch ring. */
#include <linux/kernel.h>
#include "counter.h"
#include "pair.h"
#include "session.h"
#include "verify.h"

#define RECORD_FLAGS (KTALLY_RECORD_SIGNED | KTALLY_RECORD_DYNAMIC | KTALLY_RECORD_RELATIVE)

static int has_record(struct verifier *v)
{
	if (v->program->fields->record)
		return 0;
	return verify_refuse(v, -EINVAL, "only a trace event (SOURCE_KIND 9) has a record");
}

int ktally_check_record(struct verifier *v)
{
	u32 aux = v->insn->aux, size = aux >> 16 & 0xff;
	int err = verify_unused(v, HAS_DST | HAS_AUX | HAS_IMM);

	if (!err)
		err = has_record(v);
	if (err)
		return err;
	if (aux & ~(0xffffff | RECORD_FLAGS))
		return verify_refuse(v, -EINVAL, "unknown flag of a record's field");
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return verify_refuse(v, -EINVAL, "an integer of a record has 1, 2, 4 or 8 bytes");
	if (aux & KTALLY_RECORD_DYNAMIC ? v->insn->imm > 0xffff : v->insn->imm || aux & KTALLY_RECORD_RELATIVE)
		return verify_refuse(v, -EINVAL, "only a dynamic array has an offset inside, below 65536");
	return verify_writes(v, v->insn->dst, 1);
}

int ktally_check_record_text(struct verifier *v)
{
	u32 aux = v->insn->aux, kept = v->insn->imm, size = v->insn->imm >> 32;
	bool dynamic = aux & (KTALLY_RECORD_DYNAMIC | KTALLY_RECORD_RELATIVE);
	int err = verify_unused(v, HAS_DST | HAS_AUX | HAS_IMM);

	if (!err)
		err = has_record(v);
	if (!err && aux & ~(0xffff | KTALLY_RECORD_DYNAMIC | KTALLY_RECORD_RELATIVE))
		err = verify_refuse(v, -EINVAL, "unknown flag of a record's field");
	if (!err && (dynamic ? size != 0 : !size || size > 0xffff))
		err = verify_refuse(v, -EINVAL, "a text in a record has a size, and only one of fixed size does");
	if (!err)
		err = verify_string_size(v, kept);
	return err ? err : verify_writes(v, v->insn->dst, kept / 8);
}

/* Sets words of the program's state aside; the first of them is chance's. Returns its place or -errno. */
static int state_words(struct verifier *v, unsigned int nr)
{
	struct ktally_program *program = v->program;
	unsigned int first = program->nr_state ? program->nr_state : 1;

	if (first + nr > KTALLY_STATE_MAX_WORDS)
		return verify_refuse(v, -E2BIG, "a program has too many gates or differences of counters");
	program->nr_state = first + nr;
	return first;
}

int ktally_check_counter(struct verifier *v)
{
	struct ktally_insn *i = v->insn;
	const struct ktally_counter *counter;
	int place = 0, err = verify_unused(v, HAS_DST | HAS_AUX);

	if (err)
		return err;
	if (i->aux & ~(0xffff | KTALLY_COUNTER_DELTA))
		return verify_refuse(v, -EINVAL, "unknown flag of a counter");
	if ((i->aux & 0xffff) >= v->session->nr_counters)
		return verify_refuse(v, -ENOENT, "the session has no counter of that number");
	counter = v->session->counters[i->aux & 0xffff];
	if (!ktally_counter_pinned(counter))
		return verify_refuse(v, -EINVAL, "a counter that a program reads must be pinned: make it with KTALLY_PERF_PINNED");
	/* Even a whole count has the state, if only for the address of its first word. */
	place = state_words(v, i->aux & KTALLY_COUNTER_DELTA ? 1 : 0);
	if (place < 0)
		return place;
	i->aux = i->aux & KTALLY_COUNTER_DELTA ? place : 0;
	i->imm = (unsigned long)counter;
	v->program->uses |= KTALLY_USES_COUNTER;
	return verify_writes(v, i->dst, 1);
}

int ktally_check_gate(struct verifier *v)
{
	struct ktally_insn *i = v->insn;
	bool bytes = i->aux == KTALLY_GATE_BYTES;
	int place, err = verify_unused(v, HAS_AUX | HAS_IMM | (bytes ? HAS_A : 0));

	if (err)
		return err;
	if (!i->aux || i->aux > KTALLY_GATE_MAX)
		return verify_refuse(v, -EINVAL, "unknown kind of gate");
	if (!i->imm || (i->aux != KTALLY_GATE_PERIOD && i->imm > 0xffffffffULL))
		return verify_refuse(v, -ERANGE, "the number of a gate is 1 to 4294967295");
	if (bytes)
		err = verify_reads(v, i->a, 1);
	place = state_words(v, 2);
	if (place < 0)
		return place;
	i->b = place;
	return err;
}

static struct ktally_pair *pair_of(struct verifier *v)
{
	u32 number = v->insn->aux & 0xffff;

	if (number < v->session->nr_pairs)
		return v->session->pairs[number];
	verify_refuse(v, -ENOENT, "the session has no pair of that number");
	return NULL;
}

static int reads_key(struct verifier *v, const struct ktally_pair *pair)
{
	if (pair->nr_keys)
		return verify_reads(v, v->insn->a, pair->nr_keys);
	return v->insn->a ? verify_refuse(v, -EINVAL, "the pair has no key words") : 0;
}

int ktally_check_start(struct verifier *v)
{
	struct ktally_insn *i = v->insn;
	int err = verify_unused(v, HAS_A | HAS_B | HAS_AUX);
	struct ktally_pair *pair;

	if (!err && i->aux & ~(0xffff | KTALLY_START_FIRST))
		err = verify_refuse(v, -EINVAL, "unknown flag of a start");
	if (err)
		return err;
	pair = pair_of(v);
	if (!pair)
		return -ENOENT;
	if (pair->nr_saved)
		err = verify_reads(v, i->b, pair->nr_saved);
	else if (i->b && i->b != KTALLY_NO_REG)
		err = verify_refuse(v, -EINVAL, "the pair saves no words");
	else
		i->b = 0;
	if (i->aux & KTALLY_START_FIRST && pair->flags & KTALLY_PAIR_NEST)
		err = verify_refuse(v, -EINVAL, "starts that nest are all kept: KTALLY_START_FIRST has no meaning");
	i->aux &= KTALLY_START_FIRST;
	i->imm = (unsigned long)pair;
	v->program->uses |= KTALLY_USES_START | (pair->flags & KTALLY_PAIR_NEST ? KTALLY_USES_NEST : 0);
	if (pair->nr_counters)
		v->program->uses |= KTALLY_USES_COUNTER;
	return err ? err : reads_key(v, pair);
}

int ktally_check_end(struct verifier *v)
{
	struct ktally_insn *i = v->insn;
	int err = verify_unused(v, HAS_DST | HAS_A | HAS_AUX | HAS_IMM);
	struct ktally_pair *pair;

	if (!err && i->aux & ~(0xffff | KTALLY_END_STAY))
		err = verify_refuse(v, -EINVAL, "unknown flag of an end");
	if (err)
		return err;
	pair = pair_of(v);
	if (!pair)
		return -ENOENT;
	if (i->aux & KTALLY_END_STAY && pair->flags & KTALLY_PAIR_NEST)
		return verify_refuse(v, -EINVAL, "a start that nests cannot stay open: KTALLY_END_STAY has no meaning");
	err = reads_key(v, pair);
	if (!err)
		err = verify_skip(v, i->imm);
	if (err)
		return err;
	i->aux = (u32)i->imm | (i->aux & KTALLY_END_STAY ? KTALLY_OPK_STAY : 0);
	i->imm = (unsigned long)pair;
	v->program->uses |= KTALLY_USES_END;
	return verify_writes(v, i->dst, pair->nr_results);
}

int ktally_check_keep(struct verifier *v)
{
	int err = verify_unused(v, HAS_A | HAS_AUX);

	if (!err && !v->session->config.scratch_size)
		err = verify_refuse(v, -EINVAL, "the session has no scratch ring: make it with SCRATCH_SIZE");
	return err ? err : verify_reads(v, v->insn->a, v->insn->aux);
}

int ktally_check_user(struct verifier *v)
{
	int err = verify_unused(v, HAS_DST | HAS_IMM);

	if (!err && (!v->insn->imm || v->insn->imm % sizeof(u64) || v->insn->imm > KTALLY_USER_STACK_MAX))
		err = verify_refuse(v, -EINVAL, "a piece of a user stack has 8 to 65024 bytes, a multiple of 8");
	if (!err && !v->session->config.ring_size)
		err = verify_refuse(v, -EINVAL, "registers and stacks of users go to the ring: make the session with RING_SIZE");
	if (!err && v->insn->imm > v->session->config.ring_size / 2)
		err = verify_refuse(v, -EINVAL, "the ring is too small for such a piece of a user stack: make it at least twice as large");
	v->program->uses |= KTALLY_USES_STACK;
	return err ? err : verify_writes(v, v->insn->dst, 1);
}

int ktally_check_dump(struct verifier *v)
{
	int err = verify_unused(v, HAS_A);

	if (!err && (!v->session->config.scratch_size || !v->session->config.ring_size))
		err = verify_refuse(v, -EINVAL, "a dump goes from the scratch ring to the ring: make the session with SCRATCH_SIZE and RING_SIZE");
	v->program->uses |= KTALLY_USES_DUMP;
	return err ? err : verify_reads(v, v->insn->a, 1);
}
