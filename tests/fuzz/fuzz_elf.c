// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the reader of ELF files. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found must reach over the address, and what a section says must stay inside of its bounds. */
static void check(const struct ktally_elf *elf, uint64_t at)
{
	struct ktally_elf_hit hit;
	char name[4096];

	if (!ktally_elf_find(elf, at, &hit))
		return;
	if (hit.start > at || (hit.end > hit.start && hit.end <= at))
		__builtin_trap();
	if (ktally_elf_name(elf, hit.name, name, sizeof(name)) >= sizeof(name))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_elf *elf = ktally_elf_read_memory(data, size);
	uint64_t at, vaddr;
	size_t i;

	for (at = 0; elf && at < size; at += 64) {
		check(elf, at);
		if (ktally_elf_address(elf, at, &vaddr))
			check(elf, vaddr);
	}
	for (i = 0; elf && i < elf->nr && i < 1000; i++) {
		if (i && elf->symbols[i].start < elf->symbols[i - 1].start)
			__builtin_trap();
		check(elf, elf->symbols[i].start);
	}
	if (elf && strlen(elf->debuglink) >= sizeof(elf->debuglink))
		__builtin_trap();
	ktally_elf_free(elf);
	return 0;
}
