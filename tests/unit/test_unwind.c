// SPDX-License-Identifier: GPL-2.0-or-later
/* Unwind tables: of call frame information made by hand, and how they are put together. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>

#include "crafted.h"
#include "unwind_cfi.h"

#define CODE	0x1000U		/* address of the code, of which there are 64 kB, at the start of the "file" */
#define SECTION	0x200000U	/* address of the section */

/* ---- by hand ---- */

struct writer {
	uint8_t bytes[4096];
	size_t length, cie, entry;
	bool wide, eh;
};

static void put(struct writer *w, uint64_t value, unsigned int size)
{
	while (size--) {
		w->bytes[w->length++] = (uint8_t)value;
		value >>= 8;
	}
}

static void begin(struct writer *w)
{
	w->entry = w->length;
	put(w, w->wide ? 0xffffffff : 0, 4);
	if (w->wide)
		put(w, 0, 8);
}

static void finish(struct writer *w)
{
	uint64_t length;

	while (w->length % 8)
		put(w, 0, 1);
	length = w->length - w->entry - (w->wide ? 12 : 4);
	memcpy(w->bytes + w->entry + (w->wide ? 4 : 0), &length, w->wide ? 8 : 4);
}

/* A CIE of version 1 that says rsp + 8, return address at CFA - 8; @data: of its augmentation. */
static void put_cie(struct writer *w, const char *augmentation, const char *data, size_t data_size, bool eh_pointer)
{
	w->cie = w->length;
	begin(w);
	put(w, w->eh ? 0 : ~0ULL, w->wide && !w->eh ? 8 : 4);
	put(w, 1, 1);
	memcpy(w->bytes + w->length, augmentation, strlen(augmentation) + 1);
	w->length += strlen(augmentation) + 1;
	if (eh_pointer)
		put(w, 0x1234, 8);
	put(w, 1, 1);
	put(w, 0x78, 1);
	put(w, 16, 1);
	if (*augmentation == 'z') {
		put(w, data_size, 1);
		memcpy(w->bytes + w->length, data, data_size);
		w->length += data_size;
	}
	memcpy(w->bytes + w->length, "\x0c\x07\x08\x90\x01", 5);
	w->length += 5;
	finish(w);
}

static void put_fde(struct writer *w, uint64_t start, uint64_t length, unsigned int size, bool sized, const char *code, size_t code_size)
{
	begin(w);
	put(w, w->eh ? w->length - w->cie : w->cie, w->wide && !w->eh ? 8 : 4);
	put(w, start, size);
	put(w, length, size);
	if (sized)
		put(w, 0, 1);
	memcpy(w->bytes + w->length, code, code_size);
	w->length += code_size;
	finish(w);
}

static bool locate(void *arg, uint64_t address, uint64_t *offset, uint64_t *length)
{
	(void)arg;
	if (address < CODE || address >= CODE + 0x10000)
		return false;
	*offset = address - CODE;
	*length = CODE + 0x10000 - address;
	return true;
}

static bool no_sigreturn(void *arg, uint64_t offset, uint64_t length)
{
	(void)length;
	return arg && offset == 0x40;
}

static struct ktally_unwind_table *compile(const struct writer *w, uint32_t machine, uint64_t *skipped, void *arg)
{
	struct ktally_unwind_build *build = ktally_unwind_build_new(machine);
	struct ktally_cfi cfi = { .data = w->bytes, .size = w->length, .eh = w->eh, .locate = locate, .sigreturn = no_sigreturn, .arg = arg,
				  .bases = { .start = w->bytes, .address = SECTION, .text = CODE } };
	struct ktally_unwind_table *table = NULL;
	size_t size;

	assert_int_equal(ktally_cfi_read(build, &cfi), 0);
	ktally_unwind_build_pieces(build, skipped);
	if (!ktally_unwind_build_finish(build, &table, &size))
		assert_int_equal(ktally_unwind_check(table, size), 0);
	ktally_unwind_build_free(build);
	return table;
}

static void is(const struct ktally_unwind_table *table, uint64_t offset, uint8_t cfa, uint8_t reg, int32_t by)
{
	const struct ktally_unwind_rule *rule = ktally_unwind_rule_at(table, offset);

	assert_non_null(rule);
	assert_int_equal(rule->cfa, cfa);
	assert_int_equal(rule->reg, reg);
	assert_int_equal(rule->offset, by);
}

/* One function of 64 bytes at 0, of these instructions. */
static struct ktally_unwind_table *function(uint32_t machine, const char *code, size_t size, uint64_t *skipped)
{
	struct writer w = { .eh = true };

	put_cie(&w, "zR", "\x00", 1, false);
	put_fde(&w, CODE, 64, 8, true, code, size);
	return compile(&w, machine, skipped, NULL);
}
#define FUNCTION(code, skipped) function(EM_X86_64, code, sizeof(code) - 1, skipped)

static void test_push(void **state)
{
	uint64_t skipped;
	/* +1: push %rbp; +4: mov %rsp,%rbp; +32: leave */
	struct ktally_unwind_table *table = FUNCTION("\x41\x0e\x10\x86\x02\x43\x0d\x06\x5c\x0c\x07\x08", &skipped);

	(void)state;
	assert_int_equal(skipped, 0);
	is(table, 0, KTALLY_CFA_REGISTER, 7, 8);
	assert_int_equal(ktally_unwind_rule_at(table, 0)->nr_saved, 0);
	is(table, 1, KTALLY_CFA_REGISTER, 7, 16);
	assert_int_equal(ktally_unwind_rule_at(table, 3)->saved[0], -2);
	is(table, 4, KTALLY_CFA_REGISTER, 6, 16);
	is(table, 31, KTALLY_CFA_REGISTER, 6, 16);
	is(table, 32, KTALLY_CFA_REGISTER, 7, 8);
	assert_int_equal(ktally_unwind_rule_at(table, 63)->saved[0], -2);	/* nobody said that it is given back */
	is(table, 64, KTALLY_CFA_UNKNOWN, 0, 0);
	free(table);
}

static void test_states(void **state)
{
	uint64_t skipped;
	/* +4: 16, rbx; remembered; +8: 8, rbx restored; +12: recalled; +16: def_cfa_sf rsp -4 * -8; +20: set_loc +24: cfa of r10 */
	struct ktally_unwind_table *table = FUNCTION("\x44\x0e\x10\x83\x02\x0a\x44\x0e\x08\xc3\x44\x0b\x44\x12\x07\x7c\x01\x18\x10\0\0\0\0\0\0"
						     "\x0c\x0a\x00", &skipped);

	(void)state;
	assert_int_equal(skipped, 0);
	is(table, 4, KTALLY_CFA_REGISTER, 7, 16);
	assert_int_equal(ktally_unwind_rule_at(table, 4)->saved[1], -2);
	is(table, 8, KTALLY_CFA_REGISTER, 7, 8);
	assert_int_equal(ktally_unwind_rule_at(table, 8)->nr_saved, 0);
	is(table, 12, KTALLY_CFA_REGISTER, 7, 16);
	assert_int_equal(ktally_unwind_rule_at(table, 12)->saved[1], -2);
	is(table, 16, KTALLY_CFA_REGISTER, 7, 32);
	is(table, 24, KTALLY_CFA_REGISTER, 10, 0);
	free(table);
}

static void test_lost(void **state)
{
	uint64_t skipped;
	/* +1: rbp undefined, rbx in r8, r12 = CFA - 8 by val_offset, r13 at CFA - 12: none can be said */
	struct ktally_unwind_table *table = FUNCTION("\x41\x07\x06\x09\x03\x08\x14\x0c\x01\x10\x0d\x02\x3c\x1c", &skipped);
	const struct ktally_unwind_rule *rule = ktally_unwind_rule_at(table, 1);
	unsigned int i;

	(void)state;
	assert_int_equal(rule->cfa, KTALLY_CFA_REGISTER);
	for (i = 0; i < 4; i++)
		assert_int_equal(rule->saved[i], KTALLY_SAVED_UNKNOWN);
	assert_int_equal(rule->nr_saved, 4);
	free(table);
	/* the link is undefined: the end. The stack pointer is elsewhere: not understood */
	table = FUNCTION("\x07\x10", &skipped);
	is(table, 5, KTALLY_CFA_END, 0, 0);
	assert_int_equal(skipped, 0);
	free(table);
	table = FUNCTION("\x44\x16\x07\x02\x76\x08", &skipped);
	is(table, 0, KTALLY_CFA_REGISTER, 7, 8);
	is(table, 4, KTALLY_CFA_UNKNOWN, 0, 0);
	assert_int_equal(skipped, 1);
	free(table);
}

static void test_aligned(void **state)
{
	uint64_t skipped;
	/* r10 + 0; then *(rbp - 8), with rbp at rbp + 0 and rbx at rbp - 16 */
	struct ktally_unwind_table *table = FUNCTION("\x44\x0c\x0a\x00\x44\x10\x06\x02\x76\x00\x44\x0f\x03\x76\x78\x06\x10\x03\x02\x76\x70", &skipped);
	const struct ktally_unwind_rule *rule;

	(void)state;
	assert_int_equal(skipped, 0);
	is(table, 4, KTALLY_CFA_REGISTER, 10, 0);
	is(table, 8, KTALLY_CFA_REGISTER, 10, 0);
	rule = ktally_unwind_rule_at(table, 8);
	assert_int_equal(rule->flags, KTALLY_RULE_SAVED_FRAME);
	assert_int_equal(rule->saved[0], 0);
	is(table, 12, KTALLY_CFA_DEREF, 6, -8);
	rule = ktally_unwind_rule_at(table, 12);
	assert_int_equal(rule->flags, KTALLY_RULE_SAVED_FRAME);
	assert_int_equal(rule->offset2, 0);
	assert_int_equal(rule->saved[0], 0);
	assert_int_equal(rule->saved[1], -2);
	assert_int_equal(rule->return_offset, -8);
	free(table);
	/* *(rsp + 48) + 8, as assemblers' macros write it; rbp by an expression from the register of the CFA */
	table = FUNCTION("\x44\x0f\x05\x77\x30\x06\x23\x08\x44\x0c\x06\x10\x10\x03\x02\x76\x08", &skipped);
	is(table, 4, KTALLY_CFA_DEREF, 7, 48);
	assert_int_equal(ktally_unwind_rule_at(table, 4)->offset2, 8);
	is(table, 8, KTALLY_CFA_REGISTER, 6, 16);
	assert_int_equal(ktally_unwind_rule_at(table, 8)->saved[1], -1);
	assert_int_equal(ktally_unwind_rule_at(table, 8)->flags, 0);
	free(table);
}

static void test_plt(void **state)
{
	uint64_t skipped;
	struct ktally_unwind_table *table = FUNCTION("\x0e\x10\x46\x0e\x18\x4a\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x39\x2a\x33\x24\x22", &skipped);
	struct ktally_unwind_table *other = FUNCTION("\x0f\x0b\x77\x08\x80\x00\x3f\x1a\x39\x2a\x32\x24\x22", &skipped);

	(void)state;
	is(table, 0, KTALLY_CFA_REGISTER, 7, 16);
	is(table, 6, KTALLY_CFA_REGISTER, 7, 24);
	is(table, 16, KTALLY_CFA_PLT, 7, 8);
	assert_int_equal(ktally_unwind_rule_at(table, 16)->offset2, 9);
	is(other, 0, KTALLY_CFA_UNKNOWN, 0, 0);
	assert_int_equal(skipped, 1);
	free(table);
	free(other);
}

static void test_encodings(void **state)
{
	static const struct {
		const char *augmentation, *data;
		unsigned int data_size, size;
		bool wide, eh, pointer;
		uint64_t base;
	} forms[] = {
		{ "", "", 0, 8, false, true, false, 0 },
		{ "eh", "", 0, 8, false, true, true, 0 },
		{ "zR", "\x00", 1, 8, true, true, false, 0 },
		{ "zR", "\x03", 1, 4, false, true, false, 0 },
		{ "zR", "\x0b", 1, 4, false, true, false, 0 },
		{ "zR", "\x22", 1, 2, false, true, false, CODE },
		{ "zPLR", "\x9b\x11\x22\x33\x44\x1b\x02", 7, 2, false, true, false, 0 },
		{ "", "", 0, 8, false, false, false, 0 },
		{ "", "", 0, 8, true, false, false, 0 },
	};
	struct ktally_unwind_table *table;
	uint64_t skipped;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct writer w = { .wide = forms[i].wide, .eh = forms[i].eh };

		put_cie(&w, forms[i].augmentation, forms[i].data, forms[i].data_size, forms[i].pointer);
		put_fde(&w, CODE + 0x20 - forms[i].base, 16, forms[i].size, *forms[i].augmentation == 'z', "\x41\x0e\x10", 3);
		table = compile(&w, EM_X86_64, &skipped, NULL);
		assert_non_null(table);
		assert_int_equal(skipped, 0);
		assert_null(ktally_unwind_rule_at(table, 0x1f));
		is(table, 0x20, KTALLY_CFA_REGISTER, 7, 8);
		is(table, 0x21, KTALLY_CFA_REGISTER, 7, 16);
		is(table, 0x30, KTALLY_CFA_UNKNOWN, 0, 0);
		free(table);
	}
}

static void test_relative(void **state)
{
	struct writer w = { .eh = true };
	struct ktally_unwind_table *table;
	uint64_t skipped;

	(void)state;
	put_cie(&w, "zR", "\x1b", 1, false);
	/* The address counts from where it is itself, behind the length and the place of the CIE. */
	put_fde(&w, CODE + 0x40 - (SECTION + w.length + 8), 16, 4, true, "", 0);
	table = compile(&w, EM_X86_64, &skipped, NULL);
	is(table, 0x40, KTALLY_CFA_REGISTER, 7, 8);
	free(table);
}

static void test_signal(void **state)
{
	/* CFA *(rsp + 160), link at rsp + 168 */
	static const char code[] = "\x0f\x04\x77\xa0\x01\x06\x10\x10\x03\x77\xa8\x01";
	struct ktally_unwind_table *table;
	uint64_t skipped;
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct writer w = { .eh = true };

		put_cie(&w, i ? "zRS" : "zR", "\x00", 1, false);
		put_fde(&w, CODE + 0x40, 16, 8, true, code, sizeof(code) - 1);
		table = compile(&w, EM_X86_64, &skipped, NULL);
		is(table, 0x40, i ? KTALLY_CFA_SIGNAL : KTALLY_CFA_UNKNOWN, 0, 0);
		free(table);
		/* arm64: the code tells, here that at 0x40 */
		table = compile(&w, EM_AARCH64, &skipped, &w);
		assert_int_equal(ktally_unwind_rule_at(table, 0x40)->cfa == KTALLY_CFA_SIGNAL, i);
		free(table);
	}
}

static void test_arm64(void **state)
{
	struct writer w = { .eh = true };
	static const char code[] = "\x2d\x44\x0e\x20\x9d\x04\x9e\x03\x44\x93\x02\x48\x0e\x00\xdd\xde\xd3";
	const struct ktally_unwind_rule *rule;
	struct ktally_unwind_table *table;
	uint64_t skipped;

	(void)state;
	/* of version 1, its link register 30, CFA sp + 0 */
	w.cie = w.length;
	begin(&w);
	put(&w, 0, 4);
	memcpy(w.bytes + w.length, "\1zRB\0\1\x78\x1e\1\0\x0c\x1f\0", 13);
	w.length += 13;
	finish(&w);
	put_fde(&w, CODE, 64, 8, true, code, sizeof(code) - 1);
	table = compile(&w, EM_AARCH64, &skipped, NULL);
	assert_int_equal(skipped, 0);
	rule = ktally_unwind_rule_at(table, 0);
	assert_int_equal(rule->ret, KTALLY_RETURN_REGISTER);
	assert_int_equal(rule->return_offset, 30);
	is(table, 4, KTALLY_CFA_REGISTER, 31, 32);
	rule = ktally_unwind_rule_at(table, 8);
	assert_int_equal(rule->ret, KTALLY_RETURN_CFA);
	assert_int_equal(rule->return_offset, -24);
	assert_int_equal(rule->saved[0], -4);
	assert_int_equal(rule->saved[1], -2);
	rule = ktally_unwind_rule_at(table, 16);
	assert_int_equal(rule->ret, KTALLY_RETURN_REGISTER);
	assert_int_equal(rule->nr_saved, 0);
	free(table);
}

static void test_damage(void **state)
{
	static const char *const bad[] = { "\x0b", "\x3f", "\x44\x0f\x7f", "\x0d\x06\x0f\x01\x30\x0e\x08", "\x01\0\0\0\0\0\0\0\0", "\x02" };
	struct writer w = { .eh = true };
	struct ktally_unwind_table *table;
	uint64_t skipped;
	size_t i, nr = 0;

	(void)state;
	put_cie(&w, "zR", "\x00", 1, false);
	put_fde(&w, CODE, 64, 8, true, "", 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t size = i == 4 ? 9 : i == 2 ? 3 : strlen(bad[i]);

		if (i == 5)
			continue;
		put_fde(&w, CODE + 64 * ++nr, 64, 8, true, bad[i], size);
	}
	put_fde(&w, CODE + 64 * ++nr, 64, 8, true, "", 0);
	put(&w, 0x7fffffff, 4);
	table = compile(&w, EM_X86_64, &skipped, NULL);
	assert_int_equal(skipped, nr - 1 + 1);
	is(table, 0, KTALLY_CFA_REGISTER, 7, 8);
	for (i = 1; i < nr; i++)
		is(table, 64 * i, KTALLY_CFA_UNKNOWN, 0, 0);
	is(table, 64 * nr, KTALLY_CFA_REGISTER, 7, 8);
	free(table);
}

/* ---- the builder ---- */

static void add(struct ktally_unwind_build *build, uint64_t start, uint64_t end, int32_t offset)
{
	struct ktally_unwind_rule rule = { .cfa = KTALLY_CFA_REGISTER, .reg = 7, .offset = offset, .return_offset = -8 };

	if (!ktally_unwind_build_piece(build, start, end))
		assert_int_equal(ktally_unwind_build_row(build, start, &rule), 0);
}

static int note_gap(void *arg, struct ktally_unwind_build *build, uint64_t start, uint64_t end)
{
	uint64_t *gaps = arg;

	gaps[++gaps[0]] = start << 32 | end;
	if (end - start < 16)
		return 1;
	add(build, start + 8, end, 99);
	return 0;
}

static void test_builder(void **state)
{
	struct ktally_unwind_build *build = ktally_unwind_build_new(EM_X86_64);
	struct ktally_unwind_rule rule = { .cfa = KTALLY_CFA_REGISTER, .reg = 7, .offset = 8, .flags = KTALLY_RULE_SWITCH };
	struct ktally_unwind_table *table;
	uint64_t gaps[8] = { 0 };
	size_t size;

	(void)state;
	assert_int_equal(ktally_unwind_build_row(build, 0, &rule), -EINVAL);
	add(build, 300, 400, 3);
	add(build, 100, 200, 1);
	add(build, 150, 160, 2);	/* in the one before: that ends here */
	add(build, 100, 190, 7);	/* starts where another does */
	assert_int_equal(ktally_unwind_build_piece(build, 5, 5), -EINVAL);
	ktally_unwind_build_layer(build);
	assert_int_equal(ktally_unwind_build_piece(build, 350, 360), 1);
	add(build, 390, 420, 4);	/* described already where it starts */
	add(build, 410, 430, 5);
	assert_int_equal(ktally_unwind_build_row(build, 420, &rule), 0);
	assert_int_equal(ktally_unwind_build_row(build, 409, &rule), -EINVAL);
	assert_int_equal(ktally_unwind_build_row(build, 430, &rule), -EINVAL);
	assert_int_equal(ktally_unwind_build_gaps(build, 90, 500, note_gap, gaps), 0);
	assert_int_equal(ktally_unwind_build_finish(build, &table, &size), 0);
	ktally_unwind_build_free(build);
	assert_int_equal(ktally_unwind_check(table, size), 0);
	assert_int_equal(gaps[0], 4);
	assert_int_equal(gaps[1], 90ULL << 32 | 100);
	assert_int_equal(gaps[2], 160ULL << 32 | 300);
	assert_int_equal(gaps[3], 400ULL << 32 | 410);
	assert_int_equal(gaps[4], 430ULL << 32 | 500);
	is(table, 149, KTALLY_CFA_REGISTER, 7, 1);
	is(table, 150, KTALLY_CFA_REGISTER, 7, 2);
	is(table, 167, KTALLY_CFA_UNKNOWN, 0, 0);
	is(table, 168, KTALLY_CFA_REGISTER, 7, 99);
	is(table, 405, KTALLY_CFA_REGISTER, 7, 3);	/* padding */
	is(table, 410, KTALLY_CFA_REGISTER, 7, 5);
	is(table, 420, KTALLY_CFA_REGISTER, 7, 8);
	assert_int_equal(ktally_unwind_rule_at(table, 420)->flags, KTALLY_RULE_SWITCH);
	is(table, 430, KTALLY_CFA_UNKNOWN, 0, 0);
	is(table, 438, KTALLY_CFA_REGISTER, 7, 99);
	is(table, 1000, KTALLY_CFA_UNKNOWN, 0, 0);
	assert_null(ktally_unwind_rule_at(table, 99));
	free(table);
}

static void test_check(void **state)
{
	struct ktally_unwind_table *table;
	struct ktally_unwind_rule *rules;
	uint64_t skipped;
	uint32_t *rows;
	size_t size;

	(void)state;
	table = FUNCTION("\x44\x0e\x10\x44\x0e\x18", &skipped);
	rules = (void *)((char *)table + table->rules_offset);
	rows = (uint32_t *)(table + 1);
	size = table->rules_offset + table->nr_rules * sizeof(*rules);
	assert_int_equal(ktally_unwind_check(table, size), 0);
	assert_int_equal(ktally_unwind_check(table, size - 1), -EBADMSG);
	assert_int_equal(ktally_unwind_check(table, 8), -EBADMSG);
#define REFUSED(place, value) do { __typeof__(place) old = (place); (place) = (value); \
		assert_int_equal(ktally_unwind_check(table, size), -EBADMSG); (place) = old; } while (0)
	REFUSED(table->magic, 1);
	REFUSED(table->machine, EM_386);
	REFUSED(table->nr_rows, 0);
	REFUSED(table->nr_rows, 1U << 25);
	REFUSED(table->nr_rules, 0);
	REFUSED(table->nr_rules, 70000);
	REFUSED(table->rules_offset, 36);
	REFUSED(table->rules_offset, size);
	REFUSED(rows[1], 0);
	REFUSED(((uint16_t *)(rows + table->nr_rows))[1], 60000);
	REFUSED(rules[0].cfa, KTALLY_CFA_MAX + 1);
	REFUSED(rules[1].reg, 16);
	REFUSED(rules[1].nr_saved, 7);
	REFUSED(rules[1].flags, 4);
	REFUSED(rules[1].ret, 2);
	assert_int_equal(ktally_unwind_check(table, size), 0);
	free(table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_push), cmocka_unit_test(test_states), cmocka_unit_test(test_lost), cmocka_unit_test(test_aligned),
		cmocka_unit_test(test_plt), cmocka_unit_test(test_encodings), cmocka_unit_test(test_relative), cmocka_unit_test(test_signal),
		cmocka_unit_test(test_arm64), cmocka_unit_test(test_damage), cmocka_unit_test(test_builder), cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
