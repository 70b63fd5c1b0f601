// SPDX-License-Identifier: GPL-2.0
// vm_operations_struct.name: "mm: Add vm_ops->name as an alternative to arch_vma_name", 3.16.
#include <linux/mm.h>

const char *probe(struct vm_area_struct *vma);

const char *probe(struct vm_area_struct *vma)
{
	return vma->vm_ops->name(vma);
}
