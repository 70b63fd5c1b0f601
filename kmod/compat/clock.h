/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cheapest clock for measuring how long something takes: the processor's own counter where the kernel trusts it, else
 * the fast monotonic clock, which costs some fifty instructions more.
 */
#ifndef _KTALLY_COMPAT_CLOCK_H
#define _KTALLY_COMPAT_CLOCK_H

#include <linux/timekeeping.h>
#include <linux/types.h>
#if defined(KTALLY_HAVE_HYPER_TYPE) && defined(KTALLY_EXPORT_X86_HYPER_TYPE) && \
	defined(KTALLY_EXPORT_CHECK_TSC_UNSTABLE) && defined(KTALLY_EXPORT_TSC_KHZ)
#define KTALLY_TICKS
#include <asm/msr.h>
#endif

/**
 * ktally_tick_factor() - how ticks become nanoseconds: 2^32 times that many
 *
 * 0: ticks are nanoseconds of CLOCK_MONOTONIC. The processor's counter is used on x86 if the kernel has not found it
 * unstable and no hypervisor that brings a clock of its own is there, since a guest's counter may jump when it moves.
 *
 * Context: process.
 */
u64 ktally_tick_factor(void);

/**
 * ktally_ticks() - the time, in ticks of this boot; comparable between CPUs
 * @factor: of ktally_tick_factor()
 *
 * Context: any, NMI included.
 */
static __always_inline u64 ktally_ticks(u64 factor)
{
#ifdef KTALLY_TICKS
	if (likely(factor))
		return rdtsc();
#endif
	return ktime_get_mono_fast_ns();
}

/** ktally_ticks_to_ns() - of a difference. Context: any. */
static __always_inline u64 ktally_ticks_to_ns(u64 ticks, u64 factor)
{
#ifdef KTALLY_TICKS
	if (likely(factor))
		return (unsigned __int128)ticks * factor >> 32;
#endif
	return ticks;
}

#endif /* _KTALLY_COMPAT_CLOCK_H */
