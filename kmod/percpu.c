// SPDX-License-Identifier: GPL-2.0
/* Per-CPU state that handlers of all sessions share. */
#include <linux/errno.h>
#include "compat/sync.h"
#include "percpu.h"

DEFINE_PER_CPU(unsigned int, ktally_level);

/* Not a static per-CPU variable: modules have only a few KiB of room for these in all. */
struct scratch {
	unsigned long words[KTALLY_LEVELS][KTALLY_SCRATCH_WORDS];
};
static struct scratch __percpu *scratch;

unsigned long *ktally_scratch(void)
{
	unsigned int level = __this_cpu_read(ktally_level), n = 0;

	if (level & NMI_MASK)
		n = 3;
	else if (level & HARDIRQ_MASK)
		n = 2;
	else if (level & SOFTIRQ_OFFSET)
		n = 1;
	return raw_cpu_ptr(scratch)->words[n];
}

int ktally_percpu_init(void)
{
	scratch = alloc_percpu(struct scratch);
	if (!scratch)
		return -ENOMEM;
	ktally_vmalloc_sync();
	return 0;
}

void ktally_percpu_uninit(void)
{
	free_percpu(scratch);
}
