/* SPDX-License-Identifier: GPL-2.0 */
/* The clocks in nanoseconds, and their header, which split off <linux/ktime.h> in 3.17. */
/* It does not compile on its own everywhere; and <linux/ktime.h> may include it, which must then find the kernel's. */
#include <linux/ktime.h>
#ifdef KTALLY_HAVE_HEADER_TIMEKEEPING
#include_next <linux/timekeeping.h>
#endif

#ifndef _KTALLY_SHIM_LINUX_TIMEKEEPING_H
#define _KTALLY_SHIM_LINUX_TIMEKEEPING_H

/* "timekeeping: Provide fast and NMI safe access to CLOCK_MONOTONIC", 3.17. */
#ifndef KTALLY_HAVE_MONO_FAST
#include <linux/trace_clock.h>
#define ktime_get_mono_fast_ns()	trace_clock_local()
#endif

/* "timekeeping: Provide ktime_get[*]_ns() helpers", 3.17. */
#ifndef KTALLY_HAVE_REAL_NS
#include <linux/hrtimer.h>
#define ktime_get_ns()			ktime_to_ns(ktime_get())
#define ktime_get_real_ns()		ktime_to_ns(ktime_get_real())
#endif

#endif /* _KTALLY_SHIM_LINUX_TIMEKEEPING_H */
