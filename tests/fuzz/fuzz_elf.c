// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the readers of ELF files: symbols, and functions that no symbol names. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "elf_functions.h"
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

/* All addresses of a function have its start and its number, up to the end; code that begins somewhere ends behind that. */
static void check_function(const struct ktally_functions *functions, uint64_t at)
{
	struct ktally_function_hit hit, first;

	if (ktally_functions_end(functions, at) <= at)
		__builtin_trap();
	if (!ktally_functions_find(functions, at, &hit))
		return;
	if (hit.start > at || hit.number >= ktally_functions_count(functions))
		__builtin_trap();
	if (!ktally_functions_find(functions, hit.start, &first) || first.start != hit.start || first.number != hit.number || first.name != hit.name)
		__builtin_trap();
}

static void fuzz_functions(const uint8_t *data, size_t size, const struct ktally_elf *elf)
{
	struct ktally_functions *functions = ktally_functions_read_memory(data, size);
	uint64_t at, vaddr;

	for (at = 0; functions && at < size; at += 16) {
		check_function(functions, at);
		if (elf && ktally_elf_address(elf, at, &vaddr))
			check_function(functions, vaddr);
	}
	ktally_functions_free(functions);
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
	fuzz_functions(data, size, elf);
	ktally_elf_free(elf);
	return 0;
}
