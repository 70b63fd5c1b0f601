// SPDX-License-Identifier: GPL-2.0-or-later
/* Mappings of processes: against a model that keeps every page by itself, records, and this very process. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "crafted.h"
#include "process.h"

#define PAGES 64U
#define IMAGE(pid, exec) ((uint64_t)(pid) << 32 | (exec))

/* Random mappings put over each other; every page must show the newest, at the right place of its file. */
static void newer_mappings_win(void **state)
{
	static const char *const paths[] = { "/a", "/b", "/c", "/d" };
	const char *page_path[PAGES] = { NULL };
	uint64_t page_offset[PAGES] = { 0 };
	struct ktally_maps *maps = NULL;
	unsigned int round, i, page;

	(void)state;
	for (round = 0; round < 3000; round++) {
		unsigned int first = random() % PAGES, nr = 1 + random() % (PAGES - first);
		bool keep = random() % 4 == 0, free_pages = true;
		struct ktally_map map = { .start = first * 4096ULL, .end = (first + nr) * 4096ULL,
					  .offset = (random() % 1000) * 4096ULL, .path = paths[random() % 4] };

		if (round % 100 == 0) {
			ktally_maps_put(maps);
			maps = NULL;
			memset(page_path, 0, sizeof(page_path));
		}
		assert_int_equal(ktally_maps_set(&maps, &map, keep), 0);
		for (i = 0; i < nr; i++)
			free_pages &= !page_path[first + i];
		for (i = 0; i < nr && (!keep || free_pages); i++) {
			page_path[first + i] = map.path;
			page_offset[first + i] = map.offset + i * 4096ULL;
		}
		for (page = 0; page < PAGES; page++) {
			uint64_t ip = page * 4096ULL + random() % 4096;
			const struct ktally_map *found = ktally_maps_find(maps, ip);

			assert_int_equal(found != NULL, page_path[page] != NULL);
			if (!found)
				continue;
			assert_ptr_equal(found->path, page_path[page]);
			assert_int_equal(ip - found->start + found->offset, page_offset[page] + ip % 4096);
		}
	}
	ktally_maps_put(maps);
}

struct seen {
	unsigned int nr;
	struct ktally_map last;
	char path[64];
};

static int note(const struct ktally_map *map, size_t path_len, void *arg)
{
	struct seen *seen = arg;

	seen->nr++;
	seen->last = *map;
	snprintf(seen->path, sizeof(seen->path), "%.*s", (int)path_len, map->path);
	return 0;
}

static struct seen parse(const char *text)
{
	struct seen seen = { 0 };

	assert_int_equal(ktally_maps_parse(text, strlen(text), note, &seen), 0);
	return seen;
}

static void maps_text_is_understood(void **state)
{
	struct seen seen;

	(void)state;
	seen = parse("55d0a-7f000 r-xp 00001000 fe:1f 1234567                            /usr/bin/with space\n");
	assert_int_equal(seen.nr, 1);
	assert_int_equal(seen.last.start, 0x55d0a);
	assert_int_equal(seen.last.end, 0x7f000);
	assert_int_equal(seen.last.offset, 0x1000);
	assert_int_equal(seen.last.dev_major, 0xfe);
	assert_int_equal(seen.last.dev_minor, 0x1f);
	assert_int_equal(seen.last.inode, 1234567);
	assert_string_equal(seen.path, "/usr/bin/with space");
	assert_false(seen.last.deleted);
	seen = parse("1000-2000 r-xp 00000000 00:01 5 /tmp/lib.so (deleted)\n");
	assert_string_equal(seen.path, "/tmp/lib.so");
	assert_true(seen.last.deleted);
	seen = parse("1000-2000 rwxp 00000000 00:00 0 \n");
	assert_int_equal(seen.nr, 1);
	assert_string_equal(seen.path, "");
	seen = parse("1000-2000 rwxp 00000000 00:00 0\n");
	assert_int_equal(seen.nr, 1);
	assert_int_equal(parse("ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]\n").nr, 1);
}

static void bad_maps_text_is_skipped(void **state)
{
	(void)state;
	assert_int_equal(parse("1000-2000 r--p 00000000 00:01 5 /data\n").nr, 0);
	assert_int_equal(parse("2000-1000 r-xp 00000000 00:01 5 /back\n").nr, 0);
	assert_int_equal(parse("1000-2000 r-xp 00000000 00:01 5 /no/newline").nr, 0);
	assert_int_equal(parse("11000000000000000-2000 r-xp 00000000 00:01 5 /x\n").nr, 0);
	assert_int_equal(parse("1000-2000 r-x\n\n-\n1000- r-xp 0 0:0 0 x\n1000-2000 r-xp zz 00:01 5 /x\n").nr, 0);
	assert_int_equal(parse("garbage\n1000-2000 r-xp 00000000 00:01 5 /x\n").nr, 1);
}

static void learn_process(struct ktally_processes *procs, unsigned int type, uint64_t image, uint64_t parent)
{
	struct ktally_process process = { .record = { .size = sizeof(process), .type = type }, .image = image, .parent = parent };

	assert_int_equal(ktally_processes_record(procs, &process.record), 0);
}

static void learn_mmap(struct ktally_processes *procs, uint64_t image, uint64_t start, uint64_t length, const char *path)
{
	union {
		struct ktally_mmap mmap;
		char space[256];
	} record = { .mmap = { .image = image, .start = start, .length = length, .offset = 0x3000, .inode = 9 } };

	strcpy(record.mmap.path, path);
	record.mmap.record.type = KTALLY_RECORD_MMAP;
	record.mmap.record.size = (sizeof(record.mmap) + strlen(path) + 8) & ~7U;
	assert_int_equal(ktally_processes_record(procs, &record.mmap.record), 0);
}

static const char *path_at(struct ktally_processes *procs, uint64_t image, uint64_t ip)
{
	const struct ktally_map *map = ktally_processes_find(procs, image, ip);

	return map ? map->path : "nothing";
}

/* A process id that no process can have. */
#define NOBODY 0x7ffffff0U

static void life_of_a_process(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	uint64_t shell = IMAGE(NOBODY, 4), child = IMAGE(NOBODY + 1, 4), program = IMAGE(NOBODY + 1, 5);

	(void)state;
	learn_mmap(procs, shell, 0x1000, 0x2000, "/bin/sh");
	learn_process(procs, KTALLY_RECORD_FORK, child, shell);
	assert_string_equal(path_at(procs, child, 0x1800), "/bin/sh");
	learn_mmap(procs, child, 0x8000, 0x1000, "/lib/plugin.so");
	assert_string_equal(path_at(procs, child, 0x8000), "/lib/plugin.so");
	assert_string_equal(path_at(procs, shell, 0x8000), "nothing");
	learn_process(procs, KTALLY_RECORD_EXEC, program, 0);
	learn_mmap(procs, program, 0x1000, 0x1000, "/bin/ls");
	assert_string_equal(path_at(procs, program, 0x1800), "/bin/ls");
	assert_string_equal(path_at(procs, program, 0x2800), "nothing");
	assert_string_equal(path_at(procs, child, 0x2800), "/bin/sh");
	learn_process(procs, KTALLY_RECORD_EXIT, program, 0);
	assert_string_equal(path_at(procs, program, 0x1fff), "/bin/ls");
	assert_string_equal(path_at(procs, program, 0x2000), "nothing");
	learn_mmap(procs, program, 0x5000, 0x1000, "//anon");
	assert_string_equal(path_at(procs, program, 0x5000), "");
	ktally_processes_free(procs);
}

static void bad_records_are_refused(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	struct ktally_process process = { .record = { .size = sizeof(struct ktally_record), .type = KTALLY_RECORD_FORK } };
	union {
		struct ktally_mmap mmap;
		char space[128];
	} record = { .mmap = { .record = { .size = sizeof(record.mmap) + 8, .type = KTALLY_RECORD_MMAP }, .image = 1 } };

	(void)state;
	assert_int_equal(ktally_processes_record(procs, &process.record), -EBADMSG);
	memset(record.mmap.path, 'x', 40);
	assert_int_equal(ktally_processes_record(procs, &record.mmap.record), -EBADMSG);
	strcpy(record.mmap.path, "/x");
	record.mmap.start = UINT64_MAX;
	record.mmap.length = 2;
	assert_int_equal(ktally_processes_record(procs, &record.mmap.record), -EBADMSG);
	ktally_processes_free(procs);
}

/* What /proc shows at the start serves any image of the process, also one whose first record came later. */
static void running_processes_are_known(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(true);
	uint64_t self = IMAGE(getpid(), 77), ip = (uint64_t)(uintptr_t)running_processes_are_known;
	char *link = realpath("/proc/self/exe", NULL);

	(void)state;
	assert_string_equal(path_at(procs, self, ip), link);
	learn_mmap(procs, self, 0x1000, 0x1000, "/new");
	assert_string_equal(path_at(procs, self, ip), link);
	learn_process(procs, KTALLY_RECORD_FORK, IMAGE(NOBODY, 77), self);
	assert_string_equal(path_at(procs, IMAGE(NOBODY, 77), ip), link);
	assert_string_equal(path_at(procs, IMAGE(NOBODY, 77), 0x1000), "/new");
	free(link);
	ktally_processes_free(procs);
}

static void proc_is_the_last_resort(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	uint64_t ip = (uint64_t)(uintptr_t)proc_is_the_last_resort;
	char *link = realpath("/proc/self/exe", NULL);

	(void)state;
	assert_string_equal(path_at(procs, IMAGE(getpid(), 3), ip), link);
	learn_process(procs, KTALLY_RECORD_EXEC, IMAGE(getpid(), 9), 0);
	assert_string_equal(path_at(procs, IMAGE(getpid(), 8), ip), "nothing");	/* an older image is not what /proc shows */
	learn_process(procs, KTALLY_RECORD_EXIT, IMAGE(getpid(), 9), 0);
	assert_string_equal(path_at(procs, IMAGE(getpid(), 9), ip), "nothing");
	free(link);
	ktally_processes_free(procs);
}

/* The file must be there for the report although it was unlinked and unmapped, and a new file has its name. */
static void files_outlive_their_process(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	char path[] = "/tmp/ktally-test-XXXXXX";
	int fd = mkstemp(path), got;
	const struct ktally_map *map;
	struct stat st, got_st;
	union {
		struct ktally_mmap mmap;
		char space[128];
	} record = { .mmap = { .image = IMAGE(getpid(), 1), .start = 0x10000, .length = 4096 } };

	(void)state;
	assert_true(fd >= 0 && !ftruncate(fd, 4096) && !fstat(fd, &st));
	record.mmap.inode = st.st_ino;
	record.mmap.dev_major = major(st.st_dev);
	record.mmap.dev_minor = minor(st.st_dev);
	record.mmap.record = (struct ktally_record){ .size = sizeof(record.mmap) + 32, .type = KTALLY_RECORD_MMAP };
	strcpy(record.mmap.path, path);
	assert_int_equal(ktally_processes_record(procs, &record.mmap.record), 0);
	assert_int_equal(unlink(path), 0);
	got = open(path, O_CREAT | O_RDWR, 0600);	/* another file of the same name, while the old inode is in use */
	assert_true(got >= 0);
	close(got);
	map = ktally_processes_find(procs, IMAGE(getpid(), 1), 0x10000);
	got = ktally_processes_open(procs, map, getpid());
	assert_true(got >= 0 && !fstat(got, &got_st));
	assert_int_equal(got_st.st_ino, st.st_ino);
	close(got);
	assert_int_equal(ktally_processes_open(NULL, map, NOBODY), -1);	/* the new file is not taken for the old one */
	unlink(path);
	close(fd);
	ktally_processes_free(procs);
}

static void learn_comm(struct ktally_processes *procs, unsigned int type, uint64_t image, uint64_t parent, const char *comm)
{
	struct ktally_process process = { .record = { .size = sizeof(process), .type = type }, .image = image, .parent = parent };

	memcpy(process.comm, comm, strnlen(comm, sizeof(process.comm)));
	assert_int_equal(ktally_processes_record(procs, &process.record), 0);
}

static void names_change_with_the_image(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	uint64_t shell = IMAGE(NOBODY, 4), child = IMAGE(NOBODY + 1, 4), program = IMAGE(NOBODY + 1, 5);

	(void)state;
	assert_null(ktally_processes_comm(procs, shell));
	learn_comm(procs, KTALLY_RECORD_FORK, child, shell, "sh");
	learn_comm(procs, KTALLY_RECORD_EXEC, program, 0, "a name of 16 by-");
	assert_string_equal(ktally_processes_comm(procs, child), "sh");
	assert_string_equal(ktally_processes_comm(procs, program), "a name of 16 by");
	learn_comm(procs, KTALLY_RECORD_COMM, program, 0, "worker");
	assert_string_equal(ktally_processes_comm(procs, program), "worker");
	assert_null(ktally_processes_comm(procs, shell));
	ktally_processes_free(procs);
	procs = ktally_processes_new(true);
	assert_string_equal(ktally_processes_comm(procs, IMAGE(getpid(), 3)), "test_process");
	assert_int_equal(ktally_processes_running(procs, getpid(), IMAGE(getpid(), 7)), 0);
	assert_string_equal(ktally_processes_comm(procs, IMAGE(getpid(), 7)), "test_process");
	ktally_processes_free(procs);
}

/* What the module says of a mapping needs no guess. */
static void flags_of_mappings_are_kept(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	uint64_t image = IMAGE(NOBODY, 4), stamp;
	union {
		struct ktally_mmap mmap;
		char space[128];
	} record = { .mmap = { .image = image, .start = 0x1000, .length = 0x1000, .flags = KTALLY_MMAP_DELETED } };

	(void)state;
	record.mmap.record = (struct ktally_record){ .size = sizeof(record.mmap) + 16, .type = KTALLY_RECORD_MMAP };
	strcpy(record.mmap.path, "/lib/gone.so");
	assert_int_equal(ktally_processes_record(procs, &record.mmap.record), 0);
	assert_true(ktally_processes_find(procs, image, 0x1800)->deleted);
	assert_string_equal(path_at(procs, image, 0x1800), "/lib/gone.so");
	stamp = ktally_processes_stamp(procs, image);
	assert_int_equal(ktally_processes_stamp(procs, image), stamp);
	record.mmap.start = 0x7000;
	record.mmap.flags = KTALLY_MMAP_VDSO;
	strcpy(record.mmap.path, "//anon");
	assert_int_equal(ktally_processes_record(procs, &record.mmap.record), 0);
	assert_string_equal(path_at(procs, image, 0x7000), "[vdso]");
	assert_int_not_equal(ktally_processes_stamp(procs, image), stamp);
	ktally_processes_free(procs);
}

static void the_vdso_of_a_new_program_is_told(void **state)
{
	struct ktally_processes *procs = ktally_processes_new(false);
	uint64_t image = IMAGE(NOBODY, 2), size = ktally_vdso_size();

	(void)state;
	if (!size)
		skip();
	learn_mmap(procs, image, 0x7ff000000000, size, "//anon");
	learn_mmap(procs, image, 0x7ff000100000, size + 4096, "//anon");
	learn_process(procs, KTALLY_RECORD_EXEC, image, 0);
	learn_mmap(procs, image, 0x7ff000200000, size, "//anon");
	assert_string_equal(path_at(procs, image, 0x7ff000000000), "[vdso]");
	assert_string_equal(path_at(procs, image, 0x7ff000100000), "");
	assert_string_equal(path_at(procs, image, 0x7ff000200000), "");
	ktally_processes_free(procs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(newer_mappings_win),
		cmocka_unit_test(maps_text_is_understood),
		cmocka_unit_test(bad_maps_text_is_skipped),
		cmocka_unit_test(life_of_a_process),
		cmocka_unit_test(bad_records_are_refused),
		cmocka_unit_test(running_processes_are_known),
		cmocka_unit_test(proc_is_the_last_resort),
		cmocka_unit_test(files_outlive_their_process),
		cmocka_unit_test(names_change_with_the_image),
		cmocka_unit_test(flags_of_mappings_are_kept),
		cmocka_unit_test(the_vdso_of_a_new_program_is_told),
	};

	srandom(3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
