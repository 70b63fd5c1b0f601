// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Names the entries of procedure linkage tables: each jumps through a slot of the global offset table, and a relocation says whose
 * address the loader writes there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"
#include "elf_load.h"

#define TABLE_MAX	(16U << 20)
#define WINDOW		4096U		/* longer names are left out */
#define BLOCK		(4096 * sizeof(Elf64_Rela))

struct stub {
	uint64_t start, slot;
	uint32_t size;
};

/* What was read last of a table: the next entry is often near. */
struct window {
	uint64_t offset;
	size_t size;
	char bytes[WINDOW];
};

struct stubs {
	struct ktally_elf_load *load;
	struct window symbols, names;
	struct stub *list;
	size_t nr, room;
};

static int add_stub(struct stubs *stubs, uint64_t start, uint64_t slot, uint32_t size)
{
	size_t room = stubs->room ? stubs->room * 2 : 256;
	struct stub *list;

	if (stubs->nr == stubs->room) {
		list = realloc(stubs->list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		stubs->list = list;
		stubs->room = room;
	}
	stubs->list[stubs->nr++] = (struct stub){ start, slot, size };
	return 0;
}

/* [endbr64] [bnd] jmp *slot(%rip) */
static int scan_x86(struct stubs *stubs, const unsigned char *code, size_t size, uint64_t address, uint64_t step)
{
	static const unsigned char endbr[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t at, jump;
	int32_t away;
	int ret = 0;

	for (at = 0; at + 8 <= size && !ret; at += step) {
		jump = at + (memcmp(code + at, endbr, sizeof(endbr)) ? 0 : sizeof(endbr));
		if (jump < size && code[jump] == 0xf2)
			jump++;
		if (jump + 6 > size || code[jump] != 0xff || code[jump + 1] != 0x25)
			continue;
		memcpy(&away, code + jump + 2, sizeof(away));
		ret = add_stub(stubs, address + at, address + jump + 6 + (int64_t)away, (uint32_t)step);
	}
	return ret;
}

/* [bti c] adrp x16, page; ldr x17, [x16, #offset] */
static int scan_arm64(struct stubs *stubs, const unsigned char *code, size_t size, uint64_t address, uint64_t step)
{
	const uint32_t bti = 0xd503245f;
	uint32_t adrp, ldr, before = 0;
	uint64_t page;
	size_t at, start;
	int ret = 0;

	for (at = 0; at + 8 <= size && !ret; at += 4) {
		memcpy(&adrp, code + at, 4);
		memcpy(&ldr, code + at + 4, 4);
		if ((adrp & 0x9f00001f) == 0x90000010 && (ldr & 0xffc003ff) == 0xf9400211) {
			start = at - (before == bti ? 4 : 0);
			page = (uint64_t)(adrp >> 29 & 3) | (uint64_t)(adrp >> 5 & 0x7ffff) << 2;
			page = ((address + at) & ~0xfffULL) + (((page ^ 0x100000) - 0x100000) << 12);
			ret = add_stub(stubs, address + start, page + (ldr >> 10 & 0xfff) * 8, (uint32_t)step);
		}
		before = adrp;
	}
	return ret;
}

static int scan(struct stubs *stubs, const char *name)
{
	unsigned int machine = stubs->load->elf->machine;
	unsigned char *code;
	GElf_Shdr section;
	uint64_t step;
	size_t size;
	int ret = 0;

	if (!ktally_elf_section(stubs->load->file, name, &section) || section.sh_addr + section.sh_size < section.sh_addr)
		return 0;
	code = (unsigned char *)ktally_elf_whole(stubs->load, &section, TABLE_MAX, &size);
	if (!code)
		return 0;
	step = section.sh_entsize == 8 || section.sh_entsize == 24 ? section.sh_entsize : 16;
	if (machine == EM_X86_64)
		ret = scan_x86(stubs, code, size, section.sh_addr, step);
	else if (machine == EM_AARCH64)
		ret = scan_arm64(stubs, code, size, section.sh_addr, step);
	free(code);
	return ret;
}

static int by_slot(const void *left, const void *right)
{
	const struct stub *a = left, *b = right;

	return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static const struct stub *find_stub(const struct stubs *stubs, uint64_t slot)
{
	struct stub key = { .slot = slot };

	if (slot < stubs->list[0].slot || slot > stubs->list[stubs->nr - 1].slot)
		return NULL;
	return bsearch(&key, stubs->list, stubs->nr, sizeof(*stubs->list), by_slot);
}

static bool is_indirect(unsigned int machine, uint64_t type)
{
	return machine == EM_X86_64 ? type == R_X86_64_IRELATIVE : type == R_AARCH64_IRELATIVE;
}

/* Symbols that a relocation speaks of, and their names: where both are in the file. */
struct targets {
	GElf_Shdr symbols, strings;
};

/* @offset of the file and what is known behind it, at least @want bytes if the file has them. *@size: how many */
static const char *look(const struct ktally_elf_load *load, struct window *window, uint64_t offset, size_t want, size_t *size)
{
	if (offset < window->offset || offset - window->offset > window->size || window->size - (offset - window->offset) < want) {
		window->size = ktally_elf_bytes(load, offset, window->bytes, WINDOW);
		window->offset = offset;
	}
	*size = window->size - (offset - window->offset);
	return window->bytes + (offset - window->offset);
}

/* NULL: it does not end, or is empty */
static const char *name_of(const struct ktally_elf_load *load, struct window *window, uint64_t offset)
{
	size_t size;
	const char *name = look(load, window, offset, 1, &size);

	if (!memchr(name, 0, size))
		name = look(load, window, offset, WINDOW, &size);
	return memchr(name, 0, size) && *name ? name : NULL;
}

/* A function of one of several versions has no symbol here: it is named as what chooses the version. */
static int name_stub(struct stubs *stubs, const struct targets *targets, const Elf64_Rela *rela, struct ktally_elf_symbol *symbol)
{
	const struct ktally_elf_load *load = stubs->load;
	uint64_t n = ELF64_R_SYM(rela->r_info);
	struct ktally_elf_hit hit;
	const char *at;
	Elf64_Sym sym;
	size_t size;

	if (is_indirect(load->elf->machine, ELF64_R_TYPE(rela->r_info))) {
		if (!ktally_elf_find(load->elf, (uint64_t)rela->r_addend, &hit) || hit.start != (uint64_t)rela->r_addend)
			return -ENOENT;
		symbol->name = (uint32_t)hit.name;
		symbol->table = hit.name >> 32 & 7;
		return 0;
	}
	if (!n || n >= targets->symbols.sh_size / sizeof(sym))
		return -ENOENT;
	at = look(load, &stubs->symbols, targets->symbols.sh_offset + n * sizeof(sym), sizeof(sym), &size);
	if (size < sizeof(sym))
		return -ENOENT;
	memcpy(&sym, at, sizeof(sym));
	at = sym.st_name < targets->strings.sh_size ? name_of(load, &stubs->names, targets->strings.sh_offset + sym.st_name) : NULL;
	return at ? ktally_elf_keep_name(load->elf, at, &symbol->name) : -ENOENT;
}

/* Names are collected aside: the symbols must stay sorted until the last is found. */
static int take_relocations(struct stubs *stubs, const struct targets *targets, const char *block, size_t size, struct ktally_elf *names)
{
	struct ktally_elf_symbol symbol;
	const struct stub *stub;
	Elf64_Rela rela;
	size_t at;
	int ret = 0;

	for (at = 0; at + sizeof(rela) <= size && !ret; at += sizeof(rela)) {
		memcpy(&rela, block + at, sizeof(rela));
		stub = find_stub(stubs, rela.r_offset);
		if (!stub)
			continue;
		symbol = (struct ktally_elf_symbol){ .start = stub->start, .size = stub->size, .plt = 1,
						     .rank = KTALLY_ELF_SIZED | KTALLY_ELF_FUNCTION };
		ret = name_stub(stubs, targets, &rela, &symbol);
		ret = ret == -ENOENT ? 0 : ret ? ret : ktally_elf_push(names, &symbol);
	}
	return ret;
}

static int match(struct stubs *stubs, const char *name, struct ktally_elf *names)
{
	struct targets targets = { 0 };
	size_t done = 0, size;
	GElf_Shdr section;
	char *block;
	int ret = 0;

	if (!ktally_elf_section(stubs->load->file, name, &section) || section.sh_type != SHT_RELA || section.sh_flags & SHF_COMPRESSED)
		return 0;
	if (!section.sh_link || !gelf_getshdr(elf_getscn(stubs->load->file, section.sh_link), &targets.symbols) ||
	    (targets.symbols.sh_type != SHT_DYNSYM && targets.symbols.sh_type != SHT_SYMTAB) ||
	    !gelf_getshdr(elf_getscn(stubs->load->file, targets.symbols.sh_link), &targets.strings) ||
	    targets.strings.sh_type != SHT_STRTAB)
		targets = (struct targets){ 0 };
	block = malloc(BLOCK);
	if (!block)
		return -ENOMEM;
	/* The table of all other relocations is long: it is left where every stub has its name. */
	for (; done < section.sh_size && !ret && names->nr < stubs->nr; done += size) {
		size = section.sh_size - done < BLOCK ? section.sh_size - done : BLOCK;
		size = ktally_elf_bytes(stubs->load, section.sh_offset + done, block, size);
		if (size < sizeof(Elf64_Rela))
			break;
		ret = take_relocations(stubs, &targets, block, size, names);
	}
	free(block);
	return ret;
}

int ktally_elf_load_plt(struct ktally_elf_load *load)
{
	static const char *const tables[] = { ".plt", ".plt.sec", ".plt.got", ".iplt" }, *const relocations[] = { ".rela.plt", ".rela.dyn" };
	struct stubs stubs = { .load = load };
	struct ktally_elf names = { 0 };
	size_t i;
	int ret = 0;

	if (load->head.e_ident[EI_CLASS] != ELFCLASS64)
		return 0;
	for (i = 0; i < sizeof(tables) / sizeof(*tables) && !ret; i++)
		ret = scan(&stubs, tables[i]);
	if (stubs.nr)
		qsort(stubs.list, stubs.nr, sizeof(*stubs.list), by_slot);
	for (i = 0; i < sizeof(relocations) / sizeof(*relocations) && !ret && stubs.nr; i++)
		ret = match(&stubs, relocations[i], &names);
	for (i = 0; i < names.nr && !ret; i++)
		ret = ktally_elf_push(load->elf, &names.symbols[i]);
	if (!ret && names.nr)
		ret = ktally_elf_sort(load->elf);
	free(names.symbols);
	free(stubs.list);
	return ret;
}
