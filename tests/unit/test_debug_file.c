// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and lines of stripped programs: .gnu_debugdata, debug files by link and by build-id, debuginfod; lines against addr2line. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crafted.h"
#include "debug_file.h"
#include "demangle.h"
#include "modules.h"
#include "symtab.h"

#define IMAGE	(0x7ffffffeULL << 32 | 1)
#define BASE	0x500000000000ULL

static char folder[] = "/tmp/ktally-unit-XXXXXX";

static const char header[] =
	"static inline __attribute__((always_inline)) int deep(int x)\n"
	"{\n"
	"	volatile int y = x;\n"
	"	return y * 3 + 1;\n"
	"}\n";
static const char source[] =
	"#include \"deep.h\"\n"
	"static inline __attribute__((always_inline)) int middle(int x)\n"
	"{\n"
	"	int a = deep(x);\n"
	"	return a + deep(a + 2);\n"
	"}\n"
	"static __attribute__((noinline)) int hidden_function(int x)\n"
	"{\n"
	"	int sum = 0;\n"
	"	for (int i = 0; i < x; i++)\n"
	"		sum += middle(i);\n"
	"	return sum;\n"
	"}\n"
	"int main(int argc, char **argv)\n"
	"{\n"
	"	(void)argv;\n"
	"	return hidden_function(argc + 5) & 1;\n"
	"}\n";

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

static void put_file(const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	fclose(file);
}

/* "whole" has everything; "bare" has no symbols and no build-id of its own, "stripped" no symbols. */
static int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	put_file("deep.h", header);
	put_file("whole.c", source);
	run("gcc -O2 -g -Wl,--build-id=sha1 -o whole whole.c");
	run("gcc -O2 -g -gdwarf-4 -Wl,--build-id=none -o anonymous whole.c");
	run("strip -o stripped whole && strip -o bare anonymous");
	return 0;
}

static int tear_down(void **state)
{
	char command[256];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static struct ktally_elf *read_elf(const char *name)
{
	char path[256];
	struct ktally_elf *elf;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	elf = ktally_elf_read(fd);
	close(fd);
	assert_non_null(elf);
	return elf;
}

/* Byte of the file where the hidden function of @whole begins. */
static uint64_t hidden_offset(const char *whole)
{
	struct ktally_elf *elf = read_elf(whole);
	uint64_t offset = 0;
	unsigned int s;
	char name[64];
	size_t i;

	for (i = 0; i < elf->nr; i++) {
		struct ktally_elf_hit hit;

		assert_true(ktally_elf_find(elf, elf->symbols[i].start, &hit));
		ktally_elf_name(elf, hit.name, name, sizeof(name));
		for (s = 0; !strcmp(name, "hidden_function") && s < elf->nr_segments; s++)
			if (hit.start - elf->segments[s].vaddr < elf->segments[s].size)
				offset = hit.start - elf->segments[s].vaddr + elf->segments[s].offset;
	}
	ktally_elf_free(elf);
	assert_int_not_equal(offset, 0);
	return offset;
}

/* How a fresh look at the file names that byte: a static text, "" for no name. */
static const char *name_at(const char *file, uint64_t offset)
{
	struct ktally_modules *modules = ktally_modules_new();
	struct ktally_map map = { .start = BASE, .end = BASE + 0x100000 };
	static char text[256];
	char path[256];
	uint64_t distance;
	const char *name;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	map.path = path;
	name = ktally_module_find(ktally_modules_get(modules, NULL, &map, 0), offset, &distance);
	snprintf(text, sizeof(text), "%s", name ? name : "");
	ktally_modules_free(modules);
	return text;
}

static void stripped_files_have_no_name(void **state)
{
	(void)state;
	assert_string_equal(name_at("whole", hidden_offset("whole")), "hidden_function");
	assert_string_equal(name_at("stripped", hidden_offset("whole")), "");
	assert_string_equal(name_at("bare", hidden_offset("anonymous")), "");
}

static void debugdata_is_unpacked(void **state)
{
	(void)state;
	run("objcopy --strip-debug whole mini && xz -kf mini && objcopy --add-section .gnu_debugdata=mini.xz stripped packed");
	assert_string_equal(name_at("packed", hidden_offset("whole")), "hidden_function");
	/* Damaged: no name, no crash. */
	run("head -c 500 mini.xz >cut.xz && objcopy --add-section .gnu_debugdata=cut.xz stripped cut");
	assert_string_equal(name_at("cut", hidden_offset("whole")), "");
}

/* A small file of much: it must not be unpacked to all of memory. */
static void debugdata_has_a_limit(void **state)
{
	(void)state;
	run("head -c 400000000 /dev/zero | xz -0 >bomb.xz && objcopy --add-section .gnu_debugdata=bomb.xz stripped bomb");
	assert_string_equal(name_at("bomb", hidden_offset("whole")), "");
	run("rm -f bomb bomb.xz");
}

static void links_lead_to_debug_files(void **state)
{
	uint64_t with_id = hidden_offset("whole"), without = hidden_offset("anonymous");

	(void)state;
	run("objcopy --only-keep-debug whole whole.debug && objcopy --add-gnu-debuglink=whole.debug stripped linked");
	assert_string_equal(name_at("linked", with_id), "hidden_function");
	run("mkdir -p .debug && mv whole.debug .debug/");
	assert_string_equal(name_at("linked", with_id), "hidden_function");
	/* By checksum where no build-id can tell. */
	run("objcopy --only-keep-debug anonymous anonymous.debug && objcopy --add-gnu-debuglink=anonymous.debug bare bare-linked");
	assert_string_equal(name_at("bare-linked", without), "hidden_function");
	run("printf x >>anonymous.debug");
	assert_string_equal(name_at("bare-linked", without), "");
	/* Another program's debug file of the same name. */
	run("cp anonymous.debug .debug/whole.debug");
	assert_string_equal(name_at("linked", with_id), "");
	/* A pipe that nobody writes to must not be waited for. */
	run("rm -rf .debug anonymous.debug && mkfifo whole.debug anonymous.debug");
	assert_string_equal(name_at("linked", with_id), "");
	assert_string_equal(name_at("bare-linked", without), "");
	run("rm -f whole.debug anonymous.debug");
}

/* In the root folder of a process: here it is this one, whose root is ours. */
static void build_ids_lead_to_debug_files(void **state)
{
	struct ktally_elf *elf = read_elf("stripped");
	struct ktally_debug_wish wish = { .path = "", .link = "", .build_id = elf->build_id, .pid = (uint32_t)getpid() };
	char path[256], id[KTALLY_BUILD_ID_TEXT];
	int fd;

	(void)state;
	assert_int_equal(strlen(elf->build_id), 40);
	assert_int_equal(ktally_debug_file_open(&wish), -1);
	snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s", elf->build_id);
	if (access("/usr/lib/debug", W_OK) && mkdir("/usr/lib/debug", 0755)) {
		ktally_elf_free(elf);
		skip();
	}
	run("mkdir -p %s && objcopy --only-keep-debug whole %s/%s.debug", path, path, elf->build_id + 2);
	fd = ktally_debug_file_open(&wish);
	assert_true(fd >= 0);
	ktally_elf_read_build_id(fd, id);
	assert_string_equal(id, elf->build_id);
	close(fd);
	assert_string_equal(name_at("stripped", hidden_offset("whole")), "hidden_function");
	/* Under the name of a build-id lies the file of another. */
	run("objcopy --only-keep-debug anonymous %s/%s.debug", path, elf->build_id + 2);
	assert_int_equal(ktally_debug_file_open(&wish), -1);
	run("rm -f %s/%s.debug && rmdir -p --ignore-fail-on-non-empty %s", path, elf->build_id + 2, path);
	ktally_elf_free(elf);
}

/* ---- debuginfod ---- */

static int listen_somewhere(unsigned short *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && !bind(fd, (struct sockaddr *)&address, len) && !listen(fd, 8) && !getsockname(fd, (struct sockaddr *)&address, &len));
	*port = ntohs(address.sin_port);
	return fd;
}

static void use_server(unsigned short port, const char *cache)
{
	char text[256];

	snprintf(text, sizeof(text), "http://127.0.0.1:%u", port);
	setenv("DEBUGINFOD_URLS", text, 1);
	snprintf(text, sizeof(text), "%s/%s", folder, cache);
	setenv("DEBUGINFOD_CACHE_PATH", text, 1);
}

/* What the server knows is asked until it has read the folder; misses must not be remembered by its client. */
static void debuginfod_is_asked(void **state)
{
	unsigned short port;
	unsigned int tries;
	char text[256], where[256];
	int fd = listen_somewhere(&port), status;
	pid_t server;

	(void)state;
	close(fd);
	if (system("command -v debuginfod >/dev/null"))
		skip();
	assert_int_equal(ktally_debuginfod_open("0123456789abcdef", false), -1);	/* no server is named */
	run("mkdir -p served cache && cp whole served/ && echo 0 >cache/cache_miss_s");
	snprintf(text, sizeof(text), "%u", port);
	snprintf(where, sizeof(where), "%s/served", folder);
	server = fork();
	assert_true(server >= 0);
	if (!server) {
		assert_true(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr));
		execlp("debuginfod", "debuginfod", "-d", ":memory:", "-p", text, "-t", "1", "-F", where, NULL);
		_exit(127);
	}
	use_server(port, "cache");
	for (tries = 0; tries < 100 && strcmp(name_at("stripped", hidden_offset("whole")), "hidden_function"); tries++) {
		ktally_debuginfod_retry();
		usleep(100000);
	}
	kill(server, SIGTERM);
	waitpid(server, &status, 0);
	assert_true(tries < 100);
	/* From the client's cache, with the server gone. */
	assert_string_equal(name_at("stripped", hidden_offset("whole")), "hidden_function");
	unsetenv("DEBUGINFOD_URLS");
}

/* It accepts, and says nothing: it is waited for once. */
static void a_silent_server_is_given_up(void **state)
{
	struct timespec before, after;
	unsigned short port;
	int fd = listen_somewhere(&port);

	(void)state;
	run("mkdir -p other && echo 0 >other/cache_miss_s");
	use_server(port, "other");
	ktally_debuginfod_retry();
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_string_equal(name_at("stripped", hidden_offset("whole")), "");
	assert_string_equal(name_at("stripped", hidden_offset("whole")), "");
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_true(after.tv_sec - before.tv_sec < 30);
	close(fd);
	unsetenv("DEBUGINFOD_URLS");
}

/* ---- lines ---- */

static struct ktally_symbolizer *symbolizer_of(struct ktally_processes *procs, const char *file, unsigned int want)
{
	struct {
		struct ktally_mmap record;
		char room[256];
	} map = { .record = { .record = { .type = KTALLY_RECORD_MMAP }, .image = IMAGE, .start = BASE, .length = 0x100000 } };
	struct ktally_symbolizer *sym;

	snprintf(map.record.path, sizeof(map.room), "%s/%s", folder, file);
	map.record.record.size = (sizeof(map.record) + strlen(map.record.path) + 8) & ~7U;
	assert_int_equal(ktally_processes_record(procs, &map.record.record), 0);
	ktally_symbolizer_new(&sym, procs, NULL);
	assert_non_null(sym);
	ktally_symbolizer_want(sym, want);
	return sym;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Each instruction of the function: all names, and the file and line of each, innermost first, as addr2line has them. */
static unsigned int compare_with_addr2line(const char *whole, const char *file)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_symbolizer *sym = symbolizer_of(procs, file, KTALLY_SYMBOLIZE_LINES | KTALLY_SYMBOLIZE_INLINES);
	uint64_t start = hidden_offset(whole), at;
	char command[512], function[256], place[512], ours[512];
	unsigned int deepest = 0, depth;
	FILE *addr2line;

	for (at = start; at < start + 40; at++) {
		const struct ktally_frame *frame = ktally_symbolize_user(sym, IMAGE, BASE + at, false);

		/* Segments of these small programs lie in the file as in memory. */
		snprintf(command, sizeof(command), "addr2line -e %s/%s -f -i 0x%llx", folder, whole, (unsigned long long)at);
		addr2line = popen(command, "r");
		for (depth = 0; fgets(function, sizeof(function), addr2line) && fgets(place, sizeof(place), addr2line); depth++) {
			function[strcspn(function, "\n")] = 0;
			place[strcspn(place, " \n")] = 0;
			assert_non_null(frame);
			assert_string_equal(frame->name, function);
			snprintf(ours, sizeof(ours), "%s:%u", base_name(frame->file), frame->line);
			assert_string_equal(ours, base_name(place));
			assert_int_equal(frame->address, BASE + at);
			frame = frame->outer;
		}
		assert_null(frame);
		pclose(addr2line);
		deepest = depth > deepest ? depth : deepest;
	}
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
	return deepest;
}

static void lines_agree_with_addr2line(void **state)
{
	(void)state;
	assert_int_equal(compare_with_addr2line("whole", "whole"), 3);
	assert_int_equal(compare_with_addr2line("anonymous", "anonymous"), 3);
	run("objcopy --only-keep-debug whole whole.debug && objcopy --add-gnu-debuglink=whole.debug stripped linked");
	assert_int_equal(compare_with_addr2line("whole", "linked"), 3);
	run("rm -f whole.debug; objcopy --compress-debug-sections whole compressed");
	assert_int_equal(compare_with_addr2line("whole", "compressed"), 3);
}

static void lines_are_not_looked_for_unasked(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_symbolizer *sym = symbolizer_of(procs, "whole", 0);
	const struct ktally_frame *frame = ktally_symbolize_user(sym, IMAGE, BASE + hidden_offset("whole") + 4, false);

	(void)state;
	assert_string_equal(frame->name, "hidden_function");
	assert_string_equal(frame->file, "");
	assert_int_equal(frame->line, 0);
	assert_null(frame->outer);
	ktally_symbolizer_free(sym);
	sym = symbolizer_of(procs, "whole", KTALLY_SYMBOLIZE_LINES);
	frame = ktally_symbolize_user(sym, IMAGE, BASE + hidden_offset("whole"), false);
	assert_string_equal(base_name(frame->file), "whole.c");
	assert_true(frame->line > 0);
	assert_null(frame->outer);
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
}

/* The file is written to while its debug information is in use. */
static void a_file_that_shrinks_is_no_crash(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_symbolizer *sym;
	uint64_t start = hidden_offset("whole"), at;

	(void)state;
	run("cp whole shrinking");
	sym = symbolizer_of(procs, "shrinking", KTALLY_SYMBOLIZE_LINES | KTALLY_SYMBOLIZE_INLINES);
	assert_string_not_equal(ktally_symbolize_user(sym, IMAGE, BASE + start, false)->file, "");
	run(": >shrinking");
	for (at = start + 1; at < start + 40; at++)
		assert_string_equal(ktally_symbolize_user(sym, IMAGE, BASE + at, false)->file, "");
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
}

/* ---- signals ---- */

static void *handler_returns_to;

static void handler(int number)
{
	(void)number;
	handler_returns_to = __builtin_return_address(0);
}

static void signal_frames_are_known(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(true);
	struct ktally_symbolizer *sym;
	const struct ktally_frame *frame;
	uint64_t image = (uint64_t)getpid() << 32 | 1;

	(void)state;
	signal(SIGUSR1, handler);
	raise(SIGUSR1);
	ktally_symbolizer_new(&sym, procs, NULL);
	frame = ktally_symbolize_user(sym, image, (uint64_t)(uintptr_t)handler_returns_to, true);
	assert_true(ktally_frame_is_signal(frame));
	assert_int_equal(frame->symbol_address, (uint64_t)(uintptr_t)handler_returns_to);
	frame = ktally_symbolize_user(sym, image, (uint64_t)(uintptr_t)signal_frames_are_known + 8, true);
	assert_false(ktally_frame_is_signal(frame));
	ktally_symbolizer_free(sym);
	ktally_processes_free(procs);
}

/* ---- names ---- */

static void mangled_names_become_readable(void **state)
{
	static const struct {
		const char *mangled, *readable;
	} names[] = {
		{ "main", "main" },
		{ "_ZN3foo3barEi", "foo::bar(int)" },
		{ "_ZN3foo3barEi.cold", "foo::bar(int) [clone .cold]" },
		{ "_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core::fmt::Formatter::pad" },
		{ "_RNvCs4fqI2P2rA04_7mycrate3foo", "mycrate::foo" },
		{ "_ZN3foo3barEi@plt", "foo::bar(int)@plt" },
		{ "_Zrubbish@plt", "_Zrubbish@plt" },
		{ "_Zrubbish", "_Zrubbish" },
		{ "_R", "_R" },
		{ "__libc_start_main", "__libc_start_main" },
	};
	char buf[KTALLY_DEMANGLED_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		assert_string_equal(ktally_demangle(names[i].mangled, buf), names[i].readable);
}

/* Nested as deep as a name may be, and one whose parts double with each repetition: over in no time, and cut. */
static void hostile_names_are_harmless(void **state)
{
	char name[2 * KTALLY_MANGLED_MAX] = "_Z1f", buf[KTALLY_DEMANGLED_MAX], *at = name + 4;
	const char *readable;
	unsigned int i;

	(void)state;
	memset(at, 'P', KTALLY_MANGLED_MAX - 10);
	strcpy(at + KTALLY_MANGLED_MAX - 10, "i");
	readable = ktally_demangle(name, buf);
	assert_true(strlen(readable) < KTALLY_MANGLED_MAX + 10);
	at = name + sprintf(name, "_Z1fSt4pairI1AS1_E");
	for (i = 0; i < 30; i++)
		at += sprintf(at, "St4pairIS%X_S%X_E", i + 1, i + 1);
	readable = ktally_demangle(name, buf);
	assert_true(strlen(readable) < KTALLY_DEMANGLED_MAX);
	memset(name, 'a', sizeof(name) - 1);
	memcpy(name, "_Z", 2);
	name[sizeof(name) - 1] = 0;
	assert_ptr_equal(ktally_demangle(name, buf), name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stripped_files_have_no_name),
		cmocka_unit_test(debugdata_is_unpacked),
		cmocka_unit_test(debugdata_has_a_limit),
		cmocka_unit_test(links_lead_to_debug_files),
		cmocka_unit_test(build_ids_lead_to_debug_files),
		cmocka_unit_test(lines_agree_with_addr2line),
		cmocka_unit_test(lines_are_not_looked_for_unasked),
		cmocka_unit_test(a_file_that_shrinks_is_no_crash),
		cmocka_unit_test(signal_frames_are_known),
		cmocka_unit_test(mangled_names_become_readable),
		cmocka_unit_test(hostile_names_are_harmless),
		cmocka_unit_test(debuginfod_is_asked),
		cmocka_unit_test(a_silent_server_is_given_up),
	};

	unsetenv("DEBUGINFOD_URLS");
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
