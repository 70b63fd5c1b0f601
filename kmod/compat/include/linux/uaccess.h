/* SPDX-License-Identifier: GPL-2.0 */
/* The nofault copies, under their names since 5.8, made safe in an NMI. */
#ifndef _KTALLY_SHIM_LINUX_UACCESS_H
#define _KTALLY_SHIM_LINUX_UACCESS_H

#include_next <linux/uaccess.h>

/* "maccess: rename probe_kernel_{read,write} to copy_{from,to}_kernel_nofault", 5.8. */
#ifndef KTALLY_HAVE_COPY_KERNEL_NOFAULT
#define copy_from_kernel_nofault(to, from, size)	probe_kernel_read(to, from, size)
#endif

long ktally_copy_from_user_nofault(void *to, const void __user *from, size_t size);

/*
 * "maccess: rename probe_user_{read,write} to copy_{from,to}_user_nofault", 5.8. The kernel's
 * own is not safe in an x86 NMI before "mm: Fix copy_from_user_nofault().", 6.4, so ours takes
 * its place everywhere.
 */
#define copy_from_user_nofault(to, from, size)	ktally_copy_from_user_nofault(to, from, size)

#endif /* _KTALLY_SHIM_LINUX_UACCESS_H */
