// SPDX-License-Identifier: GPL-2.0
// uprobe_consumer.handler with a data argument: "uprobe: Add data pointer to consumer handlers", 6.13.
#include <linux/uprobes.h>

int probe(struct uprobe_consumer *consumer, struct pt_regs *regs, __u64 *data);

int probe(struct uprobe_consumer *consumer, struct pt_regs *regs, __u64 *data)
{
	return consumer->handler(consumer, regs, data);
}
