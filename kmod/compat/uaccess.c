// SPDX-License-Identifier: GPL-2.0
/* Copies user memory without ever waiting for it. */
#include <linux/compiler.h>
#include <linux/errno.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "compat/uaccess.h"

/**
 * ktally_copy_from_user_nofault() - copy what is present of the current task's memory
 * @to: where to
 * @from: user address
 * @size: bytes
 *
 * Called as copy_from_user_nofault(). A kernel thread has no memory: it gets -EFAULT rather
 * than whatever address space its CPU happens to keep.
 *
 * Return: 0, or -EFAULT when any byte is not user memory or not present.
 * Context: any, NMI included.
 */
long ktally_copy_from_user_nofault(void *to, const void __user *from, size_t size)
{
	unsigned long left;

	if (!current->mm || !ktally_access_ok(from, size))
		return -EFAULT;
#if defined(CONFIG_X86) && defined(KTALLY_HAVE_COPY_USER_NMI) && \
	defined(KTALLY_EXPORT_COPY_FROM_USER_NMI)
	/*
	 * Checks that an NMI did not hit in the middle of a change of address space. Returns what
	 * is left since "perf: Fix arch_perf_out_copy_user default", 3.13.
	 */
	left = copy_from_user_nmi(to, from, size);
#else
	pagefault_disable();
	left = __copy_from_user_inatomic(to, from, size);
	pagefault_enable();
#endif
	return left ? -EFAULT : 0;
}
