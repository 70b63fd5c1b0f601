// SPDX-License-Identifier: GPL-2.0
// HRTIMER_MODE_REL_PINNED_HARD: "hrtimer: Introduce HARD expiry mode", 5.4.
#include <linux/hrtimer.h>

enum hrtimer_mode probe(void);

enum hrtimer_mode probe(void)
{
	return HRTIMER_MODE_REL_PINNED_HARD;
}
