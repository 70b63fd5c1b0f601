// SPDX-License-Identifier: GPL-2.0
// d_real_inode(): "vfs: document d_real() and add d_real_inode()", 4.8.
#include <linux/dcache.h>
#include <linux/fs.h>

struct inode *probe(struct dentry *dentry);

struct inode *probe(struct dentry *dentry)
{
	return d_real_inode(dentry);
}
