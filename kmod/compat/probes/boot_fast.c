// SPDX-License-Identifier: GPL-2.0
// ktime_get_boot_fast_ns(): "timekeeping: Add a fast and NMI safe boot clock", 4.10.
#include <linux/ktime.h>

u64 probe(void);

u64 probe(void)
{
	return ktime_get_boot_fast_ns();
}
