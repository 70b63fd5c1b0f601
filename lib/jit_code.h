/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jit_code.h: ranges of generated code and their names; what was said last about an address counts. */
#ifndef KTALLY_JIT_CODE_H
#define KTALLY_JIT_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct ktally_jit_line - from byte @delta of the code on, the source is line @line of @file */
struct ktally_jit_line {
	uint64_t delta;
	uint32_t line;
	const char *file;
};

struct ktally_jit_under;

/**
 * struct ktally_jit_code - one piece of generated code; never moves
 * @time: CLOCK_MONOTONIC ns when it was made, 0 if unknown
 * @lines: ascending; belong to the codes
 * @under: older code that it hides, of those with a time
 */
struct ktally_jit_code {
	uint64_t start, size, time;
	const char *name;
	const struct ktally_jit_line *lines;
	uint32_t nr_lines;
	struct ktally_jit_under *under;
};

struct ktally_jit_codes;

/** ktally_jit_codes_new - that take their memory out of *@room, bytes that others may share, and that outlives them. NULL: no memory */
struct ktally_jit_codes *ktally_jit_codes_new(size_t *room);
void ktally_jit_codes_free(struct ktally_jit_codes *codes);
/** ktally_jit_codes_text - keep @len bytes of a text, made valid UTF-8 without control characters, and not too long. NULL: no room */
const char *ktally_jit_codes_text(struct ktally_jit_codes *codes, const char *text, size_t len);
/** ktally_jit_codes_alloc - memory that lives as long as @codes, zeroed. NULL: no room */
void *ktally_jit_codes_alloc(struct ktally_jit_codes *codes, size_t size);
/**
 * ktally_jit_codes_add - code that replaces older code at the same addresses; @name is kept as it is
 * Return: NULL: no room; or the code has no length, or goes beyond the last address
 */
struct ktally_jit_code *ktally_jit_codes_add(struct ktally_jit_codes *codes, uint64_t start, uint64_t size, uint64_t time, const char *name);
/** ktally_jit_codes_find - what is at @ip, or was at moment @time (0: now). NULL: nothing that is known of */
const struct ktally_jit_code *ktally_jit_codes_find(const struct ktally_jit_codes *codes, uint64_t ip, uint64_t time);
/** ktally_jit_codes_full - something found no room */
bool ktally_jit_codes_full(const struct ktally_jit_codes *codes);

#endif /* KTALLY_JIT_CODE_H */
