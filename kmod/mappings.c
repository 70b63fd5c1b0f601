// SPDX-License-Identifier: GPL-2.0
/* What processes have mapped executable, and which files these are; mappings.h has the rules. */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hash.h>
#include <linux/kdev_t.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/ktally_ring.h>
#include "compat/sync.h"
#include "compat/vma.h"
#include "mappings.h"
#include "unwind_table.h"

/* Ranges and places are many to a process, and files few. */
#define RANGES_PER_PLACE	8
#define RANGES_PER_FILE		4
#define POOL_MIN		1024U

/* A hit looks at so many ranges at most; a process that maps more has the oldest cut off. */
#define RANGES_OF_PLACE_MAX	4096U
#define CHAIN_MAX		4096U

/* Files that wait to be opened: each holds its file system. */
#define KEPT_MAX		4096U

static u32 process_of(u64 image)
{
	return image >> 32;
}

static u32 *bucket_of(const struct ktally_mappings *mappings, u64 image)
{
	return &mappings->index[hash_32(process_of(image), mappings->index_bits)];
}

static void reclaim(struct work_struct *work);

static void wake(struct irq_work *work)
{
	wake_up_all(container_of(work, struct ktally_mappings, news)->wait);
}

struct ktally_mappings *ktally_mappings_new(u32 room, wait_queue_head_t *wait, const char **why)
{
	struct ktally_mappings *mappings;
	u64 need;

	if (room > KTALLY_MAPPINGS_MAX) {
		*why = "a session follows at most 1048576 mappings";
		return ERR_PTR(-E2BIG);
	}
	mappings = vzalloc(sizeof(*mappings));
	if (!mappings)
		return ERR_PTR(-ENOMEM);
	raw_spin_lock_init(&mappings->lock);
	mutex_init(&mappings->giving);
	INIT_WORK(&mappings->reclaim, reclaim);
	init_irq_work(&mappings->news, wake);
	mappings->wait = wait;
	mappings->nr_ranges = max(room, POOL_MIN);
	mappings->nr_places = max(mappings->nr_ranges / RANGES_PER_PLACE, POOL_MIN);
	mappings->nr_files = clamp(mappings->nr_ranges / RANGES_PER_FILE, POOL_MIN, KTALLY_FILES_MAX);
	mappings->files_used = 1;
	mappings->index_bits = ilog2(roundup_pow_of_two(mappings->nr_places));
	mappings->ranges = vzalloc(mappings->nr_ranges * sizeof(*mappings->ranges));
	mappings->places = vzalloc(mappings->nr_places * sizeof(*mappings->places));
	mappings->files = vzalloc(mappings->nr_files * sizeof(*mappings->files));
	mappings->index = vzalloc(sizeof(u32) << mappings->index_bits);
	mappings->file_index = vzalloc(sizeof(u32) << mappings->index_bits);
	if (!mappings->ranges || !mappings->places || !mappings->files || !mappings->index || !mappings->file_index) {
		*why = "no memory for so many mappings";
		ktally_mappings_free(mappings);
		return ERR_PTR(-ENOMEM);
	}
	need = (u64)mappings->nr_ranges * sizeof(*mappings->ranges) + (u64)mappings->nr_places * sizeof(*mappings->places) +
	       (u64)mappings->nr_files * sizeof(*mappings->files) + 2 * ((u64)sizeof(u32) << mappings->index_bits);
	mappings->bytes = need;
	ktally_vmalloc_sync();
	return mappings;
}

/* The caller gives it back where it may sleep. */
struct file *ktally_mappings_take_kept(struct ktally_mappings *mappings, struct ktally_file *file)
{
	struct file *kept = file->kept;

	if (kept)
		mappings->nr_kept--;
	file->kept = NULL;
	return kept;
}

static void drop_kept(struct ktally_mappings *mappings)
{
	unsigned long flags;
	struct file *kept;
	u32 i;

	for (i = 0; i < mappings->files_used; i++) {
		raw_spin_lock_irqsave(&mappings->lock, flags);
		kept = ktally_mappings_take_kept(mappings, &mappings->files[i]);
		raw_spin_unlock_irqrestore(&mappings->lock, flags);
		if (kept)
			fput(kept);
	}
}

void ktally_mappings_free(struct ktally_mappings *mappings)
{
	u32 i;

	if (!mappings)
		return;
	cancel_work_sync(&mappings->reclaim);
	irq_work_sync(&mappings->news);
	if (mappings->files) {
		drop_kept(mappings);
		for (i = 0; i < mappings->files_used; i++) {
			ktally_rows_free(mappings->files[i].rows);
			kfree(mappings->files[i].interp);
		}
	}
	vfree(mappings->file_index);
	vfree(mappings->index);
	vfree(mappings->files);
	vfree(mappings->places);
	vfree(mappings->ranges);
	vfree(mappings);
}

void ktally_mappings_readers(struct ktally_mappings *mappings, int more)
{
	unsigned long flags;
	bool last;

	raw_spin_lock_irqsave(&mappings->lock, flags);
	mappings->readers += more;
	last = !mappings->readers;
	raw_spin_unlock_irqrestore(&mappings->lock, flags);
	if (last)
		drop_kept(mappings);
}

/* ---- pools: number + 1 of something free, 0: none. Locked ---- */

/* What handlers may still see becomes free in the background, in time. */
static void want_reclaim(struct ktally_mappings *mappings)
{
	if (mappings->nr_old)
		schedule_work(&mappings->reclaim);
}

static u32 take_range(struct ktally_mappings *mappings)
{
	u32 number = mappings->free_range;

	if (number) {
		mappings->free_range = mappings->ranges[number - 1].next;
		return number;
	}
	if (mappings->used_range >= mappings->nr_ranges / 4 * 3)
		want_reclaim(mappings);
	if (mappings->used_range < mappings->nr_ranges)
		return ++mappings->used_range;
	mappings->count.lost++;
	return 0;
}

static u32 take_place(struct ktally_mappings *mappings)
{
	u32 number = mappings->free_place;

	if (number) {
		mappings->free_place = mappings->places[number - 1].next;
		return number;
	}
	if (mappings->used_place >= mappings->nr_places / 4 * 3)
		want_reclaim(mappings);
	if (mappings->used_place < mappings->nr_places)
		return ++mappings->used_place;
	mappings->count.lost++;
	return 0;
}

/* One that leads to range @number is gone; so those go that nothing else leads to. Their next stays for who is on the way there. */
static void put_range(struct ktally_mappings *mappings, u32 number)
{
	struct ktally_range *range;

	while (number) {
		range = &mappings->ranges[number - 1];
		if (--range->refs)
			break;
		mappings->count.mappings--;
		mappings->nr_old++;
		range->old = mappings->old_range;
		mappings->old_range = number;
		number = range->next;
	}
}

static void reclaim(struct work_struct *work)
{
	struct ktally_mappings *mappings = container_of(work, struct ktally_mappings, reclaim);
	u32 range, place, next;
	unsigned long flags;

	raw_spin_lock_irqsave(&mappings->lock, flags);
	range = mappings->old_range;
	place = mappings->old_place;
	mappings->old_range = 0;
	mappings->old_place = 0;
	mappings->nr_old = 0;
	raw_spin_unlock_irqrestore(&mappings->lock, flags);
	ktally_synchronize();
	for (; range; range = next) {
		next = mappings->ranges[range - 1].old;
		raw_spin_lock_irqsave(&mappings->lock, flags);
		mappings->ranges[range - 1].next = mappings->free_range;
		mappings->free_range = range;
		raw_spin_unlock_irqrestore(&mappings->lock, flags);
	}
	for (; place; place = next) {
		next = mappings->places[place - 1].old;
		raw_spin_lock_irqsave(&mappings->lock, flags);
		mappings->places[place - 1].next = mappings->free_place;
		mappings->free_place = place;
		raw_spin_unlock_irqrestore(&mappings->lock, flags);
	}
}

/* ---- places. Locked ---- */

static struct ktally_place *find_place(struct ktally_mappings *mappings, u64 image)
{
	u32 number;

	for (number = *bucket_of(mappings, image); number; number = mappings->places[number - 1].next)
		if (process_of(mappings->places[number - 1].image) == process_of(image))
			return &mappings->places[number - 1];
	return NULL;
}

static void remove_place(struct ktally_mappings *mappings, u64 image)
{
	u32 *link = bucket_of(mappings, image), number;
	struct ktally_place *place;

	for (; (number = *link); link = &place->next) {
		place = &mappings->places[number - 1];
		if (process_of(place->image) != process_of(image))
			continue;
		WRITE_ONCE(*link, place->next);
		put_range(mappings, place->head);
		mappings->count.processes--;
		mappings->nr_old++;
		place->old = mappings->old_place;
		mappings->old_place = number;
		return;
	}
}

/* The place of an image; what the process had before another program took it over is gone. */
static struct ktally_place *get_place(struct ktally_mappings *mappings, u64 image)
{
	struct ktally_place *place = find_place(mappings, image);
	u32 *bucket = bucket_of(mappings, image), number;

	if (place && place->image == image)
		return place;
	if (place)
		remove_place(mappings, image);
	number = take_place(mappings);
	if (!number)
		return NULL;
	place = &mappings->places[number - 1];
	*place = (struct ktally_place){ .image = image, .next = *bucket, .changes = ++mappings->serial };
	mappings->count.processes++;
	/* Whole before it can be found; pairs with ktally_mappings_place(). */
	smp_store_release(bucket, number);
	return place;
}

void ktally_mappings_set_interp(struct ktally_place *place, const struct ktally_file *file, const struct ktally_range *range)
{
	place->runtime = range->start - range->offset + file->interp->runtime;
	/* The address before the sign that there is one; pairs with the walker. */
	smp_store_release(&place->interp, file->interp);
}

/* ---- ranges. Locked ---- */

enum { NEW, KNOWN, USELESS };

/* Memory of no file matters only where it hides a file's. */
static int look_at(const struct ktally_mappings *mappings, const struct ktally_place *place, const struct ktally_range *want)
{
	u32 number, steps = 0;

	for (number = place->head; number && steps < RANGES_OF_PLACE_MAX; number = mappings->ranges[number - 1].next, steps++) {
		const struct ktally_range *range = &mappings->ranges[number - 1];

		if (range->end <= want->start || range->start >= want->end)
			continue;
		return range->start == want->start && range->end == want->end && range->offset == want->offset &&
		       range->file == want->file ? KNOWN : NEW;
	}
	return want->file == KTALLY_FILE_NONE ? USELESS : NEW;
}

static void note_range(struct ktally_mappings *mappings, struct ktally_place *place, const struct ktally_range *want)
{
	struct ktally_range *range;
	u32 number;

	if (look_at(mappings, place, want) != NEW)
		return;
	if (place->nr >= RANGES_OF_PLACE_MAX) {
		mappings->count.lost++;
		return;
	}
	number = take_range(mappings);
	if (!number)
		return;
	range = &mappings->ranges[number - 1];
	*range = *want;
	range->refs = 1;
	range->next = place->head;	/* what led there leads to us now */
	mappings->count.mappings++;
	place->nr++;
	/* Whole before it can be found; pairs with ktally_mappings_range(). */
	smp_store_release(&place->head, number);
	WRITE_ONCE(place->changes, ++mappings->serial);
	if (range->file != KTALLY_FILE_NONE && mappings->files[range->file].interp)
		ktally_mappings_set_interp(place, &mappings->files[range->file], range);
}

/* ---- files. Locked ---- */

static u32 *file_bucket(const struct ktally_mappings *mappings, const struct ktally_first *first)
{
	return &mappings->file_index[hash_32(first->inode ^ first->dev_minor, mappings->index_bits)];
}

static u32 get_file_number(struct ktally_mappings *mappings, const struct ktally_first *first, struct file *kept)
{
	u32 *bucket = file_bucket(mappings, first), number;
	struct ktally_file *file;

	for (number = *bucket; number; number = file->next) {
		file = &mappings->files[number];
		if (file->first.inode == first->inode && file->first.dev_minor == first->dev_minor &&
		    file->first.dev_major == first->dev_major && file->first.bytes == first->bytes)
			return number;
	}
	if (mappings->files_used >= mappings->nr_files) {
		mappings->count.lost++;
		return KTALLY_FILE_NONE;
	}
	number = mappings->files_used;
	file = &mappings->files[number];
	file->first = *first;
	file->next = *bucket;
	if (mappings->readers && mappings->nr_kept < KEPT_MAX) {
		file->kept = get_file(kept);
		mappings->nr_kept++;
		irq_work_queue(&mappings->news);
	}
	*bucket = number;
	mappings->count.files++;
	WRITE_ONCE(mappings->files_used, number + 1);
	return number;
}

static bool describe(struct ktally_first *first, const struct vm_area_struct *vma, u64 image)
{
	struct inode *inode = vma->vm_file ? file_inode(vma->vm_file) : NULL;

	if (!inode || !S_ISREG(inode->i_mode))
		return false;
	*first = (struct ktally_first){
		.dev_major = MAJOR(inode->i_sb->s_dev),
		.dev_minor = MINOR(inode->i_sb->s_dev),
		.inode = inode->i_ino,
		.bytes = i_size_read(inode),
		.pid = process_of(image),
		.start = vma->vm_start,
		.length = vma->vm_end - vma->vm_start,
		.offset = (u64)vma->vm_pgoff << PAGE_SHIFT,
	};
	return true;
}

u32 ktally_mappings_vma(struct ktally_mappings *mappings, u64 image, const struct vm_area_struct *vma)
{
	struct ktally_range want = { .start = vma->vm_start, .end = vma->vm_end, .file = KTALLY_FILE_NONE };
	bool vdso = ktally_vma_is_vdso((struct vm_area_struct *)vma), is_file;
	struct ktally_place *place;
	struct ktally_first first;
	unsigned long flags;

	is_file = describe(&first, vma, image);
	raw_spin_lock_irqsave(&mappings->lock, flags);
	if (vdso)
		want.file = 0;
	else if (is_file)
		want.file = get_file_number(mappings, &first, vma->vm_file);
	if (is_file)
		want.offset = first.offset;
	place = get_place(mappings, image);
	if (place)
		note_range(mappings, place, &want);
	raw_spin_unlock_irqrestore(&mappings->lock, flags);
	return want.file;
}

void ktally_mappings_fork(struct ktally_mappings *mappings, u64 parent, u64 child)
{
	struct ktally_place *from, *to;
	unsigned long flags;

	raw_spin_lock_irqsave(&mappings->lock, flags);
	from = find_place(mappings, parent);
	if (from && from->image == parent) {
		remove_place(mappings, child);
		to = get_place(mappings, child);
		if (to && from->head) {
			mappings->ranges[from->head - 1].refs++;
			to->nr = from->nr;
			to->runtime = from->runtime;
			to->interp = from->interp;
			/* Pairs with ktally_mappings_range(). */
			smp_store_release(&to->head, from->head);
		}
	}
	raw_spin_unlock_irqrestore(&mappings->lock, flags);
}

void ktally_mappings_exit(struct ktally_mappings *mappings, u64 image)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&mappings->lock, flags);
	remove_place(mappings, image);
	raw_spin_unlock_irqrestore(&mappings->lock, flags);
}

void ktally_mappings_clear(struct ktally_mappings *mappings)
{
	unsigned long flags;
	u32 bucket;

	for (bucket = 0; bucket < 1U << mappings->index_bits; bucket++) {
		raw_spin_lock_irqsave(&mappings->lock, flags);
		while (mappings->index[bucket])
			remove_place(mappings, mappings->places[mappings->index[bucket] - 1].image);
		raw_spin_unlock_irqrestore(&mappings->lock, flags);
	}
	want_reclaim(mappings);
}

/* ---- looking, without a lock ---- */

const struct ktally_place *ktally_mappings_place(const struct ktally_mappings *mappings, u64 image)
{
	const struct ktally_place *place;
	unsigned int steps = 0;
	u32 number;

	/* Pairs with get_place(). */
	for (number = smp_load_acquire(bucket_of(mappings, image)); number && steps < CHAIN_MAX; number = READ_ONCE(place->next), steps++) {
		place = &mappings->places[number - 1];
		if (READ_ONCE(place->image) == image)
			return place;
	}
	return NULL;
}

const struct ktally_range *ktally_mappings_range(const struct ktally_mappings *mappings, const struct ktally_place *place, u64 ip)
{
	const struct ktally_range *range;
	unsigned int steps = 0;
	u32 number;

	/* Pairs with note_range(). */
	for (number = smp_load_acquire(&place->head); number && steps < RANGES_OF_PLACE_MAX; number = READ_ONCE(range->next), steps++) {
		range = &mappings->ranges[number - 1];
		if (ip >= range->start && ip < range->end)
			return range;
	}
	return NULL;
}
