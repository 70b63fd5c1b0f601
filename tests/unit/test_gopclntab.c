// SPDX-License-Identifier: GPL-2.0-or-later
/* Go's pclntab in the layouts that it has had, made here by what their description says. */
#include <errno.h>
#include <gelf.h>

#include "crafted.h"
#include "gopclntab.h"
#include "unwind_build.h"

#define TEXT 0x401000ULL

/* Bytes of a table that is being made. */
struct table {
	uint8_t data[1024];
	size_t size;
};

static void put(struct table *table, uint64_t value, unsigned int bytes)
{
	memcpy(table->data + table->size, &value, bytes);
	table->size += bytes;
}

static void set(struct table *table, size_t at, uint64_t value, unsigned int bytes)
{
	memcpy(table->data + at, &value, bytes);
}

static size_t put_bytes(struct table *table, const void *bytes, size_t size)
{
	memcpy(table->data + table->size, bytes, size);
	table->size += size;
	return table->size - size;
}

/* A frame of 24 bytes from the fourth byte of the function on, none from the 60th; lines 10, from the 8th byte 11; the first file. */
static const uint8_t frames[] = { 2, 4, 48, 56, 47, 4, 0 }, lines[] = { 22, 8, 2, 56, 0 }, file_0[] = { 2, 64, 0 }, file_1[] = { 4, 64, 0 };
static const char *const names[] = { "runtime.goexit", "main.work" };

/* What a function has, in the order of the fields; @flags are behind them. */
static void put_function(struct table *table, uint32_t magic, unsigned int n, const size_t *at)
{
	bool narrow = magic == 0xfffffff0 || magic == 0xfffffff1;

	put(table, narrow ? n * 64 : TEXT + n * 64, narrow ? 4 : 8);
	put(table, at[0], 4);	/* name */
	put(table, 0, 8);
	put(table, at[1], 4);
	put(table, at[2], 4);
	put(table, at[3], 4);
	put(table, 0, 4);
	if (magic != 0xfffffffb)
		put(table, 0, 4);	/* unit */
	if (magic == 0xfffffff1)
		put(table, 9, 4);	/* first line */
	put(table, 0, 1);
	put(table, n ? 2 : 1, 1);	/* flags */
	put(table, 0, 6);
}

/* Go 1.2: one space of offsets, for all. */
static void make_first(struct table *table)
{
	size_t index, at[2][4], functions[2], paths[2], files;
	unsigned int n;

	put(table, 0xfffffffb, 4);
	put(table, 0x0801 << 16, 4);
	put(table, 2, 8);
	index = table->size;
	table->size += 2 * 16 + 8 + 4;
	for (n = 0; n < 2; n++) {
		at[n][0] = put_bytes(table, names[n], strlen(names[n]) + 1);
		at[n][1] = put_bytes(table, frames, sizeof(frames));
		at[n][2] = put_bytes(table, file_1, sizeof(file_1));
		at[n][3] = put_bytes(table, lines, sizeof(lines));
		functions[n] = table->size;
		put_function(table, 0xfffffffb, n, at[n]);
		set(table, index + n * 16, TEXT + n * 64, 8);
		set(table, index + n * 16 + 8, functions[n], 8);
	}
	set(table, index + 32, TEXT + 128, 8);
	paths[0] = put_bytes(table, "/src/main.go", 13);
	files = table->size;
	set(table, index + 40, files, 4);
	put(table, 2, 4);
	put(table, paths[0], 4);
}

static void make_later(struct table *table, uint32_t magic, uint64_t text)
{
	bool narrow = magic != 0xfffffffa;
	size_t head, at[2][4], base, index, width = narrow ? 4 : 8;
	unsigned int n, word = narrow ? 1 : 0;

	put(table, magic, 4);
	put(table, 0x0801 << 16, 4);
	put(table, 2, 8);
	put(table, 1, 8);
	if (narrow)
		put(table, text, 8);
	head = 16 + 8 + 8 * word;
	table->size = head + 40;
	set(table, head, table->size, 8);
	for (n = 0; n < 2; n++)
		at[n][0] = put_bytes(table, names[n], strlen(names[n]) + 1) - head - 40;
	set(table, head + 8, table->size, 8);
	put(table, 0, 4);
	set(table, head + 16, table->size, 8);
	put_bytes(table, "/src/main.go", 13);
	set(table, head + 24, table->size, 8);
	base = table->size;
	put(table, 0, 1);
	at[0][1] = at[1][1] = put_bytes(table, frames, sizeof(frames)) - base;
	at[0][2] = at[1][2] = put_bytes(table, file_0, sizeof(file_0)) - base;
	at[0][3] = at[1][3] = put_bytes(table, lines, sizeof(lines)) - base;
	table->size = (table->size + 7) & ~(size_t)7;
	index = table->size;
	set(table, head + 32, index, 8);
	table->size += 2 * 2 * width + width;
	for (n = 0; n < 2; n++) {
		set(table, index + n * 2 * width, narrow ? n * 64 : TEXT + n * 64, width);
		set(table, index + n * 2 * width + width, table->size - index, width);
		put_function(table, magic, n, at[n]);
	}
	set(table, index + 4 * width, narrow ? 128 : TEXT + 128, width);
}

static const uint32_t magics[] = { 0xfffffffb, 0xfffffffa, 0xfffffff0, 0xfffffff1 };

static struct table *make(uint32_t magic, uint64_t text)
{
	struct table *table = calloc(1, sizeof(*table));

	if (magic == 0xfffffffb)
		make_first(table);
	else
		make_later(table, magic, text);
	assert_true(table->size <= sizeof(table->data));
	return table;
}

static void check_frames(const struct ktally_gopclntab *go, const struct ktally_go_function *function)
{
	static const struct { uint64_t from, to; int32_t value; } expect[] = { { 0, 4, 0 }, { 4, 60, 24 }, { 60, 64, 0 } };
	struct ktally_go_pcvalue walk;
	unsigned int i = 0;

	ktally_go_pcvalue_begin(go, function, function->frames, &walk);
	while (ktally_go_pcvalue_next(&walk)) {
		assert_true(i < 3);
		assert_int_equal(walk.from - function->start, expect[i].from);
		assert_int_equal(walk.to - function->start, expect[i].to);
		assert_int_equal(walk.value, expect[i].value);
		i++;
	}
	assert_int_equal(i, 3);
}

static void check_table(const struct table *table, uint64_t text, bool flags)
{
	struct ktally_go_function function;
	struct ktally_gopclntab *go;
	const char *file;
	unsigned int line;

	assert_int_equal(ktally_gopclntab_parse(&go, table->data, table->size, text), 0);
	assert_int_equal(ktally_gopclntab_count(go), 2);
	assert_true(ktally_gopclntab_get(go, 0, &function));
	assert_string_equal(function.name, "runtime.goexit");
	assert_int_equal(function.start, TEXT);
	assert_int_equal(function.top, flags);
	assert_true(ktally_gopclntab_find(go, TEXT + 64 + 8, &function));
	assert_string_equal(function.name, "main.work");
	assert_int_equal(function.start, TEXT + 64);
	assert_int_equal(function.end, TEXT + 128);
	assert_int_equal(function.sets_sp, flags);
	check_frames(go, &function);
	assert_true(ktally_gopclntab_place(go, &function, TEXT + 64 + 7, &file, &line));
	assert_string_equal(file, "/src/main.go");
	assert_int_equal(line, 10);
	assert_true(ktally_gopclntab_place(go, &function, TEXT + 64 + 8, &file, &line));
	assert_int_equal(line, 11);
	assert_false(ktally_gopclntab_find(go, TEXT + 128, &function));
	assert_false(ktally_gopclntab_find(go, TEXT - 1, &function));
	ktally_gopclntab_free(go);
}

static void every_layout_is_read(void **state)
{
	struct table *table;
	unsigned int i;

	(void)state;
	for (i = 0; i < 4; i++) {
		table = make(magics[i], TEXT);
		check_table(table, 0, i > 0);
		free(table);
	}
	/* Newer ones do not tell where the code begins. */
	table = make(0xfffffff1, 0);
	check_table(table, TEXT, true);
	free(table);
}

static void read_all(const uint8_t *data, size_t size)
{
	struct ktally_go_function function;
	struct ktally_gopclntab *go;
	struct ktally_go_pcvalue walk;
	const char *file;
	unsigned int line;
	size_t n;

	if (ktally_gopclntab_parse(&go, data, size, TEXT))
		return;
	for (n = 0; n < ktally_gopclntab_count(go) && n < 100; n++) {
		if (!ktally_gopclntab_get(go, n, &function))
			continue;
		ktally_gopclntab_place(go, &function, function.end - 1, &file, &line);
		ktally_go_pcvalue_begin(go, &function, function.frames, &walk);
		while (ktally_go_pcvalue_next(&walk))
			assert_true(walk.from <= walk.to && walk.to <= function.end);
	}
	ktally_gopclntab_free(go);
}

/* Cut at every length, and with every byte spoiled: no harm, as the sanitizers see it. */
static void damage_does_no_harm(void **state)
{
	static const uint8_t spoil[] = { 0, 1, 0x7f, 0x80, 0xff };
	unsigned int i, n;
	struct table *table;
	uint8_t was, *exact;
	size_t at;

	(void)state;
	for (i = 0; i < 4; i++) {
		table = make(magics[i], TEXT);
		for (at = 0; at <= table->size; at++) {
			exact = malloc(at + 1);
			memcpy(exact, table->data, at);
			read_all(exact, at);
			free(exact);
		}
		for (at = 0; at < table->size; at++) {
			was = table->data[at];
			for (n = 0; n < sizeof(spoil); n++) {
				table->data[at] = spoil[n];
				read_all(table->data, table->size);
			}
			table->data[at] = was;
		}
		free(table);
	}
}

static void what_is_none_is_refused(void **state)
{
	struct table *table = make(0xfffffff1, TEXT);
	struct ktally_gopclntab *go;

	(void)state;
	assert_int_equal(ktally_gopclntab_parse(&go, "go", 3, 0), -EBADMSG);
	table->data[7] = 4;	/* of 32 bits */
	assert_int_equal(ktally_gopclntab_parse(&go, table->data, table->size, 0), -EBADMSG);
	table->data[7] = 8;
	table->data[0] = 0xf2;	/* not known yet */
	assert_int_equal(ktally_gopclntab_parse(&go, table->data, table->size, 0), -EBADMSG);
	free(table);
}

/* ---- unwinding ---- */

#define CODE 0x1000U

/* A program of two segments and no sections: its code, and the table. */
static char *make_program(const struct table *table, size_t *size)
{
	static const uint8_t code[] = { 0x48, 0x83, 0xec, 0x18, 0x48, 0x89, 0x6c, 0x24, 0x10, 0x48, 0x8d, 0x6c, 0x24, 0x10 };
	Elf64_Ehdr head = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT }, .e_type = ET_EXEC, .e_machine = EM_X86_64,
			    .e_version = 1, .e_phoff = sizeof(head), .e_ehsize = sizeof(head), .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 2 };
	Elf64_Phdr segments[2] = { { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = TEXT - CODE, .p_filesz = 2 * CODE },
				   { .p_type = PT_LOAD, .p_flags = PF_R, .p_vaddr = 0x500000, .p_offset = 2 * CODE, .p_filesz = table->size } };
	char *image = calloc(1, 2 * CODE + table->size + 1);

	memcpy(image, &head, sizeof(head));
	memcpy(image + sizeof(head), segments, sizeof(segments));
	memcpy(image + CODE + 64, code, sizeof(code));
	memcpy(image + 2 * CODE, table->data, table->size);
	*size = 2 * CODE + table->size;
	return image;
}

/* Of a function that sets the stack pointer: by its own frame pointer, once that is set. */
static void frames_are_unwound(void **state)
{
	struct table *table = make(0xfffffff1, TEXT);
	const struct ktally_unwind_rule *rule;
	struct ktally_unwind_build *build = ktally_unwind_build_new(EM_X86_64);
	struct ktally_unwind_table *rows;
	size_t size;
	char *image = make_program(table, &size);
	Elf *elf;

	(void)state;
	elf_version(EV_CURRENT);
	elf = elf_memory(image, size);
	assert_int_equal(ktally_go_unwind(elf, build), 0);
	assert_int_equal(ktally_unwind_build_finish(build, &rows, &size), 0);
	rule = ktally_unwind_rule_at(rows, CODE);
	assert_int_equal(rule->cfa, KTALLY_CFA_END);
	rule = ktally_unwind_rule_at(rows, CODE + 64);
	assert_true(rule->cfa == KTALLY_CFA_REGISTER && rule->reg == 7 && rule->offset == 8 && rule->return_offset == -8);
	rule = ktally_unwind_rule_at(rows, CODE + 64 + 4);
	assert_true(rule->reg == 7 && rule->offset == 32);
	assert_int_equal(rule->saved[0], KTALLY_SAVED_SAME);
	assert_int_equal(rule->saved[1], KTALLY_SAVED_UNKNOWN);
	rule = ktally_unwind_rule_at(rows, CODE + 64 + 9);
	assert_true(rule->reg == 7 && rule->offset == 32 && rule->saved[0] == -2);
	rule = ktally_unwind_rule_at(rows, CODE + 64 + 14);
	assert_true(rule->reg == 6 && rule->offset == 16 && rule->return_offset == -8 && rule->saved[0] == -2);
	rule = ktally_unwind_rule_at(rows, CODE + 64 + 60);
	assert_true(rule->reg == 7 && rule->offset == 8);
	free(rows);
	ktally_unwind_build_free(build);
	elf_end(elf);
	free(image);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_layout_is_read),
		cmocka_unit_test(damage_does_no_harm),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(frames_are_unwound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
