/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of symbolizing: symbol tables of the kernel and of ELF files. */
#ifndef KTALLY_SYMTAB_H
#define KTALLY_SYMTAB_H

#include <string.h>

#include "libktally.h"

#define KTALLY_BUILD_ID_TEXT 65		/* 32 bytes as hex, with the NUL */

/**
 * ktally_frame_is_signal - is it where a signal handler returns to? Outward of it comes the code that the signal interrupted: the address
 * of that frame is no return address, and is to be symbolized with caller = false
 */
static inline bool ktally_frame_is_signal(const struct ktally_frame *frame)
{
	if (frame->name[0] == 'r')
		return !strncmp(frame->name, "runtime.sigreturn", 17);	/* of Go */
	return frame->name[0] == '_' && (!strcmp(frame->name, "__restore_rt") || !strcmp(frame->name, "__kernel_rt_sigreturn"));
}

/*
 * Whose addresses they are: an image, or the kernel, and whether they are return addresses. Numbers of processes and of images of one are
 * smaller than 2^31.
 */
#define KTALLY_KERNEL_IMAGE	UINT64_MAX
#define KTALLY_CALLER		0x8000000080000000ULL

static inline uint64_t ktally_frame_key(uint64_t image, bool caller)
{
	return caller ? image ^ KTALLY_CALLER : image;
}

static inline bool ktally_key_is_kernel(uint64_t key)
{
	return key == KTALLY_KERNEL_IMAGE || key == (KTALLY_KERNEL_IMAGE ^ KTALLY_CALLER);
}

static inline bool ktally_key_is_caller(uint64_t key)
{
	return ktally_key_is_kernel(key) ? key != KTALLY_KERNEL_IMAGE : key >> 63;
}

/** ktally_symbolizer_expect - make room for @nr more addresses at once; symbolizer.c. Return: 0 or -ENOMEM */
int ktally_symbolizer_expect(struct ktally_symbolizer *sym, size_t nr);
/**
 * ktally_symbolizer_defer - from now on names of functions are put into frames some calls later, at last when called with false;
 *	symbolizer.c
 */
void ktally_symbolizer_defer(struct ktally_symbolizer *sym, bool defer);

/* ---- kernel: symtab_kernel.c ---- */

struct ktally_ksyms;

/** struct ktally_ksym - what was found; @module is "[kernel]" or "[name]" */
struct ktally_ksym {
	const char *name, *module;
	uint64_t address;
};

/** ktally_ksyms_load - from /proc/kallsyms. -EPERM: all addresses are hidden */
int ktally_ksyms_load(struct ktally_ksyms **ksyms, struct ktally_error *err);
/** ktally_ksyms_visible - does the beginning of /proc/kallsyms show addresses? If not, only ktally_ksyms_load() can tell, and why not */
bool ktally_ksyms_visible(void);
/** ktally_ksyms_parse - @text (malloc'ed, NUL behind @size bytes) is owned and changed, also on failure */
int ktally_ksyms_parse(struct ktally_ksyms **ksyms, char *text, size_t size, struct ktally_error *err);
void ktally_ksyms_free(struct ktally_ksyms *ksyms);
bool ktally_ksyms_find(const struct ktally_ksyms *ksyms, uint64_t ip, struct ktally_ksym *found);
/**
 * ktally_ksyms_name - what people are told of @ip, or of the call before it if it is a return address
 * Also of code that the kernel made: trampolines of ftrace and kprobes, BPF programs. Return: found
 */
bool ktally_ksyms_name(const struct ktally_ksyms *ksyms, uint64_t ip, bool caller, struct ktally_ksym *found);
/** ktally_ksyms_build_id - of a module by its name in brackets; "" if it is not known. The text belongs to @ksyms */
const char *ktally_ksyms_build_id(const struct ktally_ksyms *ksyms, const char *module);
/** ktally_ksyms_text - _stext and _etext, 0 if unknown */
void ktally_ksyms_text(const struct ktally_ksyms *ksyms, uint64_t *start, uint64_t *end);

/* ---- ELF: symtab_elf.c, elf_load.c, elf_plt.c, minidebug.c ---- */

#define KTALLY_ELF_STRINGS_MAX 8U

/* Ranks: of several symbols at one address those of the greatest are kept. */
#define KTALLY_ELF_GLOBAL	1U
#define KTALLY_ELF_FUNCTION	2U
#define KTALLY_ELF_SIZED	4U

#define KTALLY_ELF_SIZE_MAX ((1U << 25) - 1)

/** struct ktally_elf_symbol - 16 bytes, for there are millions of them; @name: offset in its string table; @plt: the name gets "@plt" */
struct ktally_elf_symbol {
	uint64_t start;
	uint32_t name;
	uint32_t size : 25, plt : 1, table : 3, rank : 3;
};

/**
 * struct ktally_elf_strings - names as they are in the file
 * @text: a copy of the table, or NULL: it is large and read from @fd at @offset, name by name. (A mapping would be a crash when somebody
 *	truncates the file.)
 */
struct ktally_elf_strings {
	char *text;
	int fd;
	uint64_t offset;
	size_t size, room;
};

struct ktally_elf_segment {
	uint64_t offset, size, vaddr;
};

/**
 * struct ktally_elf - functions of one file, sorted, and where its segments lie
 * @nr_sorted: so many of @symbols are sorted; those behind them were added since
 * @places: where to begin the search: the first symbol of each 2^@shift bytes from the first symbol's address on
 * @strings: the first is of ktally_elf_add()
 * @has_symtab: has all its symbols, not only those for the dynamic linker
 * @has_lines: has .debug_info
 * @has_minidebug: has .gnu_debugdata
 * @is_go: has no symbols but those of its pclntab
 * @debuglink, @debuglink_crc: name of its debug file and checksum of that, "" if it names none
 */
struct ktally_elf {
	struct ktally_elf_symbol *symbols;
	size_t nr, room, nr_sorted, nr_places;
	uint32_t *places;
	unsigned int shift;
	struct ktally_elf_strings strings[KTALLY_ELF_STRINGS_MAX];
	unsigned int nr_strings;
	struct ktally_elf_segment *segments;
	unsigned int nr_segments;
	unsigned int machine;
	bool has_symtab, has_lines, has_minidebug, is_go;
	uint32_t debuglink_crc;
	char debuglink[256];
	char build_id[KTALLY_BUILD_ID_TEXT];
};

/**
 * struct ktally_elf_hit - the function at an address
 * @name: for ktally_elf_name()
 * @symbol: its number, as long as none are added; many functions have names that differ, so one that was made readable is found by it
 */
struct ktally_elf_hit {
	uint64_t start, end, name;
	size_t symbol;
};

/** ktally_elf_read - of an open file, with .gnu_debugdata. NULL: not an ELF file that can be read, or no memory */
struct ktally_elf *ktally_elf_read(int fd);
/** ktally_elf_read_memory - of an image in memory, which is not needed afterwards */
struct ktally_elf *ktally_elf_read_memory(const void *image, size_t size);
/** ktally_elf_read_debug - add the symbols of the separate debug file @fd. Return: 0, -ENOEXEC, -ENOMEM */
int ktally_elf_read_debug(struct ktally_elf *elf, int fd);
/** ktally_elf_read_build_id - of an open file, as hex text; "" if it has none */
void ktally_elf_read_build_id(int fd, char *text);
/** ktally_elf_vdso - of this process' own vDSO */
struct ktally_elf *ktally_elf_vdso(void);
void ktally_elf_free(struct ktally_elf *elf);
/** ktally_elf_address - virtual address in the file of its byte @offset. Return: found */
bool ktally_elf_address(const struct ktally_elf *elf, uint64_t offset, uint64_t *vaddr);
/** ktally_elf_find - the function at @vaddr. Return: found */
bool ktally_elf_find(const struct ktally_elf *elf, uint64_t vaddr, struct ktally_elf_hit *hit);
/** ktally_elf_name - the name that a hit speaks of, cut to @size bytes with the NUL. Return: its length, 0 if it cannot be read any more */
size_t ktally_elf_name(const struct ktally_elf *elf, uint64_t name, char *buf, size_t size);
/** ktally_elf_name_soon - bring the name near, for it will be read next */
void ktally_elf_name_soon(const struct ktally_elf *elf, uint64_t name);
/** ktally_elf_add - one more symbol, from start to end; the name is copied; @rank: KTALLY_ELF_*. Return: 0, -ENOMEM */
int ktally_elf_add(struct ktally_elf *elf, uint64_t start, uint64_t end, unsigned int rank, const char *name);
/** ktally_elf_sort - after the last ktally_elf_add. Return: 0, -ENOMEM */
int ktally_elf_sort(struct ktally_elf *elf);
/** ktally_notes_build_id - hex text of the build-id in ELF notes; "" if there is none */
void ktally_notes_build_id(const void *notes, size_t size, char *text);

#endif /* KTALLY_SYMTAB_H */
