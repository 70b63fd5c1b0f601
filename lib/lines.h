/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of symbolizing: places in the source, from the DWARF of a program or of its debug file. */
#ifndef KTALLY_LINES_H
#define KTALLY_LINES_H

#include <stdbool.h>
#include <stdint.h>

#define KTALLY_PLACES_MAX 64U

struct ktally_lines;

/** struct ktally_place - @function: as the linker or else the source calls it, "" if unknown; @file: "" if unknown; @line: 0 if unknown */
struct ktally_place {
	const char *function, *file;
	unsigned int line;
};

/** ktally_lines_open - of the ELF file @fd, which belongs to the lines from now on, also on failure. Return: 0; -ENODATA: it has none; -ENOMEM */
int ktally_lines_open(struct ktally_lines **lines, int fd);
void ktally_lines_close(struct ktally_lines *lines);
/**
 * ktally_lines_find - what the code at @vaddr was made of, innermost first: functions that are inlined, then the one they are inlined into
 * @inlines: false: only the innermost, without a function
 * @places: KTALLY_PLACES_MAX of them; texts stay valid until the next call
 * Return: how many, 0: unknown
 */
unsigned int ktally_lines_find(struct ktally_lines *lines, uint64_t vaddr, bool inlines, struct ktally_place *places);

#endif /* KTALLY_LINES_H */
