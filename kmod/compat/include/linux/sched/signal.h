/* SPDX-License-Identifier: GPL-2.0 */
/* Split off <linux/sched.h> in 4.11. */
#ifndef _KTALLY_SHIM_LINUX_SCHED_SIGNAL_H
#define _KTALLY_SHIM_LINUX_SCHED_SIGNAL_H

#ifdef KTALLY_HAVE_HEADER_SCHED_SIGNAL
#include_next <linux/sched/signal.h>
#else
#include <linux/sched.h>
#endif

#endif /* _KTALLY_SHIM_LINUX_SCHED_SIGNAL_H */
