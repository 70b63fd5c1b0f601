/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* python_code.h: code objects that the kernel told of, and the line of an instruction of one. */
#ifndef KTALLY_PYTHON_CODE_H
#define KTALLY_PYTHON_CODE_H

#include <linux/ktally_ring.h>

#include "libktally.h"

struct ktally_code_book;

/* Name of code that the interpreter runs for itself, of which no program and no traceback knows. */
#define KTALLY_CODE_OWN "[interpreter]"

/**
 * struct ktally_code_object - a function, class body or module of an interpreter
 * @name: as the language has it, or KTALLY_CODE_OWN; lives as long as the book
 * @file: likewise, "" if unknown
 * @line: where it begins
 * @version: struct ktally_interp.version
 * @lines: table of lines; NULL if it was too long. Until the next record of this object
 * @lines_size: its bytes
 */
struct ktally_code_object {
	const char *name, *file;
	uint32_t line, version;
	const uint8_t *lines;
	size_t lines_size;
};

struct ktally_code_book *ktally_code_book_new(void);
void ktally_code_book_free(struct ktally_code_book *book);
/** ktally_code_book_learn - a record whose lengths were checked; the last one of an object counts. Return: 0, -ENOMEM */
int ktally_code_book_learn(struct ktally_code_book *book, const struct ktally_code *record);
/** ktally_code_book_find - @code as KTALLY_WORD_CODE() has it; NULL: nothing is known of it */
const struct ktally_code_object *ktally_code_book_find(const struct ktally_code_book *book, uint64_t image, uint64_t code);

/**
 * ktally_python_line - line of @instruction (KTALLY_WORD_INSTRUCTION()) of @object
 * Return: 0 if there is none: instructions that no line of the source stands for
 */
unsigned int ktally_python_line(const struct ktally_code_object *object, unsigned int instruction);

#endif /* KTALLY_PYTHON_CODE_H */
