// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * unwind_vdso.c: how to unwind the vDSO of arm64, which the kernel builds without descriptions: by its code. Its functions are leaves,
 * which leave the stack and the link register alone, or keep frame pointers as all code of that kernel does.
 */
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "unwind_gaps.h"

#define STACK		31
#define LINK		30
#define FUNCTIONS_MAX	64U

static uint32_t word(const uint8_t *code)
{
	return code[0] | (uint32_t)code[1] << 8 | (uint32_t)code[2] << 16 | (uint32_t)code[3] << 24;
}

/* Does the instruction change the stack pointer: by adding, subtracting, or by counting it up or down as it saves registers? */
static bool moves_stack(uint32_t code)
{
	bool at_stack = (code >> 5 & 31) == STACK, to_stack = (code & 31) == STACK;

	if (to_stack && ((code & 0xbf000000U) == 0x91000000U || (code & 0xbfe00000U) == 0x8b200000U))
		return true;
	if (at_stack && (code & 0x3a000000U) == 0x28000000U)	/* pairs, pre- and post-indexed */
		return code >> 23 & 1;
	return at_stack && (code & 0x3b200400U) == 0x38000400U;	/* single registers likewise */
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Offsets in @text where its functions begin, and its end; sorted. Return: how many functions */
static unsigned int find_functions(const struct ktally_image *image, const GElf_Shdr *text, uint64_t *starts)
{
	GElf_Shdr header;
	Elf_Data *data;
	GElf_Sym symbol;
	Elf_Scn *scn;
	unsigned int nr = 0;
	size_t i;

	starts[nr++] = 0;
	data = ktally_image_section(image, ".dynsym", &header, &scn) ? elf_getdata(scn, NULL) : NULL;
	for (i = 0; data && i < data->d_size / sizeof(Elf64_Sym) && nr < FUNCTIONS_MAX; i++)
		if (gelf_getsym(data, (int)i, &symbol) && symbol.st_shndx != SHN_UNDEF && symbol.st_value > text->sh_addr &&
		    symbol.st_value - text->sh_addr < text->sh_size)
			starts[nr++] = symbol.st_value - text->sh_addr;
	qsort(starts, nr, sizeof(*starts), compare);
	starts[nr] = text->sh_size;
	return nr;
}

static int add_function(struct ktally_unwind_build *build, const uint8_t *code, uint64_t offset, uint64_t from, uint64_t to)
{
	struct ktally_unwind_rule rule = { .cfa = KTALLY_CFA_REGISTER, .reg = STACK, .ret = KTALLY_RETURN_REGISTER, .return_offset = LINK };
	struct ktally_unwind_rule frame = { .cfa = KTALLY_CFA_FRAME };
	uint64_t at;
	int rc = from < to ? ktally_unwind_build_piece(build, offset + from, offset + to) : 1;

	if (rc)
		return rc < 0 ? rc : 0;
	for (at = from; at + 4 <= to; at += 4)
		if (moves_stack(word(code + at)))
			break;
	rc = ktally_unwind_build_row(build, offset + from, &rule);
	/* Up to there it is as a leaf is; from then on it has a frame. */
	return rc || at + 4 >= to ? rc : ktally_unwind_build_row(build, offset + at + 4, &frame);
}

/*
 * A byte early, so that an address of return, less one, is still inside; and an instruction longer: in the system call, which is the last
 * thing here, the address is the one behind.
 */
static int add_sigreturn(struct ktally_unwind_build *build, uint64_t offset, uint64_t at)
{
	struct ktally_unwind_rule rule = { .cfa = KTALLY_CFA_SIGNAL };
	uint64_t start = offset + at - (at > 0);
	int rc = ktally_unwind_build_piece(build, start, offset + at + 12);

	return rc ? (rc < 0 ? rc : 0) : ktally_unwind_build_row(build, start, &rule);
}

int ktally_vdso_unwind(struct ktally_unwind_build *build, struct ktally_image *image)
{
	uint64_t starts[FUNCTIONS_MAX + 1], at, offset, room;
	const uint8_t *code;
	GElf_Shdr text;
	Elf_Scn *scn;
	unsigned int i, nr;
	int rc;

	if (image->machine != EM_AARCH64 || !ktally_image_section(image, ".text", &text, &scn) || text.sh_size < 8 ||
	    text.sh_size > KTALLY_CODE_WINDOW || !ktally_image_locate(image, text.sh_addr, &offset, &room) || room < text.sh_size)
		return -ENODATA;
	code = ktally_image_code(image, offset, text.sh_size);
	/* What no other code has: the place that handlers of signals return to. */
	for (at = 0; code && at + 8 <= text.sh_size && !ktally_gaps_is_sigreturn(image, code + at, text.sh_size - at);)
		at += 4;
	if (!code || at + 8 > text.sh_size)
		return -ENODATA;
	nr = find_functions(image, &text, starts);
	rc = add_sigreturn(build, offset, at);
	for (i = 0; i < nr && !rc; i++)
		rc = starts[i] == at ? 0 : add_function(build, code, offset, starts[i], starts[i + 1]);
	return rc;
}
