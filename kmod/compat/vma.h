/* SPDX-License-Identifier: GPL-2.0 */
/* Mappings of a process: going over them, and telling what they are of. */
#ifndef _KTALLY_COMPAT_VMA_H
#define _KTALLY_COMPAT_VMA_H

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>

/**
 * KTALLY_VMA_ITERATOR() - declares what goes over all mappings of @mm, whose lock is held
 * ktally_for_each_vma() - goes over them
 *
 * The list was replaced by a tree, "mm: remove the vma linked list", 6.1.
 */
#ifdef KTALLY_HAVE_VMA_ITERATOR
#define KTALLY_VMA_ITERATOR(iterator, mm)	VMA_ITERATOR(iterator, mm, 0)
#define ktally_for_each_vma(iterator, vma)	for_each_vma(iterator, vma)
#else
#define KTALLY_VMA_ITERATOR(iterator, mm)	struct mm_struct *iterator = mm
#define ktally_for_each_vma(iterator, vma)			\
	for ((vma) = (iterator)->mmap; (vma); (vma) = (vma)->vm_next)
#endif

/** ktally_mm_lock() - for reading; "mmap locking API: initial implementation as rwsem wrappers", 5.8. Context: process, sleeps. */
static inline void ktally_mm_lock(struct mm_struct *mm)
{
#ifdef KTALLY_HAVE_MMAP_READ_LOCK
	mmap_read_lock(mm);
#else
	down_read(&mm->mmap_sem);
#endif
}

static inline void ktally_mm_unlock(struct mm_struct *mm)
{
#ifdef KTALLY_HAVE_MMAP_READ_LOCK
	mmap_read_unlock(mm);
#else
	up_read(&mm->mmap_sem);
#endif
}

/**
 * ktally_vdso_start() - where a process has its vDSO, 0 if it has none
 *
 * Context: any.
 */
static inline unsigned long ktally_vdso_start(const struct mm_struct *mm)
{
	return (unsigned long)mm->context.vdso;
}

/**
 * ktally_vma_is_vdso() - whether that is the code of the vDSO
 *
 * While it is being mapped the process does not know yet where, but since "mm: Add
 * vm_ops->name as an alternative to arch_vma_name", 3.16, the mapping knows its name.
 * Context: any.
 */
static inline bool ktally_vma_is_vdso(struct vm_area_struct *vma)
{
	if (vma->vm_file)
		return false;
#ifdef KTALLY_HAVE_VM_OPS_NAME
	if (vma->vm_ops && vma->vm_ops->name) {
		const char *name = vma->vm_ops->name(vma);

		return name && !strcmp(name, "[vdso]");
	}
#endif
	return vma->vm_start == ktally_vdso_start(vma->vm_mm);
}

#endif /* _KTALLY_COMPAT_VMA_H */
