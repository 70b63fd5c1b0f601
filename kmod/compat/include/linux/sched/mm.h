/* SPDX-License-Identifier: GPL-2.0 */
/* Split off <linux/sched.h> in 4.11. */
#ifndef _KTALLY_SHIM_LINUX_SCHED_MM_H
#define _KTALLY_SHIM_LINUX_SCHED_MM_H

#ifdef KTALLY_HAVE_HEADER_SCHED_MM
#include_next <linux/sched/mm.h>
#else
#include <linux/sched.h>
#endif

#endif /* _KTALLY_SHIM_LINUX_SCHED_MM_H */
