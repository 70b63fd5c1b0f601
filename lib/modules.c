// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads the symbols of each mapped file once, and demangles the names that are asked for. */
#include <fcntl.h>
#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hash.h"
#include "modules.h"
#include "recording.h"
#include "symtab.h"

#define SLOTS 1024U

struct ktally_modules {
	struct ktally_module *slots[SLOTS];
};

/* A readable form of a mangled name; kept, for frames point to it. */
struct ktally_demangled {
	struct ktally_demangled *next;
	const char *mangled;
	char *name;
};

struct ktally_modules *ktally_modules_new(void)
{
	return calloc(1, sizeof(struct ktally_modules));
}

static void free_module(struct ktally_module *module)
{
	struct ktally_demangled *demangled;

	while ((demangled = module->demangled)) {
		module->demangled = demangled->next;
		free(demangled->name);
		free(demangled);
	}
	ktally_elf_free(module->elf);
	free(module->path);
	free(module);
}

void ktally_modules_free(struct ktally_modules *modules)
{
	struct ktally_module *module;
	unsigned int i;

	for (i = 0; modules && i < SLOTS; i++) {
		while ((module = modules->slots[i])) {
			modules->slots[i] = module->next;
			free_module(module);
		}
	}
	free(modules);
}

/* Where distributions put the symbols that they strip off, if the package with them is installed. */
static void read_debug(struct ktally_elf *elf)
{
	char path[KTALLY_BUILD_ID_TEXT + 64];
	int fd;

	if (strlen(elf->build_id) < 3)
		return;
	snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug", elf->build_id, elf->build_id + 2);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return;
	ktally_elf_read_debug(elf, fd);
	close(fd);
}

/* Our vDSO is that of every 64-bit process of this kernel, and of no other. */
static struct ktally_elf *read_mapped(struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid)
{
	struct ktally_elf *elf;
	int fd;

	if (!strcmp(map->path, "[vdso]") && ktally_processes_recorded(procs))
		return NULL;
	if (!strcmp(map->path, "[vdso]"))
		return map->start >> 32 ? ktally_elf_vdso() : NULL;
	fd = ktally_processes_open(procs, map, pid);
	if (fd < 0)
		return NULL;
	elf = ktally_elf_read(fd);
	close(fd);
	if (elf)
		read_debug(elf);
	return elf;
}

static unsigned int slot_of(const struct ktally_map *map)
{
	uint64_t hash = ktally_hash_word(map->inode, (uint64_t)map->dev_major << 32 | map->dev_minor);
	const char *p;

	for (p = map->path; *p; p++)
		hash = ktally_hash_word(hash, (unsigned char)*p);
	return hash & (SLOTS - 1);
}

const struct ktally_module *ktally_modules_get(struct ktally_modules *modules, struct ktally_processes *procs,
					       const struct ktally_map *map, uint32_t pid)
{
	unsigned int at = slot_of(map);
	struct ktally_module *module;

	for (module = modules->slots[at]; module; module = module->next)
		if (module->inode == map->inode && module->dev_major == map->dev_major && module->dev_minor == map->dev_minor &&
		    !strcmp(module->path, map->path))
			return module;
	module = calloc(1, sizeof(*module));
	if (!module)
		return NULL;
	module->path = strdup(map->path);
	if (!module->path) {
		free(module);
		return NULL;
	}
	module->inode = map->inode;
	module->dev_major = map->dev_major;
	module->dev_minor = map->dev_minor;
	module->elf = read_mapped(procs, map, pid);
	module->next = modules->slots[at];
	modules->slots[at] = module;
	return module;
}

static const char *demangle(struct ktally_module *module, const char *mangled)
{
	struct ktally_demangled *demangled;
	char *name;

	if (mangled[0] != '_' || (mangled[1] != 'Z' && mangled[1] != 'R'))
		return mangled;
	for (demangled = module->demangled; demangled; demangled = demangled->next)
		if (demangled->mangled == mangled)
			return demangled->name;
	name = cplus_demangle(mangled, DMGL_PARAMS | DMGL_ANSI | DMGL_AUTO);
	demangled = name ? malloc(sizeof(*demangled)) : NULL;
	if (!demangled) {
		free(name);
		return mangled;
	}
	*demangled = (struct ktally_demangled){ module->demangled, mangled, name };
	module->demangled = demangled;
	return name;
}

const char *ktally_module_find(const struct ktally_module *module, uint64_t offset, uint64_t *distance)
{
	uint64_t vaddr, start;
	const char *name;

	if (!module->elf || !ktally_elf_address(module->elf, offset, &vaddr))
		return NULL;
	name = ktally_elf_find(module->elf, vaddr, &start);
	if (!name)
		return NULL;
	*distance = vaddr - start;
	return demangle((struct ktally_module *)module, name);
}

const char *ktally_module_build_id(const struct ktally_module *module)
{
	return module->elf ? module->elf->build_id : "";
}
