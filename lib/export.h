/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the exporters share: which tables carry stacks, what a row of them weighs, and how rows become paths of frames.
 */
#ifndef KTALLY_EXPORT_H
#define KTALLY_EXPORT_H

#include "calltree.h"
#include "libktally.h"

int ktally_export_text(const struct ktally_report *report, FILE *out, struct ktally_error *err);
int ktally_export_json(const struct ktally_report *report, FILE *out, struct ktally_error *err);
int ktally_export_csv(const struct ktally_report *report, FILE *out, struct ktally_error *err);
int ktally_export_folded(const struct ktally_report *report, FILE *out, struct ktally_error *err);
int ktally_export_flamegraph(const struct ktally_report *report, FILE *out, struct ktally_error *err);
int ktally_export_pprof(const struct ktally_report *report, FILE *out, struct ktally_error *err);
int ktally_export_recording(const struct ktally_report *report, FILE *out, struct ktally_error *err);

/** KTALLY_GUESS_MARK - goes before the name of a frame that nothing confirms, in formats that have no field for it */
#define KTALLY_GUESS_MARK "? "

/** ktally_kind_is_stack - the key field is an interned stack, or the image that only serves one: not shown as a value */
bool ktally_kind_is_stack(enum ktally_kind kind);
/** ktally_table_has_stack - the table has a stack in its key */
bool ktally_table_has_stack(const struct ktally_table *table);
/** ktally_table_whole - the table has no key: one row at most */
bool ktally_table_whole(const struct ktally_table *table);
/** ktally_key_label - name of key @n, unique in its table: a second "arg" is "arg_2" */
void ktally_key_label(const struct ktally_schema *schema, unsigned int n, char *buf, size_t size);

/**
 * struct ktally_weight - what the width of a frame means
 * @unit: KTALLY_KIND_UINT: hits ("samples" when the report has a period); else the kind of the column that is summed
 * @name: of what is counted, "samples", "hits" or the column's name
 *
 * Rows weigh their hits, unless the report has no period and every table with stacks has a sum of durations or of bytes: then
 * the first such column is the weight (off-CPU time, allocated bytes).
 */
struct ktally_weight {
	enum ktally_kind unit;
	char name[64];
};
void ktally_weight_choose(const struct ktally_report *report, struct ktally_weight *weight);

/**
 * struct ktally_path - one row as a path of frames
 * @steps: outermost first; names are numbers in the walk's string table
 * @frames: the frame of each step, NULL for a step that is no frame
 * @row: the row; @other: it is the table's other row
 */
struct ktally_path {
	const struct ktally_table *table;
	const struct ktally_row *row;
	bool other;
	uint64_t weight;
	unsigned int nr;
	struct ktally_call_step *steps;
	const struct ktally_frame **frames;
};

/** KTALLY_WALK_ROOTS - begin paths with the table's name (if several tables have stacks) and the process's name (if the key has comm) */
#define KTALLY_WALK_ROOTS (1U << 0)

typedef int (*ktally_path_fn)(const struct ktally_path *path, void *arg, struct ktally_error *err);

/** ktally_walk_stacks - call @fn for each row of each table with stacks. Stops at its first error and returns it */
int ktally_walk_stacks(const struct ktally_report *report, const struct ktally_weight *weight, unsigned int flags,
		       struct ktally_strtab *names, ktally_path_fn fn, void *arg, struct ktally_error *err);
/** ktally_walk_table - the same for one table */
int ktally_walk_table(const struct ktally_report *report, const struct ktally_table *table, const struct ktally_weight *weight,
		      unsigned int flags, struct ktally_strtab *names, ktally_path_fn fn, void *arg, struct ktally_error *err);
/** ktally_build_calltree - all paths, with their roots, as a tree sorted by name */
int ktally_build_calltree(const struct ktally_report *report, const struct ktally_weight *weight, struct ktally_calltree **tree,
			  struct ktally_strtab **names, struct ktally_error *err);

#endif
