// SPDX-License-Identifier: GPL-2.0
/* The table of a file: checked when it is given, searched at hits. */
#include <linux/elf.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "compat/sync.h"
#include "compat/user_regs.h"
#include "unwind_table.h"

static bool rule_is_good(const struct ktally_unwind_rule *rule)
{
	if (rule->cfa > KTALLY_CFA_MAX || rule->ret > KTALLY_RETURN_MAX || rule->flags & ~(KTALLY_RULE_SAVED_FRAME | KTALLY_RULE_SWITCH) ||
	    rule->nr_saved > KTALLY_SAVED_MAX || rule->nr_saved > KTALLY_NR_SAVED)
		return false;
	if (rule->reg >= KTALLY_NR_REGS)
		return false;
	return rule->ret != KTALLY_RETURN_REGISTER ||
	       (rule->return_offset >= 0 && rule->return_offset < KTALLY_NR_REGS);
}

/* Sizes are such that nothing here overflows: KTALLY_UNWIND_ROWS_MAX and _RULES_MAX are small. */
static bool head_is_good(const struct ktally_unwind_table *head, u64 length)
{
	u64 rows = sizeof(*head) + head->nr_rows * (u64)(sizeof(u32) + sizeof(u16));

	return head->magic == KTALLY_UNWIND_MAGIC && head->machine == KTALLY_MACHINE && head->nr_rows &&
	       head->nr_rows <= KTALLY_UNWIND_ROWS_MAX && head->nr_rules && head->nr_rules <= KTALLY_UNWIND_RULES_MAX &&
	       head->rules_offset >= rows && head->rules_offset % sizeof(u64) == 0 && head->rules_offset <= length &&
	       head->nr_rules * (u64)sizeof(struct ktally_unwind_rule) == length - head->rules_offset;
}

static bool content_is_good(const struct ktally_rows *rows, u32 nr_rules)
{
	u32 i;

	for (i = 0; i < nr_rules; i++)
		if (!rule_is_good(&rows->rules[i]))
			return false;
	for (i = 0; i < rows->nr; i++)
		if (rows->rule[i] >= nr_rules || (i && rows->at[i] <= rows->at[i - 1]))
			return false;
	return true;
}

const struct ktally_rows *ktally_rows_new(const void __user *data, u64 length)
{
	struct ktally_unwind_table head;
	struct ktally_rows *rows;
	int err = -ENOMEM;

	if (length < sizeof(head))
		return ERR_PTR(-EBADMSG);
	if (copy_from_user(&head, data, sizeof(head)))
		return ERR_PTR(-EFAULT);
	if (!head_is_good(&head, length))
		return ERR_PTR(-EBADMSG);
	rows = kzalloc(sizeof(*rows), GFP_KERNEL);
	if (!rows)
		return ERR_PTR(-ENOMEM);
	rows->memory = vmalloc(length);
	if (!rows->memory)
		goto err_free;
	err = -EFAULT;
	if (copy_from_user(rows->memory, data, length))
		goto err_free;
	/* The head that was checked counts, not what may stand in its place by now. */
	rows->start = head.start;
	rows->nr = head.nr_rows;
	rows->at = rows->memory + sizeof(head);
	rows->rule = (const u16 *)(rows->at + rows->nr);
	rows->rules = rows->memory + head.rules_offset;
	err = -EBADMSG;
	if (!content_is_good(rows, head.nr_rules))
		goto err_free;
	ktally_vmalloc_sync();
	return rows;

err_free:
	ktally_rows_free(rows);
	return ERR_PTR(err);
}

void ktally_rows_free(const struct ktally_rows *rows)
{
	if (rows)
		vfree(rows->memory);
	kfree(rows);
}

const struct ktally_unwind_rule *ktally_rows_find(const struct ktally_rows *rows, u64 offset)
{
	u32 low = 0, size = rows->nr, half;

	offset -= rows->start;
	if (offset > U32_MAX || offset < rows->at[0])
		return NULL;
	/* The last row that is not behind the offset; no branch depends on what is read. */
	while (size > 1) {
		half = size / 2;
		low = rows->at[low + half] <= offset ? low + half : low;
		size -= half;
	}
	return &rows->rules[rows->rule[low]];
}
