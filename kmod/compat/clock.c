// SPDX-License-Identifier: GPL-2.0
/* Whether the processor's own counter can be trusted as a clock. */
#include <linux/math64.h>
#include <linux/types.h>
#include "compat/clock.h"
#ifdef KTALLY_TICKS
#include <asm/hypervisor.h>
#include <asm/tsc.h>
#endif

u64 ktally_tick_factor(void)
{
#ifdef KTALLY_TICKS
	if (x86_hyper_type == X86_HYPER_NATIVE && !check_tsc_unstable() && tsc_khz)
		return div_u64(1000000ULL << 32, tsc_khz);
#endif
	return 0;
}
