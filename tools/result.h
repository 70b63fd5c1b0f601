/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a finished result: the formats and files that were asked for, and what was lost. */
#ifndef _KTALLY_RESULT_H
#define _KTALLY_RESULT_H

#include <libktally.h>

#include "cmd.h"

/**
 * struct result_want - what to write, and where
 * @files: -o, never NULL
 * @format: --output, NULL if not given
 * @file_format: of all files, NULL: what their suffix names
 * @json: --json
 * @strict: --strict
 * @live: standard output already got the records: only tables follow, and only as text
 * @keep: the rows have their order, and the report knows how many are shown
 * @sort: name of the column to sort by, NULL for hits
 * @top: rows of a table that text shows, 0 for its own limit
 */
struct result_want {
	const struct opt_texts *files;
	const struct ktally_exporter *format, *file_format;
	bool json, strict, live, keep;
	const char *sort;
	unsigned int top;
};

/** result_check - can all of it be written? Says on stderr what not. Return: exit code */
int result_check(const struct result_want *want);
/** result_check_sort - has any table of @plan the column @sort? Says on stderr which there are. Return: exit code */
int result_check_sort(const char *sort, const struct ktally_plan *plan);
/** result_records - is a recording among the formats? */
bool result_records(const struct result_want *want);
/** result_host - fill what @report says of this machine; @clocks: at the start and at the end, may be NULL */
void result_host(struct ktally_report *report, const struct ktally_clocks *clocks);
/** result_tell_losses - a line on stderr that names what was lost. Return: something was */
bool result_tell_losses(const struct ktally_report *report);
/** result_write_file - in @exporter's format to @path, which appears when it is complete. Return: exit code */
int result_write_file(const char *path, const struct ktally_exporter *exporter, const struct ktally_report *report);
/** result_write_with - the same, written by @write: 0 or -errno with a sentence in @err */
int result_write_with(const char *path, int (*write)(FILE *out, void *arg, struct ktally_error *err), void *arg);
/** result_write - sort, export, and name what was lost. Return: exit code */
int result_write(const struct result_want *want, struct ktally_report *report, struct ktally_snapshot *snapshot);

#endif /* _KTALLY_RESULT_H */
