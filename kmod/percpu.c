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
	return raw_cpu_ptr(scratch)->words[ktally_level_number()];
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
