// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the pclntab in an ELF file: by its section, or where the sections are gone, by what it begins with. */
#include <errno.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"
#include "gopclntab.h"

#define TABLE_MAX	(512U << 20)
#define TEXT_WORD	22	/* runtime.text in the runtime's moduledata, behind the table's address */
#define MIN_PC_WORD	20
#define LOADS_MAX	64

/* The least address of code, which is where a linker of Go puts runtime.text. */
static uint64_t text_of(Elf *elf)
{
	GElf_Shdr section;
	GElf_Phdr segment;
	size_t i, nr;

	if (ktally_elf_section(elf, ".text", &section))
		return section.sh_addr;
	if (!elf_getphdrnum(elf, &nr))
		for (i = 0; i < nr && i < LOADS_MAX; i++)
			if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD && segment.p_flags & PF_X)
				return segment.p_vaddr + (segment.p_offset ? 0 : 0x1000);
	return 0;
}

/*
 * Go 1.26 tells the beginning of the code in moduledata only, and with C code in it the program's own begins with that of C. moduledata
 * begins with the address of the table. A program that is linked to run anywhere has all of its addresses in relocations.
 */
static uint64_t text_of_moduledata(Elf *elf, uint64_t table)
{
	static const char *const names[] = { ".go.module", ".noptrdata", ".data" };
	GElf_Shdr section;
	uint64_t words[TEXT_WORD + 1];
	Elf_Data *data;
	Elf_Scn *scn;
	unsigned int i;
	size_t at;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		scn = ktally_elf_section(elf, names[i], &section);
		data = scn && section.sh_type != SHT_NOBITS && section.sh_size <= TABLE_MAX ? elf_rawdata(scn, NULL) : NULL;
		for (at = 0; data && data->d_buf && data->d_size >= sizeof(words) && at <= data->d_size - sizeof(words); at += 8) {
			memcpy(words, (const char *)data->d_buf + at, sizeof(words));
			if (words[0] == table && words[TEXT_WORD] && words[TEXT_WORD] <= words[MIN_PC_WORD])
				return words[TEXT_WORD];
		}
	}
	return 0;
}

static int parse(struct ktally_gopclntab **out, Elf *elf, const Elf_Data *data, size_t skip, uint64_t address)
{
	const char *head = (const char *)data->d_buf + skip;
	uint64_t text = 0;

	if (data->d_size - skip >= 32)
		memcpy(&text, head + 24, sizeof(text));
	if (!text) {
		text = text_of_moduledata(elf, address);
		text = text ? text : text_of(elf);
	}
	return ktally_gopclntab_parse(out, head, data->d_size - skip, text);
}

static int by_section(struct ktally_gopclntab **out, Elf *elf)
{
	static const char *const names[] = { ".gopclntab", ".data.rel.ro.gopclntab" };
	GElf_Shdr section;
	Elf_Data *data;
	Elf_Scn *scn;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		scn = ktally_elf_section(elf, names[i], &section);
		if (!scn || section.sh_type == SHT_NOBITS || section.sh_flags & SHF_COMPRESSED || section.sh_size > TABLE_MAX)
			continue;
		data = elf_rawdata(scn, NULL);
		if (data && data->d_buf)
			return parse(out, elf, data, 0, section.sh_addr);
	}
	return -ENODATA;
}

static bool may_begin(const uint8_t *at)
{
	return at[1] == 0xff && at[2] == 0xff && at[3] == 0xff && !at[4] && !at[5] && at[7] == 8 &&
	       (at[0] == 0xfb || at[0] == 0xfa || at[0] == 0xf0 || at[0] == 0xf1);
}

static int in_segment(struct ktally_gopclntab **out, Elf *elf, const GElf_Phdr *segment)
{
	Elf_Data *data;
	size_t at;

	if (segment->p_type != PT_LOAD || segment->p_filesz < 64 || segment->p_filesz > TABLE_MAX)
		return -ENODATA;
	data = elf_getdata_rawchunk(elf, (int64_t)segment->p_offset, segment->p_filesz, ELF_T_BYTE);
	for (at = 0; data && data->d_buf && data->d_size >= 64 && at <= data->d_size - 64; at += 8)
		if (may_begin((const uint8_t *)data->d_buf + at) && !parse(out, elf, data, at, segment->p_vaddr + at))
			return 0;
	return -ENODATA;
}

int ktally_gopclntab_open(struct ktally_gopclntab **out, Elf *elf)
{
	int ret = by_section(out, elf);
	GElf_Phdr segment;
	size_t i, nr;

	if (ret != -ENODATA || (!elf_getshdrnum(elf, &nr) && nr > 1) || elf_getphdrnum(elf, &nr))
		return ret;
	for (i = 0; i < nr && i < LOADS_MAX && ret == -ENODATA; i++)
		if (gelf_getphdr(elf, (int)i, &segment))
			ret = in_segment(out, elf, &segment);
	return ret;
}
