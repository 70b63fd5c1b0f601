// SPDX-License-Identifier: GPL-2.0
/* Uprobes of a module's own: registration in its three shapes, and the file behind a path. */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/namei.h>

#include "compat/uprobe.h"

/* Of a file on overlayfs processes map the one below: "vfs: add d_real_inode() helper", 4.8. */
static struct inode *mapped_inode(const struct path *path)
{
#ifdef KTALLY_HAVE_D_REAL_INODE
	return d_real_inode(path->dentry);
#else
	return path->dentry->d_inode;
#endif
}

int ktally_uprobe_open(struct ktally_uprobe *uprobe, const char *path)
{
	int err = kern_path(path, LOOKUP_FOLLOW, &uprobe->path);

	if (!err)
		uprobe->inode = mapped_inode(&uprobe->path);
	return err;
}

void ktally_uprobe_close(struct ktally_uprobe *uprobe)
{
	path_put(&uprobe->path);
}

#if !KTALLY_UPROBES

int ktally_uprobe_register(struct ktally_uprobe *uprobe, u64 semaphore)
{
	return -EOPNOTSUPP;
}

void ktally_uprobe_unregister(struct ktally_uprobe *uprobe)
{
}

void ktally_uprobe_synchronize(void)
{
}

#elif defined(KTALLY_HAVE_UPROBE_POINTER)

/* "uprobes: make uprobe_register() return struct uprobe *", 6.12. */
int ktally_uprobe_register(struct ktally_uprobe *uprobe, u64 semaphore)
{
	uprobe->uprobe = uprobe_register(uprobe->inode, uprobe->offset, semaphore, &uprobe->consumer);
	return PTR_ERR_OR_ZERO(uprobe->uprobe);
}

void ktally_uprobe_unregister(struct ktally_uprobe *uprobe)
{
	uprobe_unregister_nosync(uprobe->uprobe, &uprobe->consumer);
}

void ktally_uprobe_synchronize(void)
{
	uprobe_unregister_sync();
}

#else

int ktally_uprobe_register(struct ktally_uprobe *uprobe, u64 semaphore)
{
#if KTALLY_UPROBE_SEMAPHORES
	return uprobe_register_refctr(uprobe->inode, uprobe->offset, semaphore, &uprobe->consumer);
#else
	return semaphore ? -EOPNOTSUPP : uprobe_register(uprobe->inode, uprobe->offset, &uprobe->consumer);
#endif
}

/* Handlers run with a lock held that this takes to write. */
void ktally_uprobe_unregister(struct ktally_uprobe *uprobe)
{
	uprobe_unregister(uprobe->inode, uprobe->offset, &uprobe->consumer);
}

void ktally_uprobe_synchronize(void)
{
}

#endif
