/* SPDX-License-Identifier: GPL-2.0 */
/* in_hardirq() and in_task() on kernels that lack them. */
#ifndef _KTALLY_SHIM_LINUX_PREEMPT_H
#define _KTALLY_SHIM_LINUX_PREEMPT_H

#include_next <linux/preempt.h>

/* "preempt: Cleanup the macro maze a bit", 5.11. */
#ifndef in_hardirq
#define in_hardirq()	(preempt_count() & HARDIRQ_MASK)
#endif

/*
 * "x86/uaccess, sched/preempt: Verify access_ok() context", 4.10. The masks that it needs are in
 * <linux/hardirq.h> on some kernels.
 */
#ifndef in_task
#define in_task()	(!(preempt_count() & (NMI_MASK | HARDIRQ_MASK | SOFTIRQ_OFFSET)))
#endif

#endif /* _KTALLY_SHIM_LINUX_PREEMPT_H */
