// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes Go's pclntab, as it stands in a file: all functions, their places, and how they are unwound. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <gelf.h>

#include "gopclntab.h"
#include "unwind_build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_table(const uint8_t *data, size_t size)
{
	struct ktally_go_function function, again;
	struct ktally_gopclntab *table;
	struct ktally_go_pcvalue walk;
	const char *file;
	unsigned int line;
	size_t n;

	if (ktally_gopclntab_parse(&table, data, size, 0x401000))
		return;
	for (n = 0; n < ktally_gopclntab_count(table) && n < 4096; n++) {
		if (!ktally_gopclntab_get(table, n, &function))
			continue;
		if (function.start >= function.end || !strlen(function.name))
			__builtin_trap();
		ktally_gopclntab_find(table, function.start, &again);
		if (ktally_gopclntab_place(table, &function, function.end - 1, &file, &line) && !strlen(file))
			__builtin_trap();
		ktally_go_pcvalue_begin(table, &function, function.frames, &walk);
		while (ktally_go_pcvalue_next(&walk))
			if (walk.from < function.start || walk.to > function.end || walk.from > walk.to)
				__builtin_trap();
	}
	ktally_gopclntab_free(table);
}

/* A program of two segments: code, and the table; no sections, so that it has to be looked for. */
static void unwind_program(const uint8_t *data, size_t size)
{
	size_t code = 4096, whole = code + size;
	Elf64_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC, .e_machine = EM_X86_64,
			    .e_version = 1, .e_phoff = sizeof(head), .e_ehsize = sizeof(head), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 };
	Elf64_Phdr segments[2] = { { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = 0x400000, .p_filesz = whole, .p_memsz = whole },
				   { .p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x800000, .p_offset = code, .p_filesz = size, .p_memsz = size } };
	char *image = calloc(1, whole + 1);
	struct ktally_unwind_build *build;
	struct ktally_unwind_table *table;
	Elf *elf;

	if (!image)
		abort();
	memcpy(image, &head, sizeof(head));
	memcpy(image + sizeof(head), segments, sizeof(segments));
	memcpy(image + code, data, size);
	elf = elf_memory(image, whole);
	build = ktally_unwind_build_new(EM_X86_64);
	if (elf && !ktally_go_unwind(elf, build) && !ktally_unwind_build_finish(build, &table, &size)) {
		if (ktally_unwind_check(table, size))
			__builtin_trap();
		free(table);
	}
	ktally_unwind_build_free(build);
	elf_end(elf);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	elf_version(EV_CURRENT);
	read_table(data, size);
	if (size >= 64)
		unwind_program(data, size);
	return 0;
}
