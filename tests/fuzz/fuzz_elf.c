// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the reader of ELF files. */
#include <stddef.h>
#include <stdint.h>

#include "symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_elf *elf = ktally_elf_read_memory(data, size);
	uint64_t at, start, vaddr;
	const char *name;

	for (at = 0; elf && at < size; at += 64) {
		name = ktally_elf_find(elf, at, &start);
		if (name && (start > at || !*name))
			__builtin_trap();
		if (ktally_elf_address(elf, at, &vaddr))
			ktally_elf_find(elf, vaddr, &start);
	}
	ktally_elf_free(elf);
	return 0;
}
