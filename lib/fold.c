// SPDX-License-Identifier: LGPL-2.1-or-later
/* fold.c: what the bytecode's arithmetic and jumps give, for constants that are known when compiling. */
#include "compile.h"

static uint64_t shift(uint8_t op, uint64_t a, uint64_t b)
{
	if (op == KTALLY_OP_SAR)
		return (uint64_t)((int64_t)a >> (b < 63 ? b : 63));
	if (b >= 64)
		return 0;
	return op == KTALLY_OP_SHL ? a << b : a >> b;
}

/* By zero gives zero; the one signed quotient that does not fit wraps. */
static uint64_t divide(uint8_t op, uint64_t a, uint64_t b)
{
	bool overflow = (int64_t)b == -1;

	if (!b)
		return 0;
	switch (op) {
	case KTALLY_OP_UDIV:
		return a / b;
	case KTALLY_OP_UMOD:
		return a % b;
	case KTALLY_OP_SDIV:
		return overflow ? -a : (uint64_t)((int64_t)a / (int64_t)b);
	default:
		return overflow ? 0 : (uint64_t)((int64_t)a % (int64_t)b);
	}
}

uint64_t kt_fold_binary(uint8_t op, uint64_t a, uint64_t b)
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
	default:
		return divide(op, a, b);
	}
}

bool kt_fold_jump(uint8_t op, uint64_t a, uint64_t b)
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
		return (int64_t)a < (int64_t)b;
	case KTALLY_OP_JSLE:
		return (int64_t)a <= (int64_t)b;
	case KTALLY_OP_JSGT:
		return (int64_t)a > (int64_t)b;
	case KTALLY_OP_JSGE:
		return (int64_t)a >= (int64_t)b;
	default:
		return (a & b) != 0;
	}
}
