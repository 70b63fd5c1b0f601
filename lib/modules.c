// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads the symbols of each mapped file once, and names and places in the source as they are asked for. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debug_file.h"
#include "block.h"
#include "demangle.h"
#include "hash.h"
#include "modules.h"
#include "recording.h"
#include "strtab.h"
#include "symtab.h"

#define SLOTS		1024U
#define RAW_NAME_MAX	65536U
#define LINES_OPEN_MAX	64U	/* files whose lines are open at a time */
#define CHUNK		65536U
#define LOOSE		64U	/* a symbol without a size that reaches no farther is left alone: _init is such a one */
#define SCANNED_MAX	(8U << 20)

struct ktally_modules {
	struct ktally_module *slots[SLOTS], *last;
	struct ktally_strtab *texts;
	struct chunk *chunks;
	uint64_t clock;
	unsigned int nr_lines;
	char raw[RAW_NAME_MAX], readable[KTALLY_DEMANGLED_MAX];
};

/* Names of symbols, one behind the other: there are few equal ones to be found. */
struct chunk {
	struct chunk *next;
	size_t used, size;
	char text[];
};

struct ktally_modules *ktally_modules_new(void)
{
	struct ktally_modules *modules = calloc(1, sizeof(*modules));

	if (modules)
		modules->texts = ktally_strtab_new();
	if (modules && modules->texts)
		return modules;
	free(modules);
	return NULL;
}

static void free_module(struct ktally_module *module)
{
	ktally_lines_close(module->lines);
	ktally_elf_free(module->elf);
	ktally_functions_free(module->functions);
	free(module->function_names);
	free(module->names);
	free(module->path);
	free(module);
}

void ktally_modules_free(struct ktally_modules *modules)
{
	struct ktally_module *module;
	struct chunk *chunk;
	unsigned int i;

	if (!modules)
		return;
	for (i = 0; i < SLOTS; i++) {
		while ((module = modules->slots[i])) {
			modules->slots[i] = module->next;
			free_module(module);
		}
	}
	while ((chunk = modules->chunks)) {
		modules->chunks = chunk->next;
		free(chunk);
	}
	ktally_strtab_free(modules->texts);
	free(modules);
}

const char *ktally_modules_text(struct ktally_modules *modules, const char *text)
{
	uint32_t id = ktally_strtab_add(modules->texts, text);

	return id || !*text ? ktally_strtab_get(modules->texts, id) : NULL;
}

const char *ktally_modules_readable(struct ktally_modules *modules, const char *mangled)
{
	return ktally_modules_text(modules, ktally_demangle(mangled, modules->readable));
}

/* ---- files ---- */

static int open_debug(const struct ktally_elf *elf, const char *path, uint32_t pid)
{
	struct ktally_debug_wish wish = { .path = path, .pid = pid, .build_id = elf->build_id, .link = elf->debuglink, .crc = elf->debuglink_crc };

	return ktally_debug_file_open(&wish);
}

/* What was stripped off lies in a file of its own; only if there is none on this machine servers are asked. */
static void read_debug(struct ktally_elf *elf, const char *path, uint32_t pid)
{
	int fd = elf->has_symtab ? -1 : open_debug(elf, path, pid);

	if (fd < 0 && !elf->has_symtab && !elf->has_minidebug)
		fd = ktally_debuginfod_open(elf->build_id, false);
	if (fd < 0)
		return;
	ktally_elf_read_debug(elf, fd);
	close(fd);
}

/*
 * A symbol of no size reaches to the next one. In a file that lacks most of them that may be far beyond its end: another function that
 * is known to begin there is not its.
 */
static void end_loose(struct ktally_elf *elf, int fd)
{
	struct ktally_functions *functions = NULL;
	uint64_t end;
	size_t i;

	for (i = 0; i < elf->nr; i++) {
		struct ktally_elf_symbol *symbol = &elf->symbols[i];

		if (symbol->rank & KTALLY_ELF_SIZED || symbol->size <= LOOSE)
			continue;
		if (!functions)
			functions = ktally_functions_read(fd);
		if (!functions)
			return;
		end = ktally_functions_end(functions, symbol->start);
		if (end - symbol->start < symbol->size)
			symbol->size = (uint32_t)(end - symbol->start);
	}
	ktally_functions_free(functions);
}

static int open_mapped(struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid)
{
	int fd = ktally_processes_open(procs, map, pid);

	return fd < 0 && map->build_id ? ktally_debuginfod_open(map->build_id, true) : fd;
}

/* Nothing in this machine's root folders belongs to a process of another one. */
static uint32_t root_of(struct ktally_processes *procs, uint32_t pid)
{
	return ktally_processes_recorded(procs) ? 0 : pid;
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
	fd = open_mapped(procs, map, pid);
	if (fd < 0)
		return NULL;
	elf = ktally_elf_read(fd);
	if (elf)
		read_debug(elf, map->path, root_of(procs, pid));
	if (elf && !elf->has_symtab && !elf->is_go)
		end_loose(elf, fd);
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

static bool is_of(const struct ktally_module *module, const struct ktally_map *map)
{
	return module->inode == map->inode && module->dev_major == map->dev_major && module->dev_minor == map->dev_minor &&
	       !strcmp(module->path, map->path);
}

struct ktally_module *ktally_modules_get(struct ktally_modules *modules, struct ktally_processes *procs, const struct ktally_map *map,
					 uint32_t pid)
{
	struct ktally_module *module = modules->last;
	unsigned int at;

	if (module && is_of(module, map))
		return module;
	at = slot_of(map);
	for (module = modules->slots[at]; module; module = module->next)
		if (is_of(module, map))
			return modules->last = module;
	module = calloc(1, sizeof(*module));
	if (!module)
		return NULL;
	module->path = strdup(map->path);
	if (!module->path) {
		free(module);
		return NULL;
	}
	module->owner = modules;
	module->inode = map->inode;
	module->dev_major = map->dev_major;
	module->dev_minor = map->dev_minor;
	module->elf = read_mapped(procs, map, pid);
	module->next = modules->slots[at];
	modules->slots[at] = module;
	return module;
}

const char *ktally_module_build_id(const struct ktally_module *module)
{
	return module->elf ? module->elf->build_id : "";
}

/* ---- names ---- */

static const char *keep(struct ktally_modules *modules, const char *text)
{
	size_t size = strlen(text) + 1, whole;
	struct chunk *chunk = modules->chunks;

	if (!chunk || chunk->size - chunk->used < size) {
		whole = chunk ? 2 * (sizeof(*chunk) + chunk->size) : CHUNK;
		whole = whole < KTALLY_BLOCK ? whole : KTALLY_BLOCK;
		whole = whole > sizeof(*chunk) + size ? whole : sizeof(*chunk) + size;
		chunk = ktally_block_alloc(whole);
		if (!chunk)
			return NULL;
		*chunk = (struct chunk){ .next = modules->chunks, .size = whole - sizeof(*chunk) };
		modules->chunks = chunk;
	}
	chunk->used += size;
	return memcpy(chunk->text + chunk->used - size, text, size);
}

/* Each name is read from its file and made readable once. */
const char *ktally_module_read(struct ktally_module *module, const struct ktally_elf_hit *hit)
{
	struct ktally_modules *modules = module->owner;

	if (!module->names)
		module->names = calloc(module->elf->nr, sizeof(*module->names));
	if (!module->names)
		return NULL;
	if (!module->names[hit->symbol] && ktally_elf_name(module->elf, hit->name, modules->raw, sizeof(modules->raw)))
		module->names[hit->symbol] = keep(modules, ktally_demangle(modules->raw, modules->readable));
	return module->names[hit->symbol];
}

bool ktally_module_look(const struct ktally_module *module, uint64_t offset, struct ktally_elf_hit *hit, uint64_t *distance)
{
	uint64_t vaddr;

	if (!module->elf || !ktally_elf_address(module->elf, offset, &vaddr) || !ktally_elf_find(module->elf, vaddr, hit))
		return false;
	*distance = vaddr - hit->start;
	return true;
}

const char *ktally_module_find(struct ktally_module *module, uint64_t offset, uint64_t *distance)
{
	struct ktally_elf_hit hit;

	return ktally_module_look(module, offset, &hit, distance) ? ktally_module_read(module, &hit) : NULL;
}

/* ---- functions without a name ---- */

static struct ktally_functions *read_functions(struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid)
{
	struct ktally_functions *functions;
	const void *image;
	uint64_t size;
	int fd;

	if (!strcmp(map->path, "[vdso]")) {
		image = ktally_vdso_image(&size);
		return image ? ktally_functions_read_memory(image, size) : NULL;
	}
	fd = open_mapped(procs, map, pid);
	functions = ktally_functions_read(fd);
	if (fd >= 0)
		close(fd);
	return functions;
}

static const char *function_name(struct ktally_module *module, const struct ktally_function_hit *hit)
{
	const char *slash = strrchr(module->path, '/'), *base = slash ? slash + 1 : module->path;
	const char **names = module->function_names;
	size_t len = strlen(base);

	if (!names)
		names = module->function_names = calloc(ktally_functions_count(module->functions), sizeof(*names));
	if (!names || names[hit->number])
		return names ? names[hit->number] : NULL;
	if (*base == '[')	/* "[vdso]" */
		len -= base[len - 1] == ']';
	snprintf(module->owner->raw, RAW_NAME_MAX, "%s%.*s+0x%llx]", *base == '[' ? "" : "[", (int)len, base, (unsigned long long)hit->start);
	return names[hit->number] = keep(module->owner, module->owner->raw);
}

const char *ktally_module_function(struct ktally_module *module, struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid,
				   uint64_t offset, uint64_t *distance, bool *unnamed)
{
	struct ktally_function_hit hit;
	uint64_t vaddr;

	*unnamed = false;
	if (!module->elf || !ktally_elf_address(module->elf, offset, &vaddr))
		return NULL;
	if (!module->functions_known)
		module->functions = read_functions(procs, map, pid);
	module->functions_known = true;
	if (!module->functions || !ktally_functions_find(module->functions, vaddr, &hit))
		return NULL;
	*distance = vaddr - hit.start;
	*unnamed = !hit.name;
	return hit.name ? hit.name : function_name(module, &hit);
}

/* ---- places in the source ---- */

static void close_oldest(struct ktally_modules *modules)
{
	struct ktally_module *module, *oldest = NULL;
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		for (module = modules->slots[i]; module; module = module->next)
			if (module->lines && (!oldest || module->lines_used < oldest->lines_used))
				oldest = module;
	if (!oldest)
		return;
	ktally_lines_close(oldest->lines);
	oldest->lines = NULL;
	modules->nr_lines--;
}

/* From the file itself, or from its debug file on this machine, or on a server. */
static struct ktally_lines *open_lines(const struct ktally_module *module, struct ktally_processes *procs, const struct ktally_map *map,
				       uint32_t pid)
{
	const struct ktally_elf *elf = module->elf;
	struct ktally_lines *lines = NULL;
	int fd;

	fd = elf->has_lines ? open_mapped(procs, map, pid) : open_debug(elf, map->path, root_of(procs, pid));
	if (fd < 0 && !elf->has_lines)
		fd = ktally_debuginfod_open(elf->build_id, false);
	if (fd < 0 && elf->is_go)
		fd = open_mapped(procs, map, pid);
	if (fd >= 0)
		ktally_lines_open(&lines, fd);
	return lines;
}

unsigned int ktally_module_places(struct ktally_module *module, struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid,
				  uint64_t offset, bool inlines, struct ktally_place *places)
{
	struct ktally_modules *modules = module->owner;
	uint64_t vaddr;

	if (!module->elf || module->no_lines || map->path[0] != '/' || !ktally_elf_address(module->elf, offset, &vaddr))
		return 0;
	if (!module->lines) {
		if (modules->nr_lines == LINES_OPEN_MAX)
			close_oldest(modules);
		module->lines = open_lines(module, procs, map, pid);
		module->no_lines = !module->lines;
		modules->nr_lines += !module->no_lines;
	}
	module->lines_used = ++modules->clock;
	return module->lines ? ktally_lines_find(module->lines, vaddr, inlines, places) : 0;
}

/* ---- signal handlers ---- */

#if defined(__x86_64__)
/* mov $15, %rax; syscall */
static const unsigned char trampoline[] = { 0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05 };
#else
/* mov x8, #139; svc #0 */
static const unsigned char trampoline[] = { 0x68, 0x11, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4 };
#endif

/* libc has it without a symbol once it is stripped. Large files are not searched: they are no libc, nor do they contain one. */
static void find_trampolines(struct ktally_module *module, int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = size > 0 && size <= SCANNED_MAX ? malloc((size_t)size) : NULL, *at = text, *end;
	ssize_t got = text ? pread(fd, text, (size_t)size, 0) : 0;

	end = text + (got > 0 ? got : 0);
	while (text && module->nr_trampolines < KTALLY_TRAMPOLINES_MAX && (at = memmem(at, (size_t)(end - at), trampoline, sizeof(trampoline))))
		module->trampolines[module->nr_trampolines++] = (uint64_t)(at++ - text);
	free(text);
}

bool ktally_module_is_trampoline(struct ktally_module *module, struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid,
				 uint64_t offset)
{
	unsigned int i;
	int fd;

	if (!module->trampolines_known && module->elf && map->path[0] == '/') {
		fd = open_mapped(procs, map, pid);
		if (fd >= 0) {
			find_trampolines(module, fd);
			close(fd);
		}
	}
	module->trampolines_known = true;
	for (i = 0; i < module->nr_trampolines; i++)
		if (module->trampolines[i] == offset)
			return true;
	return false;
}
