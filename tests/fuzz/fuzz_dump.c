// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes the walk of dumped stacks: an ELF file with its unwind descriptions, registers and a stack, all of the input. The file is mapped where
 * the input says, so that any of it can be walked through. The first 4 bytes tell the size of the file; registers and stack follow it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "process.h"

#if defined(__x86_64__)
#define NR_REGS 17
#else
#define NR_REGS 33
#endif

#define IMAGE	(0x7ffffff0ULL << 32 | 1)
#define START	0x10000000ULL
#define MAX	64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Executable from its second page on, as linkers lay programs out, or all of it. */
static void map_file(struct ktally_processes *procs, int fd, size_t size, uint64_t offset)
{
	union {
		struct ktally_mmap mmap;
		char space[sizeof(struct ktally_mmap) + 64];
	} record = { .mmap = { .image = IMAGE, .start = START + offset, .length = size + 4096, .offset = offset, .file = 1 } };

	record.mmap.record.size = sizeof(record);
	record.mmap.record.type = KTALLY_RECORD_MMAP;
	snprintf(record.space + offsetof(struct ktally_mmap, path), 64, "/proc/self/fd/%d", fd);
	ktally_processes_record(procs, &record.mmap.record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_processes *procs;
	struct ktally_user *record;
	uint64_t ips[MAX];
	size_t elf, stack;
	uint32_t head;
	int fd, nr, i;

	if (size < sizeof(head) + NR_REGS * 8)
		return 0;
	memcpy(&head, data, sizeof(head));
	data += sizeof(head);
	size -= sizeof(head) + NR_REGS * 8;
	elf = (head & 0xffffff) % (size + 1);
	stack = (size - elf) & ~7UL;
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	procs = ktally_processes_new(false);
	record = calloc(1, sizeof(*record) + NR_REGS * 8 + stack);
	if (fd < 0 || !procs || !record || write(fd, data, elf) != (ssize_t)elf)
		abort();
	map_file(procs, fd, elf, head >> 31 ? 4096 : 0);
	record->record = (struct ktally_record){ .size = sizeof(*record) + NR_REGS * 8 + stack, .type = KTALLY_RECORD_USER };
	record->image = IMAGE;
	record->id = 1;
	record->nr_regs = NR_REGS;
	record->bytes = stack;
	memcpy(record->data, data + elf, NR_REGS * 8 + stack);
	nr = ktally_unwind_dump(procs, record, ips, MAX);
	if (nr < 1 || nr > MAX)
		__builtin_trap();
	for (i = 0; i < nr - 1; i++)
		if (KTALLY_WORD_IS_CUT(ips[i]) || KTALLY_WORD_ADDRESS(ips[i]) >> 57)
			__builtin_trap();
	free(record);
	ktally_processes_free(procs);
	close(fd);
	return 0;
}
