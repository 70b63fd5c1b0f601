/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ktally: limits, names and identifiers shared by every part of the protocol, and the character device.
 *
 * Reading order: this file, ktally_netlink.h (how a session is described and driven), ktally_program.h (what runs at a
 * hit), ktally_table.h (what an mmap of a table shows), ktally_ring.h (what an mmap of a ring shows), ktally_unwind.h (user stacks by tables).
 *
 * A session owns tables, one ring per CPU, one stack store per CPU, and probes. A probe is one source plus one program.
 * Everything here is little- or big-endian as the machine is; sizes and offsets are in bytes unless a name says otherwise.
 */
#ifndef _UAPI_LINUX_KTALLY_H
#define _UAPI_LINUX_KTALLY_H

#include <linux/types.h>
#include <linux/ioctl.h>

/** KTALLY_ABI - version of everything below; a change that breaks a reader changes it. */
#define KTALLY_ABI		2

/** KTALLY_DEVICE - path of the character device. */
#define KTALLY_DEVICE		"/dev/ktally"

/* Limits that the module enforces; a request above them is refused with a sentence. */
#define KTALLY_NAME_MAX		32	/* session name, with its NUL */
#define KTALLY_SYMBOL_MAX	128	/* kprobe symbol, tracepoint name, with its NUL */
#define KTALLY_PROBES_MAX	1024	/* probes in a session */
#define KTALLY_TABLES_MAX	32	/* tables in a session */
#define KTALLY_KEYS_MAX		16	/* key words of a table */
#define KTALLY_COLUMNS_MAX	16	/* columns of a table */
#define KTALLY_ROWS_MAX		(1U << 20)	/* rows of a table, per CPU and half */
#define KTALLY_ROW_SIZE_MAX	65536U	/* bytes of one row */
#define KTALLY_RING_MIN		4096U
#define KTALLY_RING_MAX		(1U << 28)
#define KTALLY_SCRATCH_MAX	(1U << 17)
#define KTALLY_STACK_DEPTH_MAX	127
#define KTALLY_STACKS_MAX	(1U << 20)	/* distinct stacks, per CPU */
#define KTALLY_SCOPE_MAX	4096	/* processes in a session's scope */
#define KTALLY_PATH_MAX		512	/* a path, with its NUL */
#define KTALLY_PAIRS_MAX	32	/* pairs in a session */
#define KTALLY_PAIR_KEYS_MAX	8	/* key words of a pair */
#define KTALLY_PAIR_SAVED_MAX	8	/* words that a start saves for its end */
#define KTALLY_PAIR_ENTRIES_MAX	(1U << 22)	/* starts that can be open at a time */
#define KTALLY_PAIR_DEPTH	16	/* starts of one task inside each other (KTALLY_PAIR_NEST) */
#define KTALLY_COUNTERS_MAX	32	/* counters of a session */
#define KTALLY_PAIR_COUNTERS_MAX 8	/* counters of a pair */

/**
 * enum ktally_state - life of a session
 * @KTALLY_STATE_NEW: being described: tables and probes may be added
 * @KTALLY_STATE_RUNNING: probes are attached and counting
 * @KTALLY_STATE_STOPPED: probes are detached, results stay readable; may run again
 * @KTALLY_STATE_DEAD: deleted; only readers that still hold the device open see it
 */
enum ktally_state {
	KTALLY_STATE_NEW = 0,
	KTALLY_STATE_RUNNING = 1,
	KTALLY_STATE_STOPPED = 2,
	KTALLY_STATE_DEAD = 3,
	__KTALLY_STATE_END
};
#define KTALLY_STATE_MAX (__KTALLY_STATE_END - 1)

/**
 * enum ktally_source_kind - what can fire
 * @KTALLY_SOURCE_TIMER: an hrtimer on every CPU, KTALLY_A_SRC_PERIOD nanoseconds apart; samples what it interrupts
 * @KTALLY_SOURCE_PERF: a per-CPU perf counter (KTALLY_A_SRC_PERF_*) that overflows every KTALLY_A_SRC_PERIOD counts
 *	(nanoseconds for cpu-clock), or so many times a second with KTALLY_PERF_FREQ; a hardware breakpoint is one too
 * @KTALLY_SOURCE_TRACEPOINT: a tracepoint with a typed handler, by KTALLY_A_SRC_NAME ("sched:sched_switch")
 * @KTALLY_SOURCE_KPROBE: a kernel function, KTALLY_A_SRC_NAME plus KTALLY_A_SRC_OFFSET
 * @KTALLY_SOURCE_PROCESS: process life (fork, exec, exit, executable mappings), written to the ring as
 *	KTALLY_RECORD_* system records without a program
 * @KTALLY_SOURCE_KRETPROBE: the return of a kernel function, KTALLY_A_SRC_NAME; arguments are those at its entry
 * @KTALLY_SOURCE_UPROBE: an instruction of a file that processes run: KTALLY_A_SRC_PATH plus KTALLY_A_SRC_OFFSET in the file;
 *	KTALLY_A_SRC_SEMAPHORE is the offset of the counter that says "somebody listens" (USDT), 0: none
 * @KTALLY_SOURCE_URETPROBE: the return of the function that begins there
 * @KTALLY_SOURCE_EVENT: any trace event, by its number (KTALLY_A_SRC_PERF_CONFIG; events/SYSTEM/NAME/id of tracefs), through
 *	perf: programs read its record with KTALLY_OP_RECORD and KTALLY_OP_RECORD_TEXT
 * @KTALLY_SOURCE_CGROUP: groups of the session's hierarchy (KTALLY_A_CGROUP_CONTROLLER), written to the ring as KTALLY_RECORD_CGROUP without a
 *	program: when one is made, where the kernel tells that, and when the first thread in one starts a program or ends
 */
enum ktally_source_kind {
	KTALLY_SOURCE_UNSPEC = 0,
	KTALLY_SOURCE_TIMER = 1,
	KTALLY_SOURCE_PERF = 2,
	KTALLY_SOURCE_TRACEPOINT = 3,
	KTALLY_SOURCE_KPROBE = 4,
	KTALLY_SOURCE_PROCESS = 5,
	KTALLY_SOURCE_KRETPROBE = 6,
	KTALLY_SOURCE_UPROBE = 7,
	KTALLY_SOURCE_URETPROBE = 8,
	KTALLY_SOURCE_EVENT = 9,
	KTALLY_SOURCE_CGROUP = 10,
	__KTALLY_SOURCE_END
};
#define KTALLY_SOURCE_MAX (__KTALLY_SOURCE_END - 1)

/**
 * enum ktally_type - type of a source's field
 * @KTALLY_TYPE_UINT: unsigned integer of the field's size
 * @KTALLY_TYPE_INT: signed integer of the field's size
 * @KTALLY_TYPE_STRING: text of at most the field's size, NUL padded; read with KTALLY_OP_FIELD into size/8 registers
 * @KTALLY_TYPE_KPTR: address in the kernel
 * @KTALLY_TYPE_UPTR: address in the current process
 */
enum ktally_type {
	KTALLY_TYPE_UNSPEC = 0,
	KTALLY_TYPE_UINT = 1,
	KTALLY_TYPE_INT = 2,
	KTALLY_TYPE_STRING = 3,
	KTALLY_TYPE_KPTR = 4,
	KTALLY_TYPE_UPTR = 5,
	__KTALLY_TYPE_END
};
#define KTALLY_TYPE_MAX (__KTALLY_TYPE_END - 1)

/*
 * Features: what this module on this kernel can do (KTALLY_A_FEATURES). A clear bit is explained by `ktally doctor`.
 */
#define KTALLY_FEATURE_TRACEPOINT	(1ULL << 0)	/* typed tracepoints */
#define KTALLY_FEATURE_KPROBE		(1ULL << 1)
#define KTALLY_FEATURE_TIMER		(1ULL << 2)
#define KTALLY_FEATURE_PERF		(1ULL << 3)	/* kernel perf counters */
#define KTALLY_FEATURE_SYSCALLS		(1ULL << 4)	/* sys_enter, sys_exit tracepoints */
#define KTALLY_FEATURE_KSTACK		(1ULL << 5)
#define KTALLY_FEATURE_USTACK		(1ULL << 6)	/* by frame pointers */
#define KTALLY_FEATURE_PROCESS		(1ULL << 7)	/* process life and mappings */
#define KTALLY_FEATURE_CGROUP		(1ULL << 8)	/* ids of cgroups of version 2 */
#define KTALLY_FEATURE_EXTACK		(1ULL << 9)	/* refusals carry their sentence in the ack */
#define KTALLY_FEATURE_NMI_SAFE_CLOCK	(1ULL << 10)
#define KTALLY_FEATURE_KRETPROBE	(1ULL << 11)
#define KTALLY_FEATURE_UPROBE		(1ULL << 12)	/* uprobes and uretprobes */
#define KTALLY_FEATURE_SEMAPHORE	(1ULL << 13)	/* uprobes with a semaphore */
#define KTALLY_FEATURE_EVENT		(1ULL << 14)	/* any trace event, through perf */
#define KTALLY_FEATURE_CGROUP_SCOPE	(1ULL << 15)
#define KTALLY_FEATURE_UNWIND		(1ULL << 16)	/* user stacks by tables */
#define KTALLY_FEATURE_CGROUP_V1	(1ULL << 17)	/* ids of cgroups of version 1 */
#define KTALLY_FEATURE_CGROUP_PATH	(1ULL << 18)	/* KTALLY_SOURCE_CGROUP */
#define KTALLY_FEATURE_CGROUP_MADE	(1ULL << 19)	/* it tells of groups when they are made */
#define KTALLY_FEATURE_UNWIND_SYSCALL	(1ULL << 20)	/* user stacks by tables inside of system calls, too */

/**
 * enum ktally_region_kind - what of a session can be mapped
 * @KTALLY_REGION_HALF: struct ktally_half, read-only; index is the half, 0 or 1
 * @KTALLY_REGION_RING: struct ktally_ring_page followed by the data, read-only
 * @KTALLY_REGION_CONSUMER: struct ktally_consumer_page, the one writable page of a ring
 * @KTALLY_REGION_STACKS: struct ktally_stacks, read-only
 * @KTALLY_REGION_PAIR: struct ktally_pairs, read-only; index is the pair. One for all CPUs: @cpu is 0
 */
enum ktally_region_kind {
	KTALLY_REGION_HALF = 0,
	KTALLY_REGION_RING = 1,
	KTALLY_REGION_CONSUMER = 2,
	KTALLY_REGION_STACKS = 3,
	KTALLY_REGION_PAIR = 4,
	__KTALLY_REGION_END
};
#define KTALLY_REGION_MAX (__KTALLY_REGION_END - 1)

/**
 * struct ktally_attach - argument of KTALLY_IOC_ATTACH
 * @size: sizeof(struct ktally_attach), set by the caller
 * @session: id of the session to attach to
 * @nr_cpus: out: CPUs are numbered below this; not every number has regions
 * @state: out: enum ktally_state
 *
 * Attaching needs CAP_PERFMON or CAP_SYS_ADMIN. Before the session was started once only one with KTALLY_A_MAPPINGS can be attached to
 * (-EAGAIN), and it has no regions yet. A session whose programs store kernel addresses is refused (-EACCES) to those from whom kernel.kptr_restrict hides them.
 * An open file attaches once; the file holds the session's memory until it is closed and its mappings are gone.
 */
struct ktally_attach {
	__u32 size;
	__u32 session;
	__u32 nr_cpus;
	__u32 state;
};

/**
 * struct ktally_region - argument of KTALLY_IOC_REGION
 * @size: sizeof(struct ktally_region), set by the caller
 * @kind: in: enum ktally_region_kind
 * @cpu: in: CPU number
 * @index: in: half for KTALLY_REGION_HALF, pair for KTALLY_REGION_PAIR, else 0
 * @offset: out: offset to give to mmap
 * @length: out: length to give to mmap; 0 if the session has no such region (no ring, no stacks)
 *
 * -EAGAIN: the session was never started. -ENXIO: no memory was set aside for that CPU, or the session has no such pair. Offsets are never fixed; ask.
 */
struct ktally_region {
	__u32 size;
	__u32 kind;
	__u32 cpu;
	__u32 index;
	__aligned_u64 offset;
	__aligned_u64 length;
};

#define KTALLY_IOC_MAGIC	0xB7
#define KTALLY_IOC_ATTACH	_IOWR(KTALLY_IOC_MAGIC, 1, struct ktally_attach)
#define KTALLY_IOC_REGION	_IOWR(KTALLY_IOC_MAGIC, 2, struct ktally_region)

#endif /* _UAPI_LINUX_KTALLY_H */
