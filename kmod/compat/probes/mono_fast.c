// SPDX-License-Identifier: GPL-2.0
// ktime_get_mono_fast_ns(): "timekeeping: Provide fast and NMI safe access to CLOCK_MONOTONIC",
// 3.17.
#include <linux/ktime.h>

u64 probe(void);

u64 probe(void)
{
	return ktime_get_mono_fast_ns();
}
