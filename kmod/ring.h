/* SPDX-License-Identifier: GPL-2.0 */
/* The ring of one CPU: written by every context of it, read through an mmap. */
#ifndef _KTALLY_RING_H
#define _KTALLY_RING_H

#include <linux/irq_work.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <asm/barrier.h>
#include <linux/ktally_ring.h>
#include "table.h"

/**
 * struct ktally_ring - what the writers keep of a ring; the reader sees @page, the data and @consumer
 * @page: published part
 * @consumer: the reader's page; may hold anything
 * @data: the records
 * @size: bytes of data, a power of two
 * @mode: enum ktally_ring_mode
 * @watermark: bytes between two wake-ups
 * @wait: who is woken
 * @head: position behind the last record set aside, complete or not
 * @nest: writers that are inside, one above the other
 * @wake: position of the last wake-up
 * @work: wakes, from any context
 */
struct ktally_ring {
	struct ktally_ring_page *page;
	struct ktally_consumer_page *consumer;
	u8 *data;
	u64 size;
	u32 mode;
	u32 watermark;
	wait_queue_head_t *wait;

	/* written by hits */
	u64 head;
	unsigned int nest;
	u64 wake;
	struct irq_work work;
};

/** ktally_ring_length() - bytes of the mapping of a ring with @size bytes of data */
static inline u64 ktally_ring_length(u32 size)
{
	return PAGE_SIZE + size;
}

/**
 * ktally_ring_init() - begin an empty ring in zeroed memory
 * @ring: the ring
 * @memory: of ktally_ring_length()
 * @consumer: one page
 * @cpu: whose
 * @size: bytes of data
 * @mode: enum ktally_ring_mode
 * @watermark: bytes
 * @wait: who to wake
 */
void ktally_ring_init(struct ktally_ring *ring, void *memory, void *consumer, unsigned int cpu,
		      u32 size, u32 mode, u32 watermark, wait_queue_head_t *wait);

/**
 * ktally_ring_reserve() - make room for a record
 * @ring: of this CPU
 * @size: of the record, a multiple of 8
 *
 * Return: the record, to be filled whole and then committed; or NULL, counted as dropped.
 * Context: any, NMI included, with preemption off.
 */
struct ktally_record *ktally_ring_reserve(struct ktally_ring *ring, u32 size);

/** ktally_ring_commit() - let the reader see what was reserved last. Context: as reserve. */
void ktally_ring_commit(struct ktally_ring *ring);

/**
 * ktally_ring_try() - the short cut of ktally_ring_reserve(): the ring discards, no writer is below us, the record fits as it is
 * @ring: of this CPU
 * @size: of the record, a multiple of 8
 *
 * Return: the record, or NULL: nothing was done, ktally_ring_reserve() is to do it.
 * Context: as ktally_ring_reserve().
 */
static __always_inline struct ktally_record *ktally_ring_try(struct ktally_ring *ring, u32 size)
{
	u64 head = READ_ONCE(ring->head), at = head & (ring->size - 1);

	/* The acquire pairs with the release of the reader's tail: what we overwrite it has read. */
	if (unlikely(ring->nest || ring->mode != KTALLY_RING_DISCARD || at + size > ring->size ||
		     head - smp_load_acquire(&ring->consumer->tail) > ring->size - size))
		return NULL;
	WRITE_ONCE(ring->nest, 1);
	barrier();
	if (unlikely(cmpxchg_local(&ring->head, head, head + size) != head)) {
		/* An interrupt wrote in between; if it left its publishing to us, ktally_ring_reserve() comes to it. */
		WRITE_ONCE(ring->nest, 0);
		return NULL;
	}
	ktally_word_inc(&ring->page->offered);
	ktally_word_inc(&ring->page->reserved);
	return (void *)(ring->data + at);
}

/** ktally_ring_publish() - ktally_ring_commit(), inline. Context: as ktally_ring_reserve(). */
static __always_inline void ktally_ring_publish(struct ktally_ring *ring)
{
	u64 head;

	barrier();
again:
	head = READ_ONCE(ring->head);
	if (unlikely(ring->nest > 1)) {
		ring->nest--;
		return;
	}
	/* Pairs with the reader's acquire of head: it sees whole records. */
	smp_store_release(&ring->page->head, head);
	barrier();
	WRITE_ONCE(ring->nest, 0);
	barrier();
	/* An interrupt that came before nest was 0 left its publishing to us. */
	if (unlikely(head != READ_ONCE(ring->head))) {
		WRITE_ONCE(ring->nest, 1);
		barrier();
		goto again;
	}
	if (unlikely(head - ring->wake >= ring->watermark)) {
		ring->wake = head;
		irq_work_queue(&ring->work);
	}
}

/** ktally_ring_readable() - bytes between the reader and the head reached the watermark. Context: any. */
bool ktally_ring_readable(const struct ktally_ring *ring);

/** ktally_ring_quiesce() - no wake-up is under way on return; no writer may be left. Context: process. */
void ktally_ring_quiesce(struct ktally_ring *ring);

#endif /* _KTALLY_RING_H */
