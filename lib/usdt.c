// SPDX-License-Identifier: LGPL-2.1-or-later
/* usdt.c: the USDT probes of a file: their notes, corrected for prelink, as places in the file. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"
#include "elf_file.h"
#include "names_list.h"
#include "usdt.h"

#define NOTE_TYPE	3
#define NOTE_OWNER	"stapsdt"
#define SITES_MAX	512U	/* places of one probe */

/* ---- notes ---- */

static const char *next_text(const char **at, const char *end)
{
	const char *text = *at, *nul = end > text ? memchr(text, 0, end - text) : NULL;

	if (!nul)
		return NULL;
	*at = nul + 1;
	return text;
}

static bool parse_note(struct ktally_usdt_note *note, const char *desc, size_t size)
{
	const char *at = desc + 24, *end = desc + size;

	if (size < 24)
		return false;
	memcpy(&note->pc, desc, 8);
	memcpy(&note->base, desc + 8, 8);
	memcpy(&note->semaphore, desc + 16, 8);
	note->provider = next_text(&at, end);
	note->name = note->provider ? next_text(&at, end) : NULL;
	note->arguments = note->name ? next_text(&at, end) : NULL;
	return note->arguments && note->provider[0] && note->name[0];
}

int ktally_usdt_notes(const void *data, size_t size, int (*each)(const struct ktally_usdt_note *note, void *arg), void *arg)
{
	const char *at = data;
	struct ktally_usdt_note note;
	size_t name, desc;
	Elf64_Nhdr head;
	int rc = 0;

	while (!rc && size >= sizeof(head)) {
		memcpy(&head, at, sizeof(head));
		name = ((size_t)head.n_namesz + 3) & ~(size_t)3;
		desc = ((size_t)head.n_descsz + 3) & ~(size_t)3;
		at += sizeof(head);
		size -= sizeof(head);
		if (name > size || desc > size - name)
			break;
		if (head.n_type == NOTE_TYPE && head.n_namesz == sizeof(NOTE_OWNER) && !memcmp(at, NOTE_OWNER, sizeof(NOTE_OWNER)) &&
		    parse_note(&note, at + name, head.n_descsz))
			rc = each(&note, arg);
		at += name + desc;
		size -= name + desc;
	}
	return rc;
}

/* ---- of a file ---- */

/** struct search - what is looked for in a file, and what was found */
struct search {
	const struct ktally_elf_file *file;
	uint64_t base;			/* where .stapsdt.base is, 0: unknown */
	const char *provider, *name;
	struct ktally_uprobe_site *sites;
	unsigned int nr;
	bool outside;			/* a note names an address that is not in the file */
	struct kt_near near;
	struct ktally_names *names;
};

static int each_note(const struct ktally_elf_file *file, struct search *search, int (*each)(const struct ktally_usdt_note *note, void *arg))
{
	GElf_Shdr header;
	Elf_Data *data;
	Elf_Scn *scn;

	search->file = file;
	if (ktally_elf_section(file->elf, ".stapsdt.base", &header))
		search->base = header.sh_addr;
	scn = ktally_elf_section(file->elf, ".note.stapsdt", &header);
	data = scn && header.sh_type == SHT_NOTE ? elf_rawdata(scn, NULL) : NULL;
	return data && data->d_buf ? ktally_usdt_notes(data->d_buf, data->d_size, each, search) : 0;
}

/* "8@counter(%rip)", "-4@8+table(%rip)": the symbol's distance from the probe is known here, and the program will know where the probe is. */
static bool symbol_address(Elf *elf, const char *name, size_t len, uint64_t *address)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	GElf_Sym sym;
	int i;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &header) || (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM))
			continue;
		data = elf_getdata(scn, NULL);
		for (i = 0; data && gelf_getsym(data, i, &sym); i++) {
			const char *known = elf_strptr(elf, header.sh_link, sym.st_name);

			if (sym.st_shndx == SHN_UNDEF || !known || strncmp(known, name, len) || known[len])
				continue;
			*address = sym.st_value;
			return true;
		}
	}
	return false;
}

static bool is_symbol_char(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || ch == '.' || ch == '$';
}

/* One operand behind its '@': [N+]SYMBOL[+N](%rip) becomes N(%rip). Return: characters taken, 0: it is none */
static size_t relative_operand(const struct search *search, const char *text, uint64_t pc, int64_t *distance)
{
	const char *at = text, *name;
	uint64_t address;
	size_t len = 0;
	char *end;

	*distance = 0;
	if (isdigit((unsigned char)*at) || ((*at == '-' || *at == '+') && isdigit((unsigned char)at[1]))) {
		*distance = strtoll(at, &end, 0);
		at = end;
		if (*at++ != '+')
			return 0;
	}
	name = at;
	if (!isalpha((unsigned char)*name) && *name != '_' && *name != '.')
		return 0;
	while (is_symbol_char(name[len]))
		len++;
	at = name + len;
	if (*at == '+' || *at == '-') {
		*distance += strtoll(at, &end, 0);
		at = end;
	}
	if (strncmp(at, "(%rip)", 6) || !symbol_address(search->file->elf, name, len, &address))
		return 0;
	*distance += (int64_t)(address - pc);
	return at + 6 - text;
}

/* Return: false if the text is too long to be kept */
static bool copy_arguments(const struct search *search, char *to, size_t size, const char *from, uint64_t pc)
{
	size_t used = 0, taken;
	int64_t distance;

	while (*from && used + 1 < size) {
		char ch = *from++;

		to[used++] = ch;
		taken = ch == '@' ? relative_operand(search, from, pc, &distance) : 0;
		if (taken)
			used += snprintf(to + used, size - used, "%lld(%%rip)", (long long)distance);
		from += taken;
	}
	if (used >= size || *from)
		return false;
	to[used] = '\0';
	return true;
}

static int add_site(struct search *search, const struct ktally_usdt_note *note)
{
	uint64_t moved = search->base && note->base ? search->base - note->base : 0;
	struct ktally_uprobe_site *sites, *site;

	sites = reallocarray(search->sites, search->nr + 1, sizeof(*sites));
	if (!sites)
		return -ENOMEM;
	search->sites = sites;
	site = &sites[search->nr];
	memset(site, 0, sizeof(*site));
	memcpy(site->path, search->file->path, sizeof(site->path));
	if (!ktally_elf_offset(search->file, note->pc + moved, true, &site->offset) ||
	    (note->semaphore && !ktally_elf_offset(search->file, note->semaphore + moved, false, &site->semaphore))) {
		search->outside = true;
		return 0;
	}
	if (!copy_arguments(search, site->arguments, sizeof(site->arguments), note->arguments, note->pc + moved))
		return -E2BIG;
	search->nr++;
	return search->nr > SITES_MAX ? -EOVERFLOW : 0;
}

static int match(const struct ktally_usdt_note *note, void *arg)
{
	struct search *search = arg;

	if (strcmp(note->name, search->name) || (search->provider && strcmp(note->provider, search->provider)))
		return 0;
	return add_site(search, note);
}

static int suggest(const struct ktally_usdt_note *note, void *arg)
{
	struct search *search = arg;

	kt_near_add(&search->near, note->name);
	search->nr++;
	return 0;
}

static int not_found(const struct ktally_elf_file *file, const char *provider, const char *name, struct ktally_error *err)
{
	struct search search = { .near = { .want = name } };
	char near_text[512];

	each_note(file, &search, suggest);
	if (!search.nr)
		return ktally_fail(err, -ENOENT, "%s has no USDT probes (no .note.stapsdt notes); was it built with them?", file->path);
	return ktally_fail(err, -ENOENT, "%.300s has no USDT probe '%.80s%s%.80s'%s (`ktally list usdt:%.100s:*` shows its %u)", file->path,
			   provider ? provider : "", provider ? ":" : "", name, kt_near_text(&search.near, near_text, sizeof(near_text)), file->path, search.nr);
}

static int explain(const struct ktally_elf_file *file, const char *name, int code, struct ktally_error *err)
{
	if (code == -ENOMEM)
		return ktally_fail(err, code, "out of memory");
	if (code == -E2BIG)
		return ktally_fail(err, code, "the arguments of USDT probe '%.80s' of %s are described in more than %zu characters", name, file->path,
				   sizeof(((struct ktally_uprobe_site *)0)->arguments) - 1);
	if (code == -EOVERFLOW)
		return ktally_fail(err, code, "USDT probe '%.80s' is at more than %u places of %s", name, SITES_MAX, file->path);
	return ktally_fail(err, code, "the notes of USDT probe '%.80s' of %s name addresses that are not in the file", name, file->path);
}

int ktally_usdt_resolve(struct ktally_uprobe_site **sites, const char *path, const char *provider, const char *name, struct ktally_error *err)
{
	struct search search = { .provider = provider && *provider ? provider : NULL, .name = name };
	struct ktally_elf_file file;
	int rc;

	*sites = NULL;
	rc = ktally_elf_open(&file, path, err);
	if (rc)
		return rc;
	rc = each_note(&file, &search, match);
	if (!rc && search.outside)
		rc = -EINVAL;
	if (rc)
		explain(&file, name, rc, err);
	else if (!search.nr)
		rc = not_found(&file, search.provider, name, err);
	ktally_elf_close(&file);
	if (rc) {
		free(search.sites);
		return rc;
	}
	*sites = search.sites;
	return search.nr;
}

static int collect(const struct ktally_usdt_note *note, void *arg)
{
	struct search *search = arg;

	return ktally_names_add(search->names, note->provider, ":", note->name);
}

int ktally_usdt_names(char ***names, const char *path, struct ktally_error *err)
{
	struct ktally_names list = { 0 };
	struct search search = { .names = &list };
	struct ktally_elf_file file;
	int rc;

	rc = ktally_elf_open(&file, path, err);
	if (rc)
		return rc;
	rc = each_note(&file, &search, collect);
	ktally_elf_close(&file);
	return ktally_names_take(&list, rc, names, err);
}
