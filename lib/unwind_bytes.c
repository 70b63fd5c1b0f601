// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_bytes.c: numbers and pointers as DWARF writes them, never read beyond the end. */
#include "unwind_cfi.h"

#define POINTER_ABSOLUTE	0x00
#define POINTER_ULEB		0x01
#define POINTER_UDATA2		0x02
#define POINTER_UDATA4		0x03
#define POINTER_UDATA8		0x04
#define POINTER_SIGNED		0x08
#define POINTER_SLEB		0x09
#define POINTER_SDATA2		0x0a
#define POINTER_SDATA4		0x0b
#define POINTER_SDATA8		0x0c
#define POINTER_PCREL		0x10
#define POINTER_TEXTREL		0x20
#define POINTER_DATAREL		0x30
#define POINTER_FUNCREL		0x40
#define POINTER_ALIGNED		0x50
#define POINTER_INDIRECT	0x80

uint64_t ktally_bytes_le(struct ktally_bytes *bytes, unsigned int size)
{
	uint64_t value = 0;
	unsigned int i;

	if (bytes->bad || (size_t)(bytes->end - bytes->at) < size) {
		bytes->bad = true;
		return 0;
	}
	for (i = 0; i < size; i++)
		value |= (uint64_t)bytes->at[i] << (8 * i);
	bytes->at += size;
	return value;
}

/* @bits: how many were read. Bits beyond 64 are lost, as elsewhere; what is longer than any number needs is damage. */
static uint64_t leb(struct ktally_bytes *bytes, unsigned int *bits, uint8_t *last)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = ktally_bytes_le(bytes, 1);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift += 7;
		if (shift > 20 * 7)
			bytes->bad = true;
	} while ((byte & 0x80) && !bytes->bad);
	*bits = shift;
	*last = byte;
	return bytes->bad ? 0 : value;
}

uint64_t ktally_bytes_uleb(struct ktally_bytes *bytes)
{
	unsigned int bits;
	uint8_t last;

	return leb(bytes, &bits, &last);
}

int64_t ktally_bytes_sleb(struct ktally_bytes *bytes)
{
	unsigned int bits;
	uint8_t last;
	uint64_t value = leb(bytes, &bits, &last);

	if (!bytes->bad && bits < 64 && (last & 0x40))
		value |= ~0ULL << bits;
	return (int64_t)value;
}

struct ktally_bytes ktally_bytes_cut(struct ktally_bytes *bytes, uint64_t size)
{
	struct ktally_bytes part = { bytes->at, bytes->at, bytes->bad };

	if (bytes->bad || size > (uint64_t)(bytes->end - bytes->at)) {
		bytes->bad = part.bad = true;
		return part;
	}
	part.end = bytes->at += size;
	return part;
}

static uint64_t number(struct ktally_bytes *bytes, uint8_t format)
{
	switch (format) {
	case POINTER_ABSOLUTE:
	case POINTER_UDATA8:
	case POINTER_SIGNED:
	case POINTER_SDATA8:
		return ktally_bytes_le(bytes, 8);
	case POINTER_ULEB:
		return ktally_bytes_uleb(bytes);
	case POINTER_SLEB:
		return (uint64_t)ktally_bytes_sleb(bytes);
	case POINTER_UDATA2:
		return ktally_bytes_le(bytes, 2);
	case POINTER_UDATA4:
		return ktally_bytes_le(bytes, 4);
	case POINTER_SDATA2:
		return (uint64_t)(int64_t)(int16_t)ktally_bytes_le(bytes, 2);
	case POINTER_SDATA4:
		return (uint64_t)(int64_t)(int32_t)ktally_bytes_le(bytes, 4);
	}
	bytes->bad = true;
	return 0;
}

uint64_t ktally_bytes_pointer(struct ktally_bytes *bytes, uint8_t encoding, const struct ktally_bases *bases)
{
	uint64_t here = bases->address + (uint64_t)(bytes->at - bases->start), base = 0;

	switch (encoding & 0x70) {
	case 0:
	case POINTER_FUNCREL:
		break;
	case POINTER_PCREL:
		base = here;
		break;
	case POINTER_TEXTREL:
		base = bases->text;
		break;
	case POINTER_DATAREL:
		base = bases->data;
		break;
	case POINTER_ALIGNED:
		ktally_bytes_cut(bytes, -here & 7);
		encoding &= ~KTALLY_POINTER_FORMAT;
		break;
	default:
		bytes->bad = true;
	}
	if (encoding & POINTER_INDIRECT)
		bytes->bad = true;
	return base + number(bytes, encoding & KTALLY_POINTER_FORMAT);
}
