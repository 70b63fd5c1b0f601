// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions that no symbol names: a program is stripped, and where its functions begin and end is known from what was stripped off. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crafted.h"
#include "elf_functions.h"
#include "modules.h"
#include "symtab.h"

#define IMAGE	(0x7ffffffeULL << 32 | 1)
#define BASE	0x500000000000ULL
#define NR	211U		/* functions of the program; a prime */
#define KNOWN_MAX 4096U

static char folder[] = "/tmp/ktally-unit-XXXXXX";

struct known {
	uint64_t start, size;
	char name[64];
};

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
	char command[4096], *text;
	va_list args;

	va_start(args, format);
	assert_true(vasprintf(&text, format, args) > 0);
	va_end(args);
	snprintf(command, sizeof(command), "cd %s && %s", folder, text);
	free(text);
	if (system(command)) {
		print_error("failed: %s\n", command);
		fail();
	}
}

static FILE *create(const char *name)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	return file;
}

/* Functions of many sizes; every fifth leaves a piece that the compiler moves to where the cold code is. */
static void write_program(void)
{
	FILE *file = create("program.c");
	unsigned int i, j;

	fprintf(file, "volatile int v;\nvoid cold(void) __attribute__((cold, noinline));\nvoid cold(void) { v++; }\n");
	for (i = 0; i < NR; i++) {
		fprintf(file, "static __attribute__((noinline)) int f%u(int x)\n{\n", i);
		for (j = 0; j < i % 13; j++)
			fprintf(file, "\tv += x * %u;\n", i + j);
		if (i % 5 == 0)
			fprintf(file, "\tif (v == %u) {\n\t\tv = x;\n\t\tcold();\n\t\tv += 5;\n\t\tcold();\n\t}\n", i + 7);
		fprintf(file, "\treturn v + x;\n}\n");
	}
	fprintf(file, "int (*const table[])(int) = {");
	for (i = 0; i < NR; i++)
		fprintf(file, " f%u,", i);
	fprintf(file, " };\nint main(int argc, char **argv)\n{\n\t(void)argv;\n\treturn table[argc %% %u](argc);\n}\n", NR);
	fclose(file);
}

static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	write_program();
	run("gcc -O2 -pie -fPIE -Wl,--build-id=sha1 -o pie program.c && gcc -O2 -no-pie -o fixed program.c && gcc -O2 -static -o static program.c");
	run("for f in pie fixed static; do strip -o $f.stripped $f; done");
	/* Sections are for linkers: a program runs without. */
	run("cp pie.stripped segments.stripped && printf '\\0\\0\\0\\0\\0\\0\\0\\0' | dd of=segments.stripped bs=1 seek=40 conv=notrunc status=none && "
	    "printf '\\0\\0\\0\\0\\0\\0' | dd of=segments.stripped bs=1 seek=58 conv=notrunc status=none");
	return 0;
}

static int tear_down(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* What nm says of the functions of @program whose names begin with @prefix. */
static unsigned int read_known(const char *program, const char *prefix, struct known *known)
{
	unsigned long long start, size;
	unsigned int nr = 0;
	char command[512], name[64], type;
	FILE *nm;

	snprintf(command, sizeof(command), "nm -S --defined-only %s/%s", folder, program);
	nm = popen(command, "r");
	assert_non_null(nm);
	while (fgets(command, sizeof(command), nm)) {
		if (sscanf(command, "%llx %llx %c %63s", &start, &size, &type, name) != 4 || !strchr("tT", type) || strncmp(name, prefix, strlen(prefix)))
			continue;
		assert_true(nr < KNOWN_MAX);
		known[nr] = (struct known){ .start = start, .size = size };
		strcpy(known[nr++].name, name);
	}
	assert_int_equal(pclose(nm), 0);
	return nr;
}

static struct ktally_functions *read_functions(const char *name)
{
	struct ktally_functions *functions;
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	functions = ktally_functions_read(fd);
	close(fd);
	return functions;
}

/* Each byte of each function is in the function that begins where it does, and the byte behind it is in another one, or in none. */
static void check_bounds(const struct ktally_functions *functions, const struct known *known, unsigned int nr)
{
	struct ktally_function_hit hit;
	size_t number = SIZE_MAX;
	unsigned int i;
	uint64_t at;

	for (i = 0; i < nr; i++) {
		for (at = known[i].start; at < known[i].start + known[i].size; at++) {
			assert_true(ktally_functions_find(functions, at, &hit));
			assert_int_equal(hit.start, known[i].start);
			assert_true(at == known[i].start ? hit.number != number : hit.number == number);
			assert_true(hit.number < ktally_functions_count(functions));
			number = hit.number;
		}
		assert_int_equal(ktally_functions_end(functions, known[i].start), at);
		assert_false(ktally_functions_find(functions, at, &hit) && hit.start == known[i].start);
	}
}

static void every_function_is_found(void **state)
{
	static const char *const programs[][2] = { { "pie", "pie.stripped" }, { "fixed", "fixed.stripped" }, { "static", "static.stripped" },
						   { "pie", "segments.stripped" } };
	struct known *known = calloc(KNOWN_MAX, sizeof(*known));
	struct ktally_functions *functions;
	unsigned int i, n, nr, whole, pieces;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		nr = read_known(programs[i][0], "f", known);
		for (n = whole = pieces = 0; n < nr; n++) {
			if (sscanf(known[n].name, "f%*u%c", &(char){ 0 }) <= 0 && known[n].name[1] >= '0' && known[n].name[1] <= '9')
				whole++;
			else if (strstr(known[n].name, ".cold") && known[n].name[1] >= '0' && known[n].name[1] <= '9')
				pieces++;
			else
				known[n--] = known[--nr];	/* one of libc */
		}
		assert_int_equal(whole, NR);
#if defined(__x86_64__)
		assert_int_equal(pieces, (NR + 4) / 5);
#endif
		functions = read_functions(programs[i][1]);
		assert_non_null(functions);
		check_bounds(functions, known, nr);
		ktally_functions_free(functions);
	}
	free(known);
}

static void code_without_a_description_is_in_no_function(void **state)
{
	struct ktally_functions *functions;
	struct ktally_function_hit hit;
	struct known known[4];
	uint64_t at;

	(void)state;
	run("printf '.text\\n.globl bare\\n.type bare,%%%%function\\nbare: nop\\nnop\\nret\\n.size bare,.-bare\\n.section .note.GNU-stack,\"\",%%%%progbits\\n' >bare.s && "
	    "gcc -O2 -o partly program.c bare.s && strip -o partly.stripped partly");
	assert_int_equal(read_known("partly", "bare", known), 1);
	functions = read_functions("partly.stripped");
	assert_non_null(functions);
	for (at = known[0].start; at < known[0].start + known[0].size; at++)
		assert_false(ktally_functions_find(functions, at, &hit));
	assert_false(ktally_functions_find(functions, 0, &hit));
	assert_false(ktally_functions_find(functions, UINT64_MAX, &hit));
	assert_int_equal(ktally_functions_end(functions, UINT64_MAX - 1), UINT64_MAX);
	ktally_functions_free(functions);
	run("objcopy -R .eh_frame -R .eh_frame_hdr -R .init -R .fini partly.stripped none.stripped");
	assert_null(read_functions("none.stripped"));
	run("head -c 3000 pie.stripped >cut && : >empty");
	assert_null(read_functions("cut"));
	assert_null(read_functions("empty"));
}

/* Where the file says it without a symbol: _start and, on x86_64, main; _init and _fini. Of a library the entry is nobody's. */
static void some_names_need_no_symbol(void **state)
{
	static const char *const names[] = { "_start", "main", "_init", "_fini" };
	static const char *const programs[] = { "pie", "fixed", "static" };
	struct ktally_functions *functions;
	struct ktally_function_hit hit;
	struct known *known = calloc(KNOWN_MAX, sizeof(*known));
	unsigned long long start;
	char command[512];
	unsigned int i, n;
	FILE *nm;

	(void)state;
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		snprintf(command, sizeof(command), "%s.stripped", programs[i]);
		functions = read_functions(command);
		assert_non_null(functions);
		for (n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
			snprintf(command, sizeof(command), "nm %s/%s | sed -n 's/ [tT] %s$//p'", folder, programs[i], names[n]);
			nm = popen(command, "r");
			assert_int_equal(fscanf(nm, "%llx", &start), 1);
			pclose(nm);
			assert_true(ktally_functions_find(functions, start, &hit) || n > 1);
#if !defined(__x86_64__)
			if (n == 1) {
				assert_null(hit.name);
				continue;
			}
#endif
			/* A static program need not tell where these are. */
			if (n > 1 && i == 2)
				continue;
			assert_int_equal(hit.start, start);
			assert_non_null(hit.name);
			assert_string_equal(hit.name, names[n]);
		}
		ktally_functions_free(functions);
	}
	run("gcc -O2 -shared -fPIC -Wl,-e,cold -o library program.c && strip library");
	assert_int_equal(read_known("pie", "cold", known), 1);
	functions = read_functions("library");
	snprintf(command, sizeof(command), "readelf -h %s/library | sed -n 's/.*Entry point address: *0x//p'", folder);
	nm = popen(command, "r");
	assert_int_equal(fscanf(nm, "%llx", &start), 1);
	pclose(nm);
	assert_true(start && ktally_functions_find(functions, start, &hit));
	assert_int_equal(hit.start, start);
	assert_null(hit.name);
	ktally_functions_free(functions);
	free(known);
}

/* ---- as people see them ---- */

static void map_file(struct ktally_processes *procs, const char *file, uint64_t start, uint64_t offset)
{
	struct {
		struct ktally_mmap record;
		char room[256];
	} map = { .record = { .record = { .type = KTALLY_RECORD_MMAP }, .image = IMAGE, .start = start, .offset = offset, .length = 0x100000 } };

	snprintf(map.record.path, sizeof(map.room), "%s/%s", folder, file);
	map.record.record.size = (sizeof(map.record) + strlen(map.record.path) + 8) & ~7U;
	assert_int_equal(ktally_processes_record(procs, &map.record.record), 0);
}

/* Where the bytes of a program are that lie at @vaddr in memory, as readelf tells. */
static uint64_t offset_of(const char *program, uint64_t vaddr)
{
	unsigned long long offset, address, size, found = 0;
	char command[512];
	FILE *readelf;

	snprintf(command, sizeof(command), "readelf -lW %s/%s", folder, program);
	readelf = popen(command, "r");
	assert_non_null(readelf);
	while (fgets(command, sizeof(command), readelf))
		if (sscanf(command, " LOAD %llx %llx %*x %llx", &offset, &address, &size) == 3 && vaddr >= address && vaddr < address + size)
			found = vaddr - address + offset;
	pclose(readelf);
	assert_int_not_equal(found, 0);
	return found;
}

static void the_name_is_the_file_and_the_address_in_it(void **state)
{
	static const char *const programs[] = { "pie", "fixed" };
	struct known *known = calloc(KNOWN_MAX, sizeof(*known));
	unsigned int i, n, nr;
	char want[128];

	(void)state;
	for (i = 0; i < 2; i++) {
		struct ktally_processes *procs = ktally_processes_new(false);
		const struct ktally_frame *frame, *again;
		struct ktally_symbolizer *sym;

		snprintf(want, sizeof(want), "%s.stripped", programs[i]);
		map_file(procs, want, BASE, 0);
		ktally_symbolizer_new(&sym, procs, NULL);
		nr = read_known(programs[i], "f1", known);
		assert_true(nr >= 111);
		for (n = 0; n < nr; n++) {
			uint64_t at = BASE + offset_of(programs[i], known[n].start);

			snprintf(want, sizeof(want), "[%s.stripped+0x%llx]", programs[i], (unsigned long long)known[n].start);
			frame = ktally_symbolize_user(sym, IMAGE, at + known[n].size - 1, false);
			assert_string_equal(frame->name, want);
			assert_true(frame->unnamed);
			assert_int_equal(frame->symbol_address, at);
			/* A call at the end returns to behind it. */
			again = ktally_symbolize_user(sym, IMAGE, at + known[n].size, true);
			assert_ptr_equal(again->name, frame->name);
		}
		assert_int_equal(read_known(programs[i], "main", known), 1);
		frame = ktally_symbolize_user(sym, IMAGE, BASE + offset_of(programs[i], known[0].start), false);
#if defined(__x86_64__)
		assert_string_equal(frame->name, "main");
		assert_false(frame->unnamed);
#endif
		/* The file's own head. */
		frame = ktally_symbolize_user(sym, IMAGE, BASE + 8, false);
		assert_string_equal(frame->name, "[unknown]");
		assert_false(frame->unnamed);
		ktally_symbolizer_free(sym);
		ktally_processes_free(procs);
	}
	free(known);
}

/* The file with its symbols names them, whatever else is known. */
static void a_symbol_is_better(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct known *known = calloc(KNOWN_MAX, sizeof(*known));
	const struct ktally_frame *frame;
	struct ktally_symbolizer *sym;
	unsigned int nr, n;

	(void)state;
	map_file(procs, "pie", BASE, 0);
	ktally_symbolizer_new(&sym, procs, NULL);
	nr = read_known("pie", "f1", known);
	for (n = 0; n < nr; n++) {
		frame = ktally_symbolize_user(sym, IMAGE, BASE + offset_of("pie", known[n].start), false);
		assert_memory_equal(frame->name, known[n].name, strcspn(known[n].name, "."));
		assert_false(frame->unnamed);
	}
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
	free(known);
}

/* A label of an assembler that a library shows without a size: what comes behind it is not its, where that is known to be another function. */
static void a_symbol_without_a_size_ends_in_time(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	const struct ktally_frame *frame;
	struct ktally_symbolizer *sym;
	struct known known[2];
	char want[64];
	FILE *file = create("loose.s");

	(void)state;
	fputs(".text\n.globl label\n.type label,%function\nlabel: nop\nnop\nret\n.section .note.GNU-stack,\"\",%progbits\n", file);
	fclose(file);
	file = create("behind.c");
	fputs("static __attribute__((noinline, used)) int behind(volatile int *p)\n{\n", file);
	for (unsigned int i = 0; i < 50; i++)
		fputs("\t*p += 3;\n", file);
	fputs("\treturn *p;\n}\n", file);
	fclose(file);
	run("gcc -O2 -shared -fPIC -nostdlib -o loose loose.s behind.c && strip -o loose.stripped loose");
	assert_int_equal(read_known("loose", "behind", known), 1);
	map_file(procs, "loose.stripped", BASE, 0);
	ktally_symbolizer_new(&sym, procs, NULL);
	frame = ktally_symbolize_user(sym, IMAGE, BASE + offset_of("loose", known[0].start) + 9, false);
	snprintf(want, sizeof(want), "[loose.stripped+0x%llx]", (unsigned long long)known[0].start);
	assert_string_equal(frame->name, want);
	assert_true(frame->unnamed);
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_is_found),
		cmocka_unit_test(code_without_a_description_is_in_no_function),
		cmocka_unit_test(some_names_need_no_symbol),
		cmocka_unit_test(the_name_is_the_file_and_the_address_in_it),
		cmocka_unit_test(a_symbol_is_better),
		cmocka_unit_test(a_symbol_without_a_size_ends_in_time),
	};

	unsetenv("DEBUGINFOD_URLS");
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
