// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the reader of rings and the tracking of processes: the input is the head and data of one ring. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DATA 4096U

static void read_all(struct ktally_device *dev, struct ktally_processes *procs)
{
	struct ktally_ring_accounting acc;
	const struct ktally_record *record;
	struct ktally_reader *reader;
	unsigned int cpu, nr = 0;
	uint64_t image;

	if (ktally_reader_open(&reader, dev, NULL))
		return;
	while ((record = ktally_reader_next(reader, &cpu, true))) {
		ktally_processes_record(procs, record);
		if (record->size >= sizeof(struct ktally_process)) {
			image = ((const struct ktally_process *)record)->image | 1ULL << 62;
			ktally_processes_find(procs, image, record->time);
		}
		if (++nr > DATA)	/* more records than bytes */
			__builtin_trap();
	}
	ktally_reader_accounting(reader, &acc);
	ktally_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t ring[(128 + DATA) / 8], consumer[8];
	struct ktally_cpu_regions regions = { .present = true, .ring = { ring, sizeof(ring) }, .consumer = { consumer, sizeof(consumer) } };
	struct ktally_device dev = { .fd = -1, .nr_cpus = 1, .cpus = &regions };
	struct ktally_ring_page *page = (void *)ring;
	struct ktally_processes *procs;

	memset(ring, 0, sizeof(ring));
	memset(consumer, 0, sizeof(consumer));
	memcpy(ring, data, size < sizeof(ring) ? size : sizeof(ring));
	page->magic = KTALLY_RING_MAGIC;
	page->cpu = 0;
	page->mode &= 1;
	page->data_offset = 128;
	page->data_size = DATA;
	if (size & 1)
		consumer[0] = page->tail;
	procs = ktally_processes_new(false);
	read_all(&dev, procs);
	ktally_processes_free(procs);
	return 0;
}
