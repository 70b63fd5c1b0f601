// SPDX-License-Identifier: GPL-2.0
// ktime_get_real_ns(): "timekeeping: Provide ktime_get[*]_ns() helpers", 3.17.
#include <linux/ktime.h>

u64 probe(void);

u64 probe(void)
{
	return ktime_get_real_ns() + ktime_get_ns();
}
