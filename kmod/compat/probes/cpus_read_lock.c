// SPDX-License-Identifier: GPL-2.0
// cpus_read_lock(): "cpu/hotplug: Provide cpus_read|write_[un]lock()", 4.13.
#include <linux/cpu.h>

void probe(void);

void probe(void)
{
	cpus_read_lock();
	cpus_read_unlock();
}
