/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ktally: the per-CPU ring and its records.
 *
 *	KTALLY_REGION_RING (read-only):     | struct ktally_ring_page, one page | data, a power of two of bytes |
 *	KTALLY_REGION_CONSUMER (writable):  | struct ktally_consumer_page, one page |
 *
 * Positions count bytes since the session was made and never wrap; a position modulo data_size is a place in the data.
 * A record never wraps: a KTALLY_RECORD_PAD fills the end of the data. The reader loads head (acquire; pairs with the
 * release in the module's ring commit), reads the records between its own position and head, then stores its position
 * in the consumer page (release; pairs with the acquire in the module's reserve).
 *
 * KTALLY_RING_DISCARD: a record that finds no room is dropped and counted. KTALLY_RING_OVERWRITE: the oldest go; read it when the session is
 * stopped, from tail to head; the consumer page is not looked at.
 *
 *	offered = reserved + dropped;  reserved = read + unread + overwritten  (records, pads not counted)
 *
 * Who reads an overwriting ring more than once counts as overwritten what was before it was read: @overwritten less what he read and is gone.
 */
#ifndef _UAPI_LINUX_KTALLY_RING_H
#define _UAPI_LINUX_KTALLY_RING_H

#include <linux/types.h>

/** enum ktally_ring_mode - what a full ring does, see the head of this file */
enum ktally_ring_mode {
	KTALLY_RING_DISCARD = 0,
	KTALLY_RING_OVERWRITE = 1,
	__KTALLY_RING_END
};
#define KTALLY_RING_MODE_MAX (__KTALLY_RING_END - 1)

/**
 * struct ktally_ring_page - what the module publishes of a ring
 * @magic: KTALLY_RING_MAGIC
 * @cpu: the CPU it belongs to
 * @data_offset: from the start of the region
 * @data_size: bytes of data, a power of two
 * @mode: enum ktally_ring_mode
 * @head: position behind the last complete record
 * @tail: overwrite mode: position of the oldest record that is still there; else 0
 * @offered: records that wanted in
 * @reserved: records that got in
 * @dropped: records that found no room
 * @overwritten: records that made room for newer ones
 */
struct ktally_ring_page {
	__u32 magic;
	__u32 cpu;
	__u32 data_offset;
	__u32 mode;
	__aligned_u64 data_size;
	__aligned_u64 head;
	__aligned_u64 tail;
	__aligned_u64 offered;
	__aligned_u64 reserved;
	__aligned_u64 dropped;
	__aligned_u64 overwritten;
};
#define KTALLY_RING_MAGIC	0x4b52494eU	/* "KRIN" */

/**
 * struct ktally_consumer_page - what the reader publishes
 * @tail: position up to which everything was read
 *
 * The module trusts it only as far as it is between its own oldest and newest position; anything else reads as "ring full".
 */
struct ktally_consumer_page {
	__aligned_u64 tail;
};

/**
 * enum ktally_record_type - what a record is
 * @KTALLY_RECORD_PAD: fills the end of the data, skip
 * @KTALLY_RECORD_EVENT: struct ktally_event: written by KTALLY_OP_EMIT
 * @KTALLY_RECORD_FORK: struct ktally_process, a process (not a thread) was made
 * @KTALLY_RECORD_EXEC: struct ktally_process, a process runs a new program
 * @KTALLY_RECORD_EXIT: struct ktally_process, the last thread of a process ended
 * @KTALLY_RECORD_MMAP: struct ktally_mmap, a process mapped something executable
 * @KTALLY_RECORD_COMM: struct ktally_process, a process (its first thread) took another name
 * @KTALLY_RECORD_CODE: struct ktally_code, a code object of an interpreter was met for the first time
 * @KTALLY_RECORD_USER: struct ktally_user, registers and stack of a thread: written by KTALLY_OP_USER
 * @KTALLY_RECORD_CGROUP: struct ktally_group, a cgroup was met for the first time
 */
enum ktally_record_type {
	KTALLY_RECORD_PAD = 0,
	KTALLY_RECORD_EVENT = 1,
	KTALLY_RECORD_FORK = 2,
	KTALLY_RECORD_EXEC = 3,
	KTALLY_RECORD_EXIT = 4,
	KTALLY_RECORD_MMAP = 5,
	KTALLY_RECORD_COMM = 6,
	KTALLY_RECORD_CODE = 7,
	KTALLY_RECORD_USER = 8,
	KTALLY_RECORD_CGROUP = 9,
	__KTALLY_RECORD_END
};
#define KTALLY_RECORD_MAX (__KTALLY_RECORD_END - 1)

/**
 * struct ktally_record - head of every record
 * @size: of the whole record, a multiple of 8
 * @type: enum ktally_record_type
 * @probe: number of the probe in the session
 * @pid: process (initial pid namespace)
 * @tid: thread
 * @time: nanoseconds of CLOCK_MONOTONIC
 *
 * A pad has only @size and @type.
 */
struct ktally_record {
	__u32 size;
	__u16 type;
	__u16 probe;
	__u32 pid;
	__u32 tid;
	__aligned_u64 time;
};

/** struct ktally_event - @words: the registers given to KTALLY_OP_EMIT, (size - sizeof(struct ktally_record)) / 8 of them */
struct ktally_event {
	struct ktally_record record;
	__aligned_u64 words[];
};

/**
 * struct ktally_process - body of FORK, EXEC, EXIT and COMM
 * @record: head
 * @image: KTALLY_CTX_IMAGE of the process after the event
 * @parent: KTALLY_CTX_IMAGE of the parent (FORK), else 0
 * @comm: name
 */
struct ktally_process {
	struct ktally_record record;
	__aligned_u64 image;
	__aligned_u64 parent;
	char comm[16];
};

/**
 * struct ktally_mmap - body of MMAP
 * @record: head
 * @image: KTALLY_CTX_IMAGE of the process
 * @start: first address
 * @length: bytes
 * @offset: of @start in the file, bytes
 * @inode: of the file, 0 for anonymous memory
 * @dev_major: of the file's device
 * @dev_minor: of the file's device
 * @file: number of the file in the session (struct ktally_mapped), KTALLY_FILE_NONE if it has none
 * @flags: KTALLY_MMAP_*
 * @path: NUL-terminated, padded to 8; "//anon" if there is no file, "" if the path is too long to be had
 */
struct ktally_mmap {
	struct ktally_record record;
	__aligned_u64 image;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 offset;
	__aligned_u64 inode;
	__u32 dev_major;
	__u32 dev_minor;
	__u32 file;
	__u32 flags;
	char path[];
};
#define KTALLY_FILE_NONE	0xffffffffU
#define KTALLY_MMAP_VDSO	(1U << 0)
#define KTALLY_MMAP_DELETED	(1U << 1)	/* the file has no name any more; the path is the one it had, without " (deleted)" */

/**
 * struct ktally_code - body of CODE
 * @record: head; the code may have been met before by another CPU
 * @image: KTALLY_CTX_IMAGE of the process
 * @code: the code object, as in KTALLY_WORD_CODE()
 * @line: its first line
 * @name: bytes of its name, which stands first in @data
 * @file: bytes of its file's name, which follows
 * @lines: bytes of its line table, which follows; 0 if it was too long
 * @version: of struct ktally_interp
 * @data: these three, padded to 8 or more; texts are UTF-8 and not terminated
 */
struct ktally_code {
	struct ktally_record record;
	__aligned_u64 image;
	__aligned_u64 code;
	__u32 line;
	__u16 name;
	__u16 file;
	__u32 lines;
	__u32 version;
	__u8 data[];
};

/**
 * struct ktally_user - body of USER
 * @record: head
 * @image: KTALLY_CTX_IMAGE of the process
 * @id: what KTALLY_OP_USER gave: never 0, and different for all records of a CPU
 * @nr_regs: registers, in the order of DWARF numbers, with the address behind the last: x86_64 17 (rax rdx rcx rbx rsi rdi rbp rsp r8..r15 rip),
 *	arm64 33 (x0..x30 sp pc)
 * @bytes: of the stack, from the stack pointer up; a multiple of 8, 0 if nothing was present
 * @data: the registers, 8 bytes each, then the stack
 */
struct ktally_user {
	struct ktally_record record;
	__aligned_u64 image;
	__aligned_u64 id;
	__u32 nr_regs;
	__u32 bytes;
	__aligned_u64 data[];
};

/**
 * struct ktally_group - body of CGROUP
 * @record: head; the thread that made the group, or is in it. The same group may be told more than once
 * @id: as KTALLY_CTX_CGROUP has it
 * @path: in its hierarchy, "/" for the root; NUL-terminated, padded to 8
 */
struct ktally_group {
	struct ktally_record record;
	__aligned_u64 id;
	char path[];
};
#endif /* _UAPI_LINUX_KTALLY_RING_H */
