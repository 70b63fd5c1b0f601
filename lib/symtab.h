/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of symbolizing: symbol tables of the kernel and of ELF files. */
#ifndef KTALLY_SYMTAB_H
#define KTALLY_SYMTAB_H

#include "libktally.h"

#define KTALLY_BUILD_ID_TEXT 65		/* 32 bytes as hex, with the NUL */

/* ---- kernel: symtab_kernel.c ---- */

struct ktally_ksyms;

/** struct ktally_ksym - what was found; @module is "[kernel]" or "[name]" */
struct ktally_ksym {
	const char *name, *module;
	uint64_t address;
};

/** ktally_ksyms_load - from /proc/kallsyms. -EPERM: all addresses are hidden */
int ktally_ksyms_load(struct ktally_ksyms **ksyms, struct ktally_error *err);
/** ktally_ksyms_parse - @text (malloc'ed, NUL behind @size bytes) is owned and changed, also on failure */
int ktally_ksyms_parse(struct ktally_ksyms **ksyms, char *text, size_t size, struct ktally_error *err);
void ktally_ksyms_free(struct ktally_ksyms *ksyms);
bool ktally_ksyms_find(const struct ktally_ksyms *ksyms, uint64_t ip, struct ktally_ksym *found);
/** ktally_ksyms_text - _stext and _etext, 0 if unknown */
void ktally_ksyms_text(const struct ktally_ksyms *ksyms, uint64_t *start, uint64_t *end);

/* ---- ELF: symtab_elf.c, elf_load.c ---- */

struct ktally_elf_symbol {
	uint64_t start, end;
	uint32_t name;		/* offset in names */
	uint8_t rank;		/* of several at one address the greatest is shown */
};

struct ktally_elf_segment {
	uint64_t offset, size, vaddr;
};

/** struct ktally_elf - functions of one file, sorted, and where its segments lie */
struct ktally_elf {
	struct ktally_elf_symbol *symbols;
	size_t nr, room;
	char *names;
	size_t names_len, names_room;
	struct ktally_elf_segment *segments;
	unsigned int nr_segments;
	char build_id[KTALLY_BUILD_ID_TEXT];
};

/** ktally_elf_read - of an open file. NULL: not an ELF file that can be read, or no memory */
struct ktally_elf *ktally_elf_read(int fd);
/** ktally_elf_read_memory - of an image in memory, which is copied */
struct ktally_elf *ktally_elf_read_memory(const void *image, size_t size);
/** ktally_elf_read_debug - add the symbols of the separate debug file @fd. Return: 0, -ENOEXEC, -ENOMEM */
int ktally_elf_read_debug(struct ktally_elf *elf, int fd);
/** ktally_elf_vdso - of this process' own vDSO */
struct ktally_elf *ktally_elf_vdso(void);
void ktally_elf_free(struct ktally_elf *elf);
/** ktally_elf_address - virtual address in the file of its byte @offset. Return: found */
bool ktally_elf_address(const struct ktally_elf *elf, uint64_t offset, uint64_t *vaddr);
/** ktally_elf_find - the function at @vaddr and its start; NULL: none */
const char *ktally_elf_find(const struct ktally_elf *elf, uint64_t vaddr, uint64_t *start);
/** ktally_elf_add - for the loader: one more symbol. Return: 0, -ENOMEM */
int ktally_elf_add(struct ktally_elf *elf, uint64_t start, uint64_t end, uint8_t rank, const char *name, const char *suffix);
/** ktally_elf_sort - after the last ktally_elf_add */
void ktally_elf_sort(struct ktally_elf *elf);
/** ktally_notes_build_id - hex text of the build-id in ELF notes; "" if there is none */
void ktally_notes_build_id(const void *notes, size_t size, char *text);

#endif /* KTALLY_SYMTAB_H */
