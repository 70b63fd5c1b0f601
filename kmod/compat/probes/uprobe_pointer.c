// SPDX-License-Identifier: GPL-2.0
// uprobe_register() with a semaphore, returning the uprobe: "uprobes: make uprobe_register()
// return struct uprobe *", 6.12.
#include <linux/uprobes.h>

struct uprobe *probe(struct inode *inode, struct uprobe_consumer *consumer);

struct uprobe *probe(struct inode *inode, struct uprobe_consumer *consumer)
{
	struct uprobe *uprobe = uprobe_register(inode, 0, 0, consumer);

	uprobe_unregister_nosync(uprobe, consumer);
	uprobe_unregister_sync();
	return uprobe;
}
