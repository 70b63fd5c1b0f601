/* SPDX-License-Identifier: GPL-2.0 */
/* Says whether a range belongs to user space; the copies are in include/linux/uaccess.h. */
#ifndef _KTALLY_COMPAT_UACCESS_H
#define _KTALLY_COMPAT_UACCESS_H

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

#endif /* _KTALLY_COMPAT_UACCESS_H */
