/* SPDX-License-Identifier: GPL-2.0 */
/* The table of a file: checked when it is given, searched at hits. */
#ifndef _KTALLY_UNWIND_TABLE_H
#define _KTALLY_UNWIND_TABLE_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <linux/ktally_unwind.h>

/**
 * struct ktally_rows - a table
 * @start: offset in the file that rows count from
 * @nr: rows
 * @at: where each begins
 * @rule: and the number of its rule
 * @rules: checked
 * @memory: of all
 */
struct ktally_rows {
	u64 start;
	u32 nr;
	const u32 *at;
	const u16 *rule;
	const struct ktally_unwind_rule *rules;
	void *memory;
};

/** ktally_rows_new() - copy and check a table of user space. Return: or ERR_PTR(), see struct ktally_give_table. Context: process. */
const struct ktally_rows *ktally_rows_new(const void __user *data, u64 length);
/** ktally_rows_free() - NULL is fine. Context: process. */
void ktally_rows_free(const struct ktally_rows *rows);
/** ktally_rows_find() - the rule at byte @offset of the file, or NULL. Context: any. */
const struct ktally_unwind_rule *ktally_rows_find(const struct ktally_rows *rows, u64 offset);

#endif /* _KTALLY_UNWIND_TABLE_H */
