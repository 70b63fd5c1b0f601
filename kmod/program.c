// SPDX-License-Identifier: GPL-2.0
/*
 * Runs programs: the interpreter of the checked form.
 *
 * The verifier has seen to it that registers, jumps, ids and widths are right, so nothing is checked here but what only
 * the moment knows: whether memory can be read.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>
#include "compat/sync.h"
#include "context.h"
#include "counter.h"
#include "governor.h"
#include "pair.h"
#include "scratch.h"
#include "user_record.h"
#include "session.h"
#include "glob.h"
#include "probe.h"
#include "ring.h"
#include "stack.h"

static int read_memory(void *dst, u64 address, unsigned int size, bool user)
{
	if (user)
		return copy_from_user_nofault(dst, (void __user *)(unsigned long)address, size);
	return copy_from_kernel_nofault(dst, (void *)(unsigned long)address, size);
}

static bool load(const struct ktally_insn *insn, u64 base, u64 *dst)
{
	u64 raw = 0;

	if (read_memory(&raw, base + insn->imm, insn->aux & 0xff, insn->aux & KTALLY_LOAD_USER))
		return false;
	*dst = ktally_widen(&raw, insn->aux & 0xff, insn->aux & KTALLY_LOAD_SIGNED);
	return true;
}

/* Reads text up to its NUL, in pieces that do not cross a page, so that the page behind the text need not be there. */
static noinline bool load_string(u64 address, unsigned int size, bool user, u64 *dst)
{
	char *text = (char *)dst;
	unsigned int done = 0, some;

	memset(text, 0, size);
	while (done < size) {
		some = min_t(unsigned int, size - done, 32);
		some = min_t(unsigned int, some, PAGE_SIZE - ((address + done) & ~PAGE_MASK));
		if (read_memory(text + done, address + done, some, user))
			return false;
		if (memchr(text + done, 0, some))
			break;
		done += some;
	}
	/* What was behind the NUL, or did not fit, is not part of the text. */
	text[size - 1] = 0;
	done = strlen(text);
	memset(text + done, 0, size - done);
	return true;
}

static void copy_text(const struct ktally_insn *insn, const struct ktally_hit *hit, u64 *dst)
{
	unsigned int room = (insn->imm >> 32) * sizeof(u64);
	unsigned int len = min_t(unsigned int, insn->aux, room);
	const char *from = (const char *)(unsigned long)hit->args[insn->a] + (u32)insn->imm;

	memset(dst, 0, room);
	memcpy(dst, from, strnlen(from, len));
}

static noinline bool match(const struct ktally_program *program, const struct ktally_insn *insn,
			   const u64 *span)
{
	const u8 *pattern = program->data + (u32)insn->imm, *text = (const u8 *)span;
	unsigned int plen = insn->imm >> 32, tlen = strnlen((const char *)text, insn->aux & 0xffff);

	if (insn->aux & KTALLY_MATCH_GLOB)
		return ktally_glob(pattern, plen, text, tlen);
	return plen == tlen && !memcmp(pattern, text, tlen);
}

struct ktally_record *ktally_probe_record(const struct ktally_probe *probe, struct ktally_ring *ring,
					  unsigned int type, u32 size, const struct task_struct *task)
{
	struct ktally_record *record = ktally_ring_reserve(ring, size);

	if (!record)
		return NULL;
	ktally_record_head(record, probe, type, size, task);
	return record;
}

static noinline void emit(const struct ktally_probe *probe, const struct ktally_hot *hot,
			  const u64 *words, unsigned int nr)
{
	struct ktally_event *event;
	u32 size = sizeof(*event) + nr * sizeof(u64);

	event = (void *)ktally_probe_record(probe, hot->ring, KTALLY_RECORD_EVENT, size, current);
	if (!event)
		return;
	memcpy(event->words, words, nr * sizeof(u64));
	ktally_ring_commit(hot->ring);
}

static u64 shift(u8 op, u64 a, u64 b)
{
	if (op == KTALLY_OP_SHL)
		return b < 64 ? a << b : 0;
	if (op == KTALLY_OP_SHR)
		return b < 64 ? a >> b : 0;
	return (u64)((s64)a >> min_t(u64, b, 63));
}

/* Division, by rules of its own: by zero gives zero, and the one quotient that does not fit wraps. */
static u64 divide(u8 op, u64 a, u64 b)
{
	if (!b)
		return 0;
	switch (op) {
	case KTALLY_OP_UDIV:
		return a / b;
	case KTALLY_OP_UMOD:
		return a % b;
	case KTALLY_OP_SDIV:
		return b == ~0ULL ? -a : (u64)((s64)a / (s64)b);
	}
	return b == ~0ULL ? 0 : (u64)((s64)a % (s64)b);
}

static u64 calculate(u8 op, u64 a, u64 b)
{
	switch (op) {
	case KTALLY_OP_ADD:
		return a + b;
	case KTALLY_OP_SUB:
		return a - b;
	case KTALLY_OP_MUL:
		return a * b;
	case KTALLY_OP_AND:
		return a & b;
	case KTALLY_OP_OR:
		return a | b;
	case KTALLY_OP_XOR:
		return a ^ b;
	case KTALLY_OP_SHL:
	case KTALLY_OP_SHR:
	case KTALLY_OP_SAR:
		return shift(op, a, b);
	}
	return divide(op, a, b);
}

static __always_inline bool jumps(u8 op, u64 a, u64 b)
{
	switch (op) {
	case KTALLY_OP_JEQ:
		return a == b;
	case KTALLY_OP_JNE:
		return a != b;
	case KTALLY_OP_JULT:
		return a < b;
	case KTALLY_OP_JULE:
		return a <= b;
	case KTALLY_OP_JUGT:
		return a > b;
	case KTALLY_OP_JUGE:
		return a >= b;
	case KTALLY_OP_JSLT:
		return (s64)a < (s64)b;
	case KTALLY_OP_JSLE:
		return (s64)a <= (s64)b;
	case KTALLY_OP_JSGT:
		return (s64)a > (s64)b;
	case KTALLY_OP_JSGE:
		return (s64)a >= (s64)b;
	}
	return a & b;
}

static u64 stack_id(const struct ktally_run *run, const struct ktally_insn *insn)
{
	u64 id;

	if (run->probe->session->governor.no_stacks)
		return 0;
	id = ktally_stack_id(run->probe, run->hot, run->hit, insn->aux & ~KTALLY_STACK_ANYWHERE, insn->imm);
	if (insn->aux & KTALLY_STACK_ANYWHERE && id && id != KTALLY_STACK_LOST)
		id |= (run->hot->stacks->cpu + 1ULL) << 32;
	return id;
}

static bool bucket(const struct ktally_insn *insn, u64 value, u64 *dst)
{
	struct ktally_column column = { .hist = insn->aux, .param0 = insn->imm };

	*dst = ktally_bucket(&column, value);
	return true;
}

/* In the place of the last count: the governor took counters away since, so that nobody knows whose a difference would be. */
#define LAST_UNKNOWN (~0ULL)

/* Each failure is an interrupt that took the difference until then for itself: there cannot be many. */
#define DIFFERENCE_TRIES 16

/* Reads a counter; the difference to the last time, @last, is nobody else's. */
static noinline bool counter_difference(const struct ktally_insn *insn, u64 *last, u64 *dst)
{
	unsigned int tries;
	u64 then, now;

	*dst = 0;
	for (tries = 0; tries < DIFFERENCE_TRIES; tries++) {
		then = READ_ONCE(*last);
		barrier();
		if (!ktally_counter_read((void *)(unsigned long)insn->imm, &now))
			return false;
		if (cmpxchg_local(last, then, now) != then)
			continue;
		if (likely(then != LAST_UNKNOWN))
			*dst = now - then;
		return true;
	}
	return true;
}

static __always_inline bool counter(const struct ktally_run *run, const struct ktally_insn *insn, u64 *dst)
{
	u64 *last = raw_cpu_ptr(run->probe->program->state) + insn->aux;

	*dst = 0;
	if (unlikely(run->probe->session->governor.no_counters)) {
		if (insn->aux)
			*last = LAST_UNKNOWN;
		return true;
	}
	if (insn->aux)
		return counter_difference(insn, last, dst);
	return ktally_counter_read((void *)(unsigned long)insn->imm, dst);
}

void ktally_program_skip(const struct ktally_probe *probe)
{
	const struct ktally_insn *insn = probe->program->insns, *end = insn + probe->program->nr;
	bool away = probe->session->governor.no_counters;
	u64 now = LAST_UNKNOWN, then, *last;

	for (; insn < end; insn++) {
		if (insn->op != KTALLY_OP_COUNTER || !insn->aux)
			continue;
		last = raw_cpu_ptr(probe->program->state) + insn->aux;
		then = READ_ONCE(*last);
		barrier();
		/* Unless an interrupt has looked later than we. */
		if (away || ktally_counter_read((void *)(unsigned long)insn->imm, &now))
			cmpxchg_local(last, then, now);
	}
}

/* How a hit ends that a filter or a gate of the program refused. */
static __always_inline unsigned int passed_over(const struct ktally_probe *probe, unsigned int member)
{
	if (unlikely(probe->program->uses & KTALLY_USES_COUNTER))
		ktally_program_skip(probe);
	return member;
}

/* A start that a gate did not let through, with weight 0, still ends what was open: or the next end would take that. */
static void start(const struct ktally_run *run, const struct ktally_insn *insn, const u64 *regs)
{
	struct ktally_pair *pair = (void *)(unsigned long)insn->imm;

	if (likely(run->weight))
		ktally_pair_start(pair, run->half, &regs[insn->a], &regs[insn->b], run->weight,
				  insn->aux & KTALLY_START_FIRST);
	else if (!(insn->aux & KTALLY_START_FIRST))
		ktally_pair_cancel(pair, run->half, &regs[insn->a]);
}

/* The end of a program that went through: of a start that was gated on the way, nothing but that is left to tell. */
static __always_inline unsigned int passed(const struct ktally_run *run, unsigned int folded)
{
	return unlikely(!run->weight) ? KTALLY_COUNTED(gated) : folded;
}

/* Instructions that are not worth a place in the loop of ktally_program_run(). False: memory could not be read. */
static noinline bool rare(struct ktally_run *run, const struct ktally_insn *insn, u64 *regs)
{
	const struct ktally_program *program = run->probe->program;
	const struct ktally_hit *hit = run->hit;
	u64 *dst = &regs[insn->dst];

	switch (insn->op) {
	case KTALLY_OP_LOAD:
		return load(insn, regs[insn->a], dst);
	case KTALLY_OP_STRING:
		return load_string(regs[insn->a], insn->imm, insn->aux & KTALLY_LOAD_USER, dst);
	case KTALLY_OP_RECORD:
		return ktally_record_load(insn, hit, dst);
	case KTALLY_OP_RECORD_TEXT:
		return ktally_record_text(insn, hit, dst);
	case KTALLY_OPK_TEXT:
		copy_text(insn, hit, dst);
		return true;
	case KTALLY_OPK_CALL:
		return program->fields->list[insn->aux].get(hit, program->fields->list[insn->aux].offset,
							    dst, insn->imm);
	case KTALLY_OP_STACK:
		*dst = stack_id(run, insn);
		return true;
	case KTALLY_OP_MATCH:
		*dst = match(program, insn, &regs[insn->a]);
		return true;
	case KTALLY_OP_BUCKET:
		return bucket(insn, regs[insn->a], dst);
	case KTALLY_OP_EMIT:
		if (run->weight)
			emit(run->probe, run->hot, &regs[insn->a], insn->aux);
		return true;
	case KTALLY_OP_KEEP:
		ktally_scratch_keep(run->probe, run->hot, &regs[insn->a], insn->aux);
		return true;
	case KTALLY_OP_DUMP:
		ktally_scratch_dump(run->hot, regs[insn->a], run->ended);
		return true;
	case KTALLY_OP_USER:
		*dst = run->probe->session->governor.no_stacks ? 0 : ktally_user_record(run->probe, run->hot, hit, insn->imm);
		return true;
	case KTALLY_OP_START:
		start(run, insn, regs);
		return true;
	}
	*dst = calculate(insn->op, regs[insn->a],
			 insn->b == KTALLY_NO_REG ? insn->imm : regs[insn->b]);
	return true;
}

static __always_inline u64 dereference(const struct ktally_insn *insn, const struct ktally_hit *hit)
{
	return ktally_widen((void *)(unsigned long)hit->args[insn->a] + insn->imm, insn->aux, insn->b);
}

u64 ktally_fast_key(const struct ktally_probe *probe, const struct ktally_hit *hit)
{
	const struct ktally_insn *insn = probe->program->insns;
	u64 key[TASK_COMM_LEN / sizeof(u64)];

	if (insn->op == KTALLY_OPK_DEREF)
		return dereference(insn, hit);
	ktally_context(insn->aux, hit, key);
	return key[0];
}

static __always_inline bool end(struct ktally_run *run, const struct ktally_insn *insn, u64 *regs)
{
	if (unlikely(run->probe->program->uses & KTALLY_USES_DUMP))
		run->ended = ktime_get_mono_fast_ns();
	return ktally_pair_end((void *)(unsigned long)insn->imm, run->half, &regs[insn->a], &regs[insn->dst],
			       &run->weight, insn->aux & KTALLY_OPK_STAY);
}

static __always_inline void context(struct ktally_run *run, const struct ktally_insn *insn, u64 *dst)
{
	if (unlikely(insn->aux == KTALLY_CTX_WEIGHT))
		*dst = run->weight;
	else
		ktally_context(insn->aux, run->hit, dst);
}

/* No stack protector: the verifier keeps every index into regs inside. */
unsigned int __no_stack_protector ktally_program_run(const struct ktally_probe *probe, const struct ktally_hit *hit,
						     const struct ktally_hot *hot, void *half, u32 weight)
{
	const struct ktally_insn *insn = probe->program->insns;
	unsigned int folded = KTALLY_COUNTED(folded);
	struct ktally_run run = { .weight = weight, .hit = hit, .hot = hot, .probe = probe, .half = half };
	/* The verifier lets no register be read that was not written: clearing them all would be half the cost of a hit. */
	u64 regs[KTALLY_REGS] __uninitialized;

	/* In the order of how often they are met; each test costs every instruction behind it two instructions. */
	for (;; insn++) {
		if (insn->op == KTALLY_OPK_ARG) {
			regs[insn->dst] = hit->args[insn->a];
		} else if (insn->op == KTALLY_OP_UPDATE) {
			if (run.weight && !ktally_table_update((void *)(unsigned long)insn->imm, half, &regs[insn->a],
							       &regs[insn->b], &run))
				folded = KTALLY_COUNTED(other);
		} else if (insn->op == KTALLY_OP_EXIT) {
			return insn->imm == KTALLY_VERDICT_FILTERED ?
				passed_over(probe, KTALLY_COUNTED(filtered)) : passed(&run, folded);
		} else if (insn->op == KTALLY_OPK_DEREF) {
			regs[insn->dst] = dereference(insn, hit);
		} else if (insn->op == KTALLY_OP_CONTEXT) {
			context(&run, insn, &regs[insn->dst]);
		} else if (insn->op >= KTALLY_OP_JEQ && insn->op <= KTALLY_OP_JSET) {
			if (jumps(insn->op, regs[insn->a],
				  insn->b == KTALLY_NO_REG ? insn->imm : regs[insn->b]))
				insn += insn->aux;
		} else if (insn->op == KTALLY_OP_END) {
			if (!end(&run, insn, regs))
				insn += insn->aux & ~KTALLY_OPK_STAY;
		} else if (insn->op == KTALLY_OP_IMM) {
			regs[insn->dst] = insn->imm;
		} else if (insn->op == KTALLY_OP_MOV) {
			regs[insn->dst] = regs[insn->a];
		} else if (insn->op == KTALLY_OP_JMP) {
			insn += insn->aux;
		} else if (insn->op == KTALLY_OP_GATE) {
			if (!ktally_gate(insn, probe->program, &regs[insn->a], &run.weight)) {
				if (!(probe->program->uses & KTALLY_USES_START))
					return passed_over(probe, KTALLY_COUNTED(gated));
				run.weight = 0;
			}
		} else if (insn->op == KTALLY_OP_COUNTER) {
			if (!counter(&run, insn, &regs[insn->dst]))
				return KTALLY_COUNTED(fault);
		} else if (!rare(&run, insn, regs)) {
			return KTALLY_COUNTED(fault);
		}
	}
}

static void *copy_of(const void *from, size_t size)
{
	return size ? kmemdup(from, size, GFP_KERNEL) : NULL;
}

struct ktally_program *ktally_program_new(struct ktally_session *session,
					  const struct ktally_fields *fields, const void *insns,
					  unsigned int nr, const void *data, unsigned int data_len,
					  struct ktally_refusal *refusal)
{
	struct ktally_program *program;
	int err = -ENOMEM;

	refusal->insn = -1;
	refusal->why = "out of memory";
	program = kzalloc(sizeof(*program), GFP_KERNEL);
	if (!program)
		return ERR_PTR(-ENOMEM);
	program->fields = fields;
	program->nr = nr;
	program->data_len = data_len;
	program->insns = copy_of(insns, nr * sizeof(struct ktally_insn));
	program->data = copy_of(data, data_len);
	if ((nr && !program->insns) || (data_len && !program->data))
		goto err_free;
	err = ktally_program_verify(session, program, refusal);
	if (!err && program->nr_state) {
		program->state = __alloc_percpu(program->nr_state * sizeof(u64), sizeof(u64));
		refusal->why = "out of memory";
		err = program->state ? 0 : -ENOMEM;
		ktally_vmalloc_sync();
	}
	if (err)
		goto err_free;
	return program;

err_free:
	ktally_program_free(program);
	return ERR_PTR(err);
}

void ktally_program_free(struct ktally_program *program)
{
	if (!program)
		return;
	free_percpu(program->state);
	kfree(program->insns);
	kfree(program->data);
	kfree(program);
}
