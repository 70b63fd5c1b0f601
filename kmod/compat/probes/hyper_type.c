// SPDX-License-Identifier: GPL-2.0
/* x86_hyper_type: "x86/virt: Add enum for hypervisors to replace x86_hyper", 4.15. */
#include <asm/hypervisor.h>
#include <asm/msr.h>
#include <asm/tsc.h>

unsigned long long probe(void);
unsigned long long probe(void)
{
	return x86_hyper_type == X86_HYPER_NATIVE && !check_tsc_unstable() ? rdtsc() : tsc_khz;
}
