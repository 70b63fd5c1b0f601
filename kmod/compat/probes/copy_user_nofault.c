// SPDX-License-Identifier: GPL-2.0
// copy_from_user_nofault(): "maccess: rename probe_user_{read,write}", 5.8.
#include <linux/uaccess.h>

long probe(void *to, const void __user *from);

long probe(void *to, const void __user *from)
{
	return copy_from_user_nofault(to, from, 8);
}
