/* SPDX-License-Identifier: GPL-2.0 */
/* A probe: one source, one program, its accounting; and the path of a hit from the source to the program. */
#ifndef _KTALLY_PROBE_H
#define _KTALLY_PROBE_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/types.h>
#include <linux/ktally.h>
#include <linux/ktally_ring.h>
#include <linux/ktally_table.h>
#include "governor.h"
#include "percpu.h"
#include "program.h"
#include "scope.h"
#include "table.h"

struct ktally_codes;
struct ktally_memo;
struct ktally_ring;
struct ktally_session;
struct ktally_source_ops;
struct ktally_walker;

/**
 * struct ktally_hot - what a session keeps on one CPU
 * @half: the active half; NULL while the session does not run, or not on this CPU
 * @ring: or NULL
 * @stacks: or NULL
 * @scratch: or NULL
 * @memo: of kernel stacks, or NULL
 * @walker: of user stacks by tables, or NULL
 * @codes: of interpreters that were told of, or NULL
 * @users: counts KTALLY_RECORD_USER
 * @spending: for the governor
 */
struct ktally_hot {
	void *half;
	struct ktally_ring *ring;
	struct ktally_stacks *stacks;
	struct ktally_ring *scratch;
	struct ktally_memo *memo;
	struct ktally_walker *walker;
	struct ktally_codes *codes;
	u64 users;
	struct ktally_spending spending;
};

/**
 * enum ktally_fast_kind - short cuts for programs that are often met; what no short cut does goes to ktally_program_run()
 * @KTALLY_FAST_NONE: there is none, or the hit is to be looked at closer (scope, governor)
 * @KTALLY_FAST_ARG: "one integer key, count": the key is args[arg]
 * @KTALLY_FAST_CURRENT: the key is the u32 at @offset in the running task
 * @KTALLY_FAST_KEY: the key is whatever program->insns[0] loads
 * @KTALLY_FAST_START: a start of a plain pair that saves nothing, or one argument: args[arg]
 * @KTALLY_FAST_GATED: one hit in @gate takes the long way, the others are gated
 * @KTALLY_FAST_EMIT: a record of @arg words, which are all arguments
 * @KTALLY_FAST_VALUE: a log2 histogram of args[value], of all or by args[arg]
 * @KTALLY_FAST_END: an end of one, and a log2 histogram of its time, of all or by the word that its start saved
 * @KTALLY_FAST_UNMATCHED: any end by thread; the short cut is for threads without a start
 */
enum ktally_fast_kind {
	KTALLY_FAST_NONE,
	KTALLY_FAST_ARG,
	KTALLY_FAST_CURRENT,
	KTALLY_FAST_KEY,
	KTALLY_FAST_START,
	KTALLY_FAST_GATED,
	KTALLY_FAST_EMIT,
	KTALLY_FAST_VALUE,
	KTALLY_FAST_END,
	KTALLY_FAST_UNMATCHED,
};

/**
 * struct ktally_fast - everything a hit on a known key needs, in one cache line
 * @kind: enum ktally_fast_kind, as things are now
 * @shape: enum ktally_fast_kind, as the program is
 * @closer: hits are to be looked at closer: a scope, or a gate of the governor
 * @arg: see @kind
 * @shift: 64 less the bits of the table's index
 * @value: see @kind
 * @gate: the governor's, a power of two
 * @alone: the table has no key and so one row
 * @offset: see @kind
 * @index: offset of the index in a half; of a table without key that of its one row
 * @pair: of a start or an end
 */
struct ktally_fast {
	u8 kind;
	u8 shape;
	u8 closer;
	u8 arg;
	u8 shift;
	u8 value;
	bool alone;
	u32 offset;
	u32 gate;
	u64 index;
	struct ktally_pair *pair;
};

/**
 * struct ktally_probe - one probe of a session
 *
 * @hot: the session's
 * @fast: short cut, or none
 * @scope: which processes count, or NULL for all
 * @count: offset of its struct ktally_probe_count in a half
 * @program: NULL for sources that take none
 * @cost: nanoseconds of its handler, on average; 0: not known yet
 * @spent: what it spends, ns, as the governor last looked
 *
 * @session: the owner
 * @ops: its source
 * @number: in the session
 * @ready: whether ops->init() succeeded
 * @attached: whether it fires
 * @hotplug: entry in the list of hotplug.c
 * @name: SRC_NAME
 * @offset: SRC_OFFSET
 * @period: SRC_PERIOD
 * @perf_type: SRC_PERF_TYPE
 * @perf_config: SRC_PERF_CONFIG
 * @perf_config1: SRC_PERF_CONFIG1
 * @perf_config2: SRC_PERF_CONFIG2
 * @perf_flags: SRC_PERF_FLAGS
 * @semaphore: SRC_SEMAPHORE
 * @path: SRC_PATH, or NULL
 * @source: the source's own
 * @label: user space's description
 * @label_len: bytes of it
 */
struct ktally_probe {
	/* read at hits */
	struct ktally_hot __percpu *hot;
	const struct ktally_scope *scope;
	u64 count;
	struct ktally_fast fast;
	struct ktally_program *program;
	u64 cost;
	u64 spent;

	/* the rest */
	struct ktally_session *session;
	const struct ktally_source_ops *ops;
	unsigned int number;
	bool ready;
	bool attached;
	struct list_head hotplug;
	char name[KTALLY_SYMBOL_MAX];
	u64 offset;
	u64 period;
	u32 perf_type;
	u64 perf_config;
	u64 perf_config1;
	u64 perf_config2;
	u32 perf_flags;
	u64 semaphore;
	char *path;
	void *source;
	u8 *label;
	unsigned int label_len;
};

/** ktally_probe_homeless() - account a hit on a CPU for which the session has no memory, if it runs at all */
void ktally_probe_homeless(struct ktally_probe *probe);

/* Adds one to a member of the probe's accounting in @half. */
static __always_inline void ktally_probe_account(const struct ktally_probe *probe, void *half,
						 unsigned int member)
{
	ktally_word_inc(half + probe->count + member);
}

#define KTALLY_COUNTED(member) offsetof(struct ktally_probe_count, member)

/**
 * ktally_probe_begin() - first half of a hit: accounted, guarded
 * @probe: the probe
 * @hot: out: the session's memory on this CPU
 * @outer: out: for ktally_probe_end()
 *
 * Return: the active half, or NULL: nothing to be done, all is accounted.
 * Context: any, with preemption off.
 */
static __always_inline void *ktally_probe_begin(struct ktally_probe *probe, struct ktally_hot **hot,
						unsigned int *outer)
{
	void *half;

	*hot = raw_cpu_ptr(probe->hot);
	/* Pairs with ktally_session_flip(), which waits until no handler uses the half it took away. */
	half = READ_ONCE((*hot)->half);
	if (unlikely(!half)) {
		ktally_probe_homeless(probe);
		return NULL;
	}
	ktally_probe_account(probe, half, KTALLY_COUNTED(hits));
	if (unlikely(!ktally_enter(outer))) {
		ktally_probe_account(probe, half, in_nmi() ? KTALLY_COUNTED(nmi) :
				     KTALLY_COUNTED(recursion));
		return NULL;
	}
	return half;
}

/** ktally_probe_end() - second half of a hit: @member of the accounting is where it belongs */
static __always_inline void ktally_probe_end(struct ktally_probe *probe, void *half,
					     unsigned int outer, unsigned int member)
{
	ktally_probe_account(probe, half, member);
	ktally_leave(outer);
}

/**
 * ktally_probe_record() - make room for a record of a probe and fill in its head
 * @probe: whose
 * @ring: of this CPU
 * @type: enum ktally_record_type
 * @size: of the record, a multiple of 8
 * @task: of whom it tells
 *
 * Return: the record, to be filled and then committed (ktally_ring_commit()); or NULL, counted as dropped.
 * Context: between ktally_probe_begin() and ktally_probe_end().
 */
struct ktally_record *ktally_probe_record(const struct ktally_probe *probe, struct ktally_ring *ring,
					  unsigned int type, u32 size, const struct task_struct *task);

/** ktally_record_head() - fill in the head of a record, the time last; see ktally_probe_record() */
static __always_inline void ktally_record_head(struct ktally_record *record, const struct ktally_probe *probe,
					       unsigned int type, u32 size, const struct task_struct *task)
{
	record->size = size;
	record->type = type;
	record->probe = probe->number;
	record->pid = task->tgid;
	record->tid = task->pid;
	record->time = ktime_get_mono_fast_ns();
}

/** ktally_fast_key() - the key of a program whose shape is KTALLY_FAST_KEY. Context: as ktally_program_run(). */
u64 ktally_fast_key(const struct ktally_probe *probe, const struct ktally_hit *hit);

/** ktally_fast_shape() - find out whether a probe's program has a short cut. Context: its table has its place. */
void ktally_fast_shape(struct ktally_probe *probe);

/** ktally_fast_prepare() - let hits take the short cut, or not. Context: any. */
void ktally_fast_prepare(struct ktally_probe *probe);

/** ktally_probe_slow() - ktally_probe_hit() without a short cut. Context: any, with preemption off. */
void ktally_probe_slow(struct ktally_probe *probe, const struct ktally_hit *hit);

/* Whether the row of a key, in a table of one key word, is where it is looked for first; @row: out. */
static __always_inline bool ktally_fast_row(const struct ktally_fast *fast, void *half, u64 key, u64 **row)
{
	u32 place = READ_ONCE(((u32 *)(half + fast->index))[ktally_table_hash(key) >> fast->shift]);

	*row = (u64 *)half + place;
	/* Where an empty place leads is no row: the head of the half. */
	return likely(place && (*row)[0] == key);
}

/*
 * The short cut: the key's own place in the index holds its row. Anything else (the first hit of a key, a collision, a
 * handler at work on this CPU, a hit to be timed) is left to ktally_probe_slow(), which does the same in general. Nothing
 * is called here and so nothing can recurse: the level need not be raised.
 */
static __always_inline bool ktally_fast_count(const struct ktally_probe *probe, void *half, u64 key)
{
	struct ktally_probe_count *count = half + probe->count;
	u64 *row;

	if (unlikely(!ktally_fast_row(&probe->fast, half, key, &row) || __this_cpu_read(ktally_level) ||
		     (u8)READ_ONCE(count->hits) == KTALLY_TIMED_MASK))
		return false;
	ktally_word_inc(&row[1]);
	ktally_word_inc(&count->hits);
	ktally_word_inc(&count->folded);
	return true;
}

/**
 * ktally_fast_more() - the short cuts of plain pairs, histograms and records
 * @probe: whose fast.kind is KTALLY_FAST_START or above
 * @half: the active half
 * @args: as in struct ktally_hit, or NULL
 *
 * Return: false: nothing was done, ktally_probe_slow() is to do it.
 * Context: any, NMI included, with preemption off.
 */
bool ktally_fast_more(struct ktally_probe *probe, void *half, const u64 *args);

/* The active half of this CPU, or NULL. */
static __always_inline void *ktally_probe_half(const struct ktally_probe *probe)
{
	/* Pairs with ktally_session_flip(), which waits until no handler uses the half it took away. */
	return READ_ONCE(raw_cpu_ptr(probe->hot)->half);
}

/**
 * ktally_probe_hit_args() - a source fired that hands over arguments, but no registers
 * @probe: whose
 * @args: as in struct ktally_hit
 * @frame: as in struct ktally_hit
 *
 * Context: any, NMI included, with preemption off.
 */
static __always_inline void ktally_probe_hit_args(struct ktally_probe *probe, const u64 *args, void *frame)
{
	void *half = ktally_probe_half(probe);
	u8 kind = probe->fast.kind;

	if (unlikely(!half))
		goto slow;
	if (likely(kind == KTALLY_FAST_ARG)) {
		if (likely(ktally_fast_count(probe, half, args[probe->fast.arg])))
			return;
	} else if (kind >= KTALLY_FAST_START) {
		if (likely(ktally_fast_more(probe, half, args)))
			return;
	}
slow:
	{
		struct ktally_hit hit = { .args = args, .frame = frame };

		ktally_probe_slow(probe, &hit);
	}
}

/**
 * ktally_probe_hit() - a source fired
 * @probe: whose
 * @hit: what it hands over
 *
 * Context: any, NMI included, with preemption off.
 */
static __always_inline void ktally_probe_hit(struct ktally_probe *probe, const struct ktally_hit *hit)
{
	void *half = ktally_probe_half(probe);
	u8 kind = probe->fast.kind;

	if (likely(half && kind == KTALLY_FAST_CURRENT)) {
		if (likely(ktally_fast_count(probe, half, *(u32 *)((void *)current + probe->fast.offset))))
			return;
	} else if (half && kind >= KTALLY_FAST_START) {
		if (likely(ktally_fast_more(probe, half, hit->args)))
			return;
	}
	ktally_probe_slow(probe, hit);
}

#endif /* _KTALLY_PROBE_H */
