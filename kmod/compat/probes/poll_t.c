// SPDX-License-Identifier: GPL-2.0
// __poll_t: "define __poll_t, annotate constants", 4.16.
#include <linux/poll.h>

__poll_t probe(void);

__poll_t probe(void)
{
	return (__force __poll_t)POLLIN;
}
