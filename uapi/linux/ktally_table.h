/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * ktally: tables, their mapping, and the accounting that travels with them.
 *
 * Every CPU has two halves of the same layout; hits go to the active one. KTALLY_CMD_SNAPSHOT swaps them on all CPUs and
 * returns when no handler is inside the half that became quiet. Nothing is cleared: each half keeps accumulating over its
 * active times, so that
 *
 *	total so far = quiet half right after one snapshot + the other half right after the next
 *
 * and a reader that dies loses nothing. KTALLY_SNAPSHOT_CLEAR zeroes the half that becomes active, for readers that want
 * only what happened since.
 *
 *	one half:  | struct ktally_half | struct ktally_probe_count [nr_probes] | struct ktally_pair_count [nr_pairs] |
 *	           | struct ktally_table_head [nr_tables] |
 *	           | table 0: rows | index | table 1: rows | index | ...
 *	one row:   | key words | hits | cells of column 0 | cells of column 1 | ...     (all __u64)
 *
 * Row 0 of a table is the *other* row: it has no key and takes the hits of keys that found no room. Rows 1..used-1 are
 * in use, except those whose hits are 0 (set aside by a hit that was overtaken; skip them).
 */
#ifndef _UAPI_LINUX_KTALLY_TABLE_H
#define _UAPI_LINUX_KTALLY_TABLE_H

#include <linux/types.h>

/**
 * enum ktally_column_kind - what a column keeps for each row, and its cells (all __u64)
 * @KTALLY_COLUMN_COUNT: nothing but the row's own hits: no value, no cell
 * @KTALLY_COLUMN_SUM: 1 cell: signed sum
 * @KTALLY_COLUMN_MIN: 1 cell: signed minimum; valid if hits is not 0. Stored XOR KTALLY_MIN_BIAS, so that 0 is "none"
 * @KTALLY_COLUMN_MAX: 1 cell: signed maximum, stored XOR KTALLY_MAX_BIAS, so that 0 is "none"
 * @KTALLY_COLUMN_AVG: 1 cell: signed sum (mean = sum / hits)
 * @KTALLY_COLUMN_VAR: 3 cells: signed sum; sum of squares low, high (128 bits, of the absolute value)
 * @KTALLY_COLUMN_HIST: histogram: one cell a bucket, see enum ktally_hist; with KTALLY_COLUMN_EXEMPLARS followed by a struct
 *	ktally_exemplar a bucket: the first hit of each
 * @KTALLY_COLUMN_EXEMPLAR: one struct ktally_exemplar: the hit with the largest value
 *
 * A hit that a gate gave a weight counts that often, in hits and in every cell but those of MIN, MAX and exemplars.
 */
enum ktally_column_kind {
	KTALLY_COLUMN_COUNT = 0,
	KTALLY_COLUMN_SUM = 1,
	KTALLY_COLUMN_MIN = 2,
	KTALLY_COLUMN_MAX = 3,
	KTALLY_COLUMN_AVG = 4,
	KTALLY_COLUMN_VAR = 5,
	KTALLY_COLUMN_HIST = 6,
	KTALLY_COLUMN_EXEMPLAR = 7,
	__KTALLY_COLUMN_END
};
#define KTALLY_COLUMN_MAX_KIND (__KTALLY_COLUMN_END - 1)

#define KTALLY_MIN_BIAS		0x7fffffffffffffffULL
#define KTALLY_MAX_BIAS		0x8000000000000000ULL

/**
 * enum ktally_hist - how a histogram's buckets are cut
 * @KTALLY_HIST_NONE: the column is no histogram
 * @KTALLY_HIST_LOG2: 66 buckets: 0 is value < 0, 1 is value 0, 2 + k is 2^k <= value < 2^(k+1)
 * @KTALLY_HIST_LINEAR: param0 = low, param1 = high, param2 = step (all signed, step > 0, high > low): bucket 0 is value < low, then
 *	ceil((high - low) / step) buckets of one step, the last bucket is value >= high
 * @KTALLY_HIST_LOGLIN: param0 = bits b (1..6): every power of two is cut into 2^b equal parts. Bucket 0 is value < 0; values
 *	0 .. 2^b - 1 have buckets 1 .. 2^b; value v >= 2^b with top bit k has bucket
 *	1 + ((k - b + 1) << b) + ((v >> (k - b)) & (2^b - 1)). 1 + ((64 - b) << b) buckets (k <= 62).
 */
enum ktally_hist {
	KTALLY_HIST_NONE = 0,
	KTALLY_HIST_LOG2 = 1,
	KTALLY_HIST_LINEAR = 2,
	KTALLY_HIST_LOGLIN = 3,
	__KTALLY_HIST_END
};
#define KTALLY_HIST_MAX (__KTALLY_HIST_END - 1)
#define KTALLY_HIST_LOG2_BUCKETS 66
#define KTALLY_HIST_BUCKETS_MAX 4096

/**
 * struct ktally_column - description of one column (KTALLY_A_COLUMNS is an array of them)
 * @kind: enum ktally_column_kind
 * @hist: enum ktally_hist, KTALLY_HIST_NONE unless @kind is HIST
 * @flags: KTALLY_COLUMN_EXEMPLARS (HIST), KTALLY_COLUMN_KSTACK or KTALLY_COLUMN_USTACK (where there are exemplars), else 0
 * @param0: see enum ktally_hist
 * @param1: see enum ktally_hist
 * @param2: see enum ktally_hist
 */
struct ktally_column {
	__u16 kind;
	__u16 hist;
	__u32 flags;
	__s64 param0;
	__s64 param1;
	__s64 param2;
};

/*
 * @flags of struct ktally_column. A stack, of one of the kinds, is captured only for an exemplar that is kept, and needs a
 * session with a stack store.
 */
#define KTALLY_COLUMN_EXEMPLARS	(1U << 0)
#define KTALLY_COLUMN_KSTACK	(1U << 1)
#define KTALLY_COLUMN_USTACK	(1U << 2)

/**
 * struct ktally_exemplar - one real hit
 * @busy: of no use to a reader of a quiet half
 * @value: of the column
 * @time: nanoseconds of CLOCK_MONOTONIC; 0: there is none
 * @image: KTALLY_CTX_IMAGE, whose upper half is the process
 * @tid: thread
 * @cpu: CPU
 * @stack: id of its stack, 0: none
 * @reserved: 0
 */
struct ktally_exemplar {
	__aligned_u64 busy;
	__aligned_u64 value;
	__aligned_u64 time;
	__aligned_u64 image;
	__u32 tid;
	__u32 cpu;
	__u32 stack;
	__u32 reserved;
};
#define KTALLY_EXEMPLAR_CELLS	6

/**
 * struct ktally_half - head of a mapped half
 * @magic: KTALLY_HALF_MAGIC
 * @abi: KTALLY_ABI
 * @cpu: the CPU it belongs to
 * @nr_probes: entries of the probe array
 * @nr_tables: entries of the table array
 * @probes_offset: from the start of the half
 * @tables_offset: from the start of the half
 * @reserved: 0
 * @generation: counts flips; odd while this half is active. A reader looks before and after it reads: if it changed or is odd,
 *	what was read is not a consistent interval and must be read again after another snapshot. Pairs with the release in
 *	the flip.
 * @length: of the half
 * @nr_pairs: entries of the pair array
 * @pairs_offset: from the start of the half
 * @pad: 0
 */
struct ktally_half {
	__u32 magic;
	__u32 abi;
	__u32 cpu;
	__u32 nr_probes;
	__u32 nr_tables;
	__u32 probes_offset;
	__u32 tables_offset;
	__u32 reserved;
	__aligned_u64 generation;
	__aligned_u64 length;
	__u32 nr_pairs;
	__u32 pairs_offset;
	__aligned_u64 pad;
};
#define KTALLY_HALF_MAGIC	0x4b54414cU	/* "KTAL" */

/**
 * struct ktally_probe_count - accounting of one probe on one CPU
 * @hits: times the source fired
 * @filtered: the program's filter (or the session's scope) said no
 * @gated: dropped by a rate gate
 * @folded: ran to its end
 * @other: ran to its end, and a table had no room for the key: counted in the other row
 * @recursion: fired inside a handler of ours at the same context level; not run
 * @nmi: the same at NMI level; not run
 * @fault: a load of the program faulted
 *
 * hits = filtered + gated + folded + other + recursion + nmi + fault, exactly, in every quiet half.
 */
struct ktally_probe_count {
	__aligned_u64 hits;
	__aligned_u64 filtered;
	__aligned_u64 gated;
	__aligned_u64 folded;
	__aligned_u64 other;
	__aligned_u64 recursion;
	__aligned_u64 nmi;
	__aligned_u64 fault;
};

/**
 * struct ktally_pair_count - accounting of one pair on one CPU
 * @starts: KTALLY_OP_START was run
 * @ended: a start was closed by an end
 * @replaced: an open start was closed by another with its key (with KTALLY_START_FIRST: the other was ignored)
 * @full: a start found no room
 * @abandoned: an open start was closed because its task ended, (KTALLY_PAIR_NEST) because the pair around it ended first, because the
 *	governor let the next start of its key not through, or because the session was started again
 * @unmatched: ends that found no start
 * @negative: ends whose difference would have been negative: the start was closed, the end not used. Part of @ended
 * @stayed: ends that left their start open (KTALLY_END_STAY)
 *
 * Summed over CPUs and halves of a stopped session: starts = ended + replaced + full + abandoned + the starts still open.
 */
struct ktally_pair_count {
	__aligned_u64 starts;
	__aligned_u64 ended;
	__aligned_u64 replaced;
	__aligned_u64 full;
	__aligned_u64 abandoned;
	__aligned_u64 unmatched;
	__aligned_u64 negative;
	__aligned_u64 stayed;
};

/**
 * enum ktally_pair_kind - what joins a start and its end
 * @KTALLY_PAIR_TASK: they happen in one thread (current); no key words, but for one with KTALLY_PAIR_NEST
 * @KTALLY_PAIR_CPU: they happen on one CPU; no key words
 * @KTALLY_PAIR_KEY: 1..KTALLY_PAIR_KEYS_MAX words, the same at both
 */
enum ktally_pair_kind {
	KTALLY_PAIR_UNSPEC = 0,
	KTALLY_PAIR_TASK = 1,
	KTALLY_PAIR_CPU = 2,
	KTALLY_PAIR_KEY = 3,
	__KTALLY_PAIR_END
};
#define KTALLY_PAIR_MAX (__KTALLY_PAIR_END - 1)

/* KTALLY_A_PAIR_FLAGS */
#define KTALLY_PAIR_ONCPU	(1U << 0)	/* time on a CPU between start and end; TASK only */
#define KTALLY_PAIR_NEST	(1U << 1)	/* starts inside each other, with self time; TASK only, one key word: which function */

/**
 * struct ktally_pairs - head of the mapped open starts of a pair
 * @magic: KTALLY_PAIRS_MAGIC
 * @kind: enum ktally_pair_kind
 * @flags: KTALLY_PAIR_*
 * @nr_keys: key words of an entry
 * @nr_saved: saved words of an entry
 * @nr_counters: counter words of an entry
 * @capacity: entries
 * @entry_size: bytes of one
 * @entries_offset: from the start of the mapping
 * @frame_size: bytes of one frame of an entry
 * @reserved: 0
 * @factor: 0: times of frames are nanoseconds of CLOCK_MONOTONIC; else they are ticks, and a difference of them times this number,
 *	divided by 2^32, is nanoseconds
 * @ticks: so many ticks it was
 * @time: when CLOCK_MONOTONIC was so many nanoseconds
 * @pad: 0
 *
 * Entries change while they are read: look at @sequence of struct ktally_open before and after.
 */
struct ktally_pairs {
	__u32 magic;
	__u32 kind;
	__u32 flags;
	__u32 nr_keys;
	__u32 nr_saved;
	__u32 nr_counters;
	__u32 capacity;
	__u32 entry_size;
	__aligned_u64 entries_offset;
	__u32 frame_size;
	__u32 reserved;
	__aligned_u64 factor;
	__aligned_u64 ticks;
	__aligned_u64 time;
	__aligned_u64 pad;
};
#define KTALLY_PAIRS_MAGIC	0x4b504149U	/* "KPAI" */

/**
 * struct ktally_open - one place for an open start
 * @sequence: odd: being written
 * @owner: TASK: thread id + 1, CPU: its number + 1, KEY: hash of the key; 0: free
 * @depth: starts that are open here: 0 or 1; up to KTALLY_PAIR_DEPTH with KTALLY_PAIR_NEST
 * @cpu: where the start happened, whose stack store its stack ids belong to
 * @reserved: of no use to a reader
 * @frames: of @depth starts, outermost first: time (see @factor of struct ktally_pairs), weight, key words (KEY, NEST), saved words, then words that are
 *	of no use to a reader; all frames have the same size
 */
struct ktally_open {
	__u32 sequence;
	__u32 depth;
	__aligned_u64 owner;
	__u32 cpu;
	__u32 reserved;
	__aligned_u64 frames[];
};

/**
 * struct ktally_table_head - one table of a half
 * @rows_offset: first row, from the start of the half
 * @row_size: bytes of a row
 * @nr_keys: key words of a row
 * @capacity: rows there is room for, the other row included
 * @used: rows set aside so far, the other row included
 * @index_offset: the hash index, of no use to a reader
 * @index_bits: log2 of its entries
 * @spare: of no use to a reader
 * @pad: 0
 */
struct ktally_table_head {
	__aligned_u64 rows_offset;
	__aligned_u64 used;
	__aligned_u64 index_offset;
	__u32 row_size;
	__u32 nr_keys;
	__u32 capacity;
	__u32 index_bits;
	__aligned_u64 spare;
	__aligned_u64 pad;
};

/**
 * struct ktally_stacks - head of a mapped stack store; belongs to one CPU, never flipped, only grows
 * @magic: KTALLY_STACKS_MAGIC
 * @cpu: the CPU it belongs to
 * @capacity: bytes of the entry area
 * @entries_offset: from the start of the store
 * @used: bytes of the entry area set aside
 * @lost: stacks that found no room
 * @index_offset: the hash index, of no use to a reader
 * @index_bits: log2 of its entries
 * @reserved: 0
 * @pad: 0
 *
 * A stack id (not 0, not KTALLY_STACK_LOST) is 1 + offset / 8 of a struct ktally_stack in the entry area of the CPU whose table or
 * record holds the id.
 */
struct ktally_stacks {
	__u32 magic;
	__u32 cpu;
	__aligned_u64 capacity;
	__aligned_u64 entries_offset;
	__aligned_u64 used;
	__aligned_u64 lost;
	__aligned_u64 index_offset;
	__u32 index_bits;
	__u32 reserved;
	__aligned_u64 pad;
};
#define KTALLY_STACKS_MAGIC	0x4b535441U	/* "KSTA" */

/**
 * struct ktally_stack - one interned stack
 * @hash: of the addresses
 * @nr: number of addresses
 * @kind: KTALLY_STACK_KERNEL or KTALLY_STACK_USER
 * @ips: addresses, innermost first
 */
struct ktally_stack {
	__u32 hash;
	__u16 nr;
	__u16 kind;
	__aligned_u64 ips[];
};

#endif /* _UAPI_LINUX_KTALLY_TABLE_H */
