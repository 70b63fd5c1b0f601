/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* trampoline.h: kernel code that is in no image of the kernel: modules, where they lie and what build they are; code that it made itself. */
#ifndef KTALLY_TRAMPOLINE_H
#define KTALLY_TRAMPOLINE_H

#include "symtab.h"

struct ktally_kmodules;

/** struct ktally_kmodule - a module; @name as in "[name]" */
struct ktally_kmodule {
	const char *name;
	uint64_t start, end;
};

/** ktally_kmodules_load - those that are loaded now. NULL: no memory; without any it is empty */
struct ktally_kmodules *ktally_kmodules_load(void);
/** ktally_kmodules_parse - @text as of /proc/modules (malloc'ed, NUL behind @size bytes; owned and changed, also on failure). NULL: no memory */
struct ktally_kmodules *ktally_kmodules_parse(char *text, size_t size);
void ktally_kmodules_free(struct ktally_kmodules *modules);
/** ktally_kmodules_find - by name, brackets included. NULL: it is none */
const struct ktally_kmodule *ktally_kmodules_find(const struct ktally_kmodules *modules, const char *name);
/** ktally_kmodules_near - is @ip where modules and generated code are put? */
bool ktally_kmodules_near(const struct ktally_kmodules *modules, uint64_t ip);
/** ktally_kmodules_build_id - of module @name, from @root (NULL: /sys/module); "" if it is not known. The text belongs to @modules */
const char *ktally_kmodules_build_id(struct ktally_kmodules *modules, const char *name, const char *root);

/**
 * ktally_is_return_hook - is @name code that a return address was replaced by, to learn when a function returns?
 * An address at its beginning is such a one, though nothing was called before it.
 */
bool ktally_is_return_hook(const char *name);
/** ktally_generated_size - most bytes that code of a module that is none ("[bpf]") may have; 0: @module is an ordinary one */
uint64_t ktally_generated_size(const char *module);
/** ktally_generated_name - what people are told of symbol @name of @module; @name itself if it tells enough */
const char *ktally_generated_name(const char *module, const char *name);

#endif /* KTALLY_TRAMPOLINE_H */
