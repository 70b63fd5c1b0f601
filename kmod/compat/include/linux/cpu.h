/* SPDX-License-Identifier: GPL-2.0 */
/* cpus_read_lock(): "cpu/hotplug: Provide cpus_read|write_[un]lock()", 4.13. */
#ifndef _KTALLY_SHIM_LINUX_CPU_H
#define _KTALLY_SHIM_LINUX_CPU_H

#include_next <linux/cpu.h>

#ifndef KTALLY_HAVE_CPUS_READ_LOCK
#define cpus_read_lock()	get_online_cpus()
#define cpus_read_unlock()	put_online_cpus()
#endif

#endif /* _KTALLY_SHIM_LINUX_CPU_H */
