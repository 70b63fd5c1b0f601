// SPDX-License-Identifier: LGPL-2.1-or-later
/* disassemble.c: instructions as text. */
#include <inttypes.h>

#include "libktally.h"

static const char *const infix[__KTALLY_OP_END] = {
	[KTALLY_OP_ADD] = "+", [KTALLY_OP_SUB] = "-", [KTALLY_OP_MUL] = "*", [KTALLY_OP_UDIV] = "u/", [KTALLY_OP_SDIV] = "s/",
	[KTALLY_OP_UMOD] = "u%", [KTALLY_OP_SMOD] = "s%", [KTALLY_OP_AND] = "&", [KTALLY_OP_OR] = "|", [KTALLY_OP_XOR] = "^",
	[KTALLY_OP_SHL] = "<<", [KTALLY_OP_SHR] = "u>>", [KTALLY_OP_SAR] = "s>>",
	[KTALLY_OP_JEQ] = "==", [KTALLY_OP_JNE] = "!=", [KTALLY_OP_JULT] = "u<", [KTALLY_OP_JULE] = "u<=", [KTALLY_OP_JUGT] = "u>",
	[KTALLY_OP_JUGE] = "u>=", [KTALLY_OP_JSLT] = "s<", [KTALLY_OP_JSLE] = "s<=", [KTALLY_OP_JSGT] = "s>", [KTALLY_OP_JSGE] = "s>=",
	[KTALLY_OP_JSET] = "&",
};

static const char *const contexts[__KTALLY_CTX_END] = {
	[KTALLY_CTX_PID] = "pid", [KTALLY_CTX_TID] = "tid", [KTALLY_CTX_PPID] = "ppid", [KTALLY_CTX_COMM] = "comm",
	[KTALLY_CTX_CPU] = "cpu", [KTALLY_CTX_NODE] = "node", [KTALLY_CTX_NS] = "ns", [KTALLY_CTX_CGROUP] = "cgroup",
	[KTALLY_CTX_UID] = "uid", [KTALLY_CTX_PRIO] = "prio", [KTALLY_CTX_POLICY] = "policy", [KTALLY_CTX_IN_IRQ] = "in_irq",
	[KTALLY_CTX_IRQS_OFF] = "irqs_off", [KTALLY_CTX_IMAGE] = "image", [KTALLY_CTX_USER_MODE] = "user_mode", [KTALLY_CTX_IP] = "ip",
};

/* Small numbers as people write them, the rest as bits. */
static void second(const struct ktally_insn *insn, char *buf, size_t size)
{
	int64_t imm = (int64_t)insn->imm;

	if (insn->b != KTALLY_NO_REG)
		snprintf(buf, size, "r%u", insn->b);
	else if (imm > -4096 && imm < 1000000)
		snprintf(buf, size, "%" PRId64, imm);
	else
		snprintf(buf, size, "0x%" PRIx64, (uint64_t)imm);
}

static int memory(const struct ktally_insn *insn, char *buf, size_t size)
{
	const char *space = insn->aux & KTALLY_LOAD_USER ? "user" : "kernel";

	if (insn->op == KTALLY_OP_STRING)
		return snprintf(buf, size, "r%u.. = string %s[r%u] max %" PRIu64, insn->dst, space, insn->a, (uint64_t)insn->imm);
	return snprintf(buf, size, "r%u = %c%u %s[r%u%+" PRId64 "]", insn->dst, insn->aux & KTALLY_LOAD_SIGNED ? 's' : 'u',
			(insn->aux & 0xff) * 8, space, insn->a, (int64_t)insn->imm);
}

static int action(const struct ktally_insn *insn, char *buf, size_t size)
{
	if (insn->op == KTALLY_OP_EMIT)
		return snprintf(buf, size, "emit r%u.. %u words", insn->a, insn->aux);
	if (insn->b == KTALLY_NO_REG)
		return snprintf(buf, size, "update table %u key r%u..", insn->aux, insn->a);
	return snprintf(buf, size, "update table %u key r%u.. values r%u..", insn->aux, insn->a, insn->b);
}

static int fetch(const struct ktally_insn *insn, char *buf, size_t size)
{
	switch (insn->op) {
	case KTALLY_OP_FIELD:
		if (insn->imm)
			return snprintf(buf, size, "r%u.. = field %u max %" PRIu64, insn->dst, insn->aux, (uint64_t)insn->imm);
		return snprintf(buf, size, "r%u = field %u", insn->dst, insn->aux);
	case KTALLY_OP_CONTEXT:
		if (insn->aux >= __KTALLY_CTX_END)
			return snprintf(buf, size, "r%u = context %u?", insn->dst, insn->aux);
		return snprintf(buf, size, "r%u%s = %s", insn->dst, insn->aux == KTALLY_CTX_COMM ? ".." : "", contexts[insn->aux]);
	case KTALLY_OP_STACK:
		return snprintf(buf, size, "r%u = %s stack depth %" PRIu64, insn->dst, insn->aux == KTALLY_STACK_USER ? "user" : "kernel",
				(uint64_t)insn->imm);
	case KTALLY_OP_MATCH:
		return snprintf(buf, size, "r%u = r%u.. (%u bytes) %s data[%u..+%u]", insn->dst, insn->a, insn->aux & 0xffff,
				insn->aux & KTALLY_MATCH_GLOB ? "glob" : "equals", (uint32_t)insn->imm, (uint32_t)(insn->imm >> 32));
	default:
		return snprintf(buf, size, "r%u = bucket r%u hist %u param %" PRIu64, insn->dst, insn->a, insn->aux, (uint64_t)insn->imm);
	}
}

int ktally_disassemble(const struct ktally_insn *insn, char *buf, size_t size)
{
	char operand[32];

	switch (insn->op) {
	case KTALLY_OP_EXIT:
		return snprintf(buf, size, "exit %s", insn->imm == KTALLY_VERDICT_FILTERED ? "filtered" : "folded");
	case KTALLY_OP_FIELD:
	case KTALLY_OP_CONTEXT:
	case KTALLY_OP_STACK:
	case KTALLY_OP_MATCH:
	case KTALLY_OP_BUCKET:
		return fetch(insn, buf, size);
	case KTALLY_OP_UPDATE:
	case KTALLY_OP_EMIT:
		return action(insn, buf, size);
	case KTALLY_OP_LOAD:
	case KTALLY_OP_STRING:
		return memory(insn, buf, size);
	case KTALLY_OP_IMM:
		return snprintf(buf, size, "r%u = 0x%" PRIx64, insn->dst, (uint64_t)insn->imm);
	case KTALLY_OP_MOV:
		return snprintf(buf, size, "r%u = r%u", insn->dst, insn->a);
	case KTALLY_OP_JMP:
		return snprintf(buf, size, "goto +%u", insn->aux);
	default:
		break;
	}
	if (insn->op >= __KTALLY_OP_END)
		return snprintf(buf, size, "unknown opcode %u", insn->op);
	second(insn, operand, sizeof(operand));
	if (insn->op >= KTALLY_OP_JMP)
		return snprintf(buf, size, "if r%u %s %s goto +%u", insn->a, infix[insn->op], operand, insn->aux);
	return snprintf(buf, size, "r%u = r%u %s %s", insn->dst, insn->a, infix[insn->op], operand);
}
