// SPDX-License-Identifier: LGPL-2.1-or-later
/* Kernel symbols from /proc/kallsyms. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "symtab.h"
#include "trampoline.h"

/* Names point into the file's text. A symbol ends where the next one begins, so data symbols are kept as ends. */
struct ksym {
	uint64_t address;
	const char *name;
	uint16_t module;
	bool text, global;
};

struct ktally_ksyms {
	char *text;
	struct ksym *list;
	size_t nr;
	const char **modules;
	unsigned int nr_modules;
	uint64_t start, end;
	struct ktally_kmodules *loaded;	/* NULL: where modules end is not known */
};

/* The last symbol of all has no next one. */
#define LAST_SIZE 65536U
#define MODULES_MAX 65535U

static unsigned int underscores(const char *name)
{
	unsigned int nr = 0;

	while (name[nr] == '_')
		nr++;
	return nr;
}

/* By address; of several names for one address the one most people know comes first. */
static int compare(const void *left, const void *right)
{
	const struct ksym *a = left, *b = right;
	unsigned int ua, ub;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	if (a->text != b->text)
		return a->text ? -1 : 1;
	if (a->global != b->global)
		return a->global ? -1 : 1;
	ua = underscores(a->name);
	ub = underscores(b->name);
	if (ua != ub)
		return ua < ub ? -1 : 1;
	return strcmp(a->name, b->name);
}

static bool is_marker(const char *name)
{
	static const char *const markers[] = { "_text", "_stext", "_etext", "_sinittext", "_einittext", "__init_begin", "__init_end" };
	unsigned int i;

	if (name[0] != '_')
		return false;
	for (i = 0; i < sizeof(markers) / sizeof(*markers); i++)
		if (!strcmp(name, markers[i]))
			return true;
	return false;
}

static int module_number(struct ktally_ksyms *ksyms, const char *name)
{
	const char **bigger;

	if (!strcmp(ksyms->modules[ksyms->nr_modules - 1], name))
		return ksyms->nr_modules - 1;
	if (ksyms->nr_modules == MODULES_MAX)
		return 0;
	bigger = realloc(ksyms->modules, (ksyms->nr_modules + 1) * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	ksyms->modules = bigger;
	bigger[ksyms->nr_modules] = name;
	return ksyms->nr_modules++;
}

/* "ffffffff81000000 T name" and for modules a tab and "[module]"; @line is NUL-terminated. Return: 0 also if it makes no sense */
static int take_line(struct ktally_ksyms *ksyms, char *line)
{
	struct ksym *sym = &ksyms->list[ksyms->nr];
	char *p = line, *name, *tab, type;
	uint64_t address = 0;
	int module = 0;

	for (; *p && *p != ' '; p++) {
		unsigned int digit = *p >= '0' && *p <= '9' ? *p - '0' : *p >= 'a' && *p <= 'f' ? *p - 'a' + 10 : 16;

		if (digit > 15 || address >> 60)
			return 0;
		address = address << 4 | digit;
	}
	if (p == line || p[0] != ' ' || !p[1] || p[2] != ' ' || !p[3] || p[3] == '\t')
		return 0;
	type = p[1];
	name = p + 3;
	if (name[0] == '$' || (name[0] == '.' && name[1] == 'L'))
		return 0;
	tab = strchr(name, '\t');
	if (tab) {
		*tab++ = 0;
		module = module_number(ksyms, tab);
		if (module < 0)
			return module;
	}
	sym->address = address;
	sym->name = name;
	sym->module = module;
	sym->text = strchr("tTwW", type) && !is_marker(name);
	sym->global = type == 'T' || type == 'W';
	if (!module && !strcmp(name, "_stext"))
		ksyms->start = address;
	else if (!module && !strcmp(name, "_etext"))
		ksyms->end = address;
	ksyms->nr++;
	return 0;
}

static int take_lines(struct ktally_ksyms *ksyms, size_t size)
{
	char *line = ksyms->text, *end = line + size, *stop;
	int ret = 0;

	while (line < end && !ret) {
		stop = memchr(line, '\n', end - line);
		if (!stop)
			stop = end;
		*stop = 0;
		ret = take_line(ksyms, line);
		line = stop + 1;
	}
	return ret;
}

/* Nearly all of the file is sorted already, in runs; sort and keep one symbol an address. */
static void tidy(struct ktally_ksyms *ksyms)
{
	size_t i, kept = 0;

	for (i = 1; i < ksyms->nr; i++)
		if (compare(&ksyms->list[i - 1], &ksyms->list[i]) > 0)
			break;
	if (i < ksyms->nr)
		qsort(ksyms->list, ksyms->nr, sizeof(*ksyms->list), compare);
	for (i = 0; i < ksyms->nr; i++)
		if (!kept || ksyms->list[kept - 1].address != ksyms->list[i].address)
			ksyms->list[kept++] = ksyms->list[i];
	ksyms->nr = kept;
}

static bool all_hidden(const struct ktally_ksyms *ksyms)
{
	size_t i;

	for (i = 0; i < ksyms->nr; i++)
		if (ksyms->list[i].address)
			return false;
	return true;
}

static size_t count_lines(const char *text, size_t size)
{
	const char *end = text + size;
	size_t nr = 1;

	while (text < end && (text = memchr(text, '\n', end - text))) {
		nr++;
		text++;
	}
	return nr;
}

int ktally_ksyms_parse(struct ktally_ksyms **out, char *text, size_t size, struct ktally_error *err)
{
	struct ktally_ksyms *ksyms = calloc(1, sizeof(*ksyms));
	int ret = -ENOMEM;

	if (!ksyms) {
		free(text);
		return ktally_fail(err, -ENOMEM, "out of memory");
	}
	ksyms->text = text;
	ksyms->modules = malloc(sizeof(*ksyms->modules));
	ksyms->list = calloc(count_lines(text, size), sizeof(*ksyms->list));
	if (ksyms->modules && ksyms->list) {
		ksyms->modules[0] = "[kernel]";
		ksyms->nr_modules = 1;
		ret = take_lines(ksyms, size);
	}
	if (ret)
		ktally_fail(err, ret, "out of memory");
	else if (!ksyms->nr)
		ret = ktally_fail(err, -ENODATA, "/proc/kallsyms lists no symbols, so kernel addresses stay numbers");
	else if (all_hidden(ksyms))
		ret = ktally_fail(err, -EPERM, "the kernel hides its addresses in /proc/kallsyms, so they stay numbers: run as root, or as root "
				  "run `sysctl kernel.kptr_restrict=1` (it is 2, or kernel.perf_event_paranoid is too high)");
	if (ret) {
		ktally_ksyms_free(ksyms);
		return ret;
	}
	tidy(ksyms);
	*out = ksyms;
	return 0;
}

int ktally_ksyms_load(struct ktally_ksyms **ksyms, struct ktally_error *err)
{
	size_t size;
	char *text = ktally_read_file("/proc/kallsyms", &size);
	int ret;

	if (!text)
		return ktally_fail(err, -errno, "cannot read /proc/kallsyms, so kernel addresses stay numbers: %s", strerror(errno));
	ret = ktally_ksyms_parse(ksyms, text, size, err);
	if (!ret)
		(*ksyms)->loaded = ktally_kmodules_load();
	return ret;
}

/* The kernel makes the text of the file as it is read: its beginning costs next to nothing. */
bool ktally_ksyms_visible(void)
{
	char line[1024];
	FILE *file = fopen("/proc/kallsyms", "re");
	unsigned int nr = 0;
	bool visible = false;

	while (!visible && file && nr++ < 4096 && fgets(line, sizeof(line), file))
		visible = line[strspn(line, "0")] != ' ';
	if (file)
		fclose(file);
	return visible;
}

void ktally_ksyms_free(struct ktally_ksyms *ksyms)
{
	if (!ksyms)
		return;
	ktally_kmodules_free(ksyms->loaded);
	free(ksyms->text);
	free(ksyms->list);
	free(ksyms->modules);
	free(ksyms);
}

/* Symbols have no sizes: what is behind the last one of a module, or of generated code, is not of it. */
static bool reaches(const struct ktally_ksyms *ksyms, const struct ksym *sym, uint64_t ip)
{
	const char *name = ksyms->modules[sym->module];
	const struct ktally_kmodule *module = sym->module && ksyms->loaded ? ktally_kmodules_find(ksyms->loaded, name) : NULL;
	uint64_t most = sym->module ? ktally_generated_size(name) : 0;

	if (module && (ip < module->start || ip >= module->end))
		return sym->address < module->start || sym->address >= module->end;	/* its sections are in several places */
	return !most || ip - sym->address < most;
}

bool ktally_ksyms_find(const struct ktally_ksyms *ksyms, uint64_t ip, struct ktally_ksym *found)
{
	size_t low = 0, high = ksyms->nr, mid;
	const struct ksym *sym;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (ksyms->list[mid].address <= ip)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return false;
	sym = &ksyms->list[low - 1];
	if (!sym->text || (low == ksyms->nr && ip - sym->address >= LAST_SIZE) || !reaches(ksyms, sym, ip))
		return false;
	found->name = ktally_generated_name(ksyms->modules[sym->module], sym->name);
	found->module = ksyms->modules[sym->module];
	found->address = sym->address;
	return true;
}

/* Outside of the kernel and in no module runs only what it made itself. Older kernels do not list that. */
static bool is_generated(const struct ktally_ksyms *ksyms, uint64_t ip)
{
	bool known = ksyms->start && ksyms->end > ksyms->start;

	return known && (ip < ksyms->start || ip >= ksyms->end) && ksyms->loaded && ktally_kmodules_near(ksyms->loaded, ip);
}

bool ktally_ksyms_name(const struct ktally_ksyms *ksyms, uint64_t ip, bool caller, struct ktally_ksym *found)
{
	/* A return address that was replaced leads to where the replacement begins. */
	if (caller && ktally_ksyms_find(ksyms, ip, found) && found->address == ip && ktally_is_return_hook(found->name))
		return true;
	if (caller && ip)
		ip--;
	if (ktally_ksyms_find(ksyms, ip, found))
		return true;
	if (!is_generated(ksyms, ip))
		return false;
	*found = (struct ktally_ksym){ .name = "[generated code]", .module = "[kernel]" };
	return true;
}

const char *ktally_ksyms_build_id(const struct ktally_ksyms *ksyms, const char *module)
{
	return ksyms->loaded ? ktally_kmodules_build_id(ksyms->loaded, module, NULL) : "";
}

void ktally_ksyms_text(const struct ktally_ksyms *ksyms, uint64_t *start, uint64_t *end)
{
	bool known = ksyms->start && ksyms->end > ksyms->start;

	*start = known ? ksyms->start : 0;
	*end = known ? ksyms->end : 0;
}
