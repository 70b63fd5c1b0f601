/* SPDX-License-Identifier: GPL-2.0 */
/* raw_cpu_ptr(): "percpu: add raw_cpu_ops", 3.15. */
#ifndef _KTALLY_SHIM_LINUX_PERCPU_H
#define _KTALLY_SHIM_LINUX_PERCPU_H

#include_next <linux/percpu.h>

#ifndef raw_cpu_ptr
#define raw_cpu_ptr(ptr)	__this_cpu_ptr(ptr)
#endif

#endif /* _KTALLY_SHIM_LINUX_PERCPU_H */
