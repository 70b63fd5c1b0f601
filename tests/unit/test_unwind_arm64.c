// SPDX-License-Identifier: GPL-2.0-or-later
/* Unwind tables of what only arm64 has: signed return addresses, a vDSO without descriptions, static programs' stubs. Made by hand, for any machine. */
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "crafted.h"
#include "unwind_build.h"
#include "unwind_cfi.h"
#include "unwind_gaps.h"
#include "unwind_table.h"

/* ---- signs ---- */

static unsigned int signs(const uint8_t *code, size_t size, uint32_t *offsets)
{
	return ktally_cfi_signs((struct ktally_bytes){ .at = code, .end = code + size }, offsets, 4);
}

static void signs_are_found_among_operands(void **state)
{
	/* advance, sign; def_cfa_offset 0x2d; an expression that holds one; advance by 0x2d2d; offset x30 0x2d; sign, sign, sign, sign */
	static const uint8_t code[] = { 0x41, 0x2d, 0x0e, 0x2d, 0x10, 0x1e, 2, 0x2d, 0x2d, 0x03, 0x2d, 0x2d, 0x9e, 0x2d, 0x2d, 0x2d, 0x2d, 0x2d };
	uint32_t offsets[4];

	(void)state;
	assert_int_equal(signs(code, sizeof(code), offsets), 4);
	assert_int_equal(offsets[0], 1);
	assert_int_equal(offsets[1], 14);
	assert_int_equal(offsets[3], 16);
	assert_int_equal(signs(code, 14, offsets), 1);
}

static void signs_end_where_code_makes_no_sense(void **state)
{
	static const uint8_t unknown[] = { 0x2d, 0x3f, 0x2d }, cut[] = { 0x2d, 0x0f, 0x80 }, block[] = { 0x0f, 0x70, 0x2d, 0x2d };
	uint32_t offsets[4];

	(void)state;
	assert_int_equal(signs(unknown, sizeof(unknown), offsets), 1);
	assert_int_equal(signs(cut, sizeof(cut), offsets), 1);
	assert_int_equal(signs(block, sizeof(block), offsets), 0);
	assert_int_equal(signs(block, 0, offsets), 0);
}

/* ---- a file: one segment from its first byte on, one section of code, one of symbols ---- */

#define CODE		0x200U
#define NOP		0xd503201fU
#define RET		0xd65f03c0U
#define SIGRETURN	0xd2801168U
#define SVC		0xd4000001U
#define PUSH		0xa9bf7bf0U	/* stp x16, x30, [sp, #-16]! */

struct file {
	Elf64_Ehdr head;
	Elf64_Phdr segment;
	Elf64_Shdr sections[4];
	Elf64_Sym symbols[2];
	char names[32];
	uint8_t room[CODE - sizeof(Elf64_Ehdr) - sizeof(Elf64_Phdr) - 4 * sizeof(Elf64_Shdr) - 2 * sizeof(Elf64_Sym) - 32];
	uint32_t code[32];
};

static struct file make_file(const char *section, const uint32_t *code, unsigned int nr, unsigned int function)
{
	struct file file = { .head = { .e_type = ET_DYN, .e_machine = EM_AARCH64, .e_version = EV_CURRENT, .e_ehsize = sizeof(Elf64_Ehdr),
				       .e_phoff = offsetof(struct file, segment), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
				       .e_shoff = offsetof(struct file, sections), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4, .e_shstrndx = 3 } };

	memcpy(file.head.e_ident, ELFMAG "\2\1\1", SELFMAG + 3);
	file.segment = (Elf64_Phdr){ .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_filesz = sizeof(file), .p_memsz = sizeof(file) };
	memcpy(file.names, "\0.dynsym\0.shstrtab\0", 19);
	strcpy(file.names + 19, section);
	file.sections[1] = (Elf64_Shdr){ .sh_name = 19, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = CODE,
					 .sh_offset = CODE, .sh_size = nr * 4 };
	file.sections[2] = (Elf64_Shdr){ .sh_name = 1, .sh_type = SHT_DYNSYM, .sh_addr = offsetof(struct file, symbols),
					 .sh_offset = offsetof(struct file, symbols), .sh_size = sizeof(file.symbols),
					 .sh_entsize = sizeof(Elf64_Sym), .sh_link = 3 };
	file.sections[3] = (Elf64_Shdr){ .sh_name = 9, .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct file, names), .sh_size = sizeof(file.names) };
	file.symbols[1] = (Elf64_Sym){ .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1, .st_value = CODE + function * 4, .st_size = 8 };
	memcpy(file.code, code, nr * 4);
	return file;
}

static int table_of(const struct file *file, struct ktally_unwind_table **table)
{
	static struct ktally_image image;
	struct ktally_error err;
	size_t size;
	int rc;

	_Static_assert(offsetof(struct file, code) == CODE, "the code is where it is said to be");
	assert_int_equal(ktally_image_open(&image, -1, file, sizeof(*file), &err), 0);
	rc = ktally_unwind_compile_image(table, &size, &image, NULL, &err);
	ktally_image_close(&image);
	return rc;
}

static const struct ktally_unwind_rule *rule_at(const struct ktally_unwind_table *table, unsigned int instruction)
{
	const struct ktally_unwind_rule *rule = ktally_unwind_rule_at(table, CODE + instruction * 4);

	assert_non_null(rule);
	return rule;
}

static void is_leaf(const struct ktally_unwind_rule *rule)
{
	assert_int_equal(rule->cfa, KTALLY_CFA_REGISTER);
	assert_int_equal(rule->reg, 31);
	assert_int_equal(rule->offset, 0);
	assert_int_equal(rule->ret, KTALLY_RETURN_REGISTER);
	assert_int_equal(rule->return_offset, 30);
}

static void vdso_without_descriptions(void **state)
{
	/* a leaf; a function with a frame: stp x29, x30, [sp, #-32]!; what handlers return to */
	static const uint32_t code[] = { NOP, 0x8b2463e4, RET, NOP, 0xa9be7bfd, 0x910003fd, 0xa8c27bfd, RET, NOP, SIGRETURN, SVC };
	struct file file = make_file(".text", code, 11, 3);
	struct ktally_unwind_table *table;

	(void)state;
	assert_int_equal(table_of(&file, &table), 0);
	is_leaf(rule_at(table, 0));
	is_leaf(rule_at(table, 2));
	is_leaf(rule_at(table, 4));
	assert_int_equal(rule_at(table, 5)->cfa, KTALLY_CFA_FRAME);
	assert_int_equal(ktally_unwind_rule_at(table, CODE + 9 * 4 - 1)->cfa, KTALLY_CFA_SIGNAL);
	assert_int_equal(rule_at(table, 9)->cfa, KTALLY_CFA_SIGNAL);
	assert_int_equal(rule_at(table, 11)->cfa, KTALLY_CFA_SIGNAL);
	free(table);
}

static void other_code_without_descriptions(void **state)
{
	static const uint32_t code[] = { NOP, 0x8b2463e4, RET, SIGRETURN, RET };
	struct file file = make_file(".text", code, 5, 0);
	struct ktally_unwind_table *table;

	(void)state;
	assert_int_equal(table_of(&file, &table), -ENODATA);
}

/* Dynamic programs have a stub that pushes in front of the others, 32 bytes of it; static ones do not. */
static void stubs(void **state)
{
	static const uint32_t lazy[] = { PUSH, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, SIGRETURN, SVC };
	static const uint32_t fixed[] = { NOP, 0xf9400211, 0x91000210, 0xd61f0220, NOP, 0xf9400211, 0x91000210, 0xd61f0220, NOP, NOP };
	struct ktally_unwind_build *build;
	struct ktally_unwind_table *table;
	static struct ktally_image image;
	struct ktally_error err;
	struct file file;
	unsigned int i;
	size_t size;

	(void)state;
	for (i = 0; i < 2; i++) {
		file = make_file(".plt", i ? fixed : lazy, i ? 8 : 10, 0);
		assert_int_equal(ktally_image_open(&image, -1, &file, sizeof(file), &err), 0);
		build = ktally_unwind_build_new(EM_AARCH64);
		assert_int_equal(ktally_gaps_fill(build, &image), 0);
		assert_int_equal(ktally_unwind_build_finish(build, &table, &size), 0);
		is_leaf(rule_at(table, 0));
		assert_int_equal(rule_at(table, 4)->offset, i ? 0 : 16);
		if (!i)
			is_leaf(rule_at(table, 8));
		free(table);
		ktally_unwind_build_free(build);
		ktally_image_close(&image);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_are_found_among_operands), cmocka_unit_test(signs_end_where_code_makes_no_sense),
		cmocka_unit_test(vdso_without_descriptions), cmocka_unit_test(other_code_without_descriptions), cmocka_unit_test(stubs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
