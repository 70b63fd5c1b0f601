// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernel modules by name and place, and the code that kprobes, ftrace and BPF make: the kernel lists it as of modules that are none. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "trampoline.h"

#define MODULES_MAX 16384U
/* Generated code lies between modules, or this far from them. */
#define NEAR (64U << 20)

struct module {
	struct ktally_kmodule module;
	char *build_id;
};

struct ktally_kmodules {
	char *text, *names;
	struct module *list;
	unsigned int nr;
	uint64_t lowest, highest;
};

static unsigned int count_lines(const char *text)
{
	unsigned int nr = 0;

	for (; nr < MODULES_MAX && (text = strchr(text, '\n')); text++)
		nr++;
	return nr;
}

/* "name size references dependents state 0xaddress"; without the right to see addresses it is 0. */
static bool take_line(struct ktally_kmodules *modules, char *line, char *name)
{
	struct ktally_kmodule *module = &modules->list[modules->nr].module;
	char *size = strchr(line, ' '), *address = strstr(line, " 0x");
	uint64_t length;

	if (!size || !address || size - line > 64 || address < size)
		return false;
	length = strtoull(size, NULL, 10);
	module->start = strtoull(address, NULL, 16);
	if (!module->start || length > UINT64_MAX - module->start)
		return false;
	module->end = module->start + length;
	module->name = name;
	*size = 0;
	sprintf(name, "[%s]", line);
	if (!modules->nr || module->start < modules->lowest)
		modules->lowest = module->start;
	if (module->end > modules->highest)
		modules->highest = module->end;
	modules->nr++;
	return true;
}

struct ktally_kmodules *ktally_kmodules_parse(char *text, size_t size)
{
	struct ktally_kmodules *modules = calloc(1, sizeof(*modules));
	char *line = text, *end, *name;
	unsigned int lines = count_lines(text);

	if (modules) {
		modules->text = text;
		modules->list = calloc(lines + 1, sizeof(*modules->list));
		modules->names = malloc(size + 2 * (size_t)lines + 1);
	} else {
		free(text);
	}
	if (!modules || !modules->list || !modules->names) {
		ktally_kmodules_free(modules);
		return NULL;
	}
	name = modules->names;
	for (; modules->nr < lines && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (take_line(modules, line, name))
			name += strlen(name) + 1;
	}
	return modules;
}

struct ktally_kmodules *ktally_kmodules_load(void)
{
	size_t size = 0;
	char *text = ktally_read_file("/proc/modules", &size);

	if (!text)
		text = strdup("");
	return text ? ktally_kmodules_parse(text, size) : NULL;
}

void ktally_kmodules_free(struct ktally_kmodules *modules)
{
	unsigned int i;

	if (!modules)
		return;
	for (i = 0; modules->list && i < modules->nr; i++)
		free(modules->list[i].build_id);
	free(modules->list);
	free(modules->names);
	free(modules->text);
	free(modules);
}

static struct module *find(const struct ktally_kmodules *modules, const char *name)
{
	unsigned int i;

	for (i = 0; i < modules->nr; i++)
		if (!strcmp(modules->list[i].module.name, name))
			return &modules->list[i];
	return NULL;
}

const struct ktally_kmodule *ktally_kmodules_find(const struct ktally_kmodules *modules, const char *name)
{
	const struct module *module = find(modules, name);

	return module ? &module->module : NULL;
}

bool ktally_kmodules_near(const struct ktally_kmodules *modules, uint64_t ip)
{
	return modules->nr && ip + NEAR >= modules->lowest && ip - NEAR < modules->highest && ip >> 63;
}

/* Notes of a module are a file each, one of which is the build-id; what they are called is up to the linker. */
static char *read_build_id(const char *root, const char *name)
{
	char folder[4096], path[4096], id[KTALLY_BUILD_ID_TEXT] = "", *notes;
	struct dirent *entry;
	size_t size;
	DIR *dir;

	if (snprintf(folder, sizeof(folder), "%s/%.*s/notes", root, (int)strlen(name) - 2, name + 1) >= (int)sizeof(folder))
		return NULL;
	dir = opendir(folder);
	while (dir && !*id && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
			continue;
		if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) >= (int)sizeof(path))
			continue;
		notes = ktally_read_file(path, &size);
		if (notes)
			ktally_notes_build_id(notes, size, id);
		free(notes);
	}
	if (dir)
		closedir(dir);
	return strdup(id);
}

const char *ktally_kmodules_build_id(struct ktally_kmodules *modules, const char *name, const char *root)
{
	struct module *module = find(modules, name);

	if (!module)
		return "";
	if (!module->build_id)
		module->build_id = read_build_id(root ? root : "/sys/module", name);
	return module->build_id ? module->build_id : "";
}

/* ---- code that the kernel made ---- */

bool ktally_is_return_hook(const char *name)
{
	static const char *const names[] = { "return_to_handler", "kretprobe_trampoline", "__kretprobe_trampoline", "arch_rethook_trampoline" };
	unsigned int i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* A symbol of theirs has no size, and what comes next may be far. */
static const struct generated {
	const char *module, *symbol, *name;
	uint64_t size;
} generated[] = {
	{ "[bpf]", NULL, NULL, 1 << 20 },
	{ "[__builtin__ftrace]", "ftrace_trampoline", "[ftrace trampoline]", 8192 },
	{ "[__builtin__kprobes]", "kprobe_insn_page", "[kprobe trampoline]", 4096 },
	{ "[__builtin__kprobes]", "kprobe_optinsn_page", "[kprobe trampoline]", 4096 },
};

uint64_t ktally_generated_size(const char *module)
{
	unsigned int i;

	for (i = 0; i < sizeof(generated) / sizeof(*generated); i++)
		if (!strcmp(generated[i].module, module))
			return generated[i].size;
	return strncmp(module, "[__builtin__", 12) ? 0 : 4096;
}

const char *ktally_generated_name(const char *module, const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(generated) / sizeof(*generated); i++)
		if (generated[i].symbol && !strcmp(generated[i].module, module) && !strcmp(generated[i].symbol, name))
			return generated[i].name;
	return name;
}
