// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_signed.c: finds the instructions that say that a return address is signed, among those that describe a function (arm64). */
#include "unwind_cfi.h"

#define PRIMARY		0xc0
#define OFFSET		0x80
#define LAST		0x2f
#define NEGATE_RA_STATE	0x2d

/* What follows an instruction: 'u' a LEB128 number, 'b' a block with its length in front, a digit: so many bytes; '?': not known */
static const char *operands(uint8_t op)
{
	static const char *const of[LAST + 1] = {
		[0x00] = "", [0x02] = "1", [0x03] = "2", [0x04] = "4", [0x05] = "uu", [0x06] = "u", [0x07] = "u", [0x08] = "u", [0x09] = "uu",
		[0x0a] = "", [0x0b] = "", [0x0c] = "uu", [0x0d] = "u", [0x0e] = "u", [0x0f] = "b", [0x10] = "ub", [0x11] = "uu", [0x12] = "uu",
		[0x13] = "u", [0x14] = "uu", [0x15] = "uu", [0x16] = "ub", [0x1d] = "8", [0x2c] = "", [NEGATE_RA_STATE] = "", [0x2e] = "u",
		[0x2f] = "uu",
	};

	if (op & PRIMARY)
		return (op & PRIMARY) == OFFSET ? "u" : "";
	return op <= LAST && of[op] ? of[op] : "?";
}

static void skip(struct ktally_bytes *code, char operand)
{
	switch (operand) {
	case 'u':
		ktally_bytes_uleb(code);
		break;
	case 'b':
		ktally_bytes_cut(code, ktally_bytes_uleb(code));
		break;
	case '?':
		code->bad = true;
		break;
	default:
		ktally_bytes_le(code, operand - '0');
	}
}

unsigned int ktally_cfi_signs(struct ktally_bytes code, uint32_t *offsets, unsigned int max)
{
	const uint8_t *start = code.at, *at;
	const char *operand;
	unsigned int nr = 0;

	while (code.at < code.end && !code.bad && nr < max) {
		at = code.at++;
		if (*at == NEGATE_RA_STATE)
			offsets[nr++] = (uint32_t)(at - start);
		for (operand = operands(*at); *operand && !code.bad; operand++)
			skip(&code, *operand);
	}
	return nr;
}
