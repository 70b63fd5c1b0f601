/* SPDX-License-Identifier: GPL-2.0 */
/* get_kretprobe(): "kprobes: Remove kretprobe hash", 5.11. */
#ifndef _KTALLY_SHIM_LINUX_KPROBES_H
#define _KTALLY_SHIM_LINUX_KPROBES_H

#include_next <linux/kprobes.h>

#ifndef KTALLY_HAVE_GET_KRETPROBE
static inline struct kretprobe *get_kretprobe(struct kretprobe_instance *instance)
{
	return instance->rp;
}
#endif

#endif /* _KTALLY_SHIM_LINUX_KPROBES_H */
