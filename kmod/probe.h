/* SPDX-License-Identifier: GPL-2.0 */
/* A probe: one source, one program, its accounting; and the path of a hit from the source to the program. */
#ifndef _KTALLY_PROBE_H
#define _KTALLY_PROBE_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/ktally.h>
#include <linux/ktally_table.h>
#include "percpu.h"
#include "program.h"
#include "scope.h"
#include "table.h"

struct ktally_ring;
struct ktally_session;
struct ktally_source_ops;

/**
 * struct ktally_hot - what a session keeps on one CPU
 * @half: the active half; NULL while the session does not run, or not on this CPU
 * @ring: or NULL
 * @stacks: or NULL
 */
struct ktally_hot {
	void *half;
	struct ktally_ring *ring;
	struct ktally_stacks *stacks;
};

/**
 * enum ktally_fast_kind - where the key of the shortest program comes from
 * @KTALLY_FAST_NONE: the program is not that short: run it
 * @KTALLY_FAST_ARG: args[arg]
 * @KTALLY_FAST_OTHER: whatever program->insns[0] loads
 */
enum ktally_fast_kind {
	KTALLY_FAST_NONE,
	KTALLY_FAST_ARG,
	KTALLY_FAST_OTHER,
};

/**
 * struct ktally_fast - short cut for "one integer key, count": everything a hit on a known key needs, in one cache line
 * @kind: enum ktally_fast_kind
 * @arg: see @kind
 * @shift: 64 less the bits of the table's index
 * @row_size: bytes of a row
 * @rows: offset of the rows in a half
 * @index: offset of the index in a half
 */
struct ktally_fast {
	u8 kind;
	u8 arg;
	u8 shift;
	u32 row_size;
	u64 rows;
	u64 index;
};

/**
 * struct ktally_probe - one probe of a session
 *
 * @hot: the session's
 * @fast: short cut, or none
 * @scope: which processes count, or NULL for all
 * @count: offset of its struct ktally_probe_count in a half
 * @program: NULL for sources that take none
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
 * @hot: the session's memory on this CPU
 * @type: enum ktally_record_type
 * @size: of the record, a multiple of 8
 * @task: of whom it tells
 *
 * Return: the record, to be filled and then committed (ktally_ring_commit()); or NULL, counted as dropped.
 * Context: between ktally_probe_begin() and ktally_probe_end().
 */
struct ktally_record *ktally_probe_record(const struct ktally_probe *probe, const struct ktally_hot *hot,
					  unsigned int type, u32 size, const struct task_struct *task);

/** ktally_fast_key() - the key of a program whose fast.kind is KTALLY_FAST_OTHER. Context: as ktally_program_run(). */
u64 ktally_fast_key(const struct ktally_probe *probe, const struct ktally_hit *hit);

/** ktally_fast_prepare() - find out whether a probe's program is short. Context: its table has its place. */
void ktally_fast_prepare(struct ktally_probe *probe);

/*
 * The short cut: the key's own place in the index holds its row. Anything else (the first hit of a key, a collision) is
 * left to ktally_program_run(), which does the same in general.
 */
static __always_inline unsigned int ktally_probe_run(const struct ktally_probe *probe,
						     const struct ktally_hit *hit,
						     const struct ktally_hot *hot, void *half)
{
	const struct ktally_fast *fast = &probe->fast;
	u64 key, *row;
	u32 number;

	if (likely(fast->kind == KTALLY_FAST_ARG))
		key = hit->args[fast->arg];
	else if (fast->kind == KTALLY_FAST_OTHER)
		key = ktally_fast_key(probe, hit);
	else
		return ktally_program_run(probe, hit, hot, half);
	number = READ_ONCE(((u32 *)(half + fast->index))[ktally_table_hash(key) >> fast->shift]);
	row = half + fast->rows + (u64)number * fast->row_size;
	/* Row 0, where an empty place leads, has a key word too; it is never written, and no row stands for it. */
	if (unlikely(!number || row[0] != key))
		return ktally_program_run(probe, hit, hot, half);
	ktally_word_inc(&row[1]);
	return KTALLY_COUNTED(folded);
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
	struct ktally_hot *hot;
	unsigned int outer, member;
	void *half = ktally_probe_begin(probe, &hot, &outer);

	if (!half)
		return;
	if (unlikely(probe->scope) && !ktally_scope_has(probe->scope, current))
		member = KTALLY_COUNTED(filtered);
	else
		member = ktally_probe_run(probe, hit, hot, half);
	ktally_probe_end(probe, half, outer, member);
}

#endif /* _KTALLY_PROBE_H */
