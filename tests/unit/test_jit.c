// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of generated code: perf maps, jitdumps and a Java that is asked; against a memory of who wrote what where last. */
#include <byteswap.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <utime.h>

#include "crafted.h"
#include "files.h"
#include "jit_names.h"
#include "jitdump.h"
#include "jvm.h"
#include "perfmap.h"

static size_t room;

static struct ktally_jit_codes *new_codes(void)
{
	room = 64U << 20;
	return ktally_jit_codes_new(&room);
}

static const char *name_at(const struct ktally_jit_codes *codes, uint64_t ip)
{
	const struct ktally_jit_code *code = ktally_jit_codes_find(codes, ip, 0);

	return code ? code->name : NULL;
}

/* ---- text ---- */

static const char text[] = "1000 20 first\n1020 10 second method\nzz 1 x\n1040 0 empty\n1000 20 renamed\n99999999999999999 1 big\n"
			   "0x00007f7130ec7620 0x00000000000002f8 double A.leafJ(int)\n0X2000 0x10 $lists:seq/2 \r\n"
			   "fffffffffffffff0 20 wraps\n3000 8 cut";

static void check_text(const struct ktally_jit_codes *codes)
{
	assert_string_equal(name_at(codes, 0x101f), "renamed");
	assert_int_equal(ktally_jit_codes_find(codes, 0x101f, 0)->start, 0x1000);
	assert_string_equal(name_at(codes, 0x1020), "second method");
	assert_null(name_at(codes, 0x1030));
	assert_null(name_at(codes, 0x1040));
	assert_string_equal(name_at(codes, 0x7f7130ec7620 + 0x2f7), "double A.leafJ(int)");
	assert_null(name_at(codes, 0x7f7130ec7620 + 0x2f8));
	assert_string_equal(name_at(codes, 0x2000), "$lists:seq/2");
	assert_null(name_at(codes, 0xfffffffffffffff8));
	assert_null(name_at(codes, 0x3000));
}

/* Whole, and in two pieces that meet at every place. */
static void perf_maps_are_read(void **state)
{
	struct ktally_jit_codes *codes;
	struct ktally_perfmap *map;
	size_t cut;

	(void)state;
	for (cut = 0; cut < sizeof(text); cut++) {
		codes = new_codes();
		map = ktally_perfmap_new(codes);
		ktally_perfmap_feed(map, text, cut);
		ktally_perfmap_feed(map, text + cut, sizeof(text) - 1 - cut);
		check_text(codes);
		ktally_perfmap_feed(map, " line\n", 6);
		assert_string_equal(name_at(codes, 0x3000), "cut line");
		ktally_perfmap_free(map);
		ktally_jit_codes_free(codes);
		assert_int_equal(room, 64U << 20);
	}
}

static void hostile_lines_do_no_harm(void **state)
{
	static const char bad[] = "10 10 a\x1b[31m\x9b\xc2\x9bred\n20 10 \xff\xfe\n30 10 \n40 10\n";
	struct ktally_jit_codes *codes = new_codes();
	struct ktally_perfmap *map = ktally_perfmap_new(codes);
	char *line = malloc(100000);

	(void)state;
	ktally_perfmap_feed(map, bad, sizeof(bad) - 1);
	assert_string_equal(name_at(codes, 0x10), "a?[31m\xef\xbf\xbd?red");
	assert_string_equal(name_at(codes, 0x20), "\xef\xbf\xbd\xef\xbf\xbd");
	assert_null(name_at(codes, 0x30));
	assert_null(name_at(codes, 0x40));
	/* A line that is too long is left out, and the next one is not. */
	memset(line, '5', 100000);
	ktally_perfmap_feed(map, line, 50000);
	ktally_perfmap_feed(map, line, 50000);
	ktally_perfmap_feed(map, "\n60 10 next\n", 12);
	assert_string_equal(name_at(codes, 0x60), "next");
	free(line);
	ktally_perfmap_free(map);
	ktally_jit_codes_free(codes);
}

static void memory_is_bounded(void **state)
{
	size_t little = 200000;
	struct ktally_jit_codes *codes = ktally_jit_codes_new(&little);
	struct ktally_perfmap *map = ktally_perfmap_new(codes);
	char line[64];
	unsigned int i;

	(void)state;
	for (i = 0; i < 20000; i++)
		ktally_perfmap_feed(map, line, (size_t)snprintf(line, sizeof(line), "%x 8 name%u\n", 0x1000 + i * 16, i));
	assert_true(ktally_jit_codes_full(codes));
	assert_string_equal(name_at(codes, 0x1000), "name0");
	assert_null(name_at(codes, 0x1000 + 19999 * 16));
	ktally_perfmap_free(map);
	ktally_jit_codes_free(codes);
	assert_int_equal(little, 200000);
}

/* Ranges at random over a small memory, each byte of which remembers who had it last, and at every moment. */
#define BYTES 256U
#define WRITES 300U
static void the_last_one_counts(void **state)
{
	static uint16_t owner[WRITES + 1][BYTES];
	struct ktally_jit_codes *codes = new_codes();
	const struct ktally_jit_code *code;
	char name[16];
	unsigned int i, at, start, size;

	(void)state;
	srand(1);
	for (i = 1; i <= WRITES; i++) {
		start = (unsigned int)rand() % BYTES;
		size = 1 + (unsigned int)rand() % (rand() % 4 ? 9 : 90);
		memcpy(owner[i], owner[i - 1], sizeof(owner[i]));
		for (at = start; at < start + size && at < BYTES; at++)
			owner[i][at] = (uint16_t)i;
		snprintf(name, sizeof(name), "%u", i);
		assert_non_null(ktally_jit_codes_add(codes, start, size, 100 * i, ktally_jit_codes_text(codes, name, strlen(name))));
		for (at = 0; at < BYTES; at++) {
			code = ktally_jit_codes_find(codes, at, 0);
			assert_int_equal(code ? atoi(code->name) : 0, owner[i][at]);
		}
	}
	/* At an older moment: what was there then; where nothing was, what came later. */
	for (i = 1; i <= WRITES; i += 7) {
		for (at = 0; at < BYTES; at++) {
			code = ktally_jit_codes_find(codes, at, 100 * i + 50);
			if (owner[i][at])
				assert_int_equal(atoi(code->name), owner[i][at]);
		}
	}
	ktally_jit_codes_free(codes);
}

/* ---- perf maps as files ---- */

static const char *map_path(pid_t pid)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", pid);
	return path;
}

static void write_map(pid_t pid, const char *mode, const char *lines)
{
	FILE *file = fopen(map_path(pid), mode);

	assert_non_null(file);
	fputs(lines, file);
	fclose(file);
}

static const char *find_name(struct ktally_jit *jit, pid_t pid, uint64_t ip)
{
	struct ktally_jit_name found;

	return ktally_jit_find(jit, (uint32_t)pid, ip, 0, &found) ? found.name : NULL;
}

static void files_that_grow(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_jit *jit = ktally_processes_jit(procs);
	pid_t pid = getpid();

	(void)state;
	write_map(pid, "w", "1000 10 one\n2000 10 t");
	assert_string_equal(find_name(jit, pid, 0x1000), "one");
	assert_null(find_name(jit, pid, 0x2000));
	write_map(pid, "a", "wo\n");
	usleep(60000);
	assert_string_equal(find_name(jit, pid, 0x2000), "two");
	/* Written anew, and shorter. */
	write_map(pid, "w", "3000 10 x\n");
	usleep(60000);
	assert_string_equal(find_name(jit, pid, 0x3000), "x");
	assert_string_equal(find_name(jit, pid, 0x1000), "one");
	unlink(map_path(pid));
	ktally_processes_free(procs);
}

static int read_own(void)
{
	struct ktally_jit_codes *codes = new_codes();
	struct ktally_perfmap *map = ktally_perfmap_new(codes);
	struct ktally_perfmap_file file = { 0 };
	struct ktally_jit_process process;
	int ret;

	ktally_jit_process_open(&process, (uint32_t)getpid());
	assert_true(process.known && process.born && process.uid == geteuid());
	ret = ktally_perfmap_read(map, &file, &process);
	ktally_jit_process_close(&process);
	ktally_perfmap_free(map);
	ktally_jit_codes_free(codes);
	return ret;
}

static void files_of_others_are_not_believed(void **state)
{
	const struct utimbuf old = { 1000000000, 1000000000 };

	(void)state;
	assert_int_equal(read_own(), -ENOENT);
	write_map(getpid(), "w", "1000 10 one\n");
	assert_int_equal(read_own(), 1);
	utime(map_path(getpid()), &old);
	assert_int_equal(read_own(), -ESTALE);
	if (!geteuid()) {
		write_map(getpid(), "w", "1000 10 one\n");
		assert_int_equal(chown(map_path(getpid()), 12345, 12345), 0);
		assert_int_equal(read_own(), -EPERM);
	}
	unlink(map_path(getpid()));
	assert_int_equal(symlink(files_write("elsewhere", "1000 10 one\n"), map_path(getpid())), 0);
	assert_int_equal(read_own(), -ELOOP);
	unlink(map_path(getpid()));
	assert_int_equal(mkdir(map_path(getpid()), 0700), 0);
	assert_int_equal(read_own(), -EPERM);
	rmdir(map_path(getpid()));
	assert_int_equal(mkfifo(map_path(getpid()), 0600), 0);
	assert_int_equal(read_own(), -EPERM);
	unlink(map_path(getpid()));
}

/* A process that is over before anybody asks: its map is read at its end, and a process that gets its number is another one. */
static void processes_that_end_leave_names(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_jit *jit = ktally_processes_jit(procs);
	struct ktally_map anon = { .start = 0x1000, .end = 0x4000, .path = "" };
	int begin[2], end[2];
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(begin) | pipe(end), 0);
	pid = fork();
	if (!pid) {
		if (write(begin[1], "", 1) != 1 || read(end[0], &byte, 1) != 1)
			_exit(1);
		write_map(getpid(), "w", "1000 10 short-lived\n");
		_exit(0);
	}
	assert_int_equal(read(begin[0], &byte, 1), 1);
	ktally_jit_process_maps(jit, (uint32_t)pid, &anon);
	assert_int_equal(write(end[1], "", 1), 1);
	waitpid(pid, NULL, 0);
	ktally_jit_process_exits(jit, (uint32_t)pid);
	unlink(map_path(pid));
	assert_string_equal(find_name(jit, pid, 0x1008), "short-lived");
	assert_null(find_name(jit, pid, 0x2000));
	close(begin[0]);
	close(begin[1]);
	close(end[0]);
	close(end[1]);
	ktally_processes_free(procs);
}

static void status_is_understood(void **state)
{
	struct ktally_jit_status status = { 0 };

	(void)state;
	assert_true(ktally_jit_status_parse(&status, "Name:\tx\nState:\tS (sleeping)\nUid:\t0\t1000\t0\t0\nGid:\t1\t2\t3\t4\n"
						     "NSpid:\t4711\t88\t7\nSigCgt:\t0000000101005ccd\n"));
	assert_int_equal(status.inner, 7);
	assert_int_equal(status.uid, 1000);
	assert_int_equal(status.gid, 2);
	assert_int_equal(status.state, 'S');
	assert_true(status.caught & 1 << (SIGQUIT - 1));
	assert_true(ktally_jit_status_parse(&status, "Uid:\t0\t0\nGid:\t0\t0\nState:\tR\nSigCgt:\t0\n"));
	assert_int_equal(status.inner, 0);
	assert_false(ktally_jit_status_parse(&status, "Uid:\t0\nGid:\t0\t0\nState:\tR\nSigCgt:\t0\n"));
	assert_false(ktally_jit_status_parse(&status, ""));
}

/* ---- jitdumps ---- */

static bool swap;

static void put32(FILE *file, uint32_t value)
{
	value = swap ? bswap_32(value) : value;
	fwrite(&value, sizeof(value), 1, file);
}

static void put64(FILE *file, uint64_t value)
{
	value = swap ? bswap_64(value) : value;
	fwrite(&value, sizeof(value), 1, file);
}

static void put_head(FILE *file, uint32_t id, uint32_t size, uint64_t time)
{
	put32(file, id);
	put32(file, 16 + size);
	put64(file, time);
}

static void put_load(FILE *file, uint64_t time, uint64_t address, uint64_t size, uint64_t index, const char *name)
{
	char code[64] = { 0 };

	put_head(file, 0, (uint32_t)(40 + strlen(name) + 1 + size), time);
	put32(file, 1);
	put32(file, 1);
	put64(file, address);
	put64(file, address);
	put64(file, size);
	put64(file, index);
	fwrite(name, 1, strlen(name) + 1, file);
	fwrite(code, 1, size, file);
}

static void put_lines(FILE *file, uint64_t address)
{
	put_head(file, 2, 16 + 16 + 5 + 16 + 2 + 16 + 5, 50);
	put64(file, address);
	put64(file, 3);
	put64(file, address);
	put32(file, 10);
	put32(file, 0);
	fwrite("a.js", 1, 5, file);
	put64(file, address + 8);
	put32(file, 12);
	put32(file, 0);
	fwrite("\xff", 1, 2, file);
	put64(file, address + 16);
	put32(file, 7);
	put32(file, 0);
	fwrite("b.js", 1, 5, file);
}

static const char *write_dump(void)
{
	const char *path = files_path("jit-1.dump");
	FILE *file = fopen(path, "w");
	uint64_t move[5] = { 0x1000, 0x1000, 0x5000, 32, 1 };
	unsigned int i;

	assert_non_null(file);
	put32(file, 0x4a695444);
	put32(file, 1);
	put32(file, 40);
	put32(file, 62);
	put32(file, 0);
	put32(file, 1);
	put64(file, 1);
	put64(file, 0);
	put_lines(file, 0x1000);
	put_load(file, 100, 0x1000, 32, 1, "first");
	put_head(file, 4, 24, 110);	/* of unwinding */
	for (i = 0; i < 3; i++)
		put64(file, 1);
	put_load(file, 120, 0x2000, 16, 2, "second");
	put_head(file, 1, 8 + sizeof(move), 200);
	put32(file, 1);
	put32(file, 1);
	for (i = 0; i < 5; i++)
		put64(file, move[i]);
	put_load(file, 300, 0x1000, 16, 3, "third");
	put_head(file, 3, 0, 400);
	put_load(file, 500, 0x9000, 16, 4, "behind the end");
	fclose(file);
	return path;
}

static const char *name_then(const struct ktally_jit_codes *codes, uint64_t ip, uint64_t time)
{
	const struct ktally_jit_code *code = ktally_jit_codes_find(codes, ip, time);

	return code ? code->name : NULL;
}

static void check_dump(const struct ktally_jit_codes *codes)
{
	const struct ktally_jit_code *code = ktally_jit_codes_find(codes, 0x5008, 0);

	assert_string_equal(name_then(codes, 0x1008, 0), "third");
	assert_string_equal(name_then(codes, 0x1018, 0), "first");
	assert_string_equal(name_then(codes, 0x1008, 250), "first");
	assert_string_equal(name_then(codes, 0x1008, 300), "third");
	assert_string_equal(name_then(codes, 0x200f, 0), "second");
	assert_null(name_then(codes, 0x2010, 0));
	assert_null(name_then(codes, 0x9000, 0));
	assert_non_null(code);
	assert_string_equal(code->name, "first");
	assert_int_equal(code->nr_lines, 3);
	assert_int_equal(code->lines[1].line, 12);
	assert_int_equal(code->lines[1].delta, 8);
	assert_string_equal(code->lines[1].file, "a.js");
	assert_string_equal(code->lines[2].file, "b.js");
}

static void read_dump(bool foreign)
{
	struct ktally_jit_codes *codes = new_codes();
	struct ktally_jitdump *dump = ktally_jitdump_new(codes);
	int fd;

	swap = foreign;
	fd = open(write_dump(), O_RDONLY);
	assert_int_equal(ktally_jitdump_read(dump, fd), 1);
	assert_int_equal(ktally_jitdump_read(dump, fd), 0);
	check_dump(codes);
	close(fd);
	ktally_jitdump_free(dump);
	ktally_jit_codes_free(codes);
}

static void jitdumps_are_read(void **state)
{
	(void)state;
	read_dump(false);
	read_dump(true);
	swap = false;
}

/* A file that grows by a byte at a time, and is read after each. */
static void jitdumps_that_grow(void **state)
{
	struct ktally_jit_codes *codes = new_codes();
	struct ktally_jitdump *dump = ktally_jitdump_new(codes);
	int from = open(write_dump(), O_RDONLY), to = open(files_path("growing"), O_RDWR | O_CREAT | O_TRUNC, 0600);
	char byte;

	(void)state;
	assert_true(from >= 0 && to >= 0);
	assert_int_equal(ktally_jitdump_read(dump, to), 0);
	while (read(from, &byte, 1) == 1) {
		assert_int_equal(write(to, &byte, 1), 1);
		assert_true(ktally_jitdump_read(dump, to) >= 0);
	}
	check_dump(codes);
	close(from);
	close(to);
	ktally_jitdump_free(dump);
	ktally_jit_codes_free(codes);
}

static void damaged_jitdumps_are_told(void **state)
{
	struct ktally_jit_codes *codes = new_codes();
	struct ktally_jitdump *dump = ktally_jitdump_new(codes);
	int fd = open(write_dump(), O_RDWR);
	uint32_t bad = 5;

	(void)state;
	/* The size of the last record but some: what is before it stays. */
	assert_int_equal(pwrite(fd, &bad, 4, 40 + 16 + 16 + 21 + 18 + 21 + 4), 4);
	assert_int_equal(ktally_jitdump_read(dump, fd), -EBADMSG);
	assert_int_equal(ktally_jitdump_read(dump, fd), -EBADMSG);
	assert_null(name_then(codes, 0x1000, 0));
	ktally_jitdump_free(dump);
	dump = ktally_jitdump_new(codes);
	assert_int_equal(pwrite(fd, "nonsense", 8, 0), 8);
	assert_int_equal(ktally_jitdump_read(dump, fd), -EBADMSG);
	close(fd);
	ktally_jitdump_free(dump);
	ktally_jit_codes_free(codes);
	assert_true(ktally_jitdump_path("/tmp/jit-123.dump"));
	assert_true(ktally_jitdump_path("/root/x/jit-1.dump"));
	assert_false(ktally_jitdump_path("/tmp/jit-.dump"));
	assert_false(ktally_jitdump_path("/tmp/jit-1.dumps"));
	assert_false(ktally_jitdump_path("jit-1.dump"));
}

/* A process that maps its dump, as runtimes do, is found by that alone. */
static void jitdumps_are_found_by_their_mapping(void **state)
{
	const char *path = write_dump();
	int fd = open(path, O_RDONLY);
	void *map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	struct ktally_processes *procs = ktally_processes_new(true);
	struct ktally_jit_name found;

	(void)state;
	assert_ptr_not_equal(map, MAP_FAILED);
	assert_true(ktally_jit_find(ktally_processes_jit(procs), (uint32_t)getpid(), 0x5009, 0, &found));
	assert_string_equal(found.name, "first");
	assert_string_equal(found.file, "a.js");
	assert_int_equal(found.line, 12);
	assert_int_equal(found.address, 0x5000);
	munmap(map, 4096);
	close(fd);
	ktally_processes_free(procs);
}

/* ---- Java ---- */

static void replies_are_understood(void **state)
{
	struct ktally_error err = { 0 };

	(void)state;
	assert_int_equal(ktally_jvm_reply(1, "0\nCommand executed successfully\n", 32, &err), 0);
	assert_int_equal(ktally_jvm_reply(7, "1\njava.lang.IllegalArgumentException: Unknown diagnostic command\n", 65, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "older than 17"));
	assert_int_equal(ktally_jvm_reply(7, "101\nProtocol \x1b[mmismatch", 24, &err), -EPROTO);
	assert_non_null(strstr(err.text, "Protocol ?[mmismatch"));
	assert_int_equal(ktally_jvm_reply(7, "", 0, &err), -EPROTO);
	assert_int_equal(ktally_jvm_reply(7, "0", 1, &err), -EPROTO);
}

static volatile sig_atomic_t asked;

static void on_quit(int signal)
{
	asked = signal;
}

/* As HotSpot does: the socket comes when a file and a signal ask for it; the command writes the map. */
static void serve(const char *reply)
{
	static const char expect[] = "1\0jcmd\0Compiler.perfmap\0\0";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char trigger[64], got[64];
	int server = -1, fd;

	for (;;) {
		while (!asked && server < 0)
			usleep(1000);
		snprintf(trigger, sizeof(trigger), ".attach_pid%d", getpid());
		if (server < 0 && access(trigger, F_OK))
			_exit(3);
		if (server < 0) {
			server = socket(AF_UNIX, SOCK_STREAM, 0);
			snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/.java_pid%d", getpid());
			if (bind(server, (struct sockaddr *)&address, sizeof(address)) || listen(server, 4))
				_exit(4);
		}
		fd = accept(server, NULL, NULL);
		if (read(fd, got, sizeof(got)) != sizeof(expect) || memcmp(got, expect, sizeof(expect)))
			_exit(5);
		if (reply[0] == '0')
			write_map(getpid(), "w", "0x5000 0x10 void Java.code()\n");
		if (write(fd, reply, strlen(reply)) < 0)
			_exit(6);
		close(fd);
	}
}

#define JAVA_CODE ((void *)0x5000000000)

static pid_t fake_java(const char *reply, bool catches)
{
	const char *library = files_write("libjvm.so", "not really");
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		int fd = open(library, O_RDONLY);

		if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED || chdir(files_root()) ||
		    mmap(JAVA_CODE, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			_exit(1);
		if (catches)
			signal(SIGQUIT, on_quit);
		if (write(ready[1], "", 1) != 1)
			_exit(2);
		serve(reply);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

/* It makes one when it is asked for the first time. */
static bool java_socket(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/tmp/.java_pid%d", pid);
	return !access(path, F_OK);
}

static void end_java(pid_t pid)
{
	char path[128];
	int status;

	/* It must be waiting for us, not have found something wrong. */
	assert_int_equal(waitpid(pid, &status, WNOHANG), 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	snprintf(path, sizeof(path), "/tmp/.java_pid%d", pid);
	unlink(path);
	snprintf(path, sizeof(path), "%s/.attach_pid%d", files_root(), pid);
	assert_int_equal(access(path, F_OK), -1);
}

static void java_is_asked(void **state)
{
	pid_t pid = fake_java("0\nCommand executed successfully\n", true);
	struct ktally_processes *procs = ktally_processes_new(true);
	struct ktally_jit *jit = ktally_processes_jit(procs);

	(void)state;
	/* Not before it has samples. */
	assert_int_equal(access(map_path(pid), F_OK), -1);
	ktally_jit_process_sampled(jit, (uint32_t)pid);
	assert_int_equal(access(map_path(pid), F_OK), -1);	/* read, and taken away */
	end_java(pid);
	ktally_jit_process_exits(jit, (uint32_t)pid);
	assert_string_equal(find_name(jit, pid, 0x500f), "void Java.code()");
	assert_null(ktally_jit_trouble(jit));
	ktally_processes_free(procs);
}

/* While it is measured: as soon as there is a stack with an address of its code, and not before. */
static void java_is_asked_when_it_has_samples(void **state)
{
	const uint64_t others[] = { 0x400000, 0x6000000000 }, its[] = { 0x400000, 0x5000000010, 0x400000 };
	pid_t pid = fake_java("0\n", true);
	struct ktally_processes *procs = ktally_processes_new(true);
	struct ktally_device *dev = crafted_device(1);
	struct ktally_stacks *stacks = crafted_stacks(&dev->cpus[0].stacks, 0, 4096);
	struct ktally_stack *stack;
	uint64_t id;

	(void)state;
	crafted_stack(stacks, its, 3);	/* of the kernel, which has nothing to do with it */
	id = crafted_stack(stacks, others, 2);
	stack = (void *)((char *)stacks + stacks->entries_offset + (id - 1) * 8);
	stack->kind = KTALLY_STACK_USER;
	ktally_processes_peek(procs, dev);
	assert_false(java_socket(pid));
	id = crafted_stack(stacks, its, 3);
	stack = (void *)((char *)stacks + stacks->entries_offset + (id - 1) * 8);
	stack->kind = KTALLY_STACK_USER;
	ktally_processes_peek(procs, dev);
	assert_true(java_socket(pid));
	end_java(pid);
	assert_string_equal(find_name(ktally_processes_jit(procs), pid, 0x5000), "void Java.code()");
	ktally_processes_free(procs);
	crafted_free(dev);
}

static void java_is_asked_when_an_address_has_no_name(void **state)
{
	pid_t pid = fake_java("0\n", true);
	struct ktally_processes *procs = ktally_processes_new(false);

	(void)state;
	assert_string_equal(find_name(ktally_processes_jit(procs), pid, 0x5000), "void Java.code()");
	assert_null(find_name(ktally_processes_jit(procs), pid, 0x6000));
	end_java(pid);
	ktally_processes_free(procs);
}

/* One with a map of its own is left alone. */
static void java_with_a_map_is_not_asked(void **state)
{
	pid_t pid = fake_java("1\nno\n", true);
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_jit *jit = ktally_processes_jit(procs);

	(void)state;
	write_map(pid, "w", "7000 10 agent\n");
	assert_null(find_name(jit, pid, 0x5000));
	assert_string_equal(find_name(jit, pid, 0x7000), "agent");
	assert_null(ktally_jit_trouble(jit));
	assert_int_equal(unlink(map_path(pid)), 0);
	end_java(pid);
	ktally_processes_free(procs);
}

static void old_java_is_told_once(void **state)
{
	pid_t pid = fake_java("1\nUnknown diagnostic command\n", true);
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_jit *jit = ktally_processes_jit(procs);

	(void)state;
	assert_null(find_name(jit, pid, 0x5000));
	assert_non_null(strstr(ktally_jit_trouble(jit), "older than 17"));
	end_java(pid);
	ktally_processes_free(procs);
}

/* What does not handle the signal would die of it. */
static void signals_go_only_to_who_handles_them(void **state)
{
	pid_t pid = fake_java("0\n", false);
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_jit *jit = ktally_processes_jit(procs);

	(void)state;
	assert_null(find_name(jit, pid, 0x5000));
	assert_non_null(strstr(ktally_jit_trouble(jit), "does not let others attach"));
	end_java(pid);
	ktally_processes_free(procs);
}

static int done(void **state)
{
	(void)state;
	files_done();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(perf_maps_are_read),
		cmocka_unit_test(hostile_lines_do_no_harm),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(the_last_one_counts),
		cmocka_unit_test(files_that_grow),
		cmocka_unit_test(files_of_others_are_not_believed),
		cmocka_unit_test(processes_that_end_leave_names),
		cmocka_unit_test(status_is_understood),
		cmocka_unit_test(jitdumps_are_read),
		cmocka_unit_test(jitdumps_that_grow),
		cmocka_unit_test(damaged_jitdumps_are_told),
		cmocka_unit_test(jitdumps_are_found_by_their_mapping),
		cmocka_unit_test(replies_are_understood),
		cmocka_unit_test(java_is_asked),
		cmocka_unit_test(java_is_asked_when_it_has_samples),
		cmocka_unit_test(java_is_asked_when_an_address_has_no_name),
		cmocka_unit_test(java_with_a_map_is_not_asked),
		cmocka_unit_test(old_java_is_told_once),
		cmocka_unit_test(signals_go_only_to_who_handles_them),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
