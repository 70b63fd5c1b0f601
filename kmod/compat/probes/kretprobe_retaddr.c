// SPDX-License-Identifier: GPL-2.0
// get_kretprobe_retaddr(): "kprobes: Use rethook for kretprobe if possible", 5.18.
#include <linux/kprobes.h>

unsigned long probe(struct kretprobe_instance *instance);

unsigned long probe(struct kretprobe_instance *instance)
{
	return get_kretprobe_retaddr(instance);
}
