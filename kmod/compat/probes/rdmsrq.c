// SPDX-License-Identifier: GPL-2.0
// rdmsrq(): "x86/msr: Rename 'rdmsrl()' to 'rdmsrq()'", 6.16.
#include <linux/types.h>
#include <asm/msr.h>

u64 probe(void);

u64 probe(void)
{
	u64 value;

	rdmsrq(MSR_FS_BASE, value);
	return value;
}
