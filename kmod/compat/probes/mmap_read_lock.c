// SPDX-License-Identifier: GPL-2.0
// mmap_read_lock(): "mmap locking API: initial implementation as rwsem wrappers", 5.8.
#include <linux/mm.h>

void probe(struct mm_struct *mm);

void probe(struct mm_struct *mm)
{
	mmap_read_lock(mm);
	mmap_read_unlock(mm);
}
