// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads the rings of all CPUs and merges their records by time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "reader.h"

static uint64_t monotonic_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static const struct ktally_record *record_at(const struct ktally_cursor *cursor, uint64_t pos)
{
	return (const void *)(cursor->data + (pos & (cursor->page->data_size - 1)));
}

/* Size of the record or pad at @pos, 0 if what is there cannot be one. Read once: the kernel's memory may change under a check. */
static uint32_t checked_size(const struct ktally_cursor *cursor, uint64_t pos, uint64_t head)
{
	const struct ktally_record *record = record_at(cursor, pos);
	uint64_t room = cursor->page->data_size - (pos & (cursor->page->data_size - 1));
	uint32_t size = __atomic_load_n(&record->size, __ATOMIC_RELAXED);

	if (!size || size & 7 || size > head - pos || size > room)
		return 0;
	if (record->type != KTALLY_RECORD_PAD && size < sizeof(*record))
		return 0;
	return size;
}

static bool head_possible(const struct ktally_cursor *cursor, uint64_t pos, uint64_t head)
{
	return !(head & 7) && !(pos & 7) && head >= pos && head - pos <= cursor->page->data_size;
}

/* Records between @pos and @head; *@broken if the walk met something that cannot be. */
static uint64_t count_records(const struct ktally_cursor *cursor, uint64_t pos, uint64_t head, bool *broken)
{
	uint64_t nr = 0;
	uint32_t size;

	*broken = !head_possible(cursor, pos, head);
	while (!*broken && pos < head) {
		size = checked_size(cursor, pos, head);
		if (!size) {
			*broken = true;
			break;
		}
		nr += record_at(cursor, pos)->type != KTALLY_RECORD_PAD;
		pos += size;
	}
	return nr;
}

static uint64_t load_head(const struct ktally_cursor *cursor)
{
	return __atomic_load_n(&cursor->page->head, __ATOMIC_ACQUIRE);
}

static bool overwrites(const struct ktally_cursor *cursor)
{
	return cursor->page->mode == KTALLY_RING_OVERWRITE;
}

static void publish(struct ktally_cursor *cursor)
{
	if (!cursor->page || overwrites(cursor) || cursor->pos == cursor->published)
		return;
	__atomic_store_n(&cursor->consumer->tail, cursor->pos, __ATOMIC_RELEASE);
	cursor->published = cursor->pos;
}

/* Make the record at the position ready, stepping over pads. */
static void look(struct ktally_cursor *cursor)
{
	uint32_t size;

	cursor->ready = false;
	while (!cursor->broken && cursor->pos < cursor->head) {
		size = checked_size(cursor, cursor->pos, cursor->head);
		if (!size) {
			cursor->broken = true;
			return;
		}
		if (record_at(cursor, cursor->pos)->type != KTALLY_RECORD_PAD) {
			cursor->time = record_at(cursor, cursor->pos)->time;
			cursor->ready = true;
			return;
		}
		cursor->pos += size;
	}
}

/* An overwriting ring is read when it is stopped only: while it runs, its oldest records vanish under the reader. */
static void refresh_cursor(struct ktally_cursor *cursor, bool drain)
{
	uint64_t head, tail;

	if (!cursor->page || cursor->broken || (overwrites(cursor) && !drain))
		return;
	publish(cursor);
	head = load_head(cursor);
	if (overwrites(cursor)) {
		tail = __atomic_load_n(&cursor->page->tail, __ATOMIC_ACQUIRE);
		if (tail > cursor->pos)
			cursor->pos = tail;
	}
	if (!head_possible(cursor, cursor->pos, head)) {
		cursor->broken = true;
		cursor->ready = false;
		return;
	}
	cursor->head = head;
	look(cursor);
}

static void sift_down(struct ktally_reader *reader, unsigned int at)
{
	unsigned int *heap = reader->heap, child, cpu;

	for (;; at = child) {
		child = at * 2 + 1;
		if (child >= reader->nr_heap)
			return;
		if (child + 1 < reader->nr_heap && reader->cursors[heap[child + 1]].time < reader->cursors[heap[child]].time)
			child++;
		if (reader->cursors[heap[at]].time <= reader->cursors[heap[child]].time)
			return;
		cpu = heap[at];
		heap[at] = heap[child];
		heap[child] = cpu;
	}
}

/*
 * The clock is read before the heads: whatever a CPU shows later than this look has a later time, but for the slack, so
 * records up to then can no longer be overtaken.
 */
static void refresh(struct ktally_reader *reader, bool drain)
{
	uint64_t now = reader->now();
	unsigned int cpu, i;

	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	reader->nr_heap = 0;
	for (cpu = 0; cpu < reader->dev->nr_cpus; cpu++) {
		refresh_cursor(&reader->cursors[cpu], drain);
		if (reader->cursors[cpu].ready)
			reader->heap[reader->nr_heap++] = cpu;
	}
	for (i = reader->nr_heap / 2; i--;)
		sift_down(reader, i);
	reader->safe = now > KTALLY_READER_SLACK_NS ? now - KTALLY_READER_SLACK_NS : 0;
}

/* Copy the ready record of @cursor and step behind it. NULL: it is not what its type promises, or there is no memory for it. */
static const struct ktally_record *take_record(struct ktally_reader *reader, struct ktally_cursor *cursor)
{
	uint32_t size = checked_size(cursor, cursor->pos, cursor->head);
	struct ktally_record *record;
	void *bigger;

	if (size > reader->record_room) {
		bigger = realloc(reader->record, size);
		if (!bigger)
			return NULL;
		reader->record = bigger;
		reader->record_room = size;
	}
	record = reader->record;
	if (!size)
		goto broken;
	memcpy(record, record_at(cursor, cursor->pos), size);
	if (overwrites(cursor) && __atomic_load_n(&cursor->page->tail, __ATOMIC_ACQUIRE) > cursor->pos)
		goto broken;
	if (!ktally_record_valid(record, size))
		goto broken;
	cursor->pos += size;
	cursor->read++;
	if (cursor->pos - cursor->published >= cursor->page->data_size / 8)
		publish(cursor);
	look(cursor);
	return record;
broken:
	cursor->broken = true;
	cursor->ready = false;
	return NULL;
}

static bool may_give(const struct ktally_reader *reader, bool drain)
{
	return reader->nr_heap && (drain || reader->cursors[reader->heap[0]].time <= reader->safe);
}

/* One that cannot be kept is missed by its event only. */
static void keep_dump(struct ktally_reader *reader, unsigned int cpu, const struct ktally_record *record)
{
	if (!reader->dumps)
		reader->dumps = ktally_dumps_new(reader->dev->nr_cpus);
	if (reader->dumps)
		ktally_dumps_keep(reader->dumps, cpu, (const struct ktally_user *)record);
}

const struct ktally_record *ktally_reader_next(struct ktally_reader *reader, unsigned int *cpu, bool drain)
{
	const struct ktally_record *record;
	unsigned int top;

	for (;;) {
		if (!may_give(reader, drain)) {
			refresh(reader, drain);
			if (!may_give(reader, drain))
				return NULL;
		}
		top = reader->heap[0];
		record = take_record(reader, &reader->cursors[top]);
		if (!reader->cursors[top].ready)
			reader->heap[0] = reader->heap[--reader->nr_heap];
		sift_down(reader, 0);
		if (record) {
			if (record->type == KTALLY_RECORD_USER)
				keep_dump(reader, top, record);
			*cpu = top;
			return record;
		}
		if (reader->cursors[top].ready)
			return NULL;
	}
}

/*
 * Another reader may have read the session before (a pinned one): what it took is told from the counters and what is left.
 * The counters move while we look, hence the tries.
 */
static void start_behind_earlier_reader(struct ktally_cursor *cursor)
{
	uint64_t reserved, left, overwritten;
	unsigned int tries = 64;
	bool broken;

	do {
		reserved = __atomic_load_n(&cursor->page->reserved, __ATOMIC_ACQUIRE);
		overwritten = __atomic_load_n(&cursor->page->overwritten, __ATOMIC_RELAXED);
		left = count_records(cursor, cursor->pos, load_head(cursor), &broken);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (__atomic_load_n(&cursor->page->reserved, __ATOMIC_RELAXED) != reserved && --tries);
	if (!broken && reserved >= overwritten + left)
		cursor->read = reserved - overwritten - left;
}

static int open_cursor(struct ktally_reader *reader, unsigned int cpu)
{
	const struct ktally_cpu_regions *regions = &reader->dev->cpus[cpu];
	struct ktally_cursor *cursor = &reader->cursors[cpu];

	if (!regions->present || !regions->ring.base)
		return 0;
	cursor->page = ktally_mapping_ring(&regions->ring, cpu);
	if (!cursor->page)
		return -EBADMSG;
	cursor->data = (const char *)regions->ring.base + cursor->page->data_offset;
	if (overwrites(cursor))
		return 0;
	if (!regions->consumer.base || regions->consumer.length < sizeof(*cursor->consumer)) {
		cursor->page = NULL;
		return -EBADMSG;
	}
	cursor->consumer = regions->consumer.base;
	cursor->pos = __atomic_load_n(&cursor->consumer->tail, __ATOMIC_RELAXED);
	cursor->published = cursor->pos;
	if (cursor->pos)
		start_behind_earlier_reader(cursor);
	return 0;
}

int ktally_reader_open(struct ktally_reader **out, struct ktally_device *dev, struct ktally_error *err)
{
	struct ktally_reader *reader = calloc(1, sizeof(*reader));
	unsigned int cpu, rings = 0;
	int ret;

	if (!reader)
		return ktally_fail(err, -ENOMEM, "out of memory");
	reader->dev = dev;
	reader->now = monotonic_now;
	reader->cursors = calloc(dev->nr_cpus + 1, sizeof(*reader->cursors));
	reader->heap = calloc(dev->nr_cpus + 1, sizeof(*reader->heap));
	if (!reader->cursors || !reader->heap) {
		ret = ktally_fail(err, -ENOMEM, "out of memory");
		goto fail;
	}
	for (cpu = 0; cpu < dev->nr_cpus; cpu++) {
		ret = open_cursor(reader, cpu);
		if (ret) {
			ret = ktally_fail(err, ret, "the ring that the module shows of CPU %u is not laid out as it should be", cpu);
			goto fail;
		}
		rings += reader->cursors[cpu].page != NULL;
	}
	if (!rings) {
		ret = ktally_fail(err, -ENODATA, "the session has no ring, so there are no records to read");
		goto fail;
	}
	*out = reader;
	return 0;
fail:
	ktally_reader_close(reader);
	return ret;
}

void ktally_reader_close(struct ktally_reader *reader)
{
	unsigned int cpu;

	if (!reader)
		return;
	for (cpu = 0; reader->cursors && cpu < reader->dev->nr_cpus; cpu++)
		publish(&reader->cursors[cpu]);
	free(reader->cursors);
	free(reader->heap);
	free(reader->record);
	ktally_dumps_free(reader->dumps);
	free(reader);
}

const struct ktally_user *ktally_reader_user(struct ktally_reader *reader, unsigned int cpu, uint64_t id)
{
	return reader->dumps ? ktally_dumps_find(reader->dumps, cpu, id) : NULL;
}

const uint64_t *ktally_reader_stack(struct ktally_reader *reader, unsigned int cpu, uint64_t id, unsigned int *nr)
{
	return ktally_device_stack(reader->dev, cpu, id, nr);
}

/* How many of the records that we read were overwritten since: those that are not there any more. */
static uint64_t read_and_gone(struct ktally_cursor *cursor, uint64_t tail, bool *broken)
{
	uint64_t there = cursor->pos > tail ? count_records(cursor, tail, cursor->pos, broken) : 0;

	return cursor->read > there ? cursor->read - there : 0;
}

/* Sums one ring up and tells whether its two equations hold. */
static bool account_ring(struct ktally_cursor *cursor, struct ktally_ring_accounting *acc)
{
	const struct ktally_ring_page *page = cursor->page;
	uint64_t offered, reserved, dropped, overwritten, unread, pos = cursor->pos, tail = 0;
	bool broken, broken_before = false;

	publish(cursor);
	offered = __atomic_load_n(&page->offered, __ATOMIC_RELAXED);
	reserved = __atomic_load_n(&page->reserved, __ATOMIC_RELAXED);
	dropped = __atomic_load_n(&page->dropped, __ATOMIC_RELAXED);
	overwritten = __atomic_load_n(&page->overwritten, __ATOMIC_RELAXED);
	if (overwrites(cursor)) {
		tail = __atomic_load_n(&page->tail, __ATOMIC_ACQUIRE);
		overwritten -= read_and_gone(cursor, tail, &broken_before);
		pos = tail > pos ? tail : pos;
	}
	unread = count_records(cursor, pos, load_head(cursor), &broken);
	acc->offered += offered;
	acc->reserved += reserved;
	acc->dropped += dropped;
	acc->overwritten += overwritten;
	acc->read += cursor->read;
	acc->unread += unread;
	return !broken && !broken_before && !cursor->broken && offered == reserved + dropped && reserved == cursor->read + unread + overwritten;
}

void ktally_reader_accounting(struct ktally_reader *reader, struct ktally_ring_accounting *acc)
{
	unsigned int cpu;

	memset(acc, 0, sizeof(*acc));
	acc->closed = true;
	for (cpu = 0; cpu < reader->dev->nr_cpus; cpu++)
		if (reader->cursors[cpu].page && !account_ring(&reader->cursors[cpu], acc))
			acc->closed = false;
}
