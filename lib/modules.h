/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapped files and their symbols, each read once. */
#ifndef KTALLY_MODULES_H
#define KTALLY_MODULES_H

#include "elf_functions.h"
#include "lines.h"
#include "process.h"
#include "symtab.h"

#define KTALLY_TRAMPOLINES_MAX 4U

struct ktally_modules;

/**
 * struct ktally_module - one mapped file, also when it cannot be read
 * @names: by the number of a symbol; those that were asked for, readable
 * @functions: without a name, read when first asked for; @function_names: what they are called instead, by number
 * @lines: opened when first asked for
 * @trampolines: addresses of code that signal handlers return to; looked for when first asked for
 */
struct ktally_module {
	struct ktally_module *next;
	struct ktally_modules *owner;
	char *path;
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	struct ktally_elf *elf;
	const char **names;
	struct ktally_functions *functions;
	const char **function_names;
	struct ktally_lines *lines;
	uint64_t lines_used;
	bool no_lines, functions_known, trampolines_known;
	unsigned int nr_trampolines;
	uint64_t trampolines[KTALLY_TRAMPOLINES_MAX];
};

struct ktally_modules *ktally_modules_new(void);
void ktally_modules_free(struct ktally_modules *modules);
/** ktally_modules_get - the file behind @map of process @pid, read when first asked for. NULL: no memory */
struct ktally_module *ktally_modules_get(struct ktally_modules *modules, struct ktally_processes *procs, const struct ktally_map *map,
					 uint32_t pid);
/** ktally_modules_text - a copy of @text, one for equal texts, that lives as long as @modules. NULL: no memory */
const char *ktally_modules_text(struct ktally_modules *modules, const char *text);
/** ktally_modules_readable - the same of what a mangled name means */
const char *ktally_modules_readable(struct ktally_modules *modules, const char *mangled);
/** ktally_module_find - name at byte @offset of the file, and how far behind the symbol's start that is. NULL: unknown */
const char *ktally_module_find(struct ktally_module *module, uint64_t offset, uint64_t *distance);
/** ktally_module_look - the symbol alone, of which the name is not read yet. Return: found */
bool ktally_module_look(const struct ktally_module *module, uint64_t offset, struct ktally_elf_hit *hit, uint64_t *distance);
/** ktally_module_read - name of what was found. NULL: it cannot be read, or no memory */
const char *ktally_module_read(struct ktally_module *module, const struct ktally_elf_hit *hit);
/**
 * ktally_module_function - of code that no symbol names, if the function that it is in is known
 * @procs, @map, @pid: as for ktally_modules_get()
 * @unnamed: it is no name, but the function's file and its address in that: "[python3.11+0x1b3c0]"
 * Return: as ktally_module_find()
 */
const char *ktally_module_function(struct ktally_module *module, struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid,
				   uint64_t offset, uint64_t *distance, bool *unnamed);
/**
 * ktally_module_places - places in the source at byte @offset, as ktally_lines_find(); @procs, @map and @pid as for ktally_modules_get()
 * Return: how many, 0: unknown
 */
unsigned int ktally_module_places(struct ktally_module *module, struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid,
				  uint64_t offset, bool inlines, struct ktally_place *places);
/** ktally_module_is_trampoline - is byte @offset of the file where code begins that signal handlers return to? */
bool ktally_module_is_trampoline(struct ktally_module *module, struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid,
				 uint64_t offset);
const char *ktally_module_build_id(const struct ktally_module *module);

/** KTALLY_TRAMPOLINE - the name of such code */
#if defined(__aarch64__)
#define KTALLY_TRAMPOLINE "__kernel_rt_sigreturn"
#else
#define KTALLY_TRAMPOLINE "__restore_rt"
#endif

#endif /* KTALLY_MODULES_H */
