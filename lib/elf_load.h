/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of reading ELF files: where the bytes come from, and the steps of loading. */
#ifndef KTALLY_ELF_LOAD_H
#define KTALLY_ELF_LOAD_H

#include <gelf.h>

#include "symtab.h"

/**
 * struct ktally_elf_load - an ELF file that is being read
 * @fd: the file; -1: it is @image
 * @first_strings: string tables below that are of another file
 */
struct ktally_elf_load {
	struct ktally_elf *elf;
	Elf *file;
	GElf_Ehdr head;
	int fd;
	const char *image;
	size_t size;
	unsigned int first_strings;
};

/** ktally_elf_bytes - up to @len bytes at @offset. Return: how many there are; 0 at the end or on error */
size_t ktally_elf_bytes(const struct ktally_elf_load *load, uint64_t offset, void *buf, size_t len);
/** ktally_elf_whole - a malloc'ed copy of a section, at most @most bytes; NULL: larger, cut, compressed, or no memory */
char *ktally_elf_whole(const struct ktally_elf_load *load, const GElf_Shdr *section, size_t most, size_t *size);
/** ktally_elf_strings - number of the string table that section @n is, opened if it is not yet. Return: -1 if it is none, -ENOMEM */
int ktally_elf_strings(struct ktally_elf_load *load, size_t n);
/** ktally_elf_push - add a symbol. Return: 0, -ENOMEM */
int ktally_elf_push(struct ktally_elf *elf, const struct ktally_elf_symbol *symbol);

/** ktally_elf_keep_name - copy a name; *@at: its offset in table 0. Return: 0, -ENOMEM */
int ktally_elf_keep_name(struct ktally_elf *elf, const char *name, uint32_t *at);

/** ktally_elf_load_plt - entries of procedure linkage tables; the symbols must be sorted. Return: 0, -ENOMEM */
int ktally_elf_load_plt(struct ktally_elf_load *load);
/** ktally_elf_load_minidebug - symbols of .gnu_debugdata. Return: 0, -ENOMEM; what cannot be unpacked is no error */
int ktally_elf_load_minidebug(struct ktally_elf_load *load);
/** ktally_elf_load_image - add the symbols of an ELF image in memory. Return: 0, -ENOEXEC, -ENOMEM */
int ktally_elf_load_image(struct ktally_elf *elf, const void *image, size_t size);

#endif /* KTALLY_ELF_LOAD_H */
