// SPDX-License-Identifier: GPL-2.0-or-later
/* Places in programs: functions, USDT probes and their arguments, in files that a compiler makes for the test. */
#include <ctype.h>
#include <dlfcn.h>
#include <errno.h>
#include <gelf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytecode.h"
#include "elf_file.h"
#include "events.h"
#include "files.h"
#include "usdt.h"

static struct ktally_catalogue cat;

/* Build @source to a file of the test. The test is made with a compiler, so one is at hand. */
static const char *build(const char *name, const char *source, const char *flags)
{
	char command[4 * PATH_MAX], file[64];
	const char *out = files_path(name);

	snprintf(file, sizeof(file), "%s.c", name);
	snprintf(command, sizeof(command), "cc -O1 -w %s -o %s %s", flags, out, files_write(file, source));
	if (system(command))
		fail_msg("cannot build %s", name);
	return out;
}

static const char program[] =
	"#include <stdio.h>\n"
	"__attribute__((noinline)) int visible(int a) { asm volatile(\"\"); return a + 1; }\n"
	"static __attribute__((noinline)) int hidden(int a) { asm volatile(\"\"); return a * 3; }\n"
	"static int chosen(void) { return 1; }\n"
	"static int (*choose(void))(void) { return chosen; }\n"
	"int indirect(void) __attribute__((ifunc(\"choose\")));\n"
	"int main(void) { return visible(hidden(puts(\"x\"))) + indirect(); }\n";

/* ---- functions ---- */

/* The bytes at the place that was found are those at the address that the symbol has, read from a file whose segments are known. */
static uint64_t symbol_address(const char *path, const char *want)
{
	struct ktally_elf_file file;
	uint64_t address = 0;
	GElf_Shdr header;
	Elf_Scn *scn;
	GElf_Sym sym;
	int i;

	assert_int_equal(ktally_elf_open(&file, path, NULL), 0);
	scn = ktally_elf_section(file.elf, ".symtab", &header);
	assert_non_null(scn);
	for (i = 0; gelf_getsym(elf_getdata(scn, NULL), i, &sym); i++)
		if (!strcmp(elf_strptr(file.elf, header.sh_link, sym.st_name), want))
			address = sym.st_value;
	ktally_elf_close(&file);
	return address;
}

static void functions_have_their_place(void **state)
{
	static const char *const flags[] = { "-no-pie", "-pie -fPIE", "-pie -fPIE -Wl,-z,separate-code" };
	struct ktally_uprobe_site site;
	struct ktally_elf_file file;
	struct ktally_error err;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(flags); i++) {
		const char *path = build("program", program, flags[i]);
		GElf_Shdr text;
		uint64_t address = symbol_address(path, "hidden");

		if (ktally_uprobe_resolve(&site, path, "hidden", 0, false, &err))
			fail_msg("%s", err.text);
		assert_int_equal(ktally_elf_open(&file, path, NULL), 0);
		assert_non_null(ktally_elf_section(file.elf, ".text", &text));
		assert_int_equal(site.offset, address - text.sh_addr + text.sh_offset);
		ktally_elf_close(&file);
		assert_string_equal(site.path, path);
		assert_int_equal(site.semaphore, 0);
		assert_string_equal(site.arguments, "");
		address = site.offset;
		assert_int_equal(ktally_uprobe_resolve(&site, path, "hidden", 2, false, &err), 0);
		assert_int_equal(site.offset, address + 2);
		assert_int_equal(ktally_uprobe_resolve(&site, path, "visible", 0, true, &err), 0);
	}
}

static void offsets_are_checked(void **state)
{
	const char *path = build("program", program, "-pie -fPIE");
	struct ktally_uprobe_site site;
	struct ktally_error err;
	char text[32];

	(void)state;
	assert_int_equal(ktally_uprobe_resolve(&site, path, "visible", 0, false, &err), 0);
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)site.offset);
	assert_int_equal(ktally_uprobe_resolve(&site, path, text, 0, false, &err), 0);
	assert_string_equal(site.path, path);
	assert_int_equal(ktally_uprobe_resolve(&site, path, "0x0", 0, false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "not in its code"));
	assert_int_equal(ktally_uprobe_resolve(&site, path, "12zz", 0, false, &err), -EINVAL);
	assert_int_equal(ktally_uprobe_resolve(&site, path, "visible", 5000, false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "behind its end"));
	assert_int_equal(ktally_uprobe_resolve(&site, path, "visible", 1, true, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no offset"));
}

static void what_cannot_be_probed_says_why(void **state)
{
	static const char twice[] = "static __attribute__((noinline)) int same(int a) { asm volatile(\"\"); return a; }\n"
				    "int other(void); int main(void) { return same(1) + other(); }\n";
	static const char other[] = "static __attribute__((noinline)) int same(int a) { asm volatile(\"nop\"); return a; }\n"
				    "int other(void) { return same(2); }\n";
	const char *path = build("program", program, "-pie -fPIE"), *second = files_write("second.c", other);
	struct ktally_uprobe_site site;
	struct ktally_error err;
	char flags[PATH_MAX];

	(void)state;
	assert_int_equal(ktally_uprobe_resolve(&site, path, "visble", 0, false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "did you mean 'visible'"));
	assert_int_equal(ktally_uprobe_resolve(&site, path, "puts", 0, false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "probe it there"));
	assert_int_equal(ktally_uprobe_resolve(&site, path, "indirect", 0, false, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "IFUNC"));
	snprintf(flags, sizeof(flags), "%s", second);
	assert_int_equal(ktally_uprobe_resolve(&site, build("twice", twice, flags), "same", 0, false, &err), -EINVAL);
	assert_non_null(strstr(err.text, "2 local functions"));
	assert_int_equal(ktally_uprobe_resolve(&site, build("stripped", program, "-s"), "visible", 0, false, &err), -ENOENT);
	assert_int_equal(ktally_uprobe_resolve(&site, files_write("script", "#!/bin/sh\n"), "main", 0, false, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "script"));
	assert_int_equal(ktally_uprobe_resolve(&site, files_write("text", "nothing"), "main", 0, false, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "no ELF file"));
	assert_int_equal(ktally_uprobe_resolve(&site, "/nonexistent/file", "main", 0, false, &err), -ENOENT);
	assert_int_equal(ktally_uprobe_resolve(&site, "no-such-program-xyz", "main", 0, false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "whole path"));
	assert_int_equal(ktally_uprobe_resolve(&site, build("object.o", twice, "-c"), "same", 0, false, &err), -ENOEXEC);
}

static void go_takes_no_return_probes(void **state)
{
	static const char source[] = "__attribute__((section(\".gopclntab\"), used)) static const char table[] = \"go\";\nint main(void) { return 0; }\n";
	const char *path = build("likego", source, "");
	struct ktally_uprobe_site site;
	struct ktally_error err;

	(void)state;
	assert_int_equal(ktally_uprobe_resolve(&site, path, "main", 0, true, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "written in Go"));
	assert_int_equal(ktally_uprobe_resolve(&site, path, "main", 0, false, &err), 0);
}

/* Another machine and another size of words, by a changed head. */
static void foreign_files_are_refused(void **state)
{
	const char *path = build("foreign", "int main(void) { return 0; }\n", "");
	static const struct { long at; int byte; const char *says; } changes[] = { { 18, EM_S390, "another machine" }, { 18, EM_386, "32-bit" } };
	struct ktally_uprobe_site site;
	struct ktally_error err;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(changes); i++) {
		FILE *file = fopen(path, "r+");

		fseek(file, changes[i].at, SEEK_SET);
		fputc(changes[i].byte, file);
		fputc(0, file);
		fclose(file);
		assert_int_equal(ktally_uprobe_resolve(&site, path, "main", 0, false, &err), -ENOEXEC);
		assert_non_null(strstr(err.text, changes[i].says));
	}
}

static void functions_are_listed(void **state)
{
	char **names;
	struct ktally_error err;
	int i, nr = ktally_uprobe_names(&names, build("program", program, "-pie -fPIE"), &err);
	unsigned int seen = 0;

	(void)state;
	assert_true(nr > 2);
	for (i = 0; i < nr; i++) {
		seen |= !strcmp(names[i], "visible") ? 1 : !strcmp(names[i], "hidden") ? 2 : !strcmp(names[i], "indirect") ? 4 : !strcmp(names[i], "puts") ? 8 : 0;
		if (i)
			assert_true(strcmp(names[i - 1], names[i]) < 0);
	}
	assert_int_equal(seen, 3);
	ktally_names_free(names, nr);
}

/* ---- bare names ---- */

static void libraries_are_found(void **state)
{
	struct ktally_uprobe_site site;
	struct ktally_error err;
	Dl_info info;
	char real[PATH_MAX];

	(void)state;
	assert_true(dladdr((void *)(uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), &info));
	assert_non_null(realpath(info.dli_fname, real));
	if (ktally_uprobe_resolve(&site, "libc.so.6", "fopen", 0, false, &err))
		fail_msg("%s", err.text);
	assert_string_equal(site.path, real);
	assert_int_equal(ktally_uprobe_resolve(&site, "libc", "fopen", 0, false, &err), 0);
	assert_string_equal(site.path, real);
	assert_int_equal(ktally_uprobe_resolve(&site, "libc.so.6", "fopn", 0, false, &err), -ENOENT);
	assert_non_null(strstr(err.text, "fopen"));
}

static void programs_are_found_by_path(void **state)
{
	const char *path = build("uniquely-named", "int main(void) { return 0; }\n", "");
	struct ktally_uprobe_site site;
	struct ktally_error err;
	char search[PATH_MAX + 64], *before = strdup(getenv("PATH"));

	(void)state;
	snprintf(search, sizeof(search), "/nonexistent::%s:%s", files_root(), before);
	setenv("PATH", search, 1);
	if (ktally_uprobe_resolve(&site, "uniquely-named", "main", 0, false, &err))
		fail_msg("%s", err.text);
	setenv("PATH", before, 1);
	free(before);
	assert_string_equal(site.path, path);
}

/* A cache whose entries lie, are cut off, or name what is not there. */
static void broken_caches_do_no_harm(void **state)
{
	unsigned char cache[256] = "glibc-ld.so.cache1.1";
	uint32_t nr = 1000, name = 72, where = 90000;
	char path[PATH_MAX];
	size_t len;

	(void)state;
	memcpy(cache + 20, &nr, 4);
	memcpy(cache + 48 + 4, &name, 4);
	memcpy(cache + 48 + 8, &where, 4);
	strcpy((char *)cache + 72, "libx.so");
	for (len = 0; len <= sizeof(cache); len++) {
		char *copy = malloc(len ? len : 1);

		memcpy(copy, cache, len);
		assert_false(ktally_find_library(copy, len, "libx.so", path, sizeof(path)));
		free(copy);
	}
}

/* ---- places of arguments ---- */

static void argument_text_is_read(void **state)
{
	static const struct { const char *text; struct ktally_usdt_arg arg; } list[] = {
		{ "8@%rdi", { KTALLY_PLACE_REGISTER, 8, false, 0, "di", "", 0, 0, 0 } },
		{ "-4@%eax", { KTALLY_PLACE_REGISTER, 4, true, 0, "ax", "", 0, 0, 0 } },
		{ "1@%ah", { KTALLY_PLACE_REGISTER, 1, false, 0, "ax", "", 8, 0, 0 } },
		{ "2@%bx", { KTALLY_PLACE_REGISTER, 2, false, 0, "bx", "", 0, 0, 0 } },
		{ "-1@%sil", { KTALLY_PLACE_REGISTER, 1, true, 0, "si", "", 0, 0, 0 } },
		{ "4@%r12d", { KTALLY_PLACE_REGISTER, 4, false, 0, "r12", "", 0, 0, 0 } },
		{ "8@%r8", { KTALLY_PLACE_REGISTER, 8, false, 0, "r8", "", 0, 0, 0 } },
		{ "-4@$-22", { KTALLY_PLACE_CONST, 4, true, -22, "", "", 0, 0, 0 } },
		{ "8@$0xffffffffffffffff", { KTALLY_PLACE_CONST, 8, false, -1, "", "", 0, 0, 0 } },
		{ "8@-24(%rbp)", { KTALLY_PLACE_MEMORY, 8, false, -24, "bp", "", 0, 0, 0 } },
		{ "-2@(%rax)", { KTALLY_PLACE_MEMORY, 2, true, 0, "ax", "", 0, 0, 0 } },
		{ "4@16(%rbx,%rcx,4)", { KTALLY_PLACE_MEMORY, 4, false, 16, "bx", "cx", 0, 2, 0 } },
		{ "4@8(,%rdx,8)", { KTALLY_PLACE_MEMORY, 4, false, 8, "", "dx", 0, 3, 0 } },
		{ "8@(%r8,%r9)", { KTALLY_PLACE_MEMORY, 8, false, 0, "r8", "r9", 0, 0, 0 } },
		{ "4@-512(%rip)", { KTALLY_PLACE_MEMORY, 4, false, -512, "ip", "", 0, 0, 0 } },
		{ "8@x0", { KTALLY_PLACE_REGISTER, 8, false, 0, "x0", "", 0, 0, 0 } },
		{ "-4@w30", { KTALLY_PLACE_REGISTER, 4, true, 0, "x30", "", 0, 0, 0 } },
		{ "8@sp", { KTALLY_PLACE_REGISTER, 8, false, 0, "sp", "", 0, 0, 0 } },
		{ "4@wzr", { KTALLY_PLACE_CONST, 4, false, 0, "", "", 0, 0, 0 } },
		{ "4@[sp, 60]", { KTALLY_PLACE_MEMORY, 4, false, 60, "sp", "", 0, 0, 0 } },
		{ "-8@[x29, -16]", { KTALLY_PLACE_MEMORY, 8, true, -16, "x29", "", 0, 0, 0 } },
		{ "8@[x1]", { KTALLY_PLACE_MEMORY, 8, false, 0, "x1", "", 0, 0, 0 } },
		{ "8@[x1, #8]", { KTALLY_PLACE_MEMORY, 8, false, 8, "x1", "", 0, 0, 0 } },
		{ "4@[x0, x2, lsl 2]", { KTALLY_PLACE_MEMORY, 4, false, 0, "x0", "x2", 0, 2, KTALLY_EXTEND_NONE } },
		{ "4@[x0, w2, sxtw 2]", { KTALLY_PLACE_MEMORY, 4, false, 0, "x0", "x2", 0, 2, KTALLY_EXTEND_SIGNED } },
		{ "4@[x0, w2, uxtw]", { KTALLY_PLACE_MEMORY, 4, false, 0, "x0", "x2", 0, 0, KTALLY_EXTEND_UNSIGNED } },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		const struct ktally_usdt_arg *want = &list[i].arg;
		struct ktally_usdt_arg arg;
		char text[128];

		snprintf(text, sizeof(text), "8@%%rcx %s 4@$1", list[i].text);
		if (strchr(list[i].text, '%') || strchr(list[i].text, '$'))
			assert_int_equal(ktally_usdt_count(text), 3);
		if (ktally_usdt_argument(&arg, text, 1))
			fail_msg("%s: not understood", list[i].text);
		if (arg.place != want->place || arg.size != want->size || arg.is_signed != want->is_signed || arg.value != want->value ||
		    strcmp(arg.base, want->base) || strcmp(arg.index, want->index) || arg.shift != want->shift || arg.scale != want->scale ||
		    arg.extend != want->extend)
			fail_msg("%s: place %d size %u value %lld base %s index %s shift %u scale %u extend %u", list[i].text, arg.place, arg.size,
				 (long long)arg.value, arg.base, arg.index, arg.shift, arg.scale, arg.extend);
	}
}

static void argument_nonsense_is_refused(void **state)
{
	static const struct { const char *text; int code; } list[] = {
		{ "8@%xmm0", -EOPNOTSUPP }, { "8f@%rax", -EOPNOTSUPP }, { "16@%rax", -EOPNOTSUPP }, { "8@counter(%rip)", -EOPNOTSUPP }, { "4@%fs:8", -EOPNOTSUPP },
		{ "8@d0", -EOPNOTSUPP }, { "8@[x0, :lo12:sym]", -EOPNOTSUPP }, { "3@%rax", -EINVAL }, { "@%rax", -EINVAL }, { "8@", -EINVAL }, { "8@%", -EINVAL },
		{ "8@%rzx", -EINVAL }, { "8@%r16", -EINVAL }, { "8@%r7", -EINVAL }, { "8@(%rax", -EINVAL }, { "8@(%rax,%rbx,3)", -EINVAL }, { "8@$", -EINVAL },
		{ "8@x31", -EINVAL }, { "8@[x0", -EINVAL }, { "8@[w0]", -EINVAL }, { "8@[x0, x1, ror 2]", -EINVAL }, { "8@%rax,", -EINVAL }, { "", -ENOENT },
		{ "99999999999999999999@%rax", -EINVAL }, { "8@(%ah)", -EINVAL },
	};
	struct ktally_usdt_arg arg;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++)
		if (ktally_usdt_argument(&arg, list[i].text, 0) != list[i].code)
			fail_msg("%s: %d", list[i].text, ktally_usdt_argument(&arg, list[i].text, 0));
	assert_int_equal(ktally_usdt_argument(&arg, "8@%rax", 1), -ENOENT);
}

/* ---- probes in a file ---- */

/* Notes as sys/sdt.h writes them, one with a semaphore, at two places with different arguments, and a base that prelink moved by @moved. */
static const char *probed(const char *name, const char *moved)
{
	static const char source[] =
		"unsigned short guard __attribute__((section(\".probes\"), used));\n"
		"int counter = 7;\n"
		"asm(\".pushsection .stapsdt.base,\\\"aG\\\",\\\"progbits\\\",.stapsdt.base,comdat\\n.weak _.stapsdt.base\\n.hidden _.stapsdt.base\\n\"\n"
		"    \"_.stapsdt.base: .space 1\\n.size _.stapsdt.base,1\\n.popsection\");\n"
		"#define NOTE(provider, name, guard, arguments) \\\n"
		"	asm volatile(\"990: nop\\n.pushsection .note.stapsdt,\\\"\\\",\\\"note\\\"\\n.balign 4\\n.4byte 992f-991f,994f-993f,3\\n991: .asciz \\\"stapsdt\\\"\\n\" \\\n"
		"		     \"992: .balign 4\\n993: .8byte 990b + MOVED\\n.8byte _.stapsdt.base + MOVED\\n.8byte \" guard \"\\n\" \\\n"
		"		     \".asciz \\\"\" provider \"\\\"\\n.asciz \\\"\" name \"\\\"\\n.asciz \\\"\" arguments \"\\\"\\n994: .balign 4\\n.popsection\")\n"
		"__attribute__((noinline)) void first(void) { NOTE(\"app\", \"request\", \"guard + MOVED\", \"8@%rdi -4@$5 1@%ah\"); }\n"
		"__attribute__((noinline)) void second(void) { NOTE(\"app\", \"request\", \"guard + MOVED\", \"8@8(%rsi) -4@%eax 2@counter(%rip)\"); }\n"
		"__attribute__((noinline)) void third(void) { NOTE(\"lib\", \"done\", \"0\", \"\"); }\n"
		"int main(void) { first(); second(); third(); return 0; }\n";
	char *text = strdup(source), *at;
	char flags[64], full[8192] = "";

	for (at = text; *at;) {	/* the assembler gets a number where the C has MOVED */
		char *hit = strstr(at, "MOVED");

		if (!hit) {
			strcat(full, at);
			break;
		}
		strncat(full, at, hit - at);
		strcat(full, moved);
		at = hit + 5;
	}
	free(text);
	snprintf(flags, sizeof(flags), "-no-pie");
	return build(name, full, flags);
}

static void probes_have_places_and_semaphores(void **state)
{
	static const char *const moves[] = { "0", "0x10000" };
	struct ktally_uprobe_site *sites, function;
	struct ktally_error err;
	GElf_Shdr probes;
	struct ktally_elf_file file;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(moves); i++) {
		const char *path = probed("probed", moves[i]);
		int nr = ktally_usdt_resolve(&sites, path, "app", "request", &err);

		if (nr != 2)
			fail_msg("%d: %s", nr, err.text);
		assert_int_equal(ktally_uprobe_resolve(&function, path, "first", 0, false, NULL), 0);
		assert_in_range(sites[0].offset, function.offset, function.offset + 16);
		assert_int_equal(ktally_uprobe_resolve(&function, path, "second", 0, false, NULL), 0);
		assert_in_range(sites[1].offset, function.offset, function.offset + 16);
		assert_int_equal(ktally_elf_open(&file, path, NULL), 0);
		assert_non_null(ktally_elf_section(file.elf, ".probes", &probes));
		assert_int_equal(sites[0].semaphore, probes.sh_offset);
		assert_int_equal(sites[1].semaphore, probes.sh_offset);
		ktally_elf_close(&file);
		assert_string_equal(sites[0].path, path);
		assert_string_equal(sites[0].arguments, "8@%rdi -4@$5 1@%ah");
		free(sites);
		assert_int_equal(ktally_usdt_resolve(&sites, path, NULL, "done", &err), 1);
		assert_int_equal(sites[0].semaphore, 0);
		free(sites);
	}
}

static void symbols_become_distances(void **state)
{
	const char *path = probed("probed", "0");
	struct ktally_uprobe_site *sites;
	long long distance;
	struct ktally_elf_file file;
	struct ktally_error err;
	GElf_Shdr text;
	char *at;

	(void)state;
	assert_int_equal(ktally_usdt_resolve(&sites, path, "app", "request", &err), 2);
	at = strstr(sites[1].arguments, "2@");
	assert_non_null(at);
	assert_int_equal(sscanf(at, "2@%lld(%%rip)", &distance), 1);
	assert_int_equal(ktally_elf_open(&file, path, NULL), 0);
	assert_non_null(ktally_elf_section(file.elf, ".text", &text));
	assert_int_equal(distance, (long long)(symbol_address(path, "counter") - (sites[1].offset - text.sh_offset + text.sh_addr)));
	ktally_elf_close(&file);
	free(sites);
}

static void missing_probes_are_said(void **state)
{
	struct ktally_uprobe_site *sites;
	struct ktally_error err;

	(void)state;
	assert_int_equal(ktally_usdt_resolve(&sites, probed("probed", "0"), "app", "reqest", &err), -ENOENT);
	assert_non_null(strstr(err.text, "did you mean 'request'"));
	assert_null(sites);
	assert_int_equal(ktally_usdt_resolve(&sites, probed("probed", "0"), "other", "request", &err), -ENOENT);
	assert_int_equal(ktally_usdt_resolve(&sites, build("plain", "int main(void) { return 0; }\n", ""), NULL, "x", &err), -ENOENT);
	assert_non_null(strstr(err.text, "no USDT probes"));
}

static void probes_are_listed(void **state)
{
	char **names;
	int nr = ktally_usdt_names(&names, probed("probed", "0"), NULL);

	(void)state;
	assert_int_equal(nr, 2);
	assert_string_equal(names[0], "app:request");
	assert_string_equal(names[1], "lib:done");
	ktally_names_free(names, nr);
}

/* What sys/sdt.h itself makes, if it is here (tests/need systemtap-sdt-dev). */
static void sdt_h_is_understood(void **state)
{
	static const char source[] =
		"#include <sys/sdt.h>\n"
		"__attribute__((noinline)) int work(long a, int b, short c) { DTRACE_PROBE3(mine, step, a, b, c); return b; }\n"
		"int main(int argc, char **argv) { return work((long)argv, argc, 3); }\n";
	struct ktally_uprobe_site *sites, function;
	struct ktally_usdt_arg arg;
	struct ktally_error err;
	int nr;

	(void)state;
	if (system("echo '#include <sys/sdt.h>' | cc -E - >/dev/null 2>&1"))
		skip();
	nr = ktally_usdt_resolve(&sites, build("sdt", source, ""), "mine", "step", &err);
	if (nr != 1)
		fail_msg("%s", err.text);
	assert_int_equal(ktally_uprobe_resolve(&function, files_path("sdt"), "work", 0, false, NULL), 0);
	assert_in_range(sites[0].offset, function.offset, function.offset + 32);
	assert_int_equal(ktally_usdt_count(sites[0].arguments), 3);
	assert_int_equal(ktally_usdt_argument(&arg, sites[0].arguments, 0), 0);
	assert_true(arg.size == 8 && arg.is_signed);
	assert_int_equal(ktally_usdt_argument(&arg, sites[0].arguments, 1), 0);
	assert_true(arg.size == 4 && arg.is_signed);
	free(sites);
}

/* ---- in event texts ---- */

#define REGISTERS 8	/* number of the first register of the source */

static void add_sources(void)
{
	static const char *const registers[] = { "ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "r8", "r9", "r12" };
	static struct ktally_source_field fields[REGISTERS + NR(registers)];
	static struct ktally_source_field back[] = { FIELD("ret", INT, 8), FIELD("ip", UPTR, 8), FIELD("ax", UINT, 8) };
	unsigned int i;

	for (i = 0; i < 6; i++) {
		snprintf(fields[i].name, sizeof(fields[i].name), "arg%u", i);
		fields[i].type = KTALLY_TYPE_UINT;
	}
	strcpy(fields[6].name, "ip");
	strcpy(fields[7].name, "flags");
	for (i = 0; i < NR(registers); i++)
		strcpy(fields[REGISTERS + i].name, registers[i]);
	for (i = 0; i < NR(fields); i++) {
		fields[i].type = i == 6 ? KTALLY_TYPE_UPTR : KTALLY_TYPE_UINT;
		fields[i].size = 8;
	}
	event_source(&cat, KTALLY_SOURCE_UPROBE, "uprobe", true, fields, NR(fields));
	event_source(&cat, KTALLY_SOURCE_URETPROBE, "uretprobe", true, back, NR(back));
	event_source(&cat, KTALLY_SOURCE_KRETPROBE, "kretprobe", true, back, 1);
}

static struct ktally_plan *compiled(const char *text, bool emit)
{
	struct ktally_compile_opts opts = { .emit = emit };
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err = { .pos = -1 };
	const char *why;
	unsigned int i;

	if (ktally_compile(plan, &cat, text, &opts, &err))
		fail_msg("%s: %s (at %d)", text, err.text, err.pos);
	for (i = 0; i < plan->nr_probes; i++) {
		why = bc_verify(&plan->probes[i], plan);
		if (why)
			fail_msg("%s: %s", text, why);
	}
	return plan;
}

static void paths_stand_in_sources(void **state)
{
	static const struct { const char *form; enum ktally_source_kind kind; unsigned int more; } list[] = {
		{ "uprobe:%s:visible", KTALLY_SOURCE_UPROBE, 0 }, { "uprobe:%s:visible+1/arg0 > 1/key=pid/", KTALLY_SOURCE_UPROBE, 1 },
		{ " uprobe:%s:visible / arg0 > 1 / count / ", KTALLY_SOURCE_UPROBE, 0 }, { "uprobe:\"%s\":visible//key=ax,di/", KTALLY_SOURCE_UPROBE, 0 },
		{ "uprobe:%s:\"visible\"", KTALLY_SOURCE_UPROBE, 0 }, { "uretprobe:%s:visible/ret < 0/", KTALLY_SOURCE_URETPROBE, 0 },
	};
	const char *path = build("program", program, "-pie -fPIE");
	struct ktally_uprobe_site site;
	unsigned int i;

	(void)state;
	assert_int_equal(ktally_uprobe_resolve(&site, path, "visible", 0, false, NULL), 0);
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan;
		char text[PATH_MAX];

		snprintf(text, sizeof(text), list[i].form, path);
		plan = compiled(text, false);
		assert_int_equal(plan->nr_probes, 1);
		assert_int_equal(plan->probes[0].kind, list[i].kind);
		assert_string_equal(plan->probes[0].path, path);
		assert_int_equal(plan->probes[0].offset, site.offset + list[i].more);
		assert_string_equal(plan->probes[0].text, text);
		ktally_plan_free(plan);
	}
}

static void odd_paths_are_quoted(void **state)
{
	char text[PATH_MAX], from[PATH_MAX];
	struct ktally_plan *plan;
	const char *odd;

	(void)state;
	snprintf(from, sizeof(from), "%s", build("program", program, "-pie -fPIE"));
	odd = files_path("a:b \"c\"");
	assert_int_equal(rename(from, odd), 0);
	snprintf(text, sizeof(text), "uprobe:\"%s/a:b \\\"c\\\"\":visible/arg0/", files_root());
	ktally_plan_free(compiled(text, false));
	snprintf(text, sizeof(text), "uprobe:%s/a\\:b \\\"c\\\":visible/arg0/", files_root());
	ktally_plan_free(compiled(text, false));
	snprintf(text, sizeof(text), "uprobe:\"%s/a:b \\\"c\\\"\":visible/arg0/ -> uretprobe:%s/a\\:b \\\"c\\\":visible", files_root(), files_root());
	plan = compiled(text, false);
	assert_int_equal(plan->nr_probes, 2);
	assert_int_equal(plan->nr_pairs, 1);
	ktally_plan_free(plan);
}

static void records_of_uprobes_have_arguments(void **state)
{
	const char *path = build("program", program, "-pie -fPIE");
	struct ktally_plan *plan;
	char text[PATH_MAX];

	(void)state;
	snprintf(text, sizeof(text), "uprobe:%s:visible", path);
	plan = compiled(text, true);
	assert_int_equal(plan->probes[0].record.nr_keys, 6);
	assert_string_equal(plan->probes[0].record.keys[5].name, "arg5");
	ktally_plan_free(plan);
	snprintf(text, sizeof(text), "uretprobe:%s:visible", path);
	plan = compiled(text, true);
	assert_int_equal(plan->probes[0].record.nr_keys, 1);
	assert_string_equal(plan->probes[0].record.keys[0].name, "ret");
	ktally_plan_free(plan);
}

/* Two places, two programs, one table; the same text reads a register here and memory there. */
static void a_usdt_text_becomes_a_probe_a_place(void **state)
{
	const char *path = probed("probed", "0");
	struct bc_env env = { .comm = "x" };
	struct ktally_plan *plan;
	struct bc_result result;
	char text[PATH_MAX];

	(void)state;
	snprintf(text, sizeof(text), "usdt:%s:app:request/arg2 != 6/key=pid/sum=arg1,arg2,(arg2 + 1)/", path);
	plan = compiled(text, false);
	assert_int_equal(plan->nr_probes, 2);
	assert_int_equal(plan->nr_tables, 1);
	assert_true(plan->probes[0].offset != plan->probes[1].offset);
	assert_true(plan->probes[0].semaphore && plan->probes[0].semaphore == plan->probes[1].semaphore);
	env.number[REGISTERS + 5] = 1000;		/* di */
	env.number[REGISTERS + 4] = BC_MEMORY + 16;	/* si */
	env.number[REGISTERS + 0] = 0xabcdef01fffffff7ULL;	/* ax, whose lower half is -9 */
	memset(env.memory + 24, 0x11, 8);
	bc_run(&plan->probes[0], &env, &result);
	assert_false(result.fault || result.filtered);
	assert_int_equal(result.values[0], 1000);
	assert_int_equal(result.values[1], 5);
	assert_int_equal(result.values[2], 6);
	bc_run(&plan->probes[1], &env, &result);
	assert_false(result.fault || result.filtered);
	assert_int_equal(result.values[0], 0x1111111111111111ULL);
	assert_int_equal((int64_t)result.values[1], -9);
	assert_int_equal((int64_t)result.values[2], -8);
	ktally_plan_free(plan);
	snprintf(text, sizeof(text), "usdt:%s:request//key=arg3/", path);
	plan = compiled(text, false);
	env.number[REGISTERS] = 0x1234;
	bc_run(&plan->probes[0], &env, &result);
	assert_int_equal(result.keys[0], 0x12);		/* ah */
	ktally_plan_free(plan);
	snprintf(text, sizeof(text), "usdt:%s:request", path);
	plan = compiled(text, true);
	assert_int_equal(plan->probes[1].record.nr_keys, 3);
	assert_string_equal(plan->probes[1].record.keys[2].name, "arg3");
	ktally_plan_free(plan);
}

/* Each place of a start saves what it has there, and they open one pair. */
static void usdt_probes_are_paired(void **state)
{
	const char *path = probed("probed", "0");
	struct ktally_plan *plan;
	char text[2 * PATH_MAX];

	(void)state;
	snprintf(text, sizeof(text), "usdt:%s:app:request//pair=arg1/ -> usdt:%s:lib:done//pair=ax/key=start.arg2/hist=lat/", path, path);
	plan = compiled(text, false);
	assert_int_equal(plan->nr_probes, 3);
	assert_int_equal(plan->nr_pairs, 1);
	assert_int_equal(plan->nr_tables, 1);
	assert_int_equal(plan->pairs[0].nr_saved, 1);
	ktally_plan_free(plan);
}

static void refusals(void **state)
{
	static const struct { const char *form; int code; const char *says; } list[] = {
		{ "uprobe:", -EINVAL, "expected a file" }, { "uprobe:%s", -EINVAL, "expected ':'" }, { "uprobe:%s:", -EINVAL, "expected ':'" },
		{ "uprobe:%s:nosuch", -ENOENT, "has no function 'nosuch'" }, { "uprobe:%s:main+x", -EINVAL, "number of bytes" },
		{ "uprobe:%s:main/ar0/", -ENOENT, "'arg0'" }, { "usdt:%s:app:nosuch", -ENOENT, "has no USDT probe" }, { "usdt:%s:app:", -EINVAL, "name of a probe" },
		{ "usdt:%s:request/arg4/", -ENOENT, "arg1 arg2 arg3" }, { "usdt:%s:request/arg0/", -ENOENT, "unknown name" },
		{ "uretprobe:%s:main+1", -EINVAL, "no offset" }, { "kretprobe:vfs_read+1", -EINVAL, "no offset" }, { "kretprobe:", -EINVAL, "kretprobe:vfs_read" },
		{ "uprobe:%s:\"main\"x", -ENOENT, "mainx" },
	};
	const char *path = probed("probed", "0");
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		struct ktally_error err = { .pos = -2 };
		char text[PATH_MAX];
		int rc;

		snprintf(text, sizeof(text), list[i].form, path);
		rc = ktally_compile(plan, &cat, text, NULL, &err);
		if (rc != list[i].code || !strstr(err.text, list[i].says) || err.pos < 0 || err.pos + err.len > (int)strlen(text) || plan->nr_probes)
			fail_msg("%s: %d at %d+%d: %s", text, rc, err.pos, err.len, rc ? err.text : "");
		ktally_plan_free(plan);
	}
}

static void missing_features(void **state)
{
	static const struct { const char *form; uint64_t feature; } list[] = {
		{ "uprobe:%s:main", KTALLY_FEATURE_UPROBE }, { "uretprobe:%s:main", KTALLY_FEATURE_UPROBE }, { "kretprobe:vfs_read", KTALLY_FEATURE_KRETPROBE },
		{ "usdt:%s:lib:done", KTALLY_FEATURE_UPROBE }, { "usdt:%s:request", KTALLY_FEATURE_SEMAPHORE },
	};
	const char *path = probed("probed", "0");
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		struct ktally_error err;
		char text[PATH_MAX];

		snprintf(text, sizeof(text), list[i].form, path);
		cat.features = ~list[i].feature;
		assert_int_equal(ktally_compile(plan, &cat, text, NULL, &err), -EOPNOTSUPP);
		assert_non_null(strstr(err.text, "ktally doctor"));
		cat.features = ~0ULL;
		assert_int_equal(ktally_compile(plan, &cat, text, NULL, &err), 0);
		ktally_plan_free(plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_have_their_place),
		cmocka_unit_test(offsets_are_checked),
		cmocka_unit_test(what_cannot_be_probed_says_why),
		cmocka_unit_test(go_takes_no_return_probes),
		cmocka_unit_test(foreign_files_are_refused),
		cmocka_unit_test(functions_are_listed),
		cmocka_unit_test(libraries_are_found),
		cmocka_unit_test(programs_are_found_by_path),
		cmocka_unit_test(broken_caches_do_no_harm),
		cmocka_unit_test(argument_text_is_read),
		cmocka_unit_test(argument_nonsense_is_refused),
#ifdef __x86_64__	/* the notes are written in its assembler */
		cmocka_unit_test(probes_have_places_and_semaphores),
		cmocka_unit_test(symbols_become_distances),
		cmocka_unit_test(missing_probes_are_said),
		cmocka_unit_test(probes_are_listed),
		cmocka_unit_test(a_usdt_text_becomes_a_probe_a_place),
		cmocka_unit_test(usdt_probes_are_paired),
		cmocka_unit_test(refusals),
		cmocka_unit_test(missing_features),
#endif
		cmocka_unit_test(sdt_h_is_understood),
		cmocka_unit_test(paths_stand_in_sources),
		cmocka_unit_test(odd_paths_are_quoted),
		cmocka_unit_test(records_of_uprobes_have_arguments),
	};
	int rc;

	event_catalogue(&cat);
	add_sources();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	ktally_catalogue_clear(&cat);
	files_done();
	return rc;
}
