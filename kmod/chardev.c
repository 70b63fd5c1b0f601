// SPDX-License-Identifier: GPL-2.0
/* The character device /dev/ktally: a file is attached to one session and maps what it has. */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include "chardev.h"
#include "compat/cred.h"
#include "mappings.h"
#include "session.h"

/* file->private_data is misc's own until a session takes its place; open() makes it NULL. */
static struct ktally_session *session_of(struct file *file)
{
	/* Pairs with the exchange in attach(). */
	return smp_load_acquire(&file->private_data);
}

static int device_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

static int device_release(struct inode *inode, struct file *file)
{
	struct ktally_session *session = session_of(file);

	if (session && session->mappings)
		ktally_mappings_readers(session->mappings, -1);
	if (session)
		ktally_session_put(session);
	return 0;
}

static long attach(struct file *file, struct ktally_attach __user *argument)
{
	struct ktally_session *session;
	struct ktally_attach arg;
	long err = 0;

	if (copy_from_user(&arg, argument, sizeof(arg)))
		return -EFAULT;
	if (arg.size != sizeof(arg))
		return -EINVAL;
	if (!ktally_capable())
		return -EPERM;
	session = ktally_session_get(arg.session);
	if (!session)
		return -ENOENT;
	mutex_lock(&session->lock);
	arg.nr_cpus = nr_cpu_ids;
	arg.state = session->state;
	if (!session->areas && !session->mappings)
		err = -EAGAIN;
	else if (session->shows_kernel && !ktally_kernel_addresses_allowed())
		err = -EACCES;
	mutex_unlock(&session->lock);
	if (!err && copy_to_user(argument, &arg, sizeof(arg)))
		err = -EFAULT;
	if (!err && cmpxchg(&file->private_data, NULL, session))
		err = -EBUSY;
	if (err)
		ktally_session_put(session);
	else if (session->mappings)
		ktally_mappings_readers(session->mappings, 1);
	return err;
}

/* Whether there is something to map. Not by the session's lock, which may be held where memory of processes is waited for. */
static bool is_ready(const struct ktally_session *session)
{
	/* Pairs with ktally_session_alloc(). */
	return smp_load_acquire(&session->ready);
}

/* Which area a region is; -EINVAL if there is no such kind. */
static int area_of(const struct ktally_region *region)
{
	if (region->kind == KTALLY_REGION_HALF)
		return region->index < 2 ? KTALLY_AREA_HALF0 + (int)region->index : -EINVAL;
	if (region->index)
		return -EINVAL;
	switch (region->kind) {
	case KTALLY_REGION_RING:
		return KTALLY_AREA_RING;
	case KTALLY_REGION_CONSUMER:
		return KTALLY_AREA_CONSUMER;
	case KTALLY_REGION_STACKS:
		return KTALLY_AREA_STACKS;
	}
	return -EINVAL;
}

static long pair_region(const struct ktally_session *session, struct ktally_region *arg, struct ktally_region __user *argument)
{
	if (arg->cpu)
		return -EINVAL;
	if (arg->index >= session->nr_pairs)
		return -ENXIO;
	arg->offset = session->pairs[arg->index]->offset;
	arg->length = session->pairs[arg->index]->length;
	return copy_to_user(argument, arg, sizeof(*arg)) ? -EFAULT : 0;
}

static long region(struct file *file, struct ktally_region __user *argument)
{
	struct ktally_session *session = session_of(file);
	struct ktally_region arg;
	struct ktally_area *area;
	int which;

	if (!session)
		return -ENOTCONN;
	if (copy_from_user(&arg, argument, sizeof(arg)))
		return -EFAULT;
	if (arg.size != sizeof(arg))
		return -EINVAL;
	if (!is_ready(session))
		return -EAGAIN;
	if (arg.kind == KTALLY_REGION_PAIR)
		return pair_region(session, &arg, argument);
	which = area_of(&arg);
	if (which < 0)
		return -EINVAL;
	area = ktally_session_area(session, arg.cpu, which);
	if (!area)
		return -ENXIO;
	arg.offset = area->length ? area->offset : 0;
	arg.length = area->length;
	return copy_to_user(argument, &arg, sizeof(arg)) ? -EFAULT : 0;
}

/* The mappings of the session that @file is attached to, or ERR_PTR(). */
static struct ktally_mappings *mappings_of(struct file *file)
{
	struct ktally_session *session = session_of(file);

	if (!session)
		return ERR_PTR(-ENOTCONN);
	return session->mappings ? session->mappings : ERR_PTR(-EOPNOTSUPP);
}

static long follow(struct ktally_mappings *mappings, struct ktally_follow __user *argument)
{
	struct ktally_follow arg;
	long err;

	if (copy_from_user(&arg, argument, sizeof(arg)))
		return -EFAULT;
	if (arg.size != sizeof(arg) || arg.reserved)
		return -EINVAL;
	err = ktally_mappings_process(mappings, &arg);
	if (err && err != -ENOSPC)
		return err;
	return copy_to_user(argument, &arg, sizeof(arg)) ? -EFAULT : err;
}

/* If the answer cannot be told, the descriptor in it is there nevertheless, as with every other call that gives one. */
static long mapped(struct ktally_mappings *mappings, struct ktally_mapped __user *argument)
{
	struct ktally_mapped arg;
	long err;

	if (copy_from_user(&arg, argument, sizeof(arg)))
		return -EFAULT;
	if (arg.size != sizeof(arg))
		return -EINVAL;
	err = ktally_mappings_file(mappings, &arg);
	if (err)
		return err;
	return copy_to_user(argument, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static long give_table(struct ktally_mappings *mappings, const struct ktally_give_table __user *argument)
{
	struct ktally_give_table arg;

	if (copy_from_user(&arg, argument, sizeof(arg)))
		return -EFAULT;
	return arg.size == sizeof(arg) ? ktally_mappings_give_table(mappings, &arg) : -EINVAL;
}

static long give_interp(struct ktally_mappings *mappings, const struct ktally_give_interp __user *argument)
{
	struct ktally_give_interp arg;

	if (copy_from_user(&arg, argument, sizeof(arg)))
		return -EFAULT;
	return arg.size == sizeof(arg) ? ktally_mappings_give_interp(mappings, &arg) : -EINVAL;
}

static long mappings_ioctl(struct file *file, unsigned int cmd, void __user *argument)
{
	struct ktally_mappings *mappings = mappings_of(file);

	if (IS_ERR(mappings))
		return PTR_ERR(mappings);
	switch (cmd) {
	case KTALLY_IOC_PROCESS:
		return follow(mappings, argument);
	case KTALLY_IOC_FILE:
		return mapped(mappings, argument);
	case KTALLY_IOC_TABLE:
		return give_table(mappings, argument);
	}
	return give_interp(mappings, argument);
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long argument)
{
	switch (cmd) {
	case KTALLY_IOC_ATTACH:
		return attach(file, (void __user *)argument);
	case KTALLY_IOC_REGION:
		return region(file, (void __user *)argument);
	case KTALLY_IOC_PROCESS:
	case KTALLY_IOC_FILE:
	case KTALLY_IOC_TABLE:
	case KTALLY_IOC_INTERPRETER:
		return mappings_ioctl(file, cmd, (void __user *)argument);
	}
	return -ENOTTY;
}

/* What an mmap of this place shows, or NULL. */
static void *memory_at(const struct ktally_session *session, u64 offset, u64 length, bool *writable)
{
	unsigned int i;

	*writable = false;
	for (i = 0; i < nr_cpu_ids * KTALLY_AREAS; i++) {
		struct ktally_area *area = &session->areas[i];

		if (!area->memory || area->offset != offset || area->length != length)
			continue;
		*writable = i % KTALLY_AREAS == KTALLY_AREA_CONSUMER;
		return area->memory;
	}
	for (i = 0; i < session->nr_pairs; i++)
		if (session->pairs[i]->offset == offset && session->pairs[i]->length == length)
			return session->pairs[i]->memory;
	return NULL;
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct ktally_session *session = session_of(file);
	bool writable;
	void *memory;

	if (!session)
		return -ENOTCONN;
	if (!is_ready(session))
		return -EAGAIN;
	memory = memory_at(session, (u64)vma->vm_pgoff << PAGE_SHIFT, vma->vm_end - vma->vm_start, &writable);
	if (!memory)
		return -EINVAL;
	if (!writable) {
		if (vma->vm_flags & VM_WRITE)
			return -EACCES;
		/* Nor may mprotect() make it so later. */
		vm_flags_clear(vma, VM_MAYWRITE);
	}
	if (vma->vm_flags & VM_EXEC)
		return -EACCES;
	vm_flags_clear(vma, VM_MAYEXEC);
	return remap_vmalloc_range(vma, memory, 0);
}

static __poll_t device_poll(struct file *file, poll_table *table)
{
	struct ktally_session *session = session_of(file);
	struct ktally_hot *hot;
	__poll_t events = 0;
	unsigned int cpu;

	if (!session)
		return EPOLLERR;
	poll_wait(file, &session->wait, table);
	for_each_cpu(cpu, session->cpus) {
		if (!is_ready(session))
			break;
		hot = per_cpu_ptr(session->hot, cpu);
		if (hot->ring && ktally_ring_readable(hot->ring))
			events |= EPOLLIN | EPOLLRDNORM;
	}
	if (session->mappings && READ_ONCE(session->mappings->nr_kept))
		events |= EPOLLPRI;
	if (READ_ONCE(session->state) == KTALLY_STATE_DEAD)
		events |= EPOLLHUP;
	return events;
}

static const struct file_operations device_ops = {
	.owner		= THIS_MODULE,
	.open		= device_open,
	.release	= device_release,
	.unlocked_ioctl	= device_ioctl,
	.mmap		= device_mmap,
	.poll		= device_poll,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "ktally",
	.fops	= &device_ops,
	.mode	= 0600,
};

int ktally_chardev_init(void)
{
	return misc_register(&device);
}

void ktally_chardev_uninit(void)
{
	misc_deregister(&device);
}
