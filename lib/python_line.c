// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Lines of Python instructions, from the table of a code object: three formats, one for 3.8 and 3.9, one for 3.10, one since. The tables
 * come from the memory of a measured program and may hold anything.
 */
#include "python_code.h"
#include "python_layout.h"

/* Bytes of an instruction: what the tables of old versions count in. */
#define UNIT 2

/* Whatever a damaged table adds up to. */
static unsigned int sane(int64_t line)
{
	return line > 0 && line <= INT32_MAX ? (unsigned int)line : 0;
}

/* co_lnotab: pairs of how many bytes on, how many lines on or back. */
static unsigned int line_of_lnotab(const struct ktally_code_object *object, uint64_t address)
{
	int64_t line = object->line;
	uint64_t at = 0;
	size_t i;

	for (i = 0; i + 1 < object->lines_size; i += 2) {
		at += object->lines[i];
		if (at > address)
			break;
		line += (int8_t)object->lines[i + 1];
	}
	return sane(line);
}

/* co_linetable of 3.10: pairs of how many bytes long, how many lines on or back; -128: no line. */
static unsigned int line_of_pairs(const struct ktally_code_object *object, uint64_t address)
{
	int64_t line = object->line;
	uint64_t end = 0;
	int8_t delta;
	size_t i;

	for (i = 0; i + 1 < object->lines_size; i += 2) {
		end += object->lines[i];
		delta = (int8_t)object->lines[i + 1];
		if (delta != INT8_MIN)
			line += delta;
		if (end > address)
			return delta == INT8_MIN ? 0 : sane(line);
	}
	return 0;
}

/* Six bits a byte, the least first; 0x40: there are more. */
static int64_t signed_varint(const uint8_t *at, const uint8_t *end)
{
	uint64_t value = 0;
	unsigned int shift = 0;

	for (; at < end && shift < 36; at++, shift += 6) {
		value |= (uint64_t)(*at & 0x3f) << shift;
		if (!(*at & 0x40))
			break;
	}
	return value & 1 ? -(int64_t)(value >> 1) : (int64_t)(value >> 1);
}

/* Kinds of entries of a table of locations that begin with a difference of lines. */
enum {
	ENTRY_ONE_LINE = 10,	/* 10, 11, 12: same line, one, two on */
	ENTRY_NO_COLUMNS = 13,
	ENTRY_LONG = 14,
	ENTRY_NONE = 15,
};

/* co_linetable since 3.11: entries whose first byte has the highest bit, with a kind and for how many instructions. */
static unsigned int line_of_locations(const struct ktally_code_object *object, uint64_t instruction)
{
	const uint8_t *at = object->lines, *end = at + object->lines_size;
	int64_t line = object->line;
	uint64_t behind = 0;
	unsigned int kind;

	while (at < end) {
		kind = *at >> 3 & 15;
		behind += (*at & 7) + 1;
		if (kind == ENTRY_NO_COLUMNS || kind == ENTRY_LONG)
			line += signed_varint(at + 1, end);
		else if (kind > ENTRY_ONE_LINE && kind < ENTRY_NO_COLUMNS)
			line += kind - ENTRY_ONE_LINE;
		if (behind > instruction)
			return kind == ENTRY_NONE ? 0 : sane(line);
		do
			at++;
		while (at < end && !(*at & 0x80));
	}
	return 0;
}

unsigned int ktally_python_line(const struct ktally_code_object *object, unsigned int instruction)
{
	/* Before its first instruction, or without a table: where it begins. */
	if (instruction == KTALLY_INSTRUCTION_UNKNOWN || !object->lines)
		return sane(object->line);
	if (object->version < KTALLY_PYTHON(10))
		return line_of_lnotab(object, (uint64_t)instruction * UNIT);
	if (object->version == KTALLY_PYTHON(10))
		return line_of_pairs(object, (uint64_t)instruction * UNIT);
	return line_of_locations(object, instruction);
}
