// SPDX-License-Identifier: GPL-2.0
// access_ok() without a type: "Remove 'type' argument from access_ok() function", 5.0.
#include <linux/uaccess.h>

int probe(const void __user *from);

int probe(const void __user *from)
{
	return access_ok(from, 8);
}
