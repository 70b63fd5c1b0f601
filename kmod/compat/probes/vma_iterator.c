// SPDX-License-Identifier: GPL-2.0
// VMA_ITERATOR(), for_each_vma(): "mm: add VMA iterator", 6.1.
#include <linux/mm.h>

unsigned long probe(struct mm_struct *mm);

unsigned long probe(struct mm_struct *mm)
{
	VMA_ITERATOR(iterator, mm, 0);
	struct vm_area_struct *vma;
	unsigned long end = 0;

	for_each_vma(iterator, vma)
		end = vma->vm_end;
	return end;
}
