/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people see: messages, colour, the pager, aligned tables, units and the progress line. */
#ifndef _KTALLY_OUT_H
#define _KTALLY_OUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ktally_error;

/** enum out_style - how a piece of text stands out; nothing happens without a terminal or with NO_COLOR */
enum out_style {
	OUT_PLAIN,
	OUT_BOLD,
	OUT_DIM,
	OUT_GOOD,
	OUT_WARN,
	OUT_BAD,
	__OUT_STYLE_END,
};

/** out_init - look at the terminal and the environment once, before anything is printed */
void out_init(void);
/** out_set_quiet - notes and progress are not shown any more */
void out_set_quiet(bool quiet);
/** out_style - the escape sequence that begins @style on @file, "" where there is no colour; OUT_PLAIN ends it */
const char *out_style(FILE *file, enum out_style style);
/** out_width - columns of the terminal @file, 0 if it is none */
unsigned int out_width(FILE *file);

/** out_error, out_warn, out_note - "ktally: ..." on stderr; a note is not shown when quiet */
void out_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/** out_failure - say what the library said, with a caret under the place in a text. Return: exit code for @err (-errno) */
int out_failure(int err, const struct ktally_error *error);

/** out_progress - replace the progress line; shown only on a terminal and when not quiet */
void out_progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** out_page - send stdout through the pager if it is a terminal; out_finish ends it */
void out_page(void);
/** out_finish - flush stdout. Return: @status, or EXIT_FAILED after saying why if the output could not be written */
int out_finish(int status);

/** out_realloc - realloc that ends the program when there is no memory; @ptr may be NULL */
void *out_realloc(void *ptr, size_t size);
/** out_text - asprintf that ends the program when there is no memory */
char *out_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** out_duration, out_bytes - a number people can read: "1.50 ms", "64.0 KiB" */
const char *out_duration(uint64_t ns, char *buf, size_t size);
const char *out_bytes(uint64_t bytes, char *buf, size_t size);
/** out_wrap - print words of @text in lines of @width, every line but the first behind @indent spaces */
void out_wrap(FILE *file, const char *text, unsigned int indent, unsigned int width);

/**
 * struct out_table - text in aligned columns
 *
 * out_table_cell fills the cells from left to right, row by row. A heading that begins with '>' aligns its column right.
 */
struct out_table {
	const char *const *headings;
	unsigned int nr_columns;
	char **cells;
	enum out_style *styles;
	unsigned int nr_cells;
};
void out_table_init(struct out_table *table, const char *const *headings);
void out_table_cell(struct out_table *table, enum out_style style, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void out_table_print(struct out_table *table, FILE *file);	/* and free the cells */

#endif /* _KTALLY_OUT_H */
