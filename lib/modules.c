// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the file behind a mapping, reads its symbols once, and demangles the names that are asked for. */
#include <fcntl.h>
#include <libiberty/demangle.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "hash.h"
#include "modules.h"
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

/*
 * A file of the same name on the same file system but with another inode replaced ours: its names would be wrong. Where the
 * file systems differ (overlays report either side's device) the name has to do.
 */
static bool is_ours(int fd, const struct ktally_map *map)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return false;
	if (!map->inode || major(st.st_dev) != map->dev_major || minor(st.st_dev) != map->dev_minor)
		return true;
	return st.st_ino == map->inode;
}

static int open_if_ours(const char *path, const struct ktally_map *map)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && is_ours(fd, map))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The mapping itself leads to the file even if it was deleted; then the name as the process sees it; then as we see it. */
static int open_mapped(const struct ktally_map *map, uint32_t pid)
{
	char path[KTALLY_PATH_MAX + 64];
	int fd = -1;

	if (map->path[0] != '/')
		return -1;
	if (pid) {
		snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", pid, (unsigned long long)map->start,
			 (unsigned long long)map->end);
		fd = open_if_ours(path, map);
		if (fd < 0 && !map->deleted && snprintf(path, sizeof(path), "/proc/%u/root%s", pid, map->path) < (int)sizeof(path))
			fd = open_if_ours(path, map);
	}
	if (fd < 0 && !map->deleted)
		fd = open_if_ours(map->path, map);
	return fd;
}

/* Our vDSO is that of every 64-bit process of this kernel, and of no other. */
static struct ktally_elf *read_mapped(const struct ktally_map *map, uint32_t pid)
{
	struct ktally_elf *elf;
	int fd;

	if (!strcmp(map->path, "[vdso]"))
		return map->start >> 32 ? ktally_elf_vdso() : NULL;
	fd = open_mapped(map, pid);
	if (fd < 0)
		return NULL;
	elf = ktally_elf_read(fd);
	close(fd);
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

const struct ktally_module *ktally_modules_get(struct ktally_modules *modules, const struct ktally_map *map, uint32_t pid)
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
	module->elf = read_mapped(map, pid);
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
