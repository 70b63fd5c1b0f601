// SPDX-License-Identifier: GPL-2.0
// synchronize_sched(): until 5.0, synchronize_rcu() did not wait for disabled preemption.
#include <linux/rcupdate.h>

void probe(void);

void probe(void)
{
	synchronize_sched();
}
