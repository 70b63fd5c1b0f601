/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* usdt.h: where the arguments of a USDT probe lie, as its note writes it. */
#ifndef KTALLY_USDT_H
#define KTALLY_USDT_H

#include "libktally.h"

/**
 * enum ktally_place - where a value is
 * @KTALLY_PLACE_CONST: @value
 * @KTALLY_PLACE_REGISTER: in @base, from bit @shift on
 * @KTALLY_PLACE_MEMORY: at @base (may be "") + (@index << @scale) + @value in the process
 */
enum ktally_place {
	KTALLY_PLACE_CONST,
	KTALLY_PLACE_REGISTER,
	KTALLY_PLACE_MEMORY,
};

/**
 * struct ktally_usdt_arg - one argument
 * @size: bytes: 1 2 4 8
 * @base, @index: names of registers as the module publishes them; "" is none
 * @extend: KTALLY_EXTEND_*: what of @index counts
 */
struct ktally_usdt_arg {
	enum ktally_place place;
	unsigned int size;
	bool is_signed;
	int64_t value;
	char base[8], index[8];
	unsigned int shift, scale, extend;
};
#define KTALLY_EXTEND_NONE	0	/* all 64 bits */
#define KTALLY_EXTEND_UNSIGNED	1	/* the lower 32 */
#define KTALLY_EXTEND_SIGNED	2	/* the lower 32, signed */

/** ktally_usdt_count - arguments in @text, the third part of a note ("8@%rdi -4@$5") */
unsigned int ktally_usdt_count(const char *text);
/** ktally_usdt_argument - argument @n of @text. Return: 0; -ENOENT: there are fewer; -EOPNOTSUPP: such a place cannot be read; -EINVAL: not understood */
int ktally_usdt_argument(struct ktally_usdt_arg *arg, const char *text, unsigned int n);

/** ktally_usdt_notes - the probes of a .note.stapsdt section's @data (of a 64-bit file): @each gets them one by one until it returns not 0 */
struct ktally_usdt_note {
	uint64_t pc, base, semaphore;
	const char *provider, *name, *arguments;
};
int ktally_usdt_notes(const void *data, size_t size, int (*each)(const struct ktally_usdt_note *note, void *arg), void *arg);

#endif
