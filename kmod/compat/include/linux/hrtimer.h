/* SPDX-License-Identifier: GPL-2.0 */
/* hrtimer_setup() and the hard expiry modes on kernels that lack them. */
#ifndef _KTALLY_SHIM_LINUX_HRTIMER_H
#define _KTALLY_SHIM_LINUX_HRTIMER_H

#include_next <linux/hrtimer.h>

/* "hrtimers: Introduce hrtimer_setup() to replace hrtimer_init()", 6.13. */
#ifndef KTALLY_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *timer),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

/*
 * "hrtimer: Introduce HARD expiry mode", 5.4. Before it every timer expired in hard interrupt
 * context, unless the real-time patch set was applied.
 */
#ifndef KTALLY_HAVE_HRTIMER_HARD
#define HRTIMER_MODE_REL_PINNED_HARD	HRTIMER_MODE_REL_PINNED
#define HRTIMER_MODE_ABS_PINNED_HARD	HRTIMER_MODE_ABS_PINNED
#endif

#endif /* _KTALLY_SHIM_LINUX_HRTIMER_H */
