// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads segments, functions, PLT entries and the build-id out of an ELF file with libelf. */
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "symtab.h"

#define SEGMENTS_MAX 1024U

/* Ranks of symbols at one address; HAS_SIZE is the bit by which ktally_elf_sort knows a real end. */
#define HAS_SIZE 0x80
#define RANK_FUNCTION 0x40
#define RANK_GLOBAL 0x20

static uint8_t rank_of(const GElf_Sym *sym, const char *name)
{
	uint8_t rank = sym->st_size ? HAS_SIZE : 0;
	unsigned int underscores = 0;

	if (GELF_ST_TYPE(sym->st_info) != STT_NOTYPE)
		rank |= RANK_FUNCTION;
	if (GELF_ST_BIND(sym->st_info) != STB_LOCAL)
		rank |= RANK_GLOBAL;
	while (underscores < 8 && name[underscores] == '_')
		underscores++;
	return rank | (8 - underscores);
}

static bool is_function(const GElf_Sym *sym, const GElf_Shdr *section)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);

	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		return true;
	return type == STT_NOTYPE && section && section->sh_flags & SHF_EXECINSTR;
}

static int add_symbol(struct ktally_elf *elf, Elf *file, const GElf_Sym *sym, const char *name)
{
	GElf_Shdr header, *section = NULL;
	uint64_t end;

	if (sym->st_shndx == SHN_UNDEF || !name || !*name || *name == '$' || (name[0] == '.' && name[1] == 'L'))
		return 0;
	if (sym->st_shndx < SHN_LORESERVE)
		section = gelf_getshdr(elf_getscn(file, sym->st_shndx), &header);
	if (!is_function(sym, section))
		return 0;
	end = sym->st_value + sym->st_size;
	if (!sym->st_size)
		end = section ? section->sh_addr + section->sh_size : sym->st_value + 1;
	if (end <= sym->st_value)
		return 0;
	return ktally_elf_add(elf, sym->st_value, end, rank_of(sym, name), name, "");
}

static int add_symbols(struct ktally_elf *elf, Elf *file, Elf_Scn *scn, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	size_t i, nr;
	GElf_Sym sym;
	int ret = 0;

	if (!data || !header->sh_entsize)
		return 0;
	nr = data->d_size / header->sh_entsize;
	for (i = 0; i < nr && i <= INT32_MAX && !ret; i++)
		if (gelf_getsym(data, (int)i, &sym))
			ret = add_symbol(elf, file, &sym, elf_strptr(file, header->sh_link, sym.st_name));
	return ret;
}

/* Where the jump of the first PLT relocation lies, and how far apart they are: fixed by the psABI of each machine. */
static bool plt_layout(Elf *file, uint64_t *first, uint64_t *end, uint64_t *step)
{
	GElf_Ehdr ehdr;
	GElf_Shdr plt;
	uint64_t head;

	if (!gelf_getehdr(file, &ehdr))
		return false;
	*step = 16;
	if (ehdr.e_machine == EM_X86_64 && ktally_elf_section(file, ".plt.sec", &plt))
		head = 0;
	else if (ktally_elf_section(file, ".plt", &plt))
		head = ehdr.e_machine == EM_X86_64 ? 16 : ehdr.e_machine == EM_AARCH64 ? 32 : UINT64_MAX;
	else
		return false;
	if (head == UINT64_MAX || plt.sh_size < head || plt.sh_addr > UINT64_MAX - plt.sh_size)
		return false;
	*first = plt.sh_addr + head;
	*end = plt.sh_addr + plt.sh_size;
	return true;
}

static int add_plt(struct ktally_elf *elf, Elf *file)
{
	uint64_t at, end, step;
	GElf_Shdr rela, symtab;
	Elf_Data *relocs, *symbols;
	Elf_Scn *scn;
	GElf_Rela reloc;
	GElf_Sym sym;
	const char *name;
	int i, ret = 0;

	scn = ktally_elf_section(file, ".rela.plt", &rela);
	if (!scn || rela.sh_type != SHT_RELA || !plt_layout(file, &at, &end, &step))
		return 0;
	relocs = elf_getdata(scn, NULL);
	scn = elf_getscn(file, rela.sh_link);
	symbols = scn ? elf_getdata(scn, NULL) : NULL;
	if (!relocs || !symbols || !gelf_getshdr(scn, &symtab) || (symtab.sh_type != SHT_DYNSYM && symtab.sh_type != SHT_SYMTAB))
		return 0;
	for (i = 0; end - at >= step && gelf_getrela(relocs, i, &reloc) && !ret; i++, at += step) {
		if (GELF_R_SYM(reloc.r_info) > INT32_MAX || !gelf_getsym(symbols, (int)GELF_R_SYM(reloc.r_info), &sym))
			continue;
		name = elf_strptr(file, symtab.sh_link, sym.st_name);
		if (name && *name)
			ret = ktally_elf_add(elf, at, at + step, HAS_SIZE, name, "@plt");
	}
	return ret;
}

static int load_symbols(struct ktally_elf *elf, Elf *file)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	int ret = 0;

	while (!ret && (scn = elf_nextscn(file, scn)))
		if (gelf_getshdr(scn, &header) && (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			ret = add_symbols(elf, file, scn, &header);
	if (!ret)
		ret = add_plt(elf, file);
	ktally_elf_sort(elf);
	return ret;
}

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

static void load_notes(struct ktally_elf *elf, Elf *file, const GElf_Phdr *phdr)
{
	Elf_Data *data;

	if (elf->build_id[0] || phdr->p_filesz > 1 << 20)
		return;
	data = elf_getdata_rawchunk(file, (int64_t)phdr->p_offset, phdr->p_filesz, ELF_T_BYTE);
	if (data && data->d_buf)
		ktally_notes_build_id(data->d_buf, data->d_size, elf->build_id);
}

static int load_segments(struct ktally_elf *elf, Elf *file)
{
	GElf_Phdr phdr;
	size_t i, nr;

	if (elf_getphdrnum(file, &nr))
		return -ENOEXEC;
	if (nr > SEGMENTS_MAX)
		nr = SEGMENTS_MAX;
	elf->segments = calloc(nr + 1, sizeof(*elf->segments));
	if (!elf->segments)
		return -ENOMEM;
	for (i = 0; i < nr; i++) {
		if (!gelf_getphdr(file, (int)i, &phdr))
			continue;
		if (phdr.p_type == PT_LOAD && phdr.p_filesz)
			elf->segments[elf->nr_segments++] =
				(struct ktally_elf_segment){ phdr.p_offset, phdr.p_filesz, phdr.p_vaddr };
		else if (phdr.p_type == PT_NOTE)
			load_notes(elf, file, &phdr);
	}
	return 0;
}

static struct ktally_elf *load(Elf *file)
{
	struct ktally_elf *elf = calloc(1, sizeof(*elf));

	if (elf && file && elf_kind(file) == ELF_K_ELF && !load_segments(elf, file) && !load_symbols(elf, file))
		return elf;
	ktally_elf_free(elf);
	return NULL;
}

struct ktally_elf *ktally_elf_read(int fd)
{
	struct ktally_elf *elf;
	Elf *file;

	if (elf_version(EV_CURRENT) == EV_NONE)
		return NULL;
	file = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	elf = load(file);
	elf_end(file);
	return elf;
}

int ktally_elf_read_debug(struct ktally_elf *elf, int fd)
{
	Elf *file = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	int ret = -ENOEXEC;

	if (file && elf_kind(file) == ELF_K_ELF)
		ret = load_symbols(elf, file);
	elf_end(file);
	return ret;
}

struct ktally_elf *ktally_elf_read_memory(const void *image, size_t size)
{
	struct ktally_elf *elf = NULL;
	char *copy = malloc(size + 1);
	Elf *file;

	if (!copy || elf_version(EV_CURRENT) == EV_NONE) {
		free(copy);
		return NULL;
	}
	memcpy(copy, image, size);
	file = elf_memory(copy, size);
	if (file)
		elf = load(file);
	elf_end(file);
	free(copy);
	return elf;
}
