/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What processes have mapped executable, and which files these are: followed as it happens, asked at hits.
 *
 * Everything is preallocated. Changes are made by the processes themselves (fork, exec, exit, mmap) and by the device, under a lock;
 * hits read without one: a place or range is filled before it is published, never changes while it can be found but for what is
 * said below, and is used again only after all handlers that may have seen it have ended.
 */
#ifndef _KTALLY_MAPPINGS_H
#define _KTALLY_MAPPINGS_H

#include <linux/irq_work.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/ktally_unwind.h>

struct file;
struct ktally_rows;
struct vm_area_struct;

/**
 * struct ktally_range - one executable mapping; processes that were forked share those of their parent
 * @start: first address
 * @end: behind the last
 * @offset: of @start in the file
 * @file: number of the file, or KTALLY_FILE_NONE: memory of no file
 * @next: the range that was mapped before this one: number + 1; 0: none. A newer one hides what it covers of the older
 * @refs: newer ranges and places that lead here; locked
 * @old: the next one that handlers may still see; locked
 */
struct ktally_range {
	u64 start;
	u64 end;
	u64 offset;
	u32 file;
	u32 next;
	u32 refs;
	u32 old;
};

/**
 * struct ktally_place - one process
 * @image: KTALLY_CTX_IMAGE of the program it runs
 * @next: in its list of the hash: number + 1
 * @head: newest range: number + 1
 * @nr: ranges, shared ones included; locked
 * @old: the next one that handlers may still see; locked
 * @changes: a number that no other set of ranges of the session has or had
 * @interp: the interpreter it runs, or NULL
 * @runtime: address of the interpreter's state
 */
struct ktally_place {
	u64 image;
	u32 next;
	u32 head;
	u32 nr;
	u32 old;
	u32 changes;
	const struct ktally_interp *interp;
	u64 runtime;
};

/**
 * struct ktally_file - one mapped file
 * @rows: its table, or NULL
 * @interp: the interpreter in it, or NULL
 * @kept: the file itself until it was opened once, or NULL
 * @next: in its list of the hash: number; 0: none
 * @first: what it is, and the mapping it was met in first
 */
struct ktally_file {
	const struct ktally_rows *rows;
	const struct ktally_interp *interp;
	struct file *kept;
	u32 next;
	struct ktally_first {
		u32 dev_major;
		u32 dev_minor;
		u64 inode;
		u64 bytes;
		u32 pid;
		u64 start;
		u64 length;
		u64 offset;
	} first;
};

/**
 * struct ktally_mappings - of a session
 * @lock: of all changes
 * @giving: taken by those who give tables and interpreters; outside of @lock
 * @ranges: pool, @nr_ranges of them
 * @places: pool, @nr_places of them
 * @files: @files_used of @nr_files; number 0 is the vDSO
 * @index: heads of lists of places, by process: number + 1; @index_bits
 * @file_index: heads of lists of files, by inode: number; the same bits
 * @free_range: list of free ones, by next; likewise @free_place
 * @used_range: ranges from this one on were never used; likewise @used_place
 * @old_range: ranges that handlers may still see, by old; likewise @old_place
 * @nr_old: of both
 * @reclaim: makes these free
 * @readers: device files that are attached: files are kept while there are any
 * @nr_kept: files that are kept: news for those who poll
 * @wait: of those who poll
 * @news: wakes them, from any context
 * @serial: last number given
 * @generation: counts tables and interpreters that were given
 * @bytes: that the pools take
 * @count: what is known of struct ktally_unwind_count without the walks
 */
struct ktally_mappings {
	raw_spinlock_t lock;
	struct mutex giving;
	struct ktally_range *ranges;
	struct ktally_place *places;
	struct ktally_file *files;
	u32 *index;
	u32 *file_index;
	u32 index_bits;
	u32 nr_ranges;
	u32 nr_places;
	u32 nr_files;
	u32 files_used;
	u32 free_range;
	u32 free_place;
	u32 used_range;
	u32 used_place;
	u32 old_range;
	u32 old_place;
	u32 nr_old;
	struct work_struct reclaim;
	unsigned int readers;
	unsigned int nr_kept;
	wait_queue_head_t *wait;
	struct irq_work news;
	u32 serial;
	u32 generation;
	u64 bytes;
	struct ktally_unwind_count count;
};

/** ktally_mappings_new() - with room for @room, telling those in @wait of new files; or ERR_PTR(). Context: process. */
struct ktally_mappings *ktally_mappings_new(u32 room, wait_queue_head_t *wait, const char **why);
/** ktally_mappings_free() - no handler may look any more; NULL is fine. Context: process. */
void ktally_mappings_free(struct ktally_mappings *mappings);

/**
 * ktally_mappings_vma() - a process has mapped something executable
 * @mappings: where to note it
 * @image: KTALLY_CTX_IMAGE of the process
 * @vma: what
 *
 * Return: the number of the file, or KTALLY_FILE_NONE.
 * Context: process, @vma is held by the lock of its address space; may not sleep.
 */
u32 ktally_mappings_vma(struct ktally_mappings *mappings, u64 image, const struct vm_area_struct *vma);
/** ktally_mappings_fork() - @child has what @parent has. Context: process, may not sleep. */
void ktally_mappings_fork(struct ktally_mappings *mappings, u64 parent, u64 child);
/** ktally_mappings_exit() - the process is gone. Context: process, may not sleep. */
void ktally_mappings_exit(struct ktally_mappings *mappings, u64 image);

/** ktally_mappings_clear() - forget all processes, but not files and their tables. Context: process. */
void ktally_mappings_clear(struct ktally_mappings *mappings);

/** ktally_mappings_process() - KTALLY_IOC_PROCESS. Return: 0 or -errno. Context: process, sleeps. */
int ktally_mappings_process(struct ktally_mappings *mappings, struct ktally_follow *follow);
/** ktally_mappings_file() - KTALLY_IOC_FILE. Return: 0 or -errno. Context: process, sleeps. */
int ktally_mappings_file(struct ktally_mappings *mappings, struct ktally_mapped *arg);

/**
 * ktally_mappings_give_table() - KTALLY_IOC_TABLE
 * ktally_mappings_give_interp() - KTALLY_IOC_INTERPRETER
 *
 * Return: 0 or -errno. Context: process, sleeps.
 */
int ktally_mappings_give_table(struct ktally_mappings *mappings, const struct ktally_give_table *arg);
int ktally_mappings_give_interp(struct ktally_mappings *mappings, const struct ktally_give_interp *arg);

/** ktally_mappings_readers() - a device file was attached (1) or closed (-1): without any, no file is kept. Context: process. */
void ktally_mappings_readers(struct ktally_mappings *mappings, int more);

/** ktally_mappings_place() - what is known of the process, or NULL. Context: any, with preemption off. */
const struct ktally_place *ktally_mappings_place(const struct ktally_mappings *mappings, u64 image);
/** ktally_mappings_range() - where in it an address is, or NULL. Context: as ktally_mappings_place(). */
const struct ktally_range *ktally_mappings_range(const struct ktally_mappings *mappings, const struct ktally_place *place, u64 ip);

/* For mappings_device.c, locked */
struct file *ktally_mappings_take_kept(struct ktally_mappings *mappings, struct ktally_file *file);
void ktally_mappings_set_interp(struct ktally_place *place, const struct ktally_file *file, const struct ktally_range *range);

#endif /* _KTALLY_MAPPINGS_H */
