// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reads segments, functions and the build-id out of an ELF file. libelf reads its headers; symbols are read in blocks, for a copy of
 * the whole table would take more memory than what is kept of it.
 */
#include <errno.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"
#include "elf_file.h"
#include "elf_load.h"
#include "gopclntab.h"

#define SEGMENTS_MAX	1024U
#define NOTES_MAX	(1U << 20)
#define BLOCK		65536U
/* A string table up to this size is kept in memory, a larger one is read name by name. */
#define STRINGS_KEPT	(8U << 20)

size_t ktally_elf_bytes(const struct ktally_elf_load *load, uint64_t offset, void *buf, size_t len)
{
	size_t done = 0;
	ssize_t got;

	if (offset >= load->size)
		return 0;
	if (len > load->size - offset)
		len = load->size - offset;
	if (load->fd < 0) {
		memcpy(buf, load->image + offset, len);
		return len;
	}
	while (done < len) {
		got = pread(load->fd, (char *)buf + done, len - done, (off_t)(offset + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += got;
	}
	return done;
}

char *ktally_elf_whole(const struct ktally_elf_load *load, const GElf_Shdr *section, size_t most, size_t *size)
{
	char *buf;

	if (section->sh_type == SHT_NOBITS || section->sh_flags & SHF_COMPRESSED || !section->sh_size || section->sh_size > most ||
	    section->sh_offset > load->size || section->sh_size > load->size - section->sh_offset)
		return NULL;
	buf = malloc(section->sh_size);
	if (!buf)
		return NULL;
	*size = ktally_elf_bytes(load, section->sh_offset, buf, section->sh_size);
	if (*size == section->sh_size)
		return buf;
	free(buf);
	return NULL;
}

/* ---- strings ---- */

static int fill_strings(const struct ktally_elf_load *load, const GElf_Shdr *section, struct ktally_elf_strings *strings)
{
	if (section->sh_offset >= load->size)
		return -1;
	strings->offset = section->sh_offset;
	strings->size = section->sh_size < load->size - section->sh_offset ? section->sh_size : load->size - section->sh_offset;
	strings->fd = -1;
	if (strings->size > UINT32_MAX)
		strings->size = UINT32_MAX;
	if (load->fd >= 0 && strings->size > STRINGS_KEPT) {
		strings->fd = dup(load->fd);
		return strings->fd < 0 ? -ENOMEM : 0;
	}
	strings->text = ktally_block_alloc(strings->size + 1);
	if (!strings->text)
		return -ENOMEM;
	strings->size = ktally_elf_bytes(load, strings->offset, strings->text, strings->size);
	strings->room = strings->size;
	return 0;
}

int ktally_elf_strings(struct ktally_elf_load *load, size_t n)
{
	struct ktally_elf *elf = load->elf;
	GElf_Shdr section;
	unsigned int i;
	int ret;

	if (!gelf_getshdr(elf_getscn(load->file, n), &section) || section.sh_type != SHT_STRTAB || section.sh_flags & SHF_COMPRESSED ||
	    !section.sh_size)
		return -1;
	for (i = load->first_strings; i < elf->nr_strings; i++)
		if (elf->strings[i].offset == section.sh_offset)
			return i;
	if (!elf->nr_strings) {	/* that of ktally_elf_add() */
		elf->strings[0].fd = -1;
		elf->nr_strings = 1;
	}
	if (elf->nr_strings == KTALLY_ELF_STRINGS_MAX)
		return -1;
	ret = fill_strings(load, &section, &elf->strings[elf->nr_strings]);
	return ret ? ret : (int)elf->nr_strings++;
}

/* ---- symbols ---- */

/* What decides about symbols of a section, for there are too many to ask libelf for each. */
struct section {
	uint64_t end;
	bool executable;
};

struct symbols {
	struct ktally_elf_load *load;
	struct section *sections;
	size_t nr_sections;
	unsigned int table;
	bool wide;
};

static struct section *read_sections(const struct ktally_elf_load *load, size_t *nr)
{
	struct section *sections;
	GElf_Shdr header;
	size_t i;

	if (elf_getshdrnum(load->file, nr) || *nr > SHN_LORESERVE)
		*nr = 0;
	sections = calloc(*nr + 1, sizeof(*sections));
	for (i = 1; sections && i < *nr; i++) {
		if (!gelf_getshdr(elf_getscn(load->file, i), &header))
			continue;
		sections[i].end = header.sh_addr + header.sh_size;
		sections[i].executable = header.sh_flags & SHF_EXECINSTR;
	}
	return sections;
}

/* A label of code that nobody gave a type; those of assemblers and of compilers are no functions. */
static bool is_label(const struct symbols *symbols, const Elf64_Sym *sym)
{
	char start[3];

	if (sym->st_shndx >= symbols->nr_sections || !symbols->sections[sym->st_shndx].executable)
		return false;
	if (!ktally_elf_name(symbols->load->elf, sym->st_name | (uint64_t)symbols->table << 32, start, sizeof(start)))
		return false;
	return start[0] != '$' && strcmp(start, ".L");
}

static int take_symbol(const struct symbols *symbols, const Elf64_Sym *sym)
{
	struct ktally_elf_symbol symbol = { .start = sym->st_value, .name = sym->st_name, .table = symbols->table };
	unsigned int type = ELF64_ST_TYPE(sym->st_info);
	uint64_t size = sym->st_size;

	if (sym->st_shndx == SHN_UNDEF || !sym->st_name)
		return 0;
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		symbol.rank = KTALLY_ELF_FUNCTION;
	else if (type != STT_NOTYPE || !is_label(symbols, sym))
		return 0;
	if (size)
		symbol.rank |= KTALLY_ELF_SIZED;
	else
		size = sym->st_shndx < symbols->nr_sections ? symbols->sections[sym->st_shndx].end - sym->st_value : 1;
	if (ELF64_ST_BIND(sym->st_info) != STB_LOCAL)
		symbol.rank |= KTALLY_ELF_GLOBAL;
	if (sym->st_value + size <= sym->st_value)
		return 0;
	symbol.size = size < KTALLY_ELF_SIZE_MAX ? size : KTALLY_ELF_SIZE_MAX;
	return ktally_elf_push(symbols->load->elf, &symbol);
}

static int take_block(const struct symbols *symbols, const char *block, size_t size)
{
	Elf32_Sym narrow;
	Elf64_Sym sym;
	size_t at = 0;
	int ret = 0;

	if (symbols->wide) {
		for (; at + sizeof(sym) <= size && !ret; at += sizeof(sym)) {
			memcpy(&sym, block + at, sizeof(sym));
			ret = take_symbol(symbols, &sym);
		}
		return ret;
	}
	for (; at + sizeof(narrow) <= size && !ret; at += sizeof(narrow)) {
		memcpy(&narrow, block + at, sizeof(narrow));
		sym = (Elf64_Sym){ .st_name = narrow.st_name, .st_info = narrow.st_info, .st_shndx = narrow.st_shndx,
				   .st_value = narrow.st_value, .st_size = narrow.st_size };
		ret = take_symbol(symbols, &sym);
	}
	return ret;
}

static int load_table(struct symbols *symbols, const GElf_Shdr *header)
{
	size_t entry = symbols->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym), room = BLOCK / entry * entry, size, done = 0;
	int table = ktally_elf_strings(symbols->load, header->sh_link), ret = 0;
	char *block;

	if (table < 0 || header->sh_flags & SHF_COMPRESSED || header->sh_entsize != entry)
		return table == -ENOMEM ? table : 0;
	block = malloc(room);
	if (!block)
		return -ENOMEM;
	symbols->table = (unsigned int)table;
	for (; done < header->sh_size && !ret; done += size) {
		size = header->sh_size - done < room ? header->sh_size - done : room;
		size = ktally_elf_bytes(symbols->load, header->sh_offset + done, block, size);
		if (size < entry)
			break;
		ret = take_block(symbols, block, size);
	}
	free(block);
	return ret;
}

/* Everything that the dynamic linker needs is also in the other table, as long as nobody took symbols out of that. */
static bool is_complete(Elf *file)
{
	GElf_Xword all = 0, dynamic = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	while ((scn = elf_nextscn(file, scn))) {
		if (gelf_getshdr(scn, &header) && header.sh_type == SHT_SYMTAB)
			all = header.sh_size;
		else if (gelf_getshdr(scn, &header) && header.sh_type == SHT_DYNSYM)
			dynamic = header.sh_size;
	}
	return all > dynamic;
}

static int load_symbols(struct ktally_elf_load *load)
{
	struct symbols symbols = { .load = load, .wide = load->head.e_ident[EI_CLASS] == ELFCLASS64 };
	bool complete = is_complete(load->file);
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	int ret = 0;

	symbols.sections = read_sections(load, &symbols.nr_sections);
	if (!symbols.sections)
		return -ENOMEM;
	while (!ret && (scn = elf_nextscn(load->file, scn))) {
		if (!gelf_getshdr(scn, &header) || (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		load->elf->has_symtab |= header.sh_type == SHT_SYMTAB;
		if (complete && header.sh_type == SHT_DYNSYM)
			continue;
		ret = load_table(&symbols, &header);
	}
	free(symbols.sections);
	return ret ? ret : ktally_elf_sort(load->elf);
}

/* ---- notes, segments, other sections ---- */

void ktally_notes_build_id(const void *notes, size_t size, char *text)
{
	const char *at = notes;
	Elf64_Nhdr note;
	size_t name, desc, i;

	*text = 0;
	while (size >= sizeof(note)) {
		memcpy(&note, at, sizeof(note));
		name = ((size_t)note.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)note.n_descsz + 3) & ~(size_t)3;
		at += sizeof(note);
		size -= sizeof(note);
		if (name > size || desc > size - name)
			return;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && !memcmp(at, "GNU", 4) &&
		    note.n_descsz <= (KTALLY_BUILD_ID_TEXT - 1) / 2) {
			for (i = 0; i < note.n_descsz; i++)
				sprintf(text + 2 * i, "%02x", (unsigned char)at[name + i]);
			return;
		}
		at += name + desc;
		size -= name + desc;
	}
}

static void load_notes(const struct ktally_elf_load *load, uint64_t offset, uint64_t size, char *build_id)
{
	char *notes;

	if (build_id[0] || !size || size > NOTES_MAX)
		return;
	notes = malloc(size);
	if (notes)
		ktally_notes_build_id(notes, ktally_elf_bytes(load, offset, notes, size), build_id);
	free(notes);
}

static int load_segments(struct ktally_elf_load *load)
{
	struct ktally_elf *elf = load->elf;
	GElf_Phdr phdr;
	size_t i, nr;

	if (elf_getphdrnum(load->file, &nr))
		return -ENOEXEC;
	if (nr > SEGMENTS_MAX)
		nr = SEGMENTS_MAX;
	elf->segments = calloc(nr + 1, sizeof(*elf->segments));
	if (!elf->segments)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (!gelf_getphdr(load->file, (int)i, &phdr))
			continue;
		if (phdr.p_type == PT_LOAD && phdr.p_filesz)
			elf->segments[elf->nr_segments++] =
				(struct ktally_elf_segment){ phdr.p_offset, phdr.p_filesz, phdr.p_vaddr };
		else if (phdr.p_type == PT_NOTE)
			load_notes(load, phdr.p_offset, phdr.p_filesz, elf->build_id);
	}
	return 0;
}

/* The name, padded to 4 bytes, and the checksum of the file. */
static void load_debuglink(struct ktally_elf_load *load, const GElf_Shdr *section)
{
	struct ktally_elf *elf = load->elf;
	size_t size, len;
	char *link = ktally_elf_whole(load, section, sizeof(elf->debuglink) + 8, &size);

	if (!link)
		return;
	len = strnlen(link, size);
	if (len && len < sizeof(elf->debuglink) && (len | 3) + 5 <= size && !strchr(link, '/')) {
		memcpy(elf->debuglink, link, len + 1);
		memcpy(&elf->debuglink_crc, link + (len | 3) + 1, sizeof(elf->debuglink_crc));
	}
	free(link);
}

static void load_hints(struct ktally_elf_load *load)
{
	struct ktally_elf *elf = load->elf;
	GElf_Shdr section;

	if (ktally_elf_section(load->file, ".gnu_debuglink", &section))
		load_debuglink(load, &section);
	elf->has_lines = ktally_elf_section(load->file, ".debug_info", &section) && section.sh_type != SHT_NOBITS;
	elf->has_minidebug = ktally_elf_section(load->file, ".gnu_debugdata", &section) && section.sh_type != SHT_NOBITS;
}

/* ---- files ---- */

/* Files of the other byte order never run where this does. */
static bool is_readable(struct ktally_elf_load *load)
{
	const unsigned int order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

	return load->file && elf_kind(load->file) == ELF_K_ELF && gelf_getehdr(load->file, &load->head) &&
	       load->head.e_ident[EI_DATA] == order;
}

/* A Go program that was stripped still knows its own functions. */
static int load_go(struct ktally_elf_load *load)
{
	int ret = ktally_go_symbols(load->elf, load->file);

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	load->elf->is_go = true;
	return ktally_elf_sort(load->elf);
}

/* A file with all its symbols has nothing in .gnu_debugdata that they lack. */
static int load_all(struct ktally_elf_load *load)
{
	int ret;

	if (!is_readable(load))
		return -ENOEXEC;
	load->elf->machine = load->head.e_machine;
	ret = load_segments(load);
	if (!ret)
		load_hints(load);
	if (!ret)
		ret = load_symbols(load);
	if (!ret)
		ret = ktally_elf_load_plt(load);
	if (!ret && load->elf->has_minidebug && !load->elf->has_symtab)
		ret = ktally_elf_load_minidebug(load);
	if (!ret && !load->elf->has_symtab)
		ret = load_go(load);
	return ret;
}

static bool open_fd(struct ktally_elf_load *load, int fd)
{
	struct stat st;

	load->fd = fd;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || elf_version(EV_CURRENT) == EV_NONE)
		return false;
	load->size = (size_t)st.st_size;
	load->file = elf_begin(fd, ELF_C_READ, NULL);
	return load->file;
}

/* libelf may look beyond the end of what it is given: there is a byte more. */
static bool open_image(struct ktally_elf_load *load, const void *image, size_t size, char **copy)
{
	*copy = malloc(size + 1);
	if (!*copy || elf_version(EV_CURRENT) == EV_NONE)
		return false;
	memcpy(*copy, image, size);
	load->fd = -1;
	load->image = *copy;
	load->size = size;
	load->file = elf_memory(*copy, size);
	return load->file;
}

struct ktally_elf *ktally_elf_read(int fd)
{
	struct ktally_elf_load load = { .elf = calloc(1, sizeof(struct ktally_elf)) };

	if (!load.elf || !open_fd(&load, fd) || load_all(&load)) {
		ktally_elf_free(load.elf);
		load.elf = NULL;
	}
	elf_end(load.file);
	return load.elf;
}

struct ktally_elf *ktally_elf_read_memory(const void *image, size_t size)
{
	struct ktally_elf_load load = { .elf = calloc(1, sizeof(struct ktally_elf)) };
	char *copy = NULL;

	if (!load.elf || !open_image(&load, image, size, &copy) || load_all(&load)) {
		ktally_elf_free(load.elf);
		load.elf = NULL;
	}
	elf_end(load.file);
	free(copy);
	return load.elf;
}

int ktally_elf_read_debug(struct ktally_elf *elf, int fd)
{
	struct ktally_elf_load load = { .elf = elf, .first_strings = elf->nr_strings };
	int ret = -ENOEXEC;

	if (open_fd(&load, fd) && is_readable(&load))
		ret = load_symbols(&load);
	elf_end(load.file);
	return ret;
}

int ktally_elf_load_image(struct ktally_elf *elf, const void *image, size_t size)
{
	struct ktally_elf_load load = { .elf = elf, .first_strings = elf->nr_strings };
	char *copy = NULL;
	int ret = -ENOEXEC;

	if (open_image(&load, image, size, &copy) && is_readable(&load))
		ret = load_symbols(&load);
	elf_end(load.file);
	free(copy);
	return ret;
}

void ktally_elf_read_build_id(int fd, char *text)
{
	struct ktally_elf_load load = { 0 };
	GElf_Phdr phdr;
	Elf_Scn *scn = NULL;
	GElf_Shdr section;
	size_t i, nr;

	*text = 0;
	if (open_fd(&load, fd) && is_readable(&load) && !elf_getphdrnum(load.file, &nr))
		for (i = 0; i < nr && i < SEGMENTS_MAX; i++)
			if (gelf_getphdr(load.file, (int)i, &phdr) && phdr.p_type == PT_NOTE)
				load_notes(&load, phdr.p_offset, phdr.p_filesz, text);
	/* The segments of a debug file lead nowhere. */
	while (load.file && !*text && (scn = elf_nextscn(load.file, scn)))
		if (gelf_getshdr(scn, &section) && section.sh_type == SHT_NOTE)
			load_notes(&load, section.sh_offset, section.sh_size, text);
	elf_end(load.file);
}
