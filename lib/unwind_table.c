// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_table.c: makes the table of how to unwind a file, from whatever in it tells that; checks tables; looks things up in them. */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"
#include "unwind_cfi.h"
#include "unwind_gaps.h"
#include "unwind_image.h"
#include "unwind_table.h"

/* ---- sections ---- */

static uint64_t section_address(const struct ktally_image *image, const char *name)
{
	GElf_Shdr header;
	Elf_Scn *scn;

	return ktally_image_section(image, name, &header, &scn) ? header.sh_addr : 0;
}

static struct ktally_cfi cfi_of(struct ktally_image *image, const void *data, size_t size, uint64_t address, bool eh)
{
	return (struct ktally_cfi){ .data = data, .size = size, .eh = eh, .locate = ktally_image_locate, .sigreturn = ktally_gaps_sigreturn,
				    .arg = image, .bases = { .start = data, .address = address, .text = section_address(image, ".text"),
							     .data = section_address(image, ".got") } };
}

/* Return: 0; -ENODATA: there is no such section */
static int open_section(struct ktally_image *image, const char *name, bool eh, struct ktally_cfi *cfi)
{
	GElf_Shdr header;
	Elf_Scn *scn;
	Elf_Data *data;

	if (!ktally_image_section(image, name, &header, &scn))
		return -ENODATA;
	if (header.sh_size > KTALLY_CFI_MAX)
		return -E2BIG;
	data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf || !data->d_size)
		return -ENODATA;
	*cfi = cfi_of(image, data->d_buf, data->d_size, header.sh_addr, eh);
	return 0;
}

/* So that the section may be read as it would be if nobody had compressed it. Return: false if it is not to be read */
static bool decompress(struct ktally_image *image, const char *name)
{
	GElf_Shdr header;
	GElf_Chdr how;
	Elf_Scn *scn;

	if (!ktally_image_section(image, name, &header, &scn) || header.sh_size > KTALLY_CFI_MAX)
		return false;
	if (!(header.sh_flags & SHF_COMPRESSED))
		return true;
	return gelf_getchdr(scn, &how) && how.ch_size <= KTALLY_CFI_MAX && elf_compress(scn, 0, 0) >= 0;
}

/* ---- .eh_frame without section headers: PT_GNU_EH_FRAME leads there ---- */

static bool find_header(struct ktally_image *image, GElf_Phdr *header)
{
	size_t i, nr;

	if (elf_getphdrnum(image->elf, &nr))
		return false;
	for (i = 0; i < nr && i <= INT_MAX; i++)
		if (gelf_getphdr(image->elf, (int)i, header) && header->p_type == PT_GNU_EH_FRAME)
			return true;
	return false;
}

/* Return: bytes from @address on that are in the file, at @offset; 0: none */
static uint64_t locate_data(struct ktally_image *image, uint64_t address, uint64_t *offset)
{
	GElf_Phdr header;
	size_t i, nr;

	if (elf_getphdrnum(image->elf, &nr))
		return 0;
	for (i = 0; i < nr && i <= INT_MAX; i++) {
		if (!gelf_getphdr(image->elf, (int)i, &header) || header.p_type != PT_LOAD)
			continue;
		if (address < header.p_vaddr || address - header.p_vaddr >= header.p_filesz)
			continue;
		*offset = header.p_offset + (address - header.p_vaddr);
		return header.p_filesz - (address - header.p_vaddr);
	}
	return 0;
}

static int open_by_header(struct ktally_image *image, struct ktally_cfi *cfi, void **data)
{
	struct ktally_bytes bytes;
	struct ktally_bases bases;
	GElf_Phdr header;
	uint64_t address, offset, size;
	uint8_t head[32];

	if (!find_header(image, &header))
		return -ENODATA;
	bytes = (struct ktally_bytes){ head, head + ktally_image_read(image, header.p_offset, head, sizeof(head)), false };
	bases = (struct ktally_bases){ .start = head, .address = header.p_vaddr, .data = header.p_vaddr };
	if (ktally_bytes_le(&bytes, 1) != 1 || bytes.end - bytes.at < 3)
		return -ENODATA;
	bytes.at += 3;
	address = ktally_bytes_pointer(&bytes, head[1], &bases);
	size = bytes.bad ? 0 : locate_data(image, address, &offset);
	if (!size)
		return -ENODATA;
	/* How long it is nobody says: at most to the end of the segment, which may be large. */
	size = size < KTALLY_CFI_MAX ? size : KTALLY_CFI_MAX;
	*data = malloc(size);
	if (!*data)
		return -ENOMEM;
	*cfi = cfi_of(image, *data, ktally_image_read(image, offset, *data, size), address, true);
	cfi->open = true;
	return 0;
}

int ktally_unwind_eh_frame(struct ktally_image *image, struct ktally_cfi *cfi, void **data)
{
	int rc = open_section(image, ".eh_frame", true, cfi);

	*data = NULL;
	return rc == -ENODATA ? open_by_header(image, cfi, data) : rc;
}

/* ---- layers: what knows best comes first ---- */

static int read_eh_frame(struct ktally_unwind_build *build, struct ktally_image *image)
{
	struct ktally_cfi cfi;
	void *data;
	int rc = ktally_unwind_eh_frame(image, &cfi, &data);

	if (!rc)
		rc = ktally_cfi_read(build, &cfi);
	free(data);
	return rc;
}

static int read_go(struct ktally_unwind_build *build, struct ktally_image *image)
{
	return ktally_go_unwind(image->elf, build);
}

static int read_debug_frame(struct ktally_unwind_build *build, struct ktally_image *image)
{
	struct ktally_cfi cfi;
	int rc = decompress(image, ".debug_frame") ? open_section(image, ".debug_frame", false, &cfi) : -ENODATA;

	return rc ? rc : ktally_cfi_read(build, &cfi);
}

static const struct layer {
	const char *name;
	int (*read)(struct ktally_unwind_build *build, struct ktally_image *image);
} layers[] = {
	{ "eh_frame", read_eh_frame },
	{ "gopclntab", read_go },
	{ "debug_frame", read_debug_frame },
	{ "code", ktally_vdso_unwind },
};

/* @info: its source is that of most functions */
static int read_layers(struct ktally_unwind_build *build, struct ktally_image *image, struct ktally_unwind_info *info)
{
	uint64_t before = 0, most = 0, now;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
		rc = layers[i].read(build, image);
		if (rc && rc != -ENODATA)
			return rc;
		ktally_unwind_build_layer(build);
		now = ktally_unwind_build_pieces(build, &info->skipped);
		if (now > before && now - before > most) {
			most = now - before;
			info->source = layers[i].name;
		}
		before = now;
	}
	info->functions = before;
	return before ? 0 : -ENODATA;
}

static int fail(struct ktally_error *err, int rc)
{
	switch (rc) {
	case -ENODATA:
		return ktally_fail(err, rc, "this file does not say how to unwind it (it has no .eh_frame and no .debug_frame)");
	case -E2BIG:
		return ktally_fail(err, rc, "this file has more code, or more descriptions of it, than an unwind table can hold");
	case -ENOMEM:
		return ktally_fail(err, rc, "no memory for an unwind table");
	}
	return rc;
}

int ktally_unwind_compile_image(struct ktally_unwind_table **table, size_t *size, struct ktally_image *image,
				struct ktally_unwind_info *info, struct ktally_error *err)
{
	struct ktally_unwind_build *build = ktally_unwind_build_new(image->machine);
	struct ktally_unwind_info own = { .source = "" };
	int rc = build ? read_layers(build, image, &own) : -ENOMEM;

	if (!rc)
		rc = ktally_gaps_fill(build, image);
	if (!rc)
		rc = ktally_unwind_build_finish(build, table, size);
	ktally_unwind_build_free(build);
	if (rc)
		return fail(err, rc);
	if (info)
		*info = own;
	return 0;
}

/* The module walks its own machine's stacks. */
int ktally_unwind_check_machine(const struct ktally_image *image, struct ktally_error *err)
{
	if (image->machine == KTALLY_ELF_MACHINE)
		return 0;
	return ktally_fail(err, -ENOEXEC, "this ELF file is of another machine (%u), its code never runs here", image->machine);
}

static int compile(struct ktally_unwind_table **table, size_t *size, int fd, const void *memory, size_t length, struct ktally_unwind_info *info,
		   struct ktally_error *err)
{
	struct ktally_image *image = malloc(sizeof(*image));
	int rc;

	if (!image)
		return fail(err, -ENOMEM);
	rc = ktally_image_open(image, fd, memory, length, err);
	if (!rc) {
		rc = ktally_unwind_check_machine(image, err);
		if (!rc)
			rc = ktally_unwind_compile_image(table, size, image, info, err);
		ktally_image_close(image);
	}
	free(image);
	return rc;
}

int ktally_unwind_compile(struct ktally_unwind_table **table, size_t *size, int fd, struct ktally_unwind_info *info, struct ktally_error *err)
{
	if (fd < 0)
		return ktally_fail(err, -EBADF, "there is no such open file (descriptor %d)", fd);
	return compile(table, size, fd, NULL, 0, info, err);
}

int ktally_unwind_compile_memory(struct ktally_unwind_table **table, size_t *size, const void *image, size_t length,
				 struct ktally_unwind_info *info, struct ktally_error *err)
{
	return compile(table, size, -1, image, length, info, err);
}

/* ---- tables ---- */

static const uint32_t *rows_of(const struct ktally_unwind_table *table)
{
	return (const uint32_t *)(table + 1);
}

const struct ktally_unwind_rule *ktally_unwind_rule_at(const struct ktally_unwind_table *table, uint64_t offset)
{
	const uint32_t *rows = rows_of(table);
	const uint16_t *rules = (const uint16_t *)(rows + table->nr_rows);
	uint32_t low = 0, high = table->nr_rows, mid;
	uint64_t want = offset - table->start;

	if (offset < table->start)
		return NULL;
	while (low < high) {
		mid = low + (high - low) / 2;
		if (rows[mid] <= want)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low)
		return NULL;
	return (const struct ktally_unwind_rule *)((const char *)table + table->rules_offset) + rules[low - 1];
}

static bool check_rule(const struct ktally_unwind_rule *rule, uint32_t machine)
{
	unsigned int last = machine == EM_X86_64 ? 15 : 31;

	if (rule->cfa > KTALLY_CFA_MAX || rule->ret > KTALLY_RETURN_MAX || rule->reg > last || rule->nr_saved > KTALLY_SAVED_MAX)
		return false;
	if (rule->flags & ~(KTALLY_RULE_SAVED_FRAME | KTALLY_RULE_SWITCH) || (machine == EM_X86_64 && rule->nr_saved > 6))
		return false;
	if (rule->cfa == KTALLY_CFA_PLT && machine != EM_X86_64)
		return false;
	return rule->ret != KTALLY_RETURN_REGISTER || (rule->return_offset >= 0 && rule->return_offset <= (int)last);
}

int ktally_unwind_check(const struct ktally_unwind_table *table, size_t size)
{
	const struct ktally_unwind_rule *rule;
	const uint32_t *rows = rows_of(table);
	const uint16_t *rules;
	uint64_t need;
	uint32_t i;

	if (size < sizeof(*table) || table->magic != KTALLY_UNWIND_MAGIC || (table->machine != EM_X86_64 && table->machine != EM_AARCH64))
		return -EBADMSG;
	if (!table->nr_rows || table->nr_rows > KTALLY_UNWIND_ROWS_MAX || !table->nr_rules || table->nr_rules > KTALLY_UNWIND_RULES_MAX)
		return -EBADMSG;
	need = sizeof(*table) + (uint64_t)table->nr_rows * 6;
	if (table->rules_offset % 8 || table->rules_offset < need || table->rules_offset > size ||
	    size - table->rules_offset < table->nr_rules * sizeof(*rule) || table->start > INT64_MAX)
		return -EBADMSG;
	rules = (const uint16_t *)(rows + table->nr_rows);
	for (i = 0; i < table->nr_rows; i++)
		if (rules[i] >= table->nr_rules || (i && rows[i] <= rows[i - 1]))
			return -EBADMSG;
	rule = (const struct ktally_unwind_rule *)((const char *)table + table->rules_offset);
	for (i = 0; i < table->nr_rules; i++)
		if (!check_rule(&rule[i], table->machine))
			return -EBADMSG;
	return 0;
}
