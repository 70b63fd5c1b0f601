// SPDX-License-Identifier: GPL-2.0
/*
 * Checks programs, and rewrites them into the form that program.c runs.
 *
 * Jumps go only forward, so one pass in order sees every path: for each instruction the set of registers written on
 * *all* paths to it is the intersection over its predecessors, which all come before it.
 */
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "compat/cgroup.h"
#include "compat/cred.h"
#include "context.h"
#include "program.h"
#include "session.h"
#include "table.h"
#include "verify.h"

int verify_refuse(struct verifier *v, int err, const char *why)
{
	v->why = why;
	return err;
}

static u32 span_mask(unsigned int first, unsigned int nr)
{
	return nr ? (u32)(~0ULL >> (64 - nr)) << first : 0;
}

int verify_reads(struct verifier *v, unsigned int first, unsigned int nr)
{
	if (nr > KTALLY_REGS || first > KTALLY_REGS - nr)
		return verify_refuse(v, -EINVAL, "register number out of range");
	if ((v->written & span_mask(first, nr)) != span_mask(first, nr))
		return verify_refuse(v, -EINVAL, "a register is read that is not written on every path to here");
	return 0;
}

int verify_writes(struct verifier *v, unsigned int first, unsigned int nr)
{
	if (!nr || nr > KTALLY_REGS || first > KTALLY_REGS - nr)
		return verify_refuse(v, -EINVAL, "register number out of range");
	v->written |= span_mask(first, nr);
	return 0;
}

int verify_reads_b(struct verifier *v)
{
	return v->insn->b == KTALLY_NO_REG ? 0 : verify_reads(v, v->insn->b, 1);
}

int verify_unused(struct verifier *v, unsigned int used)
{
	const struct ktally_insn *i = v->insn;

	if ((!(used & HAS_DST) && i->dst) || (!(used & HAS_A) && i->a) ||
	    (!(used & HAS_B) && i->b && i->b != KTALLY_NO_REG) || (!(used & HAS_AUX) && i->aux) ||
	    (!(used & HAS_IMM) && i->imm))
		return verify_refuse(v, -EINVAL, "a member that this opcode does not use is not zero");
	return 0;
}

int verify_string_size(struct verifier *v, u64 size)
{
	if (!size || size % 8 || size > KTALLY_STRING_MAX)
		return verify_refuse(v, -EINVAL, "the size of a string is a multiple of 8 up to 128");
	return 0;
}

int verify_kernel_address(struct verifier *v)
{
	if (!v->kernel_data)
		return verify_refuse(v, -EPERM, "kernel addresses are hidden from you by kernel.kptr_restrict: lower it, or have CAP_SYSLOG");
	v->session->shows_kernel = true;
	return 0;
}

int verify_skip(struct verifier *v, u64 distance)
{
	if (!distance || distance >= v->program->nr - v->at - 1)
		return verify_refuse(v, -EINVAL, "jumps go forward, to an instruction of the program");
	v->incoming[v->at + 1 + distance] &= v->written;
	return 0;
}

static int check_exit(struct verifier *v)
{
	if (v->insn->imm > KTALLY_VERDICT_MAX)
		return verify_refuse(v, -EINVAL, "unknown verdict");
	return verify_unused(v, HAS_IMM);
}

static int rewrite_field(struct verifier *v, const struct ktally_field *field)
{
	struct ktally_insn *i = v->insn;
	unsigned int words = field->type == KTALLY_TYPE_STRING ? i->imm / 8 : 1;

	switch (field->how) {
	case KTALLY_FIELD_ARG:
		i->op = KTALLY_OPK_ARG;
		i->a = field->arg;
		break;
	case KTALLY_FIELD_DEREF:
		i->op = KTALLY_OPK_DEREF;
		i->a = field->arg;
		i->b = field->type == KTALLY_TYPE_INT;
		i->aux = field->size;
		i->imm = field->offset;
		break;
	case KTALLY_FIELD_TEXT:
		i->op = KTALLY_OPK_TEXT;
		i->a = field->arg;
		i->aux = field->size;
		i->imm = (u64)words << 32 | field->offset;
		break;
	case KTALLY_FIELD_CALL:
		i->op = KTALLY_OPK_CALL;
		i->imm = words;
		break;
	}
	return verify_writes(v, i->dst, words);
}

static int check_field(struct verifier *v)
{
	const struct ktally_field *field;
	int err = verify_unused(v, HAS_DST | HAS_AUX | HAS_IMM);

	if (err)
		return err;
	if (v->insn->aux >= v->program->fields->nr)
		return verify_refuse(v, -ENOENT, "the source has no field of that number");
	field = &v->program->fields->list[v->insn->aux];
	if (field->type == KTALLY_TYPE_STRING)
		err = verify_string_size(v, v->insn->imm);
	else if (v->insn->imm)
		err = verify_refuse(v, -EINVAL, "only a string field has a size");
	if (!err && field->type == KTALLY_TYPE_KPTR)
		err = verify_kernel_address(v);
	return err ? err : rewrite_field(v, field);
}

static int check_context(struct verifier *v)
{
	unsigned int words = v->insn->aux < __KTALLY_CTX_END ? ktally_context_words(v->insn->aux) : 0;
	int err = verify_unused(v, HAS_DST | HAS_AUX);

	if (!err && !words)
		err = verify_refuse(v, -ENOENT, "there is no context of that number");
	if (!err && v->insn->aux == KTALLY_CTX_IP)
		err = verify_kernel_address(v);
	if (v->insn->aux == KTALLY_CTX_CGROUP && v->session->controller != KTALLY_CGROUP_UNIFIED)
		v->insn->aux = KTALLY_CONTEXT_GROUP + v->session->controller;
	return err ? err : verify_writes(v, v->insn->dst, words);
}

static int check_load(struct verifier *v)
{
	u32 aux = v->insn->aux, size = aux & 0xff;
	int err = verify_unused(v, HAS_DST | HAS_A | HAS_AUX | HAS_IMM);

	if (err)
		return err;
	if (aux & ~(0xff | KTALLY_LOAD_USER | KTALLY_LOAD_SIGNED))
		return verify_refuse(v, -EINVAL, "unknown flag of a load");
	if (size != 1 && size != 2 && size != 4 && size != 8)
		return verify_refuse(v, -EINVAL, "a load has 1, 2, 4 or 8 bytes");
	if (!(aux & KTALLY_LOAD_USER))
		err = verify_kernel_address(v);
	if (!err)
		err = verify_reads(v, v->insn->a, 1);
	return err ? err : verify_writes(v, v->insn->dst, 1);
}

static int check_string(struct verifier *v)
{
	int err = verify_unused(v, HAS_DST | HAS_A | HAS_AUX | HAS_IMM);

	if (!err && v->insn->aux & ~KTALLY_LOAD_USER)
		err = verify_refuse(v, -EINVAL, "unknown flag of a load");
	if (!err)
		err = verify_string_size(v, v->insn->imm);
	if (!err && !(v->insn->aux & KTALLY_LOAD_USER))
		err = verify_kernel_address(v);
	if (!err)
		err = verify_reads(v, v->insn->a, 1);
	return err ? err : verify_writes(v, v->insn->dst, v->insn->imm / 8);
}

static int check_stack(struct verifier *v)
{
	u32 kind = v->insn->aux & ~KTALLY_STACK_ANYWHERE;
	int err = verify_unused(v, HAS_DST | HAS_AUX | HAS_IMM);

	if (err)
		return err;
	if (kind != KTALLY_STACK_KERNEL && kind != KTALLY_STACK_USER)
		return verify_refuse(v, -EINVAL, "unknown kind of stack");
	if (!v->insn->imm || v->insn->imm > KTALLY_STACK_DEPTH_MAX)
		return verify_refuse(v, -EINVAL, "the depth of a stack is 1 to 127");
	if (!v->session->config.stack_entries)
		return verify_refuse(v, -EINVAL, "the session has no stack store: make it with STACK_ENTRIES");
	v->program->uses |= KTALLY_USES_STACK;
	if (kind == KTALLY_STACK_KERNEL)
		err = verify_kernel_address(v);
	return err ? err : verify_writes(v, v->insn->dst, 1);
}

static int check_match(struct verifier *v)
{
	u64 offset = (u32)v->insn->imm, len = v->insn->imm >> 32, size = v->insn->aux & 0xffff;
	int err = verify_unused(v, HAS_DST | HAS_A | HAS_AUX | HAS_IMM);

	if (err)
		return err;
	if (v->insn->aux & ~(0xffff | KTALLY_MATCH_GLOB))
		return verify_refuse(v, -EINVAL, "unknown flag of a match");
	if (len > KTALLY_STRING_MAX || offset + len > v->program->data_len)
		return verify_refuse(v, -ERANGE, "the pattern is not inside the constant block, or longer than 128 bytes");
	err = verify_string_size(v, size);
	if (!err)
		err = verify_reads(v, v->insn->a, size / 8);
	return err ? err : verify_writes(v, v->insn->dst, 1);
}

static int check_bucket(struct verifier *v)
{
	int err = verify_unused(v, HAS_DST | HAS_A | HAS_AUX | HAS_IMM);

	if (err)
		return err;
	if (v->insn->aux == KTALLY_HIST_LOG2 ? v->insn->imm != 0 :
	    v->insn->aux != KTALLY_HIST_LOGLIN || v->insn->imm < 1 || v->insn->imm > 6)
		return verify_refuse(v, -EINVAL, "a bucket is log2, or log-linear with 1 to 6 bits");
	err = verify_reads(v, v->insn->a, 1);
	return err ? err : verify_writes(v, v->insn->dst, 1);
}

static int check_update(struct verifier *v)
{
	struct ktally_insn *i = v->insn;
	const struct ktally_table *table;
	int err = verify_unused(v, HAS_A | HAS_B | HAS_AUX);

	if (err)
		return err;
	if (i->aux >= v->session->nr_tables)
		return verify_refuse(v, -ENOENT, "the session has no table of that number");
	table = v->session->tables[i->aux];
	err = verify_reads(v, i->a, table->nr_keys);
	if (err)
		return err;
	if (!table->nr_values) {
		if (i->b && i->b != KTALLY_NO_REG)
			return verify_refuse(v, -EINVAL, "the table has no column that takes a value");
		i->b = 0;
	} else {
		err = verify_reads(v, i->b, table->nr_values);
	}
	if (!err && table->kernel_stacks)
		err = verify_kernel_address(v);
	if (!err && (table->kernel_stacks || table->user_stacks) && !v->session->config.stack_entries)
		err = verify_refuse(v, -EINVAL, "the session has no stack store: make it with STACK_ENTRIES");
	i->imm = (unsigned long)table;
	return err;
}

static int check_emit(struct verifier *v)
{
	int err = verify_unused(v, HAS_A | HAS_AUX);

	if (!err && !v->session->config.ring_size)
		err = verify_refuse(v, -EINVAL, "the session has no ring: make it with RING_SIZE");
	return err ? err : verify_reads(v, v->insn->a, v->insn->aux);
}

static int check_imm(struct verifier *v)
{
	int err = verify_unused(v, HAS_DST | HAS_IMM);

	return err ? err : verify_writes(v, v->insn->dst, 1);
}

static int check_mov(struct verifier *v)
{
	int err = verify_unused(v, HAS_DST | HAS_A);

	if (!err)
		err = verify_reads(v, v->insn->a, 1);
	return err ? err : verify_writes(v, v->insn->dst, 1);
}

static int check_arithmetic(struct verifier *v)
{
	int err = verify_unused(v, HAS_DST | HAS_A | HAS_B | (v->insn->b == KTALLY_NO_REG ? HAS_IMM : 0));

	if (!err)
		err = verify_reads(v, v->insn->a, 1);
	if (!err)
		err = verify_reads_b(v);
	return err ? err : verify_writes(v, v->insn->dst, 1);
}

static int check_jump(struct verifier *v)
{
	int err = 0;

	if (v->insn->op == KTALLY_OP_JMP)
		err = verify_unused(v, HAS_AUX);
	else
		err = verify_unused(v, HAS_A | HAS_B | HAS_AUX | (v->insn->b == KTALLY_NO_REG ? HAS_IMM : 0));
	if (!err && v->insn->op != KTALLY_OP_JMP) {
		err = verify_reads(v, v->insn->a, 1);
		if (!err)
			err = verify_reads_b(v);
	}
	if (err)
		return err;
	return verify_skip(v, v->insn->aux);
}

static int (*const checks[])(struct verifier *v) = {
	[KTALLY_OP_EXIT]	= check_exit,
	[KTALLY_OP_FIELD]	= check_field,
	[KTALLY_OP_CONTEXT]	= check_context,
	[KTALLY_OP_UPDATE]	= check_update,
	[KTALLY_OP_EMIT]	= check_emit,
	[KTALLY_OP_IMM]		= check_imm,
	[KTALLY_OP_MOV]		= check_mov,
	[KTALLY_OP_LOAD]	= check_load,
	[KTALLY_OP_STRING]	= check_string,
	[KTALLY_OP_STACK]	= check_stack,
	[KTALLY_OP_MATCH]	= check_match,
	[KTALLY_OP_BUCKET]	= check_bucket,
	[KTALLY_OP_ADD]		= check_arithmetic,
	[KTALLY_OP_SUB]		= check_arithmetic,
	[KTALLY_OP_MUL]		= check_arithmetic,
	[KTALLY_OP_UDIV]	= check_arithmetic,
	[KTALLY_OP_SDIV]	= check_arithmetic,
	[KTALLY_OP_UMOD]	= check_arithmetic,
	[KTALLY_OP_SMOD]	= check_arithmetic,
	[KTALLY_OP_AND]		= check_arithmetic,
	[KTALLY_OP_OR]		= check_arithmetic,
	[KTALLY_OP_XOR]		= check_arithmetic,
	[KTALLY_OP_SHL]		= check_arithmetic,
	[KTALLY_OP_SHR]		= check_arithmetic,
	[KTALLY_OP_SAR]		= check_arithmetic,
	[KTALLY_OP_JMP]		= check_jump,
	[KTALLY_OP_JEQ]		= check_jump,
	[KTALLY_OP_JNE]		= check_jump,
	[KTALLY_OP_JULT]	= check_jump,
	[KTALLY_OP_JULE]	= check_jump,
	[KTALLY_OP_JUGT]	= check_jump,
	[KTALLY_OP_JUGE]	= check_jump,
	[KTALLY_OP_JSLT]	= check_jump,
	[KTALLY_OP_JSLE]	= check_jump,
	[KTALLY_OP_JSGT]	= check_jump,
	[KTALLY_OP_JSGE]	= check_jump,
	[KTALLY_OP_JSET]	= check_jump,
	[KTALLY_OP_RECORD]	= ktally_check_record,
	[KTALLY_OP_RECORD_TEXT]	= ktally_check_record_text,
	[KTALLY_OP_COUNTER]	= ktally_check_counter,
	[KTALLY_OP_GATE]	= ktally_check_gate,
	[KTALLY_OP_START]	= ktally_check_start,
	[KTALLY_OP_END]		= ktally_check_end,
	[KTALLY_OP_KEEP]	= ktally_check_keep,
	[KTALLY_OP_DUMP]	= ktally_check_dump,
	[KTALLY_OP_USER]	= ktally_check_user,
};

static int check_insn(struct verifier *v)
{
	u8 op = v->insn->op;
	int err;

	if (op >= ARRAY_SIZE(checks))
		return verify_refuse(v, -EINVAL, "unknown opcode");
	err = checks[op](v);
	if (err)
		return err;
	if (op == KTALLY_OP_EXIT || op == KTALLY_OP_JMP)
		return 0;
	if (v->at + 1 == v->program->nr)
		return verify_refuse(v, -EINVAL, "the program does not end with an exit");
	v->incoming[v->at + 1] &= v->written;
	return 0;
}

int ktally_program_verify(struct ktally_session *session, struct ktally_program *program,
			  struct ktally_refusal *refusal)
{
	struct verifier v = { .session = session, .program = program };
	int err = 0;

	BUILD_BUG_ON(ARRAY_SIZE(checks) != __KTALLY_OP_END);
	refusal->insn = -1;
	refusal->why = "a program has 1 to 512 instructions and up to 4096 bytes of constants";
	if (!program->nr || program->nr > KTALLY_INSNS_MAX || program->data_len > KTALLY_DATA_MAX)
		return -E2BIG;
	refusal->why = "out of memory";
	v.incoming = kcalloc(program->nr, sizeof(*v.incoming), GFP_KERNEL);
	if (!v.incoming)
		return -ENOMEM;
	memset(v.incoming, 0xff, program->nr * sizeof(*v.incoming));
	v.incoming[0] = 0;
	v.kernel_data = ktally_kernel_addresses_allowed();
	for (v.at = 0; v.at < program->nr && !err; v.at++) {
		v.insn = &program->insns[v.at];
		v.written = v.incoming[v.at];
		err = check_insn(&v);
		if (err)
			refusal->insn = v.at;
	}
	refusal->why = v.why;
	kfree(v.incoming);
	return err;
}
