/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* elf_file.h: an ELF file of this machine, open for reading, and how its addresses become places in the file. */
#ifndef KTALLY_ELF_FILE_H
#define KTALLY_ELF_FILE_H

#include <gelf.h>
#include <libelf.h>

#include "libktally.h"

#if defined(__x86_64__)
#define KTALLY_ELF_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define KTALLY_ELF_MACHINE EM_AARCH64
#else
#error "which ELF machine is this?"
#endif

/** struct ktally_elf_file - @path: absolute, without symbolic links */
struct ktally_elf_file {
	char path[KTALLY_PATH_MAX];
	int fd;
	Elf *elf;
	GElf_Ehdr head;
};

/**
 * ktally_elf_open - the program or library @name: a path, or a bare name that is looked for as the shell and ld.so do
 * Return: 0; -ENOENT, -EACCES, -ENOEXEC (no ELF file, or of another machine), -ENAMETOOLONG
 */
int ktally_elf_open(struct ktally_elf_file *file, const char *name, struct ktally_error *err);
void ktally_elf_close(struct ktally_elf_file *file);
/** ktally_elf_section - a section by name; NULL if there is none */
Elf_Scn *ktally_elf_section(Elf *elf, const char *want, GElf_Shdr *header);
/** ktally_elf_offset - where address @vaddr lies in the file; false if no segment holds it. @executable: must it be code? */
bool ktally_elf_offset(const struct ktally_elf_file *file, uint64_t vaddr, bool executable, uint64_t *offset);

/** ktally_find_file - whole path of a bare name, by PATH, then by the loader's cache and folders. Return: 0, -ENOENT, -ENAMETOOLONG */
int ktally_find_file(const char *name, char *path, size_t size);
/** ktally_find_library - @name ("libc.so.6", or "libc" for any version) in the text of a loader cache; false if it is not there */
bool ktally_find_library(const char *cache, size_t len, const char *name, char *path, size_t size);

#endif
