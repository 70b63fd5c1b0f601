// SPDX-License-Identifier: GPL-2.0-or-later
/* Unwind tables of whole files: of system libraries against readelf, which nobody here wrote; of files made for this; kept between runs. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crafted.h"
#include "unwind_build.h"
#include "unwind_cache.h"
#include "unwind_image.h"
#include "unwind_table.h"

/* ---- against readelf ---- */

static uint32_t machine;

/* What readelf calls the registers that are kept, in the order of a rule. */
static const char *saved_name(unsigned int n)
{
	static const char *const x86[11] = { "rbp", "rbx", "r12", "r13", "r14", "r15", "-", "-", "-", "-", "-" };
	static const char *const arm64[11] = { "x29", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28" };

	return machine == EM_X86_64 ? x86[n] : arm64[n];
}

struct columns {
	int saved[64];		/* place in a rule, -1: none, -2: the return address */
	unsigned int nr;
};

static void read_columns(struct columns *columns, char *line)
{
	char *save, *word = strtok_r(line, " \n", &save);
	unsigned int i;

	columns->nr = 0;
	strtok_r(NULL, " \n", &save);	/* CFA */
	while (word && (word = strtok_r(NULL, " \n", &save)) && columns->nr < 64) {
		columns->saved[columns->nr] = !strcmp(word, "ra") ? -2 : -1;
		for (i = 0; i < KTALLY_SAVED_MAX; i++)
			if (!strcmp(word, saved_name(i)))
				columns->saved[columns->nr] = (int)i;
		columns->nr++;
	}
}

static int register_number(const char *name, size_t length)
{
	static const char *const names[] = { "rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
	int i;

	if (machine == EM_AARCH64)
		return length == 2 && !memcmp(name, "sp", 2) ? 31 : *name == 'x' ? atoi(name + 1) : -1;
	for (i = 0; i < 16; i++)
		if (strlen(names[i]) == length && !memcmp(names[i], name, length))
			return i;
	return -1;
}

static void compare_saved(const struct ktally_unwind_rule *rule, const struct columns *columns, char **save)
{
	unsigned int i;
	char *word;

	for (i = 0; i < columns->nr && (word = strtok_r(NULL, " \n", save)); i++) {
		int at = columns->saved[i], offset = word[0] == 'c' ? atoi(word + 1) : 0;
		int16_t saved;

		/* "r5 (rdi)" */
		if (word[0] == 'r')
			strtok_r(NULL, " \n", save);
		/* The link register of arm64, as it was. */
		if (at == -2 && (word[0] == 'u' || word[0] == 's')) {
			assert_int_equal(rule->ret, KTALLY_RETURN_REGISTER);
			assert_int_equal(rule->return_offset, 30);
			continue;
		}
		if (at == -2) {
			assert_int_equal(rule->ret, word[0] == 'c' ? KTALLY_RETURN_CFA : KTALLY_RETURN_REGISTER);
			assert_int_equal(rule->return_offset, word[0] == 'c' ? offset : atoi(word + 1));
			continue;
		}
		if (at < 0 || !strcmp(word, "exp"))
			continue;
		saved = at < rule->nr_saved ? rule->saved[at] : KTALLY_SAVED_SAME;
		if (word[0] == 'c' && !(rule->flags & KTALLY_RULE_SAVED_FRAME))
			assert_int_equal(saved, offset / 8);
		else if (word[0] == 'u' || word[0] == 's')
			assert_int_equal(saved, KTALLY_SAVED_SAME);
	}
}

/* A row of readelf, that is the last one of its address. Return: it was compared whole */
static bool compare_row(const struct ktally_unwind_table *table, struct ktally_image *image, const struct columns *columns, char *line)
{
	const struct ktally_unwind_rule *rule;
	uint64_t address, offset, room;
	char *save, *word, *plus;

	word = strtok_r(line, " \n", &save);
	address = strtoull(word, NULL, 16);
	word = strtok_r(NULL, " \n", &save);
	assert_true(ktally_image_locate(image, address, &offset, &room));
	rule = ktally_unwind_rule_at(table, offset);
	assert_non_null(rule);
	if (rule->cfa == KTALLY_CFA_END) {
		while ((word = strtok_r(NULL, " \n", &save)))
			if (!strcmp(word, "u"))
				return true;
		fail_msg("%llx is said to be the end", (unsigned long long)address);
	}
	if (!strcmp(word, "exp")) {
		assert_true(rule->cfa != KTALLY_CFA_REGISTER);
		return false;
	}
	if (rule->cfa == KTALLY_CFA_UNKNOWN)
		return false;
	plus = strpbrk(word, "+-");
	assert_non_null(plus);
	assert_int_equal(rule->cfa, KTALLY_CFA_REGISTER);
	assert_int_equal(rule->reg, register_number(word, (size_t)(plus - word)));
	assert_int_equal(rule->offset, atoi(plus));
	compare_saved(rule, columns, &save);
	return true;
}

static void compare_with_readelf(const char *path)
{
	static struct ktally_image image;
	char command[512], line[1024], last[1024] = "";
	struct ktally_unwind_table *table;
	struct ktally_error err;
	unsigned int rows = 0, whole = 0;
	struct columns columns = { .nr = 0 };
	int fd = open(path, O_RDONLY);
	bool in_function = false;
	size_t size;
	FILE *readelf;

	assert_true(fd >= 0);
	assert_int_equal(ktally_image_open(&image, fd, NULL, 0, &err), 0);
	assert_int_equal(ktally_unwind_compile_image(&table, &size, &image, NULL, &err), 0);
	machine = image.machine;
	snprintf(command, sizeof(command), "LC_ALL=C readelf -W --debug-dump=frames-interp %s 2>/dev/null", path);
	readelf = popen(command, "r");
	assert_non_null(readelf);
	while (fgets(line, sizeof(line), readelf)) {
		bool row = strspn(line, "0123456789abcdef") == 16 && line[16] == ' ';

		if (*last && (!row || strncmp(last, line, 16))) {
			whole += compare_row(table, &image, &columns, last);
			rows++;
		}
		*last = 0;
		if (strstr(line, " FDE ") || strstr(line, " CIE "))
			in_function = strstr(line, " FDE ");
		else if (strstr(line, "   LOC "))
			read_columns(&columns, line);
		else if (row && in_function)
			memcpy(last, line, sizeof(last));
	}
	pclose(readelf);
	ktally_image_close(&image);
	close(fd);
	free(table);
	assert_true(rows > 1000);
	assert_true(whole > rows / 100 * 99);
	printf("# %s: %u rows as readelf has them, %u of these have more than a register and an offset\n", path, whole, rows - whole);
}

static void test_readelf(void **state)
{
	static const char *const paths[] = { "/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6", "/usr/bin/bash",
					     "/usr/lib/x86_64-linux-gnu/libcrypto.so.3", "/usr/lib/x86_64-linux-gnu/libstdc++.so.6",
					     "/lib/aarch64-linux-gnu/libc.so.6", "/usr/aarch64-linux-gnu/lib/libc.so.6" };
	size_t i, nr = 0;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!access(paths[i], R_OK)) {
			compare_with_readelf(paths[i]);
			nr++;
		}
	if (!nr)
		skip();
}

/* ---- whole files ---- */

static struct ktally_unwind_table *table_of(const char *path, struct ktally_unwind_info *info)
{
	struct ktally_unwind_table *table = NULL;
	struct ktally_error err = { .text = "" };
	int fd = open(path, O_RDONLY), rc;
	size_t size;

	assert_true(fd >= 0);
	rc = ktally_unwind_compile(&table, &size, fd, info, &err);
	close(fd);
	assert_true(!rc == !!table);
	assert_true(!rc == !*err.text);
	if (table)
		assert_int_equal(ktally_unwind_check(table, size), 0);
	return table;
}

static void is_kind(const struct ktally_unwind_table *table, uint64_t offset, uint8_t cfa)
{
	const struct ktally_unwind_rule *rule = ktally_unwind_rule_at(table, offset);

	assert_non_null(rule);
	assert_int_equal(rule->cfa, cfa);
}

static bool same_tables(const struct ktally_unwind_table *a, const struct ktally_unwind_table *b)
{
	size_t size = a->rules_offset + a->nr_rules * sizeof(struct ktally_unwind_rule);

	return a->rules_offset == b->rules_offset && a->nr_rules == b->nr_rules && !memcmp(a, b, size);
}

/* A library with descriptions in .eh_frame, in .debug_frame plain and compressed, without section headers, and without any. */
static void test_files(void **state)
{
	static const char make[] =
		"set -e; d=$(mktemp -d /tmp/ktally-unwind-XXXXXX); echo $d >&3; cd $d\n"
		"echo 'int g(int *p) { return *p; } int f(int n) { int a[9]; a[n] = n; return n ? f(n - 1) + g(a) : g(a); }' >a.c\n"
		"c=\"gcc -O1 -fno-omit-frame-pointer -fPIC -shared -nostdlib -Wl,--build-id=none\"\n"
		"$c -o eh.so a.c; cp eh.so bare.so; printf '\\0\\0\\0\\0\\0\\0\\0\\0' | dd of=bare.so bs=1 seek=40 conv=notrunc status=none\n"
		"printf '\\0\\0\\0\\0' | dd of=bare.so bs=1 seek=60 conv=notrunc status=none\n"
		"$c -g -fno-asynchronous-unwind-tables -o debug.so a.c; cp debug.so packed.so; objcopy --compress-debug-sections packed.so\n"
		"$c -fno-asynchronous-unwind-tables -o none.so a.c\n";
	struct ktally_unwind_table *eh, *other;
	struct ktally_unwind_info info;
	char command[2048], folder[64] = "", path[128];
	FILE *pipe;

	(void)state;
	snprintf(command, sizeof(command), "exec 3>&1 >/dev/null; %s", make);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%63s", folder), 1);
	assert_int_equal(pclose(pipe), 0);
	snprintf(path, sizeof(path), "%s/eh.so", folder);
	eh = table_of(path, &info);
	assert_string_equal(info.source, "eh_frame");
	snprintf(path, sizeof(path), "%s/bare.so", folder);
	other = table_of(path, &info);
	assert_true(same_tables(eh, other));
	free(other);
	snprintf(path, sizeof(path), "%s/debug.so", folder);
	other = table_of(path, &info);
	assert_string_equal(info.source, "debug_frame");
	assert_int_equal(info.functions, 2);
	free(eh);
	eh = other;
	snprintf(path, sizeof(path), "%s/packed.so", folder);
	other = table_of(path, &info);
	assert_true(same_tables(eh, other));
	free(other);
	free(eh);
	snprintf(path, sizeof(path), "%s/none.so", folder);
	assert_null(table_of(path, &info));
	assert_null(table_of("/etc/passwd", &info));
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

/* ---- code that nothing describes ---- */

static uint64_t symbol(const char *path, const char *name)
{
	char command[256];
	unsigned long long at = 0;
	FILE *nm;

	snprintf(command, sizeof(command), "nm %s | grep ' %s$'", path, name);
	nm = popen(command, "r");
	assert_non_null(nm);
	assert_int_equal(fscanf(nm, "%llx", &at), 1);
	pclose(nm);
	return at;
}

/* The stubs of @section must have the same rules whether the linker described them or not. */
static unsigned int compare_stubs(const char *described, const char *bare, const char *section)
{
	static struct ktally_image image;
	struct ktally_unwind_table *a = table_of(described, NULL), *b = table_of(bare, NULL);
	int fd = open(bare, O_RDONLY);
	unsigned int nr = 0;
	GElf_Shdr header;
	Elf_Scn *scn;
	uint64_t at;

	assert_true(a && b && fd >= 0);
	assert_int_equal(ktally_image_open(&image, fd, NULL, 0, NULL), 0);
	if (ktally_image_section(&image, section, &header, &scn))
		for (at = header.sh_offset; at < header.sh_offset + header.sh_size; at++, nr++)
			assert_memory_equal(ktally_unwind_rule_at(a, at), ktally_unwind_rule_at(b, at), sizeof(struct ktally_unwind_rule));
	ktally_image_close(&image);
	close(fd);
	free(a);
	free(b);
	return nr;
}

/* The rule at the entry of file @path. */
static enum ktally_cfa rule_of_entry(const char *path)
{
	static struct ktally_image image;
	const struct ktally_unwind_rule *rule;
	struct ktally_unwind_table *table;
	uint64_t offset, room;
	GElf_Ehdr head;
	size_t size;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(ktally_image_open(&image, fd, NULL, 0, NULL), 0);
	assert_non_null(gelf_getehdr(image.elf, &head));
	assert_true(ktally_image_locate(&image, head.e_entry, &offset, &room));
	assert_int_equal(ktally_unwind_compile(&table, &size, fd, NULL, NULL), 0);
	rule = ktally_unwind_rule_at(table, offset);
	assert_non_null(rule);
	/* What comes behind it is another matter. */
	assert_true(rule->cfa != KTALLY_CFA_END || ktally_unwind_rule_at(table, offset + 256) != rule);
	size = rule->cfa;
	free(table);
	ktally_image_close(&image);
	close(fd);
	return size;
}

/* Nobody describes what the dynamic linker begins with. The same code where a library begins, as old linkers say, is no entry. */
static void test_entry(void **state)
{
	static const char make[] =
		"set -e; d=$(mktemp -d /tmp/ktally-unwind-XXXXXX); echo $d >&3; cd $d\n"
		"printf '.globl _start\n_start: mov %%rsp, %%rdi\ncall first\nhlt\n.skip 400, 0x48\n.globl first\nfirst: .cfi_startproc\nret\n.cfi_endproc\n' >a.s\n"
		"printf '.globl ahead\nahead: .cfi_startproc\nret\n.cfi_endproc\n' >b.s\n"
		"gcc -nostdlib -static -o program a.s; gcc -nostdlib -shared -o linker b.s a.s; gcc -nostdlib -shared -o library -Wl,-e,_start a.s\n";
	char command[2048], folder[64] = "", path[128];
	FILE *pipe;

	(void)state;
#ifndef __x86_64__
	skip();
#endif
	snprintf(command, sizeof(command), "exec 3>&1 >/dev/null; %s", make);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%63s", folder), 1);
	assert_int_equal(pclose(pipe), 0);
	snprintf(path, sizeof(path), "%s/program", folder);
	assert_int_equal(rule_of_entry(path), KTALLY_CFA_END);
	snprintf(path, sizeof(path), "%s/linker", folder);
	assert_int_equal(rule_of_entry(path), KTALLY_CFA_END);
	snprintf(path, sizeof(path), "%s/library", folder);
	assert_int_not_equal(rule_of_entry(path), KTALLY_CFA_END);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void test_gaps(void **state)
{
	static const char make[] =
		"set -e; d=$(mktemp -d /tmp/ktally-unwind-XXXXXX); echo $d >&3; cd $d\n"
		"cat >a.c <<-'END'\n"
		"#include <stdio.h>\n#include <unistd.h>\n"
		"int first(void) { return puts(\"x\") + getpid(); }\n"
		"__asm__(\".balign 16\\nback: mov $15, %rax\\nsyscall\\n.balign 16\");\n"
		"int second(void) { return getpid() + puts(\"y\"); }\n"
		"__asm__(\".balign 16\\nkeeps: push %rbp\\nmov %rsp, %rbp\\ncall first\\npop %rbp\\nret\\n.balign 16\");\n"
		"int third(void) { return getpid() + puts(\"z\"); }\n"
		"__asm__(\".balign 16\\nbare: mov %rdi, %rax\\nret\\n.balign 16\");\n"
		"int last(void) { return getpid() - 1; }\n"
		"END\n"
		"for f in '-z lazy' '-z lazy -z ibtplt'; do l=\"gcc -O1 -fno-toplevel-reorder -fPIC -shared -Wl,$(echo $f | tr ' ' ,)\"; n=$(echo $f | tr -d ' ')\n"
		"$l -o said$n a.c; $l -Wl,--no-ld-generated-unwind-info -o bare$n a.c; done\n";
	char command[4096], folder[64] = "", said[128], bare[128];
	struct ktally_unwind_table *table;
	FILE *pipe;

	(void)state;
#ifndef __x86_64__
	skip();
#endif
	snprintf(command, sizeof(command), "exec 3>&1 >/dev/null; %s", make);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	assert_int_equal(fscanf(pipe, "%63s", folder), 1);
	assert_int_equal(pclose(pipe), 0);
	snprintf(said, sizeof(said), "%s/said-zlazy", folder);
	snprintf(bare, sizeof(bare), "%s/bare-zlazy", folder);
	assert_true(compare_stubs(said, bare, ".plt") >= 48);
	table = table_of(bare, NULL);
	/* Here and there the file offset is the address. */
	is_kind(table, symbol(bare, "back"), KTALLY_CFA_SIGNAL);
	is_kind(table, symbol(bare, "back") - 1, KTALLY_CFA_SIGNAL);
	is_kind(table, symbol(bare, "keeps"), KTALLY_CFA_FRAME);
	is_kind(table, symbol(bare, "bare"), KTALLY_CFA_UNKNOWN);
	is_kind(table, symbol(bare, "last"), KTALLY_CFA_REGISTER);
	is_kind(table, symbol(bare, "_init"), KTALLY_CFA_REGISTER);
	is_kind(table, symbol(bare, "_init") + 8, KTALLY_CFA_REGISTER);
	assert_int_equal(ktally_unwind_rule_at(table, symbol(bare, "_init") + 8)->offset, 16);
	is_kind(table, symbol(bare, "__do_global_dtors_aux"), KTALLY_CFA_REGISTER);
	free(table);
	snprintf(said, sizeof(said), "%s/said-zlazy-zibtplt", folder);
	snprintf(bare, sizeof(bare), "%s/bare-zlazy-zibtplt", folder);
	assert_true(compare_stubs(said, bare, ".plt") >= 48);
	assert_true(compare_stubs(said, bare, ".plt.sec") >= 32);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void test_vdso(void **state)
{
	const Elf64_Ehdr *head = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	struct ktally_unwind_table *table;
	struct ktally_unwind_info info;
	struct ktally_error err;
	size_t size;

	(void)state;
	if (!head)
		skip();
	assert_int_equal(ktally_unwind_compile_memory(&table, &size, head, head->e_shoff + (size_t)head->e_shnum * head->e_shentsize, &info, &err), 0);
	assert_int_equal(ktally_unwind_check(table, size), 0);
	assert_true(info.functions > 1);
	free(table);
	assert_int_equal(ktally_unwind_compile_memory(&table, &size, "no ELF", 6, &info, &err), -ENOEXEC);
	assert_int_equal(ktally_unwind_compile(&table, &size, -1, &info, &err), -EBADF);
}

/* ---- kept between runs ---- */

#define NOBODY 65534
#define ENSURE(what) do { if (!(what)) { fprintf(stderr, "line %d: %s\n", __LINE__, #what); _exit(1); } } while (0)

static const char *kept_source(const char *path)
{
	static struct ktally_unwind_info info;
	struct ktally_unwind_table *table, *made;
	struct ktally_error err;
	int fd = open(path, O_RDONLY);
	size_t size, made_size;

	ENSURE(fd >= 0 && !ktally_unwind_cached(&table, &size, fd, &info, &err) && !ktally_unwind_compile(&made, &made_size, fd, NULL, &err));
	ENSURE(size == made_size && !memcmp(table, made, size));
	free(table);
	free(made);
	close(fd);
	return info.source;
}

/* The one table that is kept there. */
static void kept_file(const char *folder, char *path, size_t size)
{
	char command[256];
	FILE *pipe;

	snprintf(command, sizeof(command), "ls %s/ktally/unwind/*-*", folder);
	pipe = popen(command, "r");
	ENSURE(pipe && fgets(path, (int)size, pipe));
	pclose(pipe);
	path[strcspn(path, "\n")] = 0;
}

/* As a user that is not root, so that the folder is one of this test. */
static void use_cache(const char *folder)
{
	char path[256], command[512];
	struct ktally_cache cache;
	struct stat st;
	FILE *file;

	setenv("XDG_CACHE_HOME", folder, 1);
	ENSURE(!strcmp(kept_source("/bin/true"), "eh_frame"));
	ENSURE(!strcmp(kept_source("/bin/true"), "cache"));
	kept_file(folder, path, sizeof(path));
	ENSURE(!stat(path, &st) && (st.st_mode & 07777) == 0600);
	/* A bit is wrong: made again. */
	file = fopen(path, "r+");
	ENSURE(file && !fseek(file, st.st_size - 100, SEEK_SET) && fputc(0x5a, file) != EOF && !fclose(file));
	ENSURE(!strcmp(kept_source("/bin/true"), "eh_frame") && !strcmp(kept_source("/bin/true"), "cache"));
	ENSURE(!truncate(path, 50) && !strcmp(kept_source("/bin/true"), "eh_frame") && !strcmp(kept_source("/bin/true"), "cache"));
	/* A program of the same build-id that says something else. */
	snprintf(command, sizeof(command), "cp /bin/true %s/other && objcopy --dump-section .eh_frame=%s/eh %s/other /dev/null && "
		 "printf '\\377' | dd of=%s/eh bs=1 seek=200 conv=notrunc status=none && objcopy --update-section .eh_frame=%s/eh %s/other",
		 folder, folder, folder, folder, folder, folder);
	ENSURE(!system(command));
	snprintf(path, sizeof(path), "%s/other", folder);
	ENSURE(!strcmp(kept_source(path), "eh_frame") && !strcmp(kept_source("/bin/true"), "cache"));
	/* Others may write there: it is not used. */
	snprintf(path, sizeof(path), "%s/ktally/unwind", folder);
	ENSURE(!chmod(path, 0777) && !strcmp(kept_source("/bin/true"), "eh_frame") && !chmod(path, 0700));
	ENSURE(!strcmp(kept_source("/bin/true"), "cache"));
	ENSURE(!ktally_cache_open(&cache));
	ktally_cache_prune(&cache, 100);
	ktally_cache_close(&cache);
	ENSURE(!strcmp(kept_source("/bin/true"), "eh_frame"));
	ENSURE(!strcmp(kept_source("/bin/true"), "cache"));
}

static void test_cache(void **state)
{
	char folder[] = "/tmp/ktally-unwind-XXXXXX", command[64];
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(folder));
	if (!geteuid())
		assert_int_equal(chown(folder, NOBODY, NOBODY), 0);
	pid = fork();
	if (!pid) {
		if (!geteuid() && (setgid(NOBODY) || setuid(NOBODY)))
			_exit(2);
		use_cache(folder);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
	assert_int_equal(status, 0);
}

static void test_siphash(void **state)
{
	/* The example of its authors: key 00 01 ... 0f, data 00 01 ... 0e */
	static const uint64_t key[2] = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };
	struct ktally_siphash hash;
	uint8_t data[15], i;
	unsigned int cut;

	(void)state;
	for (i = 0; i < 15; i++)
		data[i] = i;
	for (cut = 0; cut <= 15; cut++) {
		ktally_siphash_begin(&hash, key);
		ktally_siphash_add(&hash, data, cut);
		ktally_siphash_add(&hash, data + cut, 15 - cut);
		assert_true(ktally_siphash_end(&hash) == 0xa129ca6149be45e5ULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_readelf), cmocka_unit_test(test_files), cmocka_unit_test(test_gaps), cmocka_unit_test(test_entry), cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_cache), cmocka_unit_test(test_siphash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
