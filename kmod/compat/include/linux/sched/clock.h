/* SPDX-License-Identifier: GPL-2.0 */
/* Split off <linux/sched.h> in 4.11. */
#ifndef _KTALLY_SHIM_LINUX_SCHED_CLOCK_H
#define _KTALLY_SHIM_LINUX_SCHED_CLOCK_H

#ifdef KTALLY_HAVE_HEADER_SCHED_CLOCK
#include_next <linux/sched/clock.h>
#else
#include <linux/sched.h>
#endif

#endif /* _KTALLY_SHIM_LINUX_SCHED_CLOCK_H */
