// SPDX-License-Identifier: GPL-2.0
/* Uprobes of a module's own: registration in its three shapes, and the file behind a path. */
#include <linux/dcache.h>
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/namei.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

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

#if defined(CONFIG_UPROBES) && defined(KTALLY_HAVE_RETURN_INSTANCE)

/* Of the kernel's MAX_URETPROBE_DEPTH. */
#define INSTANCES_MAX	64

/* What the stack pointer was at the entry of a function that has returned. */
static unsigned long at_entry(unsigned long sp)
{
	return IS_ENABLED(CONFIG_X86) ? sp - sizeof(long) : sp;
}

/* The part of it that is looked at. The kernel may be about to free it, so that it is read like memory that may be gone. */
struct instance {
	unsigned long stack, caller;
	struct return_instance *next;
	bool chained;
};

static bool get_instance(const struct return_instance *from, struct instance *to)
{
	return !copy_from_kernel_nofault(&to->stack, &from->stack, sizeof(to->stack)) &&
	       !copy_from_kernel_nofault(&to->caller, &from->orig_ret_vaddr, sizeof(to->caller)) &&
	       !copy_from_kernel_nofault(&to->next, &from->next, sizeof(to->next)) &&
	       !copy_from_kernel_nofault(&to->chained, &from->chained, sizeof(to->chained));
}

unsigned long ktally_uretprobe_caller(unsigned long ip, unsigned long low, unsigned long high)
{
	struct uprobe_task *task = current->utask;
	struct return_instance *at = task ? READ_ONCE(task->return_instances) : NULL;
	struct instance instance;
	unsigned int n;

	/* What is in its place is the beginning of a page. */
	if (offset_in_page(ip))
		return ip;
	for (n = 0; at && n < INSTANCES_MAX && get_instance(at, &instance); n++, at = instance.next) {
		/* One that was left by a longjmp lies lower. */
		if (instance.stack < at_entry(low))
			continue;
		if (instance.stack > at_entry(high))
			break;
		/* Chained: its caller ended by jumping to it, and what it would return to is replaced as well. */
		if (!instance.chained)
			return instance.caller;
	}
	return ip;
}

#else

unsigned long ktally_uretprobe_caller(unsigned long ip, unsigned long low, unsigned long high)
{
	return ip;
}

#endif
