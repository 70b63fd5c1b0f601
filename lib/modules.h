/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapped files and their symbols, each read once. */
#ifndef KTALLY_MODULES_H
#define KTALLY_MODULES_H

#include "process.h"

struct ktally_modules;

/** struct ktally_module - one mapped file, also when it cannot be read */
struct ktally_module {
	struct ktally_module *next;
	char *path;
	uint64_t inode;
	uint32_t dev_major, dev_minor;
	struct ktally_elf *elf;
	struct ktally_demangled *demangled;
};

struct ktally_modules *ktally_modules_new(void);
void ktally_modules_free(struct ktally_modules *modules);
/** ktally_modules_get - the file behind @map of process @pid, read when first asked for. NULL: no memory */
const struct ktally_module *ktally_modules_get(struct ktally_modules *modules, struct ktally_processes *procs,
					       const struct ktally_map *map, uint32_t pid);
/** ktally_module_find - name at byte @offset of the file, and how far behind the symbol's start that is. NULL: unknown */
const char *ktally_module_find(const struct ktally_module *module, uint64_t offset, uint64_t *distance);
const char *ktally_module_build_id(const struct ktally_module *module);

#endif /* KTALLY_MODULES_H */
