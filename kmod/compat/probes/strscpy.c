// SPDX-License-Identifier: GPL-2.0
// strscpy(): "string: provide strscpy()", 4.3.
#include <linux/string.h>

ssize_t probe(char *to, const char *from);

ssize_t probe(char *to, const char *from)
{
	return strscpy(to, from, 2);
}
