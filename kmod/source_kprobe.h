/* SPDX-License-Identifier: GPL-2.0 */
/* What kprobes and kretprobes share: which functions can be probed, and the sentence when one cannot. */
#ifndef _KTALLY_SOURCE_KPROBE_H
#define _KTALLY_SOURCE_KPROBE_H

#include <linux/kprobes.h>
#include "source.h"

/** ktally_kprobe_place() - fill in where a kprobe goes, disabled; -errno with a sentence for what cannot be right */
int ktally_kprobe_place(struct kprobe *kprobe, struct ktally_probe *probe, const char **why);

/** ktally_kprobe_explain() - the sentence for what register_kprobe() or register_kretprobe() returned */
void ktally_kprobe_explain(int err, const char **why);

#endif /* _KTALLY_SOURCE_KPROBE_H */
