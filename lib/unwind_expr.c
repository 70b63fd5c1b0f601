// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_expr.c: recognises the few DWARF expressions that a row of an unwind table can say. */
#include "unwind_cfi.h"

#define OP_DEREF	0x06
#define OP_CONST1U	0x08
#define OP_CONSTS	0x11
#define OP_AND		0x1a
#define OP_MINUS	0x1c
#define OP_PLUS		0x22
#define OP_PLUS_UCONST	0x23
#define OP_SHL		0x24
#define OP_GE		0x2a
#define OP_LIT0		0x30
#define OP_LIT31	0x4f
#define OP_BREG0	0x70
#define OP_BREG31	0x8f
#define OP_BREGX	0x92

static const struct ktally_place other = { .kind = KTALLY_PLACE_OTHER };

static bool take(struct ktally_bytes *bytes, uint8_t op)
{
	if (bytes->bad || bytes->at == bytes->end || *bytes->at != op)
		return false;
	bytes->at++;
	return true;
}

static bool take_register(struct ktally_bytes *bytes, uint64_t *reg, int64_t *offset)
{
	uint8_t op = bytes->at < bytes->end ? *bytes->at : 0;

	if (op >= OP_BREG0 && op <= OP_BREG31) {
		bytes->at++;
		*reg = op - OP_BREG0;
	} else if (take(bytes, OP_BREGX)) {
		*reg = ktally_bytes_uleb(bytes);
	} else {
		return false;
	}
	*offset = ktally_bytes_sleb(bytes);
	return !bytes->bad;
}

/* const1u, const1s, const2u, ... const8s: the lowest bit says signed, those above it the size. */
static bool take_constant(struct ktally_bytes *bytes, int64_t *value)
{
	uint8_t op = bytes->at < bytes->end ? *bytes->at : 0;
	unsigned int size;

	if (op >= OP_LIT0 && op <= OP_LIT31) {
		bytes->at++;
		*value = op - OP_LIT0;
		return true;
	}
	if (op < OP_CONST1U || op > OP_CONSTS)
		return false;
	bytes->at++;
	if (op == OP_CONSTS) {
		*value = ktally_bytes_sleb(bytes);
	} else if (op == OP_CONSTS - 1) {
		*value = (int64_t)ktally_bytes_uleb(bytes);
	} else {
		size = 1U << ((op - OP_CONST1U) / 2);
		*value = (int64_t)ktally_bytes_le(bytes, size);
		if ((op & 1) && size < 8)
			*value = (int64_t)((uint64_t)*value << (64 - 8 * size)) >> (64 - 8 * size);
	}
	return !bytes->bad;
}

/* Any number of "plus_uconst n", "const n; plus" and "const n; minus". Return: false where something else begins or the sum is too great */
static bool take_sum(struct ktally_bytes *bytes, int64_t *sum)
{
	struct ktally_bytes before;
	int64_t value;

	for (;;) {
		before = *bytes;
		if (take(bytes, OP_PLUS_UCONST)) {
			value = (int64_t)ktally_bytes_uleb(bytes);
			if (bytes->bad || __builtin_add_overflow(*sum, value, sum))
				return false;
		} else if (take_constant(bytes, &value) && take(bytes, OP_PLUS)) {
			if (__builtin_add_overflow(*sum, value, sum))
				return false;
		} else {
			*bytes = before;
			if (!take_constant(bytes, &value) || !take(bytes, OP_MINUS)) {
				*bytes = before;
				return !bytes->bad;
			}
			if (__builtin_sub_overflow(*sum, value, sum))
				return false;
		}
	}
}

/* "breg16 0; lit15; and; litN; ge; lit3; shl; plus": 8 more where the last four bits of the address are N or above. */
static bool take_plt(struct ktally_bytes *bytes, unsigned int counter, int64_t *from)
{
	uint64_t reg;
	int64_t offset, value;

	if (!take_register(bytes, &reg, &offset) || reg != counter || offset)
		return false;
	if (!take_constant(bytes, &value) || value != 15 || !take(bytes, OP_AND))
		return false;
	if (!take_constant(bytes, from) || *from < 0 || *from > 16 || !take(bytes, OP_GE))
		return false;
	return take_constant(bytes, &value) && value == 3 && take(bytes, OP_SHL) && take(bytes, OP_PLUS);
}

static bool fits(int64_t value)
{
	return value >= INT32_MIN && value <= INT32_MAX;
}

struct ktally_place ktally_expr(struct ktally_bytes bytes, unsigned int counter)
{
	uint8_t kind = KTALLY_PLACE_CFA;
	int64_t offset = 0, offset2 = 0;
	uint64_t reg = 0;

	if (take_register(&bytes, &reg, &offset))
		kind = KTALLY_PLACE_REGISTER;
	if (!take_sum(&bytes, &offset) || reg > UINT8_MAX)
		return other;
	if (kind == KTALLY_PLACE_REGISTER && take(&bytes, OP_DEREF)) {
		kind = KTALLY_PLACE_DEREF;
		if (!take_sum(&bytes, &offset2))
			return other;
	} else if (kind == KTALLY_PLACE_REGISTER && bytes.at < bytes.end) {
		kind = KTALLY_PLACE_PLT;
		if (!take_plt(&bytes, counter, &offset2))
			return other;
	}
	if (bytes.bad || bytes.at != bytes.end || !fits(offset) || !fits(offset2))
		return other;
	return (struct ktally_place){ kind, reg, offset, offset2 };
}
