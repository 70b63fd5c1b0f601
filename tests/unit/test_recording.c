// SPDX-License-Identifier: GPL-2.0-or-later
/* Recordings: what every format says of a report is what it says of its recording; and what is left of a damaged one. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "process.h"
#include "recording.h"
#include "recording_write.h"

#define IMAGE ((1234ULL << 32) | 3)
#define KERNEL 0xffffffff81000000ULL
#define USER 0x7f0000001000ULL
#define CODE (KTALLY_WORD_INTERP | 0x55aa000ULL)

/* ---- a report with something of everything ---- */

struct crafted {
	struct ktally_report report;
	struct ktally_snapshot snapshot;
	struct ktally_table tables[2];
	struct ktally_row rows[2][3];
	uint64_t words[2][4][600];
	struct ktally_accounting probe;
	struct ktally_pair_accounting pair;
	struct ktally_host host;
	struct ktally_processes *procs;
	struct ktally_stream *stream;
};

static void put_frame(struct crafted *crafted, bool kernel, uint64_t word, bool caller, struct ktally_frame frame)
{
	struct ktally_recorded_frame recorded = { .image = kernel ? 0 : IMAGE, .word = word, .kernel = kernel, .caller = caller, .frame = &frame };

	frame.address = KTALLY_WORD_ADDRESS(word);
	frame.build_id = frame.build_id ? frame.build_id : "";
	frame.file = frame.file ? frame.file : "";
	assert_int_equal(ktally_symbolizer_put(crafted->report.sym, &recorded), 0);
}

static void put_frames(struct crafted *crafted)
{
	static const struct ktally_frame caller_of_inlined = { .name = "outermost<&\">;", .module = "/usr/bin/odd", .build_id = "aabb", .file = "a.cc", .line = 3 };
	static const struct ktally_frame inlined = { .name = "middle", .module = "/usr/bin/odd", .build_id = "aabb", .file = "b.cc", .line = 4,
						     .outer = &caller_of_inlined };

	put_frame(crafted, true, KERNEL + 17, false, (struct ktally_frame){ .name = "kernel_one", .module = "[kernel]", .kernel = true,
		  .kind = KTALLY_FRAME_KERNEL, .symbol_address = KERNEL, .map_start = KERNEL, .map_end = KERNEL + 4096, .build_id = "0123" });
	put_frame(crafted, true, KERNEL + 40, true, (struct ktally_frame){ .name = "in_module", .module = "[ext4]", .kernel = true,
		  .kind = KTALLY_FRAME_KERNEL, .symbol_address = KERNEL + 32 });
	put_frame(crafted, true, KERNEL + 40, false, (struct ktally_frame){ .name = "another", .module = "[ext4]", .kernel = true,
		  .kind = KTALLY_FRAME_KERNEL, .symbol_address = KERNEL + 40 });
	put_frame(crafted, false, USER + 5, false, (struct ktally_frame){ .name = "na\xc3\xafve \xff" "bad", .module = "/usr/bin/odd", .build_id = "aabb",
		  .symbol_address = USER, .map_start = USER & ~0xfffULL, .map_end = USER + 0x9000, .map_offset = 0x1000, .outer = &inlined,
		  .file = "c.cc", .line = 5 });
	put_frame(crafted, false, (USER + 99) | KTALLY_WORD_GUESS, true, (struct ktally_frame){ .name = "[unknown]", .module = "/usr/bin/odd",
		  .map_start = USER & ~0xfffULL, .map_end = USER + 0x9000, .guess = true, .build_id = "aabb" });
	put_frame(crafted, false, USER + 0x123, true, (struct ktally_frame){ .name = "[odd+0x1100]", .module = "/usr/bin/odd", .unnamed = true,
		  .symbol_address = USER + 0x100, .map_start = USER & ~0xfffULL, .map_end = USER + 0x9000, .map_offset = 0x1000, .build_id = "aabb" });
	put_frame(crafted, false, CODE, false, (struct ktally_frame){ .name = "python_function", .module = "/srv/app.py", .kind = KTALLY_FRAME_PYTHON,
		  .file = "/srv/app.py", .line = 12, .map_end = 1 });
	put_frame(crafted, false, CODE, true, (struct ktally_frame){ .name = "python_function", .module = "/srv/app.py", .kind = KTALLY_FRAME_PYTHON,
		  .file = "/srv/app.py", .line = 12, .map_end = 1 });
	assert_int_equal(ktally_symbolizer_put_text(crafted->report.sym, KTALLY_KIND_SYSCALL, 999, "a_call_of_another_machine"), 0);
}

static void add_key(struct ktally_schema *schema, const char *name, enum ktally_kind kind, unsigned int words)
{
	schema->keys[schema->nr_keys] = (struct ktally_field){ .kind = kind, .word = schema->key_words, .words = words };
	snprintf(schema->keys[schema->nr_keys++].name, sizeof(schema->keys[0].name), "%s", name);
	schema->key_words += words;
}

static void add_value(struct ktally_schema *schema, const char *name, enum ktally_kind kind, struct ktally_column column)
{
	schema->values[schema->nr_values] = (struct ktally_value){ .kind = kind, .column = column };
	snprintf(schema->values[schema->nr_values++].name, sizeof(schema->values[0].name), "%s", name);
}

static void point_rows(struct crafted *crafted, unsigned int t, unsigned int nr)
{
	struct ktally_table *table = &crafted->tables[t];
	unsigned int i;

	assert_true(table->schema.key_words + ktally_row_cells(&table->schema) <= 600);
	table->rows = crafted->rows[t];
	table->nr_rows = nr;
	for (i = 0; i < nr; i++)
		table->rows[i] = (struct ktally_row){ .key = crafted->words[t][i], .hits = 7 + i,
						      .cells = crafted->words[t][i] + table->schema.key_words };
	table->other = (struct ktally_row){ .key = crafted->words[t][3], .cells = crafted->words[t][3] + table->schema.key_words };
}

static void stack_table(struct crafted *crafted)
{
	const uint64_t kernel[] = { KERNEL + 17, KERNEL + 40 }, user[] = { USER + 5, (USER + 99) | KTALLY_WORD_GUESS, USER + 0x123,
							       KTALLY_WORD_CUT(KTALLY_CUT_TABLE), CODE };
	struct ktally_table *table = &crafted->tables[0];
	uint64_t k = ktally_stackset_add(crafted->snapshot.stacks, kernel, 2), u = ktally_stackset_add(crafted->snapshot.stacks, user, 5);
	unsigned int i;

	snprintf(table->schema.name, sizeof(table->schema.name), "timer:99hz//key=comm,pid/stack=both/");
	add_key(&table->schema, "comm", KTALLY_KIND_STRING, 2);
	add_key(&table->schema, "kstack", KTALLY_KIND_KSTACK, 1);
	add_key(&table->schema, "image", KTALLY_KIND_IMAGE, 1);
	add_key(&table->schema, "ustack", KTALLY_KIND_USTACK, 1);
	point_rows(crafted, 0, 3);
	for (i = 0; i < 3; i++) {
		memcpy(crafted->words[0][i], i ? "a;program" : "<&\"'>", i ? 10 : 6);
		crafted->words[0][i][2] = i == 2 ? 0 : k;
		crafted->words[0][i][3] = IMAGE;
		crafted->words[0][i][4] = i == 1 ? KTALLY_STACKSET_LOST : u;
	}
	table->other.hits = 5;
}

static void value_table(struct crafted *crafted)
{
	struct ktally_table *table = &crafted->tables[1];
	struct ktally_exemplar exemplar = { .value = 77, .time = 5000, .image = IMAGE, .tid = 1235, .cpu = 2, .stack = 1 };
	struct ktally_column stacked = { .kind = KTALLY_COLUMN_EXEMPLAR, .flags = KTALLY_COLUMN_KSTACK };
	unsigned int i;

	snprintf(table->schema.name, sizeof(table->schema.name), "raw_syscalls:sys_exit");
	add_key(&table->schema, "id", KTALLY_KIND_SYSCALL, 1);
	add_key(&table->schema, "ret", KTALLY_KIND_ERRNO, 1);
	add_key(&table->schema, "caller", KTALLY_KIND_KSYM, 1);
	add_value(&table->schema, "=TOTAL=sum(x)", KTALLY_KIND_NS, (struct ktally_column){ .kind = KTALLY_COLUMN_SUM });
	add_value(&table->schema, "max(x)", KTALLY_KIND_NS, (struct ktally_column){ .kind = KTALLY_COLUMN_MAX });
	add_value(&table->schema, "var(x)", KTALLY_KIND_NS, (struct ktally_column){ .kind = KTALLY_COLUMN_VAR });
	add_value(&table->schema, "exemplar(x)", KTALLY_KIND_NS, stacked);
	add_value(&table->schema, "hist(x)", KTALLY_KIND_NS, (struct ktally_column){ .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR,
		  .param0 = -50, .param1 = 100, .param2 = 25 });
	point_rows(crafted, 1, 3);
	for (i = 0; i < 3; i++) {
		uint64_t *cells = (uint64_t *)table->rows[i].cells;

		crafted->words[1][i][0] = i == 2 ? 999 : i;
		crafted->words[1][i][1] = (uint64_t)-(int64_t)i;
		crafted->words[1][i][2] = KERNEL + 40;
		cells[0] = 1000 * i;
		cells[1] = (100 * i) ^ KTALLY_MAX_BIAS;
		cells[2] = 1000 * i;
		cells[3] = 4000000 * i;
		memcpy(cells + 5, &exemplar, sizeof(exemplar));
		cells[12] = 3;
		cells[14] = 4 + i;
	}
}

static void emit(struct crafted *crafted, uint64_t time)
{
	const uint64_t stack[] = { KERNEL + 17 };
	const uint64_t words[] = { 42, ktally_stackset_add(ktally_stream_stacks(crafted->stream), stack, 1) };
	struct ktally_emitted emitted = { .time = time, .cpu = 1, .probe = 0, .pid = 10, .tid = 11, .nr_words = 2, .words = words };

	assert_int_equal(ktally_stream_add(crafted->stream, &emitted), 0);
}

static struct crafted *craft(bool streams)
{
	struct crafted *crafted = calloc(1, sizeof(*crafted));
	struct ktally_map map = { .start = USER & ~0xfffULL, .end = USER + 0x9000, .offset = 0x1000, .inode = 5, .dev_major = 8, .path = "/usr/bin/odd",
				  .build_id = "aabb" };
	struct ktally_process named = { .record = { .size = sizeof(named), .type = KTALLY_RECORD_COMM }, .image = IMAGE, .comm = "odd" };
	struct ktally_schema schema = { .name = "sched:sched_switch" };
	unsigned int i;

	crafted->procs = ktally_processes_new_recorded(NULL);
	ktally_processes_put(crafted->procs, IMAGE, &map);
	ktally_processes_record(crafted->procs, &named.record);
	crafted->report.sym = ktally_symbolizer_new_recorded(crafted->procs);
	crafted->snapshot.stacks = ktally_stackset_new();
	put_frames(crafted);
	crafted->snapshot.nr_tables = 2;
	crafted->snapshot.tables = crafted->tables;
	stack_table(crafted);
	value_table(crafted);
	crafted->probe = (struct ktally_accounting){ .name = "the probe", .closed = true, .count = { .hits = 30, .filtered = 1, .folded = 24, .other = 5 }, .missed = 3 };
	crafted->pair = (struct ktally_pair_accounting){ .name = "a -> b", .closed = true, .count = { .starts = 9, .ended = 5, .full = 2, .abandoned = 1 }, .open = 1 };
	crafted->snapshot.nr_probes = crafted->snapshot.nr_pairs = crafted->snapshot.nr_steps = 1;
	crafted->snapshot.probes = &crafted->probe;
	crafted->snapshot.pairs = &crafted->pair;
	crafted->snapshot.steps[0] = (struct ktally_step){ .time = 9, .kind = KTALLY_STEP_GATE, .number = 8, .share = 71, .cpu = 1 };
	crafted->snapshot.budget = 50;
	crafted->snapshot.share = 12;
	crafted->snapshot.stacks_lost = 6;
	crafted->host = (struct ktally_host){ .boot_id = "b00t", .kernel_id = "0123", .cpus = 12, .clocks = { { 1, 2, 3 }, { 4, 5, 6 } } };
	crafted->report.title = "ktally profile -- 'a b'";
	crafted->report.hostname = "elsewhere";
	crafted->report.release = "3.10.0";
	crafted->report.machine = "aarch64";
	crafted->report.host = &crafted->host;
	crafted->report.start_real_ns = 1700000000000000000ULL;
	crafted->report.duration_ns = 2000000000;
	crafted->report.period_ns = 10101010;
	crafted->report.start_ns = 77;
	crafted->report.rings = (struct ktally_ring_accounting){ .offered = 10, .reserved = 8, .dropped = 2, .read = 8, .closed = true };
	crafted->report.functions = true;
	crafted->report.unwind = (struct ktally_unwind_count){ .processes = 3, .stacks = 100, .whole = 99, .cut = { 0, 1 } };
	crafted->report.snapshot = &crafted->snapshot;
	if (!streams)
		return crafted;
	assert_int_equal(ktally_stream_new(&crafted->stream, NULL, NULL), 0);
	add_key(&schema, "value", KTALLY_KIND_UINT, 1);
	add_key(&schema, "stack", KTALLY_KIND_KSTACK, 1);
	assert_int_equal(ktally_stream_layout(crafted->stream, 0, &schema), 0);
	for (i = 0; i < 50000; i++)	/* several chunks */
		emit(crafted, 1000 + i);
	crafted->report.stream = crafted->stream;
	return crafted;
}

static void drop(struct crafted *crafted)
{
	ktally_stream_free(crafted->stream);
	ktally_symbolizer_free(crafted->report.sym);
	ktally_processes_free(crafted->procs);
	ktally_stackset_free(crafted->snapshot.stacks);
	free(crafted);
}

static char *export(const struct ktally_report *report, const char *format, size_t *size)
{
	struct ktally_error err = { .pos = -1 };
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (ktally_export(report, ktally_exporter_find(format), out, &err))
		fail_msg("%s: %s", format, err.text);
	fclose(out);
	return text;
}

/* A file with these bytes; the name is the caller's to unlink. */
static const char *file_of(const void *data, size_t size)
{
	static char path[64];
	int fd;

	snprintf(path, sizeof(path), "/tmp/test_recording-XXXXXX");
	fd = mkstemp(path);
	assert_int_equal(write(fd, data, size), (ssize_t)size);
	close(fd);
	return path;
}

static struct ktally_recording *record_and_open(const struct ktally_report *report)
{
	struct ktally_recording *recording;
	struct ktally_error err = { .pos = -1 };
	size_t size;
	char *data = export(report, "recording", &size);
	const char *path = file_of(data, size);

	if (ktally_recording_open(&recording, path, NULL, &err))
		fail_msg("%s", err.text);
	unlink(path);
	free(data);
	return recording;
}

/* ---- tests ---- */

static void all_formats_say_the_same(void **state)
{
	struct crafted *crafted = craft(false);
	struct ktally_recording *recording = record_and_open(&crafted->report);
	const struct ktally_exporter *exporter;
	size_t live_size, size;
	char *live, *again;
	unsigned int n;

	(void)state;
	assert_null(ktally_recording_report(recording)->damage);
	for (n = 0; (exporter = ktally_exporter_at(n)); n++) {
		live = export(&crafted->report, exporter->name, &live_size);
		again = export(ktally_recording_report(recording), exporter->name, &size);
		if (size != live_size || memcmp(live, again, size))
			fail_msg("%s differs", exporter->name);
		free(live);
		free(again);
	}
	live = export(ktally_recording_report(recording), "json", &size);
	assert_non_null(strstr(live, "a_call_of_another_machine"));
	assert_non_null(strstr(live, "middle"));
	assert_non_null(strstr(live, "[cut: no unwind table]"));
	free(live);
	ktally_recording_close(recording);
	drop(crafted);
}

static void host_clocks_and_counts_are_kept(void **state)
{
	struct crafted *crafted = craft(false);
	struct ktally_recording *recording = record_and_open(&crafted->report);
	const struct ktally_report *report = ktally_recording_report(recording);

	(void)state;
	assert_string_equal(report->host->boot_id, "b00t");
	assert_string_equal(report->host->kernel_id, "0123");
	assert_string_equal(report->host->hostname, "elsewhere");
	assert_int_equal(report->host->cpus, 12);
	assert_memory_equal(report->host->clocks, crafted->host.clocks, sizeof(crafted->host.clocks));
	assert_memory_equal(&report->unwind, &crafted->report.unwind, sizeof(report->unwind));
	assert_string_equal(ktally_processes_comm(ktally_symbolizer_processes(report->sym), IMAGE), "odd");
	assert_memory_equal(&report->rings, &crafted->report.rings, sizeof(report->rings));
	ktally_recording_close(recording);
	drop(crafted);
}

/* Nothing of this machine: neither a call of its number, nor a process of its id, nor a file of its path. */
static void this_machine_does_not_leak(void **state)
{
	struct crafted *crafted = craft(false);
	struct ktally_map own = { .start = (uintptr_t)craft & ~0xfffULL, .end = ((uintptr_t)craft & ~0xfffULL) + 0x1000, .path = "/proc/self/exe", .build_id = "abcdef" };
	struct ktally_recording *recording;
	struct ktally_symbolizer *sym;
	const struct ktally_field call = { .kind = KTALLY_KIND_SYSCALL, .words = 1 };
	uint64_t image = (uint64_t)getpid() << 32, number = 1;
	char text[64];

	(void)state;
	ktally_processes_put(crafted->procs, image, &own);
	recording = record_and_open(&crafted->report);
	sym = ktally_recording_report(recording)->sym;
	assert_string_equal(ktally_symbolize_user(sym, image, (uintptr_t)memcpy, false)->name, "[unknown]");
	assert_string_equal(ktally_symbolize_user(sym, image, (uintptr_t)craft, false)->name, "[unknown]");
	assert_string_equal(ktally_symbolize_kernel(sym, KERNEL + 4711, false)->name, "[unknown]");
	ktally_format_field(sym, &call, &number, text, sizeof(text));
	assert_string_equal(text, "syscall_1");
	ktally_recording_close(recording);
	drop(crafted);
}

static void local_file_counts_only_with_its_build_id(void **state)
{
	char id[80] = "", path[512] = "";
	struct ktally_processes *procs;
	struct ktally_symbolizer *sym;
	uint64_t base = 0x10000000;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	unsigned int n;

	(void)state;
	assert_true(len > 0);
	ktally_file_build_id(fd, id);
	close(fd);
	if (!*id)
		skip();
	for (n = 0; n < 2; n++) {
		struct ktally_map map = { .start = base, .end = base + 0x10000000, .path = path, .build_id = n ? "00112233445566778899" : id };
		uint64_t at;
		bool named = false;

		procs = ktally_processes_new_recorded(NULL);
		sym = ktally_symbolizer_new_recorded(procs);
		ktally_processes_put(procs, IMAGE, &map);
		for (at = base; at < base + 0x400000 && !named; at += 16)
			named = strcmp(ktally_symbolize_user(sym, IMAGE, at, false)->name, "[unknown]");
		assert_int_equal(named, n == 0);
		ktally_symbolizer_free(sym);
		ktally_processes_free(procs);
	}
}

struct seen {
	uint64_t nr, next;
	struct ktally_stream *stream;
};

static int see(const struct ktally_emitted *emitted, void *arg)
{
	struct seen *seen = arg;
	const uint64_t *words;
	unsigned int nr;

	assert_int_equal(emitted->time, seen->next++);
	assert_int_equal(emitted->nr_words, 2);
	assert_int_equal(emitted->words[0], 42);
	words = ktally_stackset_get(ktally_stream_stacks(seen->stream), emitted->words[1], &nr);
	assert_int_equal(nr, 1);
	assert_int_equal(words[0], KERNEL + 17);
	seen->nr++;
	return 0;
}

static void records_come_back_in_order(void **state)
{
	struct crafted *crafted = craft(true);
	struct ktally_recording *recording = record_and_open(&crafted->report), *second;
	struct seen seen = { .next = 1000, .stream = ktally_recording_report(recording)->stream };

	(void)state;
	assert_int_equal(ktally_stream_each(seen.stream, see, &seen), 0);
	assert_int_equal(seen.nr, 50000);
	assert_string_equal(ktally_stream_schema(seen.stream, 0)->keys[0].name, "value");
	second = record_and_open(ktally_recording_report(recording));	/* a copy of a copy */
	seen = (struct seen){ .next = 1000, .stream = ktally_recording_report(second)->stream };
	assert_int_equal(ktally_stream_each(seen.stream, see, &seen), 0);
	assert_int_equal(seen.nr, 50000);
	ktally_recording_close(second);
	ktally_recording_close(recording);
	drop(crafted);
}

/* Whatever is cut off or changed: told, or refused; never a whole report. */
static void every_damage_is_told(void **state)
{
	struct crafted *crafted = craft(false);
	struct ktally_recording *recording;
	struct ktally_error err;
	size_t size, at, told = 0, refused = 0;
	char *data = export(&crafted->report, "recording", &size), why[1024], *copy = malloc(size);
	const char *path;
	unsigned int way;
	int ret;

	(void)state;
	for (way = 0; way < 2; way++) {
		for (at = 0; at < size; at += 13) {
			memcpy(copy, data, size);
			copy[at] ^= 0x40;
			path = file_of(copy, way ? at : size);
			ret = ktally_recording_open(&recording, path, NULL, &err);
			unlink(path);
			refused += ret != 0;
			if (ret)
				continue;
			/* Padding, the flags of the head and the like: no harm done. */
			if (!ktally_recording_report(recording)->damage && way)
				fail_msg("cut at %zu of %zu, and nobody noticed", at, size);
			if (ktally_recording_report(recording)->damage) {
				told++;
				assert_false(ktally_report_complete(ktally_recording_report(recording), why, sizeof(why)));
				assert_non_null(strstr(why, "recording: damaged at byte"));
			}
			ktally_recording_close(recording);
		}
	}
	assert_true(told > 20);
	assert_true(refused > 20);
	free(copy);
	free(data);
	drop(crafted);
}

/* A later version may add chunks. */
static void unknown_chunks_are_skipped(void **state)
{
	struct crafted *crafted = craft(false);
	struct ktally_bytes bytes = { 0 };
	struct ktally_chunk_writer writer = { 0 };
	struct ktally_recording *recording;
	size_t size, extra_size;
	char *data = export(&crafted->report, "recording", &size), *extra = NULL, *all;
	const char *path;

	(void)state;
	writer.out = open_memstream(&extra, &extra_size);
	ktally_put_u64(&bytes, 17);
	ktally_chunk_put(&writer, KTALLY_CHUNK('N', 'E', 'W', '!'), &bytes);
	fclose(writer.out);
	all = malloc(size + extra_size);
	memcpy(all, data, 16);
	memcpy(all + 16, extra, extra_size);
	memcpy(all + 16 + extra_size, data + 16, size - 16);
	path = file_of(all, size + extra_size);
	assert_int_equal(ktally_recording_open(&recording, path, NULL, NULL), 0);
	assert_null(ktally_recording_report(recording)->damage);
	unlink(path);
	ktally_recording_close(recording);
	free(all);
	free(extra);
	free(data);
	drop(crafted);
}

static void what_is_none_is_refused(void **state)
{
	static const char newer[16] = "KTALLYRC\x02";
	struct ktally_recording *recording;
	struct ktally_error err;
	const char *path;

	(void)state;
	assert_int_equal(ktally_recording_open(&recording, "/nonexistent", NULL, &err), -ENOENT);
	path = file_of("#!/bin/sh\nexit 0\n", 17);
	assert_int_equal(ktally_recording_open(&recording, path, NULL, &err), -ENOEXEC);
	assert_non_null(strstr(err.text, "no recording"));
	unlink(path);
	path = file_of(newer, 16);
	assert_int_equal(ktally_recording_open(&recording, path, NULL, &err), -EPROTO);
	assert_non_null(strstr(err.text, "version 2"));
	unlink(path);
}

static void a_full_disk_is_told(void **state)
{
	struct crafted *crafted = craft(true);
	struct ktally_error err = { .pos = -1 };
	FILE *out = fopen("/dev/full", "w");

	(void)state;
	assert_int_equal(ktally_export(&crafted->report, ktally_exporter_find("recording"), out, &err), -ENOSPC);
	assert_non_null(strstr(err.text, "No space left"));
	fclose(out);
	drop(crafted);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_formats_say_the_same),
		cmocka_unit_test(host_clocks_and_counts_are_kept),
		cmocka_unit_test(this_machine_does_not_leak),
		cmocka_unit_test(local_file_counts_only_with_its_build_id),
		cmocka_unit_test(records_come_back_in_order),
		cmocka_unit_test(every_damage_is_told),
		cmocka_unit_test(unknown_chunks_are_skipped),
		cmocka_unit_test(what_is_none_is_refused),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
