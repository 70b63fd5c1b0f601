/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a reader: one cursor a CPU, and the clock that a test may replace. */
#ifndef KTALLY_READER_H
#define KTALLY_READER_H

#include "device.h"
#include "libktally.h"

/**
 * struct ktally_cursor - where reading stands in one CPU's ring
 * @page: NULL if this CPU has no ring
 * @pos: position of the next record
 * @head: how far records were complete when last looked at
 * @published: what the consumer page says
 * @read: records given out, and those that an earlier reader of the session took
 * @time: of the record at @pos, if @ready
 * @ready: there is a checked record at @pos
 * @broken: the ring showed something that cannot be; it is not read any further
 */
struct ktally_cursor {
	const struct ktally_ring_page *page;
	const char *data;
	struct ktally_consumer_page *consumer;
	uint64_t pos, head, published, read, time;
	bool ready, broken;
};

/** struct ktally_reader - @heap: CPUs with a ready record, the oldest on top; @safe: records up to this time may be given out */
struct ktally_reader {
	struct ktally_device *dev;
	struct ktally_cursor *cursors;
	unsigned int *heap, nr_heap;
	uint64_t safe;
	uint64_t (*now)(void);
	void *record;
	size_t record_room;
	struct ktally_dumps *dumps;	/* made with the first */
};

/* A handler may be held up this long (by its hypervisor, say) between taking a record's time and showing the record. */
#define KTALLY_READER_SLACK_NS 10000000ULL

/** ktally_record_valid - a record of @size bytes is long enough for what its type promises, and its path ends */
bool ktally_record_valid(const struct ktally_record *record, size_t size);

#endif /* KTALLY_READER_H */
