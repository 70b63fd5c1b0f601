// SPDX-License-Identifier: GPL-2.0
/* What the device does with mappings: learns those of a process, shows files, takes their tables and interpreters. */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "compat/vma.h"
#include "image.h"
#include "interp.h"
#include "mappings.h"
#include "unwind_table.h"

/* The memory of a process and the image that it is now, or NULL. */
static struct mm_struct *memory_of(u32 pid, u64 *image)
{
	struct mm_struct *mm = NULL;
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_pid_ns(pid, &init_pid_ns), PIDTYPE_PID);
	if (task) {
		mm = get_task_mm(task);
		*image = ktally_task_image(task);
	}
	rcu_read_unlock();
	return mm;
}

/* The lock of @mm is held. Return: how many there are */
static u32 note_all(struct ktally_mappings *mappings, u64 image, struct mm_struct *mm)
{
	KTALLY_VMA_ITERATOR(iterator, mm);
	struct vm_area_struct *vma;
	u32 nr = 0;

	ktally_for_each_vma(iterator, vma) {
		if (!(vma->vm_flags & VM_EXEC))
			continue;
		ktally_mappings_vma(mappings, image, vma);
		nr++;
	}
	return nr;
}

/* Mappings come in under the lock that new ones are made under, so what is newer stays on top. */
int ktally_mappings_process(struct ktally_mappings *mappings, struct ktally_follow *follow)
{
	struct mm_struct *mm = memory_of(follow->pid, &follow->image), *now;
	u64 lost = READ_ONCE(mappings->count.lost), image;

	if (!mm)
		return -ESRCH;
	ktally_mm_lock(mm);
	/* An exec since would have given it another memory; the image is then that of the other one. */
	now = memory_of(follow->pid, &image);
	if (now == mm && image == follow->image)
		follow->mappings = note_all(mappings, image, mm);
	ktally_mm_unlock(mm);
	mmput(mm);
	if (!now)
		return -ESRCH;
	mmput(now);
	if (now != mm || image != follow->image)
		return -EAGAIN;
	return READ_ONCE(mappings->count.lost) == lost ? 0 : -ENOSPC;
}

/* A descriptor of the caller's own, for reading; the file was mapped, so somebody may read it. */
static int open_kept(struct file *kept)
{
	struct file *file;
	int fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = dentry_open(&kept->f_path, O_RDONLY | O_LARGEFILE | O_NONBLOCK, current_cred());
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static void show_file(const struct ktally_file *file, struct ktally_mapped *arg)
{
	arg->flags = (file->rows ? KTALLY_MAPPED_TABLE : 0) | (file->interp ? KTALLY_MAPPED_INTERP : 0);
	arg->dev_major = file->first.dev_major;
	arg->dev_minor = file->first.dev_minor;
	arg->inode = file->first.inode;
	arg->bytes = file->first.bytes;
	arg->pid = file->first.pid;
	arg->start = file->first.start;
	arg->length = file->first.length;
	arg->offset = file->first.offset;
}

int ktally_mappings_file(struct ktally_mappings *mappings, struct ktally_mapped *arg)
{
	bool open = arg->flags & KTALLY_MAPPED_OPEN;
	struct file *kept = NULL;
	unsigned long flags;
	int fd;

	if (arg->flags & ~KTALLY_MAPPED_OPEN || arg->reserved)
		return -EINVAL;
	if (arg->file >= READ_ONCE(mappings->files_used))
		return -ENOENT;
	raw_spin_lock_irqsave(&mappings->lock, flags);
	show_file(&mappings->files[arg->file], arg);
	kept = ktally_mappings_take_kept(mappings, &mappings->files[arg->file]);
	raw_spin_unlock_irqrestore(&mappings->lock, flags);
	arg->fd = -1;
	open = open && capable(CAP_SYS_ADMIN);
	if (!kept)
		return 0;
	fd = open ? open_kept(kept) : -1;
	fput(kept);
	/* The caller may come to the file by its name: only want of descriptors is the caller's own matter. */
	if (fd == -EMFILE || fd == -ENFILE)
		return fd;
	arg->fd = fd < 0 ? -1 : fd;
	return 0;
}

/* No session's tables may take more than a quarter of the machine. */
static bool is_too_much(u64 bytes)
{
	struct sysinfo info;

	si_meminfo(&info);
	return bytes > (u64)info.totalram * info.mem_unit / 4;
}

static int take_table(struct ktally_mappings *mappings, const struct ktally_give_table *arg)
{
	struct ktally_file *file = &mappings->files[arg->file];
	const struct ktally_rows *rows;

	if (file->rows)
		return -EEXIST;
	if (is_too_much(mappings->count.bytes + arg->length))
		return -ENOMEM;
	rows = ktally_rows_new((const void __user *)(unsigned long)arg->data, arg->length);
	if (IS_ERR(rows))
		return PTR_ERR(rows);
	mappings->count.tables++;
	mappings->count.bytes += arg->length;
	/* Whole before a walk finds it; pairs with its look-up. */
	smp_store_release(&file->rows, rows);
	/* What walks remember of before is void; pairs with their begin. */
	smp_store_release(&mappings->generation, mappings->generation + 1);
	return 0;
}

int ktally_mappings_give_table(struct ktally_mappings *mappings, const struct ktally_give_table *arg)
{
	int err;

	if (arg->file >= READ_ONCE(mappings->files_used))
		return -ENOENT;
	mutex_lock(&mappings->giving);
	err = take_table(mappings, arg);
	mutex_unlock(&mappings->giving);
	return err;
}

/* Processes that have the file mapped already run it. Locked. */
static void tell_places(struct ktally_mappings *mappings, u32 number)
{
	struct ktally_place *place;
	struct ktally_range *range;
	u32 bucket, at, next;

	for (bucket = 0; bucket < 1U << mappings->index_bits; bucket++) {
		for (at = mappings->index[bucket]; at; at = place->next) {
			place = &mappings->places[at - 1];
			for (next = place->head; next; next = range->next) {
				range = &mappings->ranges[next - 1];
				if (range->file == number)
					ktally_mappings_set_interp(place, &mappings->files[number], range);
			}
		}
	}
}

int ktally_mappings_give_interp(struct ktally_mappings *mappings, const struct ktally_give_interp *arg)
{
	struct ktally_interp *interp;
	struct ktally_file *file;
	unsigned long flags;
	bool taken;

	if (!arg->file || arg->file >= READ_ONCE(mappings->files_used))
		return -ENOENT;
	if (ktally_interp_check(&arg->interp))
		return -EINVAL;
	interp = kmemdup(&arg->interp, sizeof(*interp), GFP_KERNEL);
	if (!interp)
		return -ENOMEM;
	file = &mappings->files[arg->file];
	raw_spin_lock_irqsave(&mappings->lock, flags);
	taken = file->interp;
	if (!taken) {
		file->interp = interp;
		tell_places(mappings, arg->file);
	}
	raw_spin_unlock_irqrestore(&mappings->lock, flags);
	if (taken)
		kfree(interp);
	return taken ? -EEXIST : 0;
}
