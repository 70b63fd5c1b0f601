// SPDX-License-Identifier: GPL-2.0
// get_kretprobe(): "kprobes: Remove kretprobe hash", 5.11.
#include <linux/kprobes.h>

struct kretprobe *probe(struct kretprobe_instance *instance);

struct kretprobe *probe(struct kretprobe_instance *instance)
{
	return get_kretprobe(instance);
}
