/* SPDX-License-Identifier: GPL-2.0 */
/* vm_flags_clear() on kernels that lack it, and the kvmalloc() family, once declared here. */
#ifndef _KTALLY_SHIM_LINUX_MM_H
#define _KTALLY_SHIM_LINUX_MM_H

#include_next <linux/mm.h>
#include <linux/slab.h>

/* "mm: introduce vma->vm_flags wrapper functions", 6.3. The caller holds the map's write lock. */
#ifndef KTALLY_HAVE_VM_FLAGS_CLEAR
static inline void vm_flags_clear(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags &= ~flags;
}
#endif

#endif /* _KTALLY_SHIM_LINUX_MM_H */
