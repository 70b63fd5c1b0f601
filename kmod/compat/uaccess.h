/* SPDX-License-Identifier: GPL-2.0 */
/* Says whether a range belongs to user space; the copies are in include/linux/uaccess.h. */
#ifndef _KTALLY_COMPAT_UACCESS_H
#define _KTALLY_COMPAT_UACCESS_H

#include <linux/compiler.h>
#include <linux/hardirq.h>
#include <linux/kernel.h>
#include <linux/uaccess.h>

/**
 * ktally_access_ok() - whether a range of addresses may be user memory
 * @from: where it starts
 * @size: its length in bytes
 *
 * For access_ok() of two arguments, "Remove 'type' argument from access_ok() function", 5.0
 * (and RHEL 8). Unlike that it ignores set_fs(): kernel addresses are refused everywhere.
 * Context: any.
 */
static inline bool ktally_access_ok(const void __user *from, size_t size)
{
#ifdef TASK_SIZE_MAX
	unsigned long end = TASK_SIZE_MAX;
#else
	unsigned long end = TASK_SIZE;
#endif
	unsigned long start = (__force unsigned long)from;

	return size <= end && start <= end - size;
}

/**
 * ktally_user_word() - read a word of the current task's memory, if it is present
 * @at: user address
 * @word: out
 *
 * For those who read many. An x86 NMI may have hit in the middle of a change of address space, which the copy looks for.
 * Return: false if it is no user memory or not present.
 * Context: any, NMI included, of a task with memory, between pagefault_disable() and pagefault_enable().
 */
static __always_inline bool ktally_user_word(unsigned long at, unsigned long *word)
{
	const unsigned long __user *from = (const unsigned long __user *)at;

	if (unlikely(!ktally_access_ok(from, sizeof(*word))))
		return false;
	if (IS_ENABLED(CONFIG_X86) && unlikely(in_nmi()))
		return !ktally_copy_from_user_nofault(word, from, sizeof(*word));
	return !__get_user(*word, from);
}

#endif /* _KTALLY_COMPAT_UACCESS_H */
