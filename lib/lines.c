// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds source lines and inlined functions with libdw. Which unit an address belongs to is asked of the units themselves, for not every
 * compiler writes .debug_aranges. Units are read when first asked for; when too much was read, all is forgotten.
 */
#include <dwarf.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "debug_file.h"
#include "elf_file.h"
#include "gopclntab.h"
#include "hash.h"
#include "lines_unit.h"
#include "symtab.h"

#define UNPACKED_MAX	(2ULL << 30)	/* of compressed sections, in memory */
#define LINES_MAX	(2U << 20)	/* that are kept read */
#define UNITS		256U

/* @die: of the unit; @lines: in its table */
struct unit {
	struct unit *next;
	Dwarf_Die die;
	struct ktally_ranges functions;
	Dwarf_Files *files;
	size_t nr_files;
};

/* @go: instead of all else: what a Go program that was stripped knows of itself */
struct ktally_lines {
	int fd;
	struct ktally_gopclntab *go;
	struct stat st;
	Elf *elf;
	Dwarf *dwarf, *shared;
	int shared_fd;
	struct ktally_ranges ranges;
	struct unit *units[UNITS];
	size_t nr_lines;
};

/* What a compressed section says it unpacks to is what libelf would ask for. */
static bool fits(Elf *elf)
{
	Elf_Scn *scn = NULL;
	uint64_t sum = 0;
	GElf_Shdr header;
	GElf_Chdr packed;

	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &header) || !(header.sh_flags & SHF_COMPRESSED))
			continue;
		if (!gelf_getchdr(scn, &packed) || packed.ch_size > UNPACKED_MAX)
			return false;
		sum += packed.ch_size;
	}
	return sum <= UNPACKED_MAX;
}

static void to_hex(const unsigned char *bytes, size_t nr, char *text)
{
	size_t i;

	*text = 0;
	for (i = 0; i < nr && 2 * i + 3 <= KTALLY_BUILD_ID_TEXT; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
}

/*
 * Debug files of several programs can share a part, in a file of its own. libdw would open whatever name the file tells; we look for it
 * by its build-id, among debug files.
 */
static int open_shared(struct ktally_lines *lines)
{
	struct ktally_debug_wish wish = { .path = "", .link = "" };
	char build_id[KTALLY_BUILD_ID_TEXT];
	const char *name;
	const void *id;
	ssize_t size = dwelf_dwarf_gnu_debugaltlink(lines->dwarf, &name, &id);

	if (!size)
		return 0;
	if (size < 0)
		return -ENODATA;
	to_hex(id, (size_t)size, build_id);
	wish.build_id = build_id;
	if (lines->shared_fd < 0)
		lines->shared_fd = ktally_debug_file_open(&wish);
	if (lines->shared_fd < 0)
		lines->shared_fd = ktally_debuginfod_open(build_id, false);
	lines->shared = lines->shared_fd < 0 ? NULL : dwarf_begin(lines->shared_fd, DWARF_C_READ);
	if (!lines->shared)
		return -ENODATA;
	dwarf_setalt(lines->dwarf, lines->shared);
	return 0;
}

static int begin(struct ktally_lines *lines)
{
	lines->dwarf = dwarf_begin_elf(lines->elf, DWARF_C_READ, NULL);
	return lines->dwarf ? open_shared(lines) : -ENODATA;
}

static void forget(struct ktally_lines *lines)
{
	struct unit *unit;
	unsigned int i;

	for (i = 0; i < UNITS; i++) {
		while ((unit = lines->units[i])) {
			lines->units[i] = unit->next;
			free(unit->functions.list);
			free(unit);
		}
	}
	lines->nr_lines = 0;
	dwarf_end(lines->dwarf);
	dwarf_end(lines->shared);
	lines->dwarf = NULL;
	lines->shared = NULL;
}

static int read_units(struct ktally_lines *lines)
{
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	int ret = 0;

	while (!ret && !dwarf_get_units(lines->dwarf, cu, &cu, NULL, NULL, &die, NULL))
		if (dwarf_tag(&die) == DW_TAG_compile_unit || dwarf_tag(&die) == DW_TAG_skeleton_unit)
			ret = ktally_ranges_add(&lines->ranges, &die);
	ktally_ranges_sort(&lines->ranges);
	return ret ? ret : lines->ranges.nr ? 0 : -ENODATA;
}

int ktally_lines_open(struct ktally_lines **out, int fd)
{
	struct ktally_lines *lines = calloc(1, sizeof(*lines));
	int ret = -ENODATA;
	GElf_Shdr section;

	*out = NULL;
	if (!lines) {
		close(fd);
		return -ENOMEM;
	}
	lines->fd = fd;
	lines->shared_fd = -1;
	if (!fstat(fd, &lines->st) && S_ISREG(lines->st.st_mode) && elf_version(EV_CURRENT) != EV_NONE)
		lines->elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (lines->elf && ktally_elf_section(lines->elf, ".debug_info", &section) && section.sh_type != SHT_NOBITS && fits(lines->elf))
		ret = begin(lines);
	if (!ret)
		ret = read_units(lines);
	else if (ret == -ENODATA && lines->elf && !ktally_gopclntab_open(&lines->go, lines->elf))
		ret = 0;
	if (ret)
		ktally_lines_close(lines);
	else
		*out = lines;
	return ret;
}

void ktally_lines_close(struct ktally_lines *lines)
{
	if (!lines)
		return;
	forget(lines);
	ktally_gopclntab_free(lines->go);
	elf_end(lines->elf);
	close(lines->fd);
	if (lines->shared_fd >= 0)
		close(lines->shared_fd);
	free(lines->ranges.list);
	free(lines);
}

static struct unit *get_unit(struct ktally_lines *lines, Dwarf_Off at)
{
	struct unit **slot = &lines->units[ktally_hash_word(0, at) % UNITS], *unit;
	Dwarf_Lines *table;
	size_t nr = 0;

	for (unit = *slot; unit; unit = unit->next)
		if (dwarf_dieoffset(&unit->die) == at)
			return unit;
	unit = calloc(1, sizeof(*unit));
	if (!unit || !dwarf_offdie(lines->dwarf, at, &unit->die) || ktally_unit_functions(&unit->functions, &unit->die)) {
		if (unit)
			free(unit->functions.list);
		free(unit);
		return NULL;
	}
	if (dwarf_getsrcfiles(&unit->die, &unit->files, &unit->nr_files))
		unit->nr_files = 0;
	if (!dwarf_getsrclines(&unit->die, &table, &nr))
		lines->nr_lines += nr;
	unit->next = *slot;
	*slot = unit;
	return unit;
}

static const char *function_name(Dwarf_Die *die)
{
	const char *name = NULL;
	Dwarf_Attribute attribute;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) || dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (!name)
		name = dwarf_diename(die);
	return name ? name : "";
}

/* Where the function of @inlined was called: that is where its caller is. */
static void call_place(const struct unit *unit, Dwarf_Die *inlined, struct ktally_place *place)
{
	Dwarf_Attribute attribute;
	Dwarf_Word number;
	const char *file;

	place->file = "";
	place->line = 0;
	if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &number) || number >= unit->nr_files)
		return;
	file = dwarf_filesrc(unit->files, number, NULL, NULL);
	if (!file || dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &number) || number > INT32_MAX)
		return;
	place->file = file;
	place->line = (unsigned int)number;
}

static void line_place(struct unit *unit, uint64_t vaddr, struct ktally_place *place)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, vaddr);
	const char *file = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	int number;

	*place = (struct ktally_place){ .function = "", .file = "" };
	if (!file)
		return;
	place->file = file;
	/* Compilers write line 0 where they cannot tell. */
	if (!dwarf_lineno(line, &number) && number > 0)
		place->line = (unsigned int)number;
}

static unsigned int go_place(const struct ktally_gopclntab *go, uint64_t vaddr, struct ktally_place *place)
{
	struct ktally_go_function function;

	*place = (struct ktally_place){ .function = "", .file = "" };
	if (!ktally_gopclntab_find(go, vaddr, &function))
		return 0;
	place->function = function.name;
	return ktally_gopclntab_place(go, &function, vaddr, &place->file, &place->line);
}

/* Somebody may write into the file that we have mapped. */
static bool is_unchanged(const struct ktally_lines *lines)
{
	struct stat st;

	return !fstat(lines->fd, &st) && st.st_size == lines->st.st_size && st.st_mtim.tv_sec == lines->st.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == lines->st.st_mtim.tv_nsec;
}

unsigned int ktally_lines_find(struct ktally_lines *lines, uint64_t vaddr, bool inlines, struct ktally_place *places)
{
	const struct ktally_range *range = ktally_ranges_find(&lines->ranges, vaddr);
	Dwarf_Die function, dies[KTALLY_PLACES_MAX];
	struct unit *unit;
	unsigned int nr, i;

	if (lines->go)
		return go_place(lines->go, vaddr, places);
	if (!range || !is_unchanged(lines))
		return 0;
	if (lines->nr_lines > LINES_MAX || !lines->dwarf) {
		forget(lines);
		if (begin(lines))
			return 0;
	}
	unit = get_unit(lines, range->die);
	if (!unit)
		return 0;
	line_place(unit, vaddr, &places[0]);
	range = inlines ? ktally_ranges_find(&unit->functions, vaddr) : NULL;
	if (!range || !dwarf_offdie(lines->dwarf, range->die, &function))
		return 1;
	nr = ktally_unit_inlines(&function, vaddr, dies);
	for (i = 0; i < nr; i++) {
		if (i)
			call_place(unit, &dies[nr - i], &places[i]);
		places[i].function = function_name(&dies[nr - 1 - i]);
	}
	return nr;
}
