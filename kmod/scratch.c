// SPDX-License-Identifier: GPL-2.0
/* The scratch ring of a CPU. */
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include "compat/sync.h"
#include "percpu.h"
#include "probe.h"
#include "ring.h"
#include "scratch.h"

/* Records that one dump looks at: all that the largest ring can hold. A hit has no unbounded work. */
#define DUMP_LIMIT (KTALLY_SCRATCH_MAX / sizeof(struct ktally_event) + 2)

/*
 * A window goes back this much further, since it was measured by another clock. What lay just before the window is no harm; its first
 * record must not be missing.
 */
#define WINDOW_SLACK(window) ((window) / 64 + 10000)

/* Nobody waits for a scratch ring. */
static DECLARE_WAIT_QUEUE_HEAD(nobody);

struct ktally_ring *ktally_scratch_ring_new(unsigned int cpu, u32 size)
{
	struct ktally_ring *ring = kzalloc(sizeof(*ring), GFP_KERNEL);
	void *memory = vzalloc(ktally_ring_length(size));

	if (!ring || !memory) {
		vfree(memory);
		kfree(ring);
		return NULL;
	}
	ktally_ring_init(ring, memory, NULL, cpu, size, KTALLY_RING_OVERWRITE, ~0U, &nobody);
	ktally_vmalloc_sync();
	return ring;
}

void ktally_scratch_ring_free(struct ktally_ring *ring)
{
	if (!ring)
		return;
	ktally_ring_quiesce(ring);
	vfree(ring->page);
	kfree(ring);
}

void ktally_scratch_keep(const struct ktally_probe *probe, const struct ktally_hot *hot, const u64 *words, unsigned int nr)
{
	struct ktally_event *event;

	event = (void *)ktally_probe_record(probe, hot->scratch, KTALLY_RECORD_EVENT, sizeof(*event) + nr * sizeof(u64), current);
	if (!event)
		return;
	memcpy(event->words, words, nr * sizeof(u64));
	ktally_ring_commit(hot->scratch);
}

/* The largest record there can be. */
#define KEPT_MAX (sizeof(struct ktally_event) + KTALLY_REGS * sizeof(u64))

/*
 * Takes the record at @at out of the scratch ring. An interrupt above us may overwrite it meanwhile, so it is believed only when it was
 * still there afterwards. Return: its bytes, or 0
 */
static u32 take_record(const struct ktally_ring *from, u64 at, struct ktally_record *copy)
{
	u64 offset = at & (from->size - 1);
	const struct ktally_record *record = (void *)(from->data + offset);
	u32 size = READ_ONCE(record->size);

	/* Of padding there may be more than fits; it has no more than a head. */
	memcpy(copy, record, min_t(u64, min_t(u64, size, KEPT_MAX), from->size - offset));
	barrier();
	return at < READ_ONCE(from->page->tail) ? 0 : size;
}

static void copy_out(struct ktally_ring *ring, const struct ktally_record *record, u32 size)
{
	struct ktally_record *copy = ktally_ring_reserve(ring, size);

	if (!copy)
		return;
	memcpy(copy, record, size);
	ktally_ring_commit(ring);
}

void ktally_scratch_dump(const struct ktally_hot *hot, u64 window, u64 ended)
{
	const struct ktally_ring *from = hot->scratch;
	u64 at = from->page->tail, end = from->page->head;
	struct ktally_record *record = (void *)ktally_scratch();
	unsigned int seen;
	u32 size;

	BUILD_BUG_ON(sizeof(unsigned long[KTALLY_SCRATCH_WORDS]) < KEPT_MAX);
	ended = ended ? ended : ktime_get_mono_fast_ns();
	window = min_t(u64, window, S64_MAX / 2);
	window += WINDOW_SLACK(window);
	for (seen = 0; at < end && seen < DUMP_LIMIT; seen++, at += size) {
		size = take_record(from, at, record);
		/* Overwritten: the rest is younger than we are. */
		if (!size)
			break;
		/* Of what came after the end, the difference is negative. */
		if (record->type != KTALLY_RECORD_PAD && (s64)(ended - record->time) <= (s64)window)
			copy_out(hot->ring, record, size);
	}
}
