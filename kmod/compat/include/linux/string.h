/* SPDX-License-Identifier: GPL-2.0 */
/* strscpy(): "string: provide strscpy()", 4.3. */
#ifndef _KTALLY_SHIM_LINUX_STRING_H
#define _KTALLY_SHIM_LINUX_STRING_H

#include_next <linux/string.h>

#ifndef KTALLY_HAVE_STRSCPY
#include <linux/errno.h>

static inline ssize_t strscpy(char *to, const char *from, size_t size)
{
	size_t length = strnlen(from, size);

	if (!size)
		return -E2BIG;
	if (length == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
		return -E2BIG;
	}
	memcpy(to, from, length + 1);
	return length;
}
#endif

#endif /* _KTALLY_SHIM_LINUX_STRING_H */
