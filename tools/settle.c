// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes every CPU switch tasks once, so that what is told at switches is told of tasks that just run on. */
#include <sched.h>

#include "out.h"
#include "settle.h"

/* Without the priority a busy CPU would let us wait for its next tick; it is held for microseconds. */
static int hurry(int policy, int priority)
{
	struct sched_param param = { .sched_priority = priority };

	return sched_setscheduler(0, policy, &param);
}

void settle_cpus(unsigned int nr_cpus)
{
	size_t size = CPU_ALLOC_SIZE(nr_cpus);
	cpu_set_t *before = CPU_ALLOC(nr_cpus), *one = CPU_ALLOC(nr_cpus);
	bool hurried = false;
	unsigned int cpu;

	if (before && one && !sched_getaffinity(0, size, before)) {
		hurried = sched_getscheduler(0) == SCHED_OTHER && !hurry(SCHED_FIFO, sched_get_priority_max(SCHED_FIFO));
		for (cpu = 0; cpu < nr_cpus; cpu++) {
			CPU_ZERO_S(size, one);
			CPU_SET_S(cpu, size, one);
			sched_setaffinity(0, size, one);	/* returns there */
		}
		sched_setaffinity(0, size, before);
	}
	if (hurried)
		hurry(SCHED_OTHER, 0);
	CPU_FREE(before);
	CPU_FREE(one);
}
