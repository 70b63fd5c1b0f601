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
	[KTALLY_CTX_STATE] = "state", [KTALLY_CTX_WEIGHT] = "weight",
};

static const char *const gates[__KTALLY_GATE_END] = {
	[KTALLY_GATE_EVERY] = "every", [KTALLY_GATE_RANDOM] = "chance one in", [KTALLY_GATE_BYTES] = "bytes", [KTALLY_GATE_PERIOD] = "once in ns",
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

static int record(const struct ktally_insn *insn, char *buf, size_t size)
{
	const char *how = insn->aux & KTALLY_RECORD_RELATIVE ? "rel " : insn->aux & KTALLY_RECORD_DYNAMIC ? "loc " : "";
	unsigned int offset = insn->aux & 0xffff;

	if (insn->op == KTALLY_OP_RECORD_TEXT)
		return snprintf(buf, size, "r%u.. = text %srecord[%u] max %u", insn->dst, how, offset, (unsigned int)insn->imm);
	return snprintf(buf, size, "r%u = %c%u %srecord[%u%+" PRId64 "]", insn->dst, insn->aux & KTALLY_RECORD_SIGNED ? 's' : 'u',
			(insn->aux >> 16 & 0xff) * 8, how, offset, (int64_t)insn->imm);
}

static int relation(const struct ktally_insn *insn, char *buf, size_t size)
{
	unsigned int number = insn->aux & 0xffff;
	char saved[16] = "";

	switch (insn->op) {
	case KTALLY_OP_COUNTER:
		return snprintf(buf, size, "r%u = counter %u%s", insn->dst, number, insn->aux & KTALLY_COUNTER_DELTA ? " delta" : "");
	case KTALLY_OP_GATE:
		if (insn->aux == KTALLY_GATE_BYTES)
			return snprintf(buf, size, "gate bytes r%u of %" PRIu64, insn->a, (uint64_t)insn->imm);
		return snprintf(buf, size, "gate %s %" PRIu64, insn->aux < __KTALLY_GATE_END && gates[insn->aux] ? gates[insn->aux] : "?", (uint64_t)insn->imm);
	case KTALLY_OP_START:
		if (insn->b != KTALLY_NO_REG)
			snprintf(saved, sizeof(saved), " save r%u..", insn->b);
		return snprintf(buf, size, "start pair %u key r%u..%s%s", number, insn->a, saved, insn->aux & KTALLY_START_FIRST ? " first" : "");
	case KTALLY_OP_END:
		return snprintf(buf, size, "r%u.. = end pair %u key r%u..%s else goto +%" PRIu64, insn->dst, number, insn->a,
				insn->aux & KTALLY_END_STAY ? " stay" : "", (uint64_t)insn->imm);
	case KTALLY_OP_KEEP:
		return snprintf(buf, size, "keep r%u.. %u words", insn->a, insn->aux);
	default:
		return snprintf(buf, size, "dump last r%u ns", insn->a);
	}
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
		return snprintf(buf, size, "r%u = %s stack depth %" PRIu64, insn->dst, insn->aux & KTALLY_STACK_USER ? "user" : "kernel",
				(uint64_t)insn->imm);
	case KTALLY_OP_USER:
		return snprintf(buf, size, "r%u = user registers and %" PRIu64 " bytes of stack", insn->dst, (uint64_t)insn->imm);
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
	case KTALLY_OP_USER:
	case KTALLY_OP_MATCH:
	case KTALLY_OP_BUCKET:
		return fetch(insn, buf, size);
	case KTALLY_OP_UPDATE:
	case KTALLY_OP_EMIT:
		return action(insn, buf, size);
	case KTALLY_OP_RECORD:
	case KTALLY_OP_RECORD_TEXT:
		return record(insn, buf, size);
	case KTALLY_OP_COUNTER:
	case KTALLY_OP_GATE:
	case KTALLY_OP_START:
	case KTALLY_OP_END:
	case KTALLY_OP_KEEP:
	case KTALLY_OP_DUMP:
		return relation(insn, buf, size);
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
