// SPDX-License-Identifier: GPL-2.0
// copy_from_user_nmi(): x86, "perf, x86: Provide optimized copy_from_user_nmi()".
#include <linux/uaccess.h>

unsigned long probe(void *to, const void __user *from);

unsigned long probe(void *to, const void __user *from)
{
	return copy_from_user_nmi(to, from, 8);
}
