/* SPDX-License-Identifier: GPL-2.0 */
/* get_kretprobe() and NOKPROBE_SYMBOL() on kernels that lack them. */
#ifndef _KTALLY_SHIM_LINUX_KPROBES_H
#define _KTALLY_SHIM_LINUX_KPROBES_H

#include_next <linux/kprobes.h>

/* "kprobes: Introduce NOKPROBE_SYMBOL() macro for blacklist", 3.16. Before, none was a module's. */
#ifndef NOKPROBE_SYMBOL
#define NOKPROBE_SYMBOL(function)
#endif

/* "kprobes: Remove kretprobe hash", 5.11. */
#ifndef KTALLY_HAVE_GET_KRETPROBE
static inline struct kretprobe *get_kretprobe(struct kretprobe_instance *instance)
{
	return instance->rp;
}
#endif

#endif /* _KTALLY_SHIM_LINUX_KPROBES_H */
