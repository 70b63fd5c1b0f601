// SPDX-License-Identifier: GPL-2.0
// uprobe_register_refctr(): "uprobes: Support SDT markers having reference count (semaphore)", 4.20.
#include <linux/uprobes.h>

int probe(struct inode *inode, struct uprobe_consumer *consumer);

int probe(struct inode *inode, struct uprobe_consumer *consumer)
{
	return uprobe_register_refctr(inode, 0, 0, consumer);
}
