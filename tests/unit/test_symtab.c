// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols: against nm, dladdr and /proc/kallsyms, which nobody here wrote. */
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "crafted.h"
#include "modules.h"
#include "process.h"
#include "symtab.h"
#include "trampoline.h"

static struct ktally_elf *open_elf(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct ktally_elf *elf;

	assert_true(fd >= 0);
	elf = ktally_elf_read(fd);
	close(fd);
	assert_non_null(elf);
	return elf;
}

/* Every function that nm lists with a size must be found at its first and its last byte, by one of its names. */
static unsigned int compare_with_nm(const char *path, const char *flags)
{
	char command[512], line[1024], type, name[768], name_at[768] = "";
	struct ktally_elf *elf = open_elf(path);
	unsigned long long address, size;
	unsigned int nr = 0, same = 0;
	struct ktally_elf_hit hit;
	FILE *nm;

	snprintf(command, sizeof(command), "nm --defined-only -S %s %s", flags, path);
	nm = popen(command, "r");
	assert_non_null(nm);
	while (fgets(line, sizeof(line), nm)) {
		if (sscanf(line, "%llx %llx %c %767[^@\n]", &address, &size, &type, name) != 4 || !strchr("tTi", type) || !size)
			continue;
		assert_true(ktally_elf_find(elf, address, &hit));
		assert_int_equal(hit.start, address);
		assert_true(ktally_elf_name(elf, hit.name, name_at, sizeof(name_at)) > 0);
		same += !strcmp(name_at, name);
		assert_true(ktally_elf_find(elf, address + size - 1, &hit));
		nr++;
	}
	pclose(nm);
	ktally_elf_free(elf);
	assert_true(nr > 50);
	assert_true(same > nr / 2);	/* the rest are aliases of these */
	return nr;
}

static void elf_agrees_with_nm(void **state)
{
	char *self = realpath("/proc/self/exe", NULL);
	Dl_info libc;

	(void)state;
	compare_with_nm(self, "");
	free(self);
	assert_true(dladdr((void *)(uintptr_t)printf, &libc));
	compare_with_nm(libc.dli_fname, "-D");
}

static void expect_user(struct ktally_symbolizer *sym, void *function, const char *name, const char *alias)
{
	uint64_t image = (uint64_t)getpid() << 32 | 1, ip = (uint64_t)(uintptr_t)function;
	const struct ktally_frame *frame = ktally_symbolize_user(sym, image, ip, false);
	Dl_info info;

	assert_true(!strcmp(frame->name, name) || (alias && !strcmp(frame->name, alias)));
	assert_int_equal(frame->address, ip);
	assert_int_equal(frame->symbol_address, ip);
	assert_true(frame->map_start <= ip && ip < frame->map_end);
	assert_false(frame->kernel);
	assert_true(dladdr(function, &info));
	assert_non_null(strstr(frame->module, strrchr(info.dli_fname, '/')));
	/* As a return address it belongs to what ends right before the function. */
	assert_int_not_equal(ktally_symbolize_user(sym, image, ip, true)->symbol_address, ip);
	assert_ptr_equal(ktally_symbolize_user(sym, image, ip, false), frame);
}

static void this_process_is_symbolized(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(true);
	uint64_t image = (uint64_t)getpid() << 32 | 1;
	struct ktally_symbolizer *sym = NULL;
	const struct ktally_frame *frame;

	(void)state;
	ktally_symbolizer_new(&sym, procs, NULL);
	assert_non_null(sym);
	expect_user(sym, (void *)(uintptr_t)expect_user, "expect_user", NULL);
	expect_user(sym, (void *)(uintptr_t)ktally_symbolize_user, "ktally_symbolize_user", NULL);
	expect_user(sym, (void *)(uintptr_t)dlsym(RTLD_DEFAULT, "qsort_r"), "qsort_r", "__qsort_r");
	frame = ktally_symbolize_user(sym, image, 0x10, false);
	assert_string_equal(frame->name, "[unknown]");
	assert_string_equal(frame->module, "");
	frame = ktally_symbolize_user(sym, 0x7ffffff000000001, 0x1000, true);
	assert_string_equal(frame->name, "[unknown]");
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
}

static void the_vdso_has_names(void **state)
{
	struct ktally_elf *elf = ktally_elf_vdso();
	struct ktally_elf_hit hit;
	char name[64] = "";
	size_t i;

	(void)state;
	if (!getauxval(AT_SYSINFO_EHDR))
		skip();
	assert_non_null(elf);
	for (i = 0; i < elf->nr && !strstr(name, "clock_gettime"); i++) {
		assert_true(ktally_elf_find(elf, elf->symbols[i].start, &hit));
		assert_true(ktally_elf_name(elf, hit.name, name, sizeof(name)) > 0);
	}
	assert_non_null(strstr(name, "clock_gettime"));
	ktally_elf_free(elf);
}

static void build_id_agrees_with_readelf(void **state)
{
	struct ktally_elf *elf = open_elf("/proc/self/exe");
	char line[256], id[128] = "";
	FILE *readelf = popen("readelf -n /proc/$PPID/exe 2>/dev/null", "r");

	(void)state;
	while (fgets(line, sizeof(line), readelf))
		if (sscanf(line, " Build ID: %127s", id) == 1)
			break;
	pclose(readelf);
	assert_string_equal(elf->build_id, id);
	ktally_elf_free(elf);
}

/* What objdump calls the entries of linkage tables, of an executable and of a library. */
static void plt_entries_have_names(void **state)
{
	static const char *const files[] = { "/proc/self/exe", NULL };
	char command[512], line[512], want[300], name[300];
	unsigned long long address;
	struct ktally_elf_hit hit;
	struct ktally_elf *elf;
	unsigned int nr = 0, i;
	Dl_info info;
	FILE *objdump;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_true(dladdr((void *)(uintptr_t)_cmocka_run_group_tests, &info));
		elf = open_elf(files[i] ? files[i] : info.dli_fname);
		snprintf(command, sizeof(command), "objdump -d --section=.plt --section=.plt.sec --section=.plt.got %s",
			 files[i] ? "/proc/$PPID/exe" : info.dli_fname);
		objdump = popen(command, "r");
		while (fgets(line, sizeof(line), objdump)) {
			/* A whole table is called by its second entry: "name@plt-0x10". */
			if (sscanf(line, "%llx <%299[^>]>:", &address, want) != 2 || !strstr(want, "@plt") || strstr(want, "@plt-") || want[0] == '*')
				continue;
			assert_true(ktally_elf_find(elf, address, &hit));
			assert_true(ktally_elf_name(elf, hit.name, name, sizeof(name)) > 0);
			assert_string_equal(name, want);
			nr++;
		}
		pclose(objdump);
		ktally_elf_free(elf);
	}
	assert_true(nr > 20);
}

/* From one end of the address space to the other, and close together. */
static void few_symbols_far_apart_are_found(void **state)
{
	static const uint64_t starts[] = { 0, 0x1000, 0x1010, 0xfffffffffffff000 };
	struct ktally_elf *elf;
	struct ktally_elf_hit hit;
	size_t nr, i;

	(void)state;
	for (nr = 1; nr <= sizeof(starts) / sizeof(*starts); nr++) {
		elf = calloc(1, sizeof(*elf));
		for (i = nr; i--;)
			assert_int_equal(ktally_elf_add(elf, starts[i], starts[i] + 16, KTALLY_ELF_SIZED, "name"), 0);
		assert_int_equal(ktally_elf_sort(elf), 0);
		for (i = 0; i < nr; i++) {
			assert_true(ktally_elf_find(elf, starts[i] + 15, &hit));
			assert_int_equal(hit.start, starts[i]);
		}
		assert_false(ktally_elf_find(elf, 0x1020, &hit));
		assert_false(ktally_elf_find(elf, UINT64_MAX, &hit));
		ktally_elf_free(elf);
	}
}

static void cxx_names_are_readable(void **state)
{
	struct ktally_elf *elf = calloc(1, sizeof(*elf));
	struct ktally_modules *modules = ktally_modules_new();
	struct ktally_map map = { .path = "[none]" };
	struct ktally_module *module = ktally_modules_get(modules, NULL, &map, 0);
	uint64_t distance;

	(void)state;
	elf->segments = calloc(1, sizeof(*elf->segments));
	elf->segments[0] = (struct ktally_elf_segment){ .offset = 0x1000, .size = 0x1000, .vaddr = 0x401000 };
	elf->nr_segments = 1;
	ktally_elf_add(elf, 0x401100, 0x401200, KTALLY_ELF_SIZED, "_ZN3foo3barEi");
	ktally_elf_add(elf, 0x401200, 0x401300, KTALLY_ELF_SIZED, "_Zbroken");
	ktally_elf_sort(elf);
	module->elf = elf;
	assert_string_equal(ktally_module_find(module, 0x1123, &distance), "foo::bar(int)");
	assert_int_equal(distance, 0x23);
	assert_string_equal(ktally_module_find(module, 0x1200, &distance), "_Zbroken");
	assert_null(ktally_module_find(module, 0x1300, &distance));
	assert_null(ktally_module_find(module, 0x2000, &distance));
	ktally_modules_free(modules);
}

static struct ktally_ksyms *parse_ksyms(const char *text, int expect)
{
	struct ktally_ksyms *ksyms = NULL;

	assert_int_equal(ktally_ksyms_parse(&ksyms, strdup(text), strlen(text), NULL), expect);
	return ksyms;
}

static void kallsyms_text_is_understood(void **state)
{
	struct ktally_ksyms *ksyms = parse_ksyms("0000000000000000 A fixed_percpu_data\n"
						 "ffffffff81000000 T _stext\n"
						 "ffffffff81000000 t __local\n"
						 "ffffffff81000000 T start\n"
						 "ffffffff81000100 W weak\n"
						 "ffffffff81000200 T _etext\n"
						 "ffffffff81000300 D some_data\n"
						 "ffffffffc0000100 t mod_b\t[xfs]\n"
						 "ffffffffc0000000 t mod_a\t[ext4]\n"
						 "rubbish\n"
						 "ffffffffc0000200 d mod_data\t[xfs]", 0);
	struct ktally_ksym found;
	uint64_t start, end;

	(void)state;
	assert_true(ktally_ksyms_find(ksyms, 0xffffffff81000000, &found));
	assert_string_equal(found.name, "start");
	assert_string_equal(found.module, "[kernel]");
	assert_true(ktally_ksyms_find(ksyms, 0xffffffff810001ff, &found));
	assert_string_equal(found.name, "weak");
	assert_int_equal(found.address, 0xffffffff81000100);
	assert_false(ktally_ksyms_find(ksyms, 0xffffffff81000200, &found));
	assert_false(ktally_ksyms_find(ksyms, 0xffffffff81000345, &found));
	assert_true(ktally_ksyms_find(ksyms, 0xffffffffc00000ff, &found));
	assert_string_equal(found.name, "mod_a");
	assert_string_equal(found.module, "[ext4]");
	assert_true(ktally_ksyms_find(ksyms, 0xffffffffc0000100, &found));
	assert_string_equal(found.module, "[xfs]");
	assert_false(ktally_ksyms_find(ksyms, 0xffffffffc0000200, &found));
	assert_false(ktally_ksyms_find(ksyms, 0x10, &found));
	ktally_ksyms_text(ksyms, &start, &end);
	assert_int_equal(end - start, 0x200);
	ktally_ksyms_free(ksyms);
}

/* Code that kprobes, ftrace and BPF made, and the places where a return address was replaced. */
static void code_that_the_kernel_made(void **state)
{
	struct ktally_ksyms *ksyms = parse_ksyms("ffffffff81000000 T _stext\n"
						 "ffffffff81000100 t before\n"
						 "ffffffff81000200 T arch_rethook_trampoline\n"
						 "ffffffff81000300 T return_to_handler\n"
						 "ffffffff81000400 T plain\n"
						 "ffffffff81000500 T _etext\n"
						 "ffffffffc0001000 t ftrace_trampoline\t[__builtin__ftrace]\n"
						 "ffffffffc0008000 t kprobe_insn_page\t[__builtin__kprobes]\n"
						 "ffffffffc0100000 t bpf_prog_6deef7357e7b4530_sd_fw\t[bpf]\n"
						 "ffffffffc0900000 t bpf_trampoline_6442461280\t[bpf]\n", 0);
	struct ktally_ksym found;

	(void)state;
	assert_true(ktally_ksyms_name(ksyms, 0xffffffff81000200, true, &found));
	assert_string_equal(found.name, "arch_rethook_trampoline");
	assert_true(ktally_ksyms_name(ksyms, 0xffffffff81000300, true, &found));
	assert_string_equal(found.name, "return_to_handler");
	assert_true(ktally_ksyms_name(ksyms, 0xffffffff81000400, true, &found));
	assert_string_equal(found.name, "return_to_handler");
	assert_true(ktally_ksyms_name(ksyms, 0xffffffff81000200, false, &found));
	assert_true(ktally_ksyms_name(ksyms, 0xffffffffc0001040, true, &found));
	assert_string_equal(found.name, "[ftrace trampoline]");
	assert_string_equal(found.module, "[__builtin__ftrace]");
	assert_true(ktally_ksyms_name(ksyms, 0xffffffffc0008123, false, &found));
	assert_string_equal(found.name, "[kprobe trampoline]");
	assert_false(ktally_ksyms_name(ksyms, 0xffffffffc0009000, false, &found));
	assert_true(ktally_ksyms_name(ksyms, 0xffffffffc0100020, true, &found));
	assert_string_equal(found.name, "bpf_prog_6deef7357e7b4530_sd_fw");
	assert_string_equal(found.module, "[bpf]");
	assert_false(ktally_ksyms_name(ksyms, 0xffffffffc0800000, true, &found));
	ktally_ksyms_free(ksyms);
}

static void modules_of_the_kernel_are_known(void **state)
{
	static const char text[] = "ext4 1003520 1 - Live 0xffffffffc0300000\nmbcache 16384 1 ext4, Live 0xffffffffc02f0000\n"
				   "hidden 4096 0 - Live 0x0000000000000000\nrubbish\n";
	struct ktally_kmodules *modules = ktally_kmodules_parse(strdup(text), sizeof(text) - 1);
	unsigned char note[] = { 4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 0xde, 0xad, 0xbe, 0xef };
	char root[] = "/tmp/ktally-modules-XXXXXX", path[128];
	FILE *file;

	(void)state;
	assert_int_equal(ktally_kmodules_find(modules, "[ext4]")->end, 0xffffffffc0300000 + 1003520);
	assert_int_equal(ktally_kmodules_find(modules, "[mbcache]")->start, 0xffffffffc02f0000);
	assert_null(ktally_kmodules_find(modules, "[hidden]"));
	assert_true(ktally_kmodules_near(modules, 0xffffffffc0280000));
	assert_false(ktally_kmodules_near(modules, 0xffffffff81000000));
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "mkdir -p %s/ext4/notes", root);
	assert_int_equal(system(path), 0);
	snprintf(path, sizeof(path), "%s/ext4/notes/.note.gnu.build-id", root);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(note, sizeof(note), 1, file), 1);
	fclose(file);
	assert_string_equal(ktally_kmodules_build_id(modules, "[ext4]", root), "deadbeef");
	assert_string_equal(ktally_kmodules_build_id(modules, "[mbcache]", root), "");
	assert_string_equal(ktally_kmodules_build_id(modules, "[bpf]", root), "");
	snprintf(path, sizeof(path), "rm -r %s", root);
	assert_int_equal(system(path), 0);
	ktally_kmodules_free(modules);
}

static void hidden_addresses_are_told(void **state)
{
	struct ktally_error err = { 0 };
	struct ktally_ksyms *ksyms;

	(void)state;
	parse_ksyms("0000000000000000 T _text\n0000000000000000 t foo\t[bar]\n", -EPERM);
	parse_ksyms("", -ENODATA);
	assert_int_equal(ktally_ksyms_parse(&ksyms, strdup("0000000000000000 T x\n"), 21, &err), -EPERM);
	assert_non_null(strstr(err.text, "kptr_restrict"));
}

/* This kernel's own table, line by line, within the time that a start may take. */
static void kallsyms_of_this_kernel(void **state)
{
	struct ktally_symbolizer *sym = NULL;
	struct timespec before, after;
	char line[1024], type, name[512];
	unsigned long long address;
	unsigned int nr = 0, same = 0;
	FILE *file;
	int ret;

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	ret = ktally_symbolizer_new(&sym, NULL, NULL);
	assert_non_null(sym);
	ktally_symbolize_kernel(sym, 0, false);
	clock_gettime(CLOCK_MONOTONIC, &after);
	print_message("kallsyms read in %.3f s\n", after.tv_sec - before.tv_sec + (after.tv_nsec - before.tv_nsec) / 1e9);
	file = ret ? NULL : fopen("/proc/kallsyms", "r");
	while (file && fgets(line, sizeof(line), file)) {
		const struct ktally_frame *frame;

		if (sscanf(line, "%llx %c %511s", &address, &type, name) != 3 || !strchr("tTwW", type) || nr > 20000)
			continue;
		frame = ktally_symbolize_kernel(sym, address, false);
		assert_true(frame->kernel);
		same += !strcmp(frame->name, name) && frame->symbol_address == address;
		nr++;
	}
	if (file)
		fclose(file);
	ktally_symbolizer_free(sym);
	if (ret) {
		assert_int_equal(ret, -EPERM);
		skip();
	}
	assert_true(nr > 1000 && same > nr / 2);
}

/* Files that end too soon, at every length up to the section headers. */
static void cut_files_are_no_crash(void **state)
{
	size_t size, cut;
	char *image = ktally_read_file("/proc/self/exe", &size);

	(void)state;
	assert_non_null(image);
	for (cut = 0; cut < size; cut += cut < 1024 ? 1 : size / 64)
		ktally_elf_free(ktally_elf_read_memory(image, cut));
	free(image);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elf_agrees_with_nm),
		cmocka_unit_test(this_process_is_symbolized),
		cmocka_unit_test(the_vdso_has_names),
		cmocka_unit_test(build_id_agrees_with_readelf),
		cmocka_unit_test(plt_entries_have_names),
		cmocka_unit_test(few_symbols_far_apart_are_found),
		cmocka_unit_test(cxx_names_are_readable),
		cmocka_unit_test(kallsyms_text_is_understood),
		cmocka_unit_test(code_that_the_kernel_made),
		cmocka_unit_test(modules_of_the_kernel_are_known),
		cmocka_unit_test(hidden_addresses_are_told),
		cmocka_unit_test(kallsyms_of_this_kernel),
		cmocka_unit_test(cut_files_are_no_crash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
