// SPDX-License-Identifier: LGPL-2.1-or-later
/* uprobe.c: where a function of a program or library lies in its file, and whether a probe may go there. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "elf_file.h"
#include "names_list.h"

/** struct function - a symbol of code */
struct function {
	const char *name;
	size_t len;		/* of @name without "@VERSION" */
	uint64_t address, size;
	bool global, indirect;
};

/* ---- all functions ---- */

static bool in_code(Elf *elf, const GElf_Sym *sym)
{
	GElf_Shdr header;

	return sym->st_shndx < SHN_LORESERVE && gelf_getshdr(elf_getscn(elf, sym->st_shndx), &header) && header.sh_flags & SHF_EXECINSTR;
}

/* Symbols of assembler without a type are functions if they lie in code; $x and .L mark places, not functions. */
static bool is_function(Elf *elf, const GElf_Sym *sym, const char *name)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info);

	if (!name || !*name || *name == '$' || (name[0] == '.' && name[1] == 'L'))
		return false;
	return type == STT_FUNC || type == STT_GNU_IFUNC || (type == STT_NOTYPE && sym->st_shndx != SHN_UNDEF && in_code(elf, sym));
}

static int walk_table(Elf *elf, Elf_Scn *scn, const GElf_Shdr *header, int (*each)(const struct function *f, bool defined, void *arg), void *arg)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Sym sym;
	int i, rc = 0;

	for (i = 0; data && !rc && gelf_getsym(data, i, &sym); i++) {
		struct function f = { .name = elf_strptr(elf, header->sh_link, sym.st_name), .address = sym.st_value, .size = sym.st_size };

		if (!is_function(elf, &sym, f.name))
			continue;
		f.len = strcspn(f.name, "@");
		f.global = GELF_ST_BIND(sym.st_info) != STB_LOCAL;
		f.indirect = GELF_ST_TYPE(sym.st_info) == STT_GNU_IFUNC;
		rc = each(&f, sym.st_shndx != SHN_UNDEF, arg);
	}
	return rc;
}

static int walk(const struct ktally_elf_file *file, int (*each)(const struct function *f, bool defined, void *arg), void *arg)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	int rc = 0;

	while (!rc && (scn = elf_nextscn(file->elf, scn)))
		if (gelf_getshdr(scn, &header) && (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			rc = walk_table(file->elf, scn, &header, each, arg);
	return rc;
}

static int collect(const struct function *f, bool defined, void *arg)
{
	char name[512];

	if (!defined || f->indirect || f->len >= sizeof(name))
		return 0;
	memcpy(name, f->name, f->len);
	name[f->len] = '\0';
	return ktally_names_add(arg, name, "", "");
}

int ktally_uprobe_names(char ***names, const char *path, struct ktally_error *err)
{
	struct ktally_names list = { 0 };
	struct ktally_elf_file file;
	int rc = ktally_elf_open(&file, path, err);

	if (rc)
		return rc;
	rc = walk(&file, collect, &list);
	ktally_elf_close(&file);
	return ktally_names_take(&list, rc, names, err);
}

/* ---- one function ---- */

/** struct search - @found: the best so far; @others: different local functions of the same name */
struct search {
	const char *name;
	struct function found;
	unsigned int nr, others;
	bool imported;
	struct kt_near near;
};

static int match(const struct function *f, bool defined, void *arg)
{
	struct search *s = arg;

	if (strlen(s->name) != f->len || memcmp(s->name, f->name, f->len))
		return 0;
	if (!defined) {
		s->imported = true;
		return 0;
	}
	if (s->nr && s->found.address == f->address)
		return 0;
	if (s->nr && s->found.global != f->global) {	/* the one that others can call */
		if (f->global)
			s->found = *f;
		return 0;
	}
	if (!s->nr++)
		s->found = *f;
	else
		s->others++;
	return 0;
}

static int suggest(const struct function *f, bool defined, void *arg)
{
	struct search *s = arg;

	s->nr += defined;
	if (defined && f->len < 256 && !f->name[f->len])
		kt_near_add(&s->near, f->name);
	return 0;
}

static int not_found(const struct ktally_elf_file *file, const struct search *missed, struct ktally_error *err)
{
	struct search s = { .near = { .want = missed->name } };
	char near_text[512];

	if (missed->imported)
		return ktally_fail(err, -ENOENT, "%s only calls '%.100s', which lies in a library (`ldd %s`); probe it there", file->path, missed->name,
				   file->path);
	walk(file, suggest, &s);
	if (!s.nr)
		return ktally_fail(err, -ENOENT, "%s has no symbols; install its debug symbols, or write the place as %s:0xOFFSET", file->path, file->path);
	return ktally_fail(err, -ENOENT, "%.300s has no function '%.100s'%s", file->path, missed->name, kt_near_text(&s.near, near_text, sizeof(near_text)));
}

/* A return probe swaps the return address on the stack, and Go moves stacks and walks them. */
static bool is_go(const struct ktally_elf_file *file)
{
	GElf_Shdr header;

	return ktally_elf_section(file->elf, ".go.buildinfo", &header) || ktally_elf_section(file->elf, ".gopclntab", &header) ||
	       ktally_elf_section(file->elf, ".note.go.buildid", &header);
}

static int check_found(const struct ktally_elf_file *file, const struct search *s, uint64_t offset, struct ktally_error *err)
{
	if (!s->nr)
		return not_found(file, s, err);
	if (s->found.indirect)
		return ktally_fail(err, -EOPNOTSUPP, "'%.100s' of %s is only chosen when a program starts, from several functions (IFUNC), and the symbol names the "
				   "chooser; probe one of those functions, by its name (`ktally list 'uprobe:%s:*%.50s*'`) or as %s:0xOFFSET",
				   s->name, file->path, file->path, s->name, file->path);
	if (s->others && !s->found.global)
		return ktally_fail(err, -EINVAL, "%s has %u local functions '%.100s'; write the one you mean as %s:0xOFFSET (readelf -sW %s)", file->path,
				   s->others + 1, s->name, file->path, file->path);
	if (offset && s->found.size && offset >= s->found.size)
		return ktally_fail(err, -EINVAL, "'%.100s' of %s has %llu bytes, and +%llu is behind its end", s->name, file->path,
				   (unsigned long long)s->found.size, (unsigned long long)offset);
	return 0;
}

/* Whether an offset of the file is code. */
static bool is_code(const struct ktally_elf_file *file, uint64_t offset)
{
	GElf_Phdr segment;
	size_t i, nr;

	if (elf_getphdrnum(file->elf, &nr))
		return false;
	for (i = 0; i < nr && i <= INT_MAX; i++)
		if (gelf_getphdr(file->elf, (int)i, &segment) && segment.p_type == PT_LOAD && segment.p_flags & PF_X &&
		    offset >= segment.p_offset && offset - segment.p_offset < segment.p_filesz)
			return true;
	return false;
}

static int resolve_offset(struct ktally_uprobe_site *site, const struct ktally_elf_file *file, const char *text, struct ktally_error *err)
{
	char *end;

	errno = 0;
	site->offset = strtoull(text, &end, 0);
	if (errno || *end)
		return ktally_fail(err, -EINVAL, "'%.100s' is neither a function nor an offset in the file, such as 0x1234", text);
	if (!is_code(file, site->offset))
		return ktally_fail(err, -EINVAL, "offset %s of %s is not in its code", text, file->path);
	return 0;
}

static int resolve_symbol(struct ktally_uprobe_site *site, const struct ktally_elf_file *file, const char *symbol, uint64_t offset,
			  struct ktally_error *err)
{
	struct search s = { .name = symbol };
	int rc;

	walk(file, match, &s);
	rc = check_found(file, &s, offset, err);
	if (rc)
		return rc;
	if (!ktally_elf_offset(file, s.found.address + offset, true, &site->offset))
		return ktally_fail(err, -ENOEXEC, "'%.100s' of %s is not in its code; is it a file of debug symbols?", symbol, file->path);
	return 0;
}

int ktally_uprobe_resolve(struct ktally_uprobe_site *site, const char *path, const char *symbol, uint64_t offset, bool at_return,
			  struct ktally_error *err)
{
	struct ktally_elf_file file;
	int rc = ktally_elf_open(&file, path, err);

	if (rc)
		return rc;
	memset(site, 0, sizeof(*site));
	memcpy(site->path, file.path, sizeof(site->path));
	if (at_return && is_go(&file))
		rc = ktally_fail(err, -EOPNOTSUPP, "%s is written in Go: a probe at the return of a function would crash it when its stack moves; "
				 "probe the entry with uprobe:", file.path);
	else if (at_return && offset)
		rc = ktally_fail(err, -EINVAL, "a function returns as a whole: no offset with uretprobe:");
	else if (isdigit((unsigned char)*symbol))
		rc = resolve_offset(site, &file, symbol, err);
	else
		rc = resolve_symbol(site, &file, symbol, offset, err);
	ktally_elf_close(&file);
	return rc;
}
