// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of one CPU: reserve, commit, wake.
 *
 * Writers nest: one that interrupts another is done before that goes on. So room is set aside with a local
 * compare-and-exchange, and only the outermost writer publishes: when it is done, everything set aside is complete.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include "ring.h"
#include "table.h"

static void ring_wake(struct irq_work *work)
{
	struct ktally_ring *ring = container_of(work, struct ktally_ring, work);

	wake_up_all(ring->wait);
}

void ktally_ring_init(struct ktally_ring *ring, void *memory, void *consumer, unsigned int cpu,
		      u32 size, u32 mode, u32 watermark, wait_queue_head_t *wait)
{
	ring->page = memory;
	ring->consumer = consumer;
	ring->data = memory + PAGE_SIZE;
	ring->size = size;
	ring->mode = mode;
	ring->watermark = watermark;
	ring->wait = wait;
	init_irq_work(&ring->work, ring_wake);
	ring->page->magic = KTALLY_RING_MAGIC;
	ring->page->cpu = cpu;
	ring->page->data_offset = PAGE_SIZE;
	ring->page->mode = mode;
	ring->page->data_size = size;
}

/* Moves the tail over old records until everything up to @end fits. Records not yet published are never touched. */
static bool evict(struct ktally_ring *ring, u64 end)
{
	struct ktally_ring_page *page = ring->page;
	const struct ktally_record *old;
	unsigned int steps;
	u64 tail, next;
	u16 type;

	/* The smallest record is 8 bytes of padding, the largest to be placed under 4 KiB: that many steps are enough. */
	for (steps = 0; steps < 1024; steps++) {
		tail = READ_ONCE(page->tail);
		if (end - tail <= ring->size)
			return true;
		if (tail >= READ_ONCE(page->head))
			return false;
		old = (void *)(ring->data + (tail & (ring->size - 1)));
		next = tail + READ_ONCE(old->size);
		/* Before it is given away: an interrupt may write there at once. */
		type = READ_ONCE(old->type);
		if (cmpxchg_local(&page->tail, tail, next) == tail && type != KTALLY_RECORD_PAD)
			ktally_word_inc(&page->overwritten);
	}
	return false;
}

static bool make_room(struct ktally_ring *ring, u64 head, u64 end)
{
	u64 tail;

	if (ring->mode == KTALLY_RING_OVERWRITE)
		return evict(ring, end);
	/* Pairs with the release of the reader's tail: what we overwrite it has read. */
	tail = smp_load_acquire(&ring->consumer->tail);
	return head - tail <= ring->size && end - tail <= ring->size;
}

struct ktally_record *ktally_ring_reserve(struct ktally_ring *ring, u32 size)
{
	struct ktally_record *pad;
	u64 head, rest, fill;
	unsigned int tries;

	ktally_word_inc(&ring->page->offered);
	WRITE_ONCE(ring->nest, ring->nest + 1);
	barrier();
	/* Each failure is an interrupt that wrote in between: there cannot be many. */
	for (tries = 0; tries < 64; tries++) {
		head = READ_ONCE(ring->head);
		rest = ring->size - (head & (ring->size - 1));
		fill = size > rest ? rest : 0;
		if (!make_room(ring, head, head + fill + size))
			break;
		if (cmpxchg_local(&ring->head, head, head + fill + size) != head)
			continue;
		if (fill) {
			pad = (void *)(ring->data + (head & (ring->size - 1)));
			pad->size = fill;
			pad->type = KTALLY_RECORD_PAD;
			pad->probe = 0;
		}
		ktally_word_inc(&ring->page->reserved);
		return (void *)(ring->data + ((head + fill) & (ring->size - 1)));
	}
	ktally_word_inc(&ring->page->dropped);
	ktally_ring_publish(ring);
	return NULL;
}

void ktally_ring_commit(struct ktally_ring *ring)
{
	ktally_ring_publish(ring);
}

bool ktally_ring_readable(const struct ktally_ring *ring)
{
	u64 head = READ_ONCE(ring->page->head), tail;

	tail = ring->mode == KTALLY_RING_OVERWRITE ? ring->page->tail : READ_ONCE(ring->consumer->tail);
	return head - tail >= ring->watermark;
}

void ktally_ring_quiesce(struct ktally_ring *ring)
{
	irq_work_sync(&ring->work);
}
