// SPDX-License-Identifier: GPL-2.0-or-later
/* Refusals: malformed requests get the right errno and a sentence, and leave nothing behind. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "raw.h"
#include "test.h"

/* What is built on: a NEW session with a ring, stacks and a table of one key and one value column; another that runs. */
struct scene {
	struct raw raw;
	uint32_t fresh, running;
};

/**
 * struct refusal - one malformed request
 * @cmd: command; @dump: as a dump
 * @build: adds the attributes
 * @error: errno
 * @says: part of the sentence; NULL: the kernel's own policy check says something
 * @or_error: another errno that is right, of kernels that check before we do
 * @needs: feature of the module without which the answer is EOPNOTSUPP
 */
struct refusal {
	const char *name;
	uint8_t cmd;
	bool dump;
	void (*build)(struct raw_msg *msg, const struct scene *scene);
	int error;
	const char *says;
	int or_error;
	uint64_t needs;
};

#define BUILD(name) static void build_##name(struct raw_msg *msg, const struct scene *scene)

/* ---- sessions ---- */

BUILD(nothing) { }
BUILD(unknown_attribute) { raw_put_u32(msg, 200, 1); }
BUILD(attribute_of_answers) { raw_put_u32(msg, KTALLY_A_STATE, 1); }
BUILD(short_u32) { raw_put(msg, KTALLY_A_RING_SIZE, "\0\020", 2); }
BUILD(long_u32) { raw_put(msg, KTALLY_A_RING_SIZE, "\0\020\0\0\0\0\0\0", 8); }
BUILD(twice) { raw_put_u32(msg, KTALLY_A_RING_SIZE, 4096); raw_put_u32(msg, KTALLY_A_RING_SIZE, 8192); }
BUILD(trailing) { raw_put_u32(msg, KTALLY_A_RING_SIZE, 4096); raw_bytes(msg, "\1\0\0\0", 3); }
BUILD(attribute_past_end) { raw_bytes(msg, "\xff\x00\x0c\x00\1\2\3\4", 8); }
BUILD(flags) { raw_put_u32(msg, KTALLY_A_FLAGS, 1U << 31); }
BUILD(ring_not_power_of_two) { raw_put_u32(msg, KTALLY_A_RING_SIZE, 12288); }
BUILD(ring_small) { raw_put_u32(msg, KTALLY_A_RING_SIZE, 2048); }
BUILD(ring_large) { raw_put_u32(msg, KTALLY_A_RING_SIZE, 1U << 29); }
BUILD(ring_mode) { raw_put_u32(msg, KTALLY_A_RING_SIZE, 4096); raw_put_u32(msg, KTALLY_A_RING_MODE, 2); }
BUILD(watermark) { raw_put_u32(msg, KTALLY_A_RING_SIZE, 4096); raw_put_u32(msg, KTALLY_A_RING_WATERMARK, 4097); }
BUILD(stacks_large) { raw_put_u32(msg, KTALLY_A_STACK_ENTRIES, KTALLY_STACKS_MAX + 1); }
BUILD(stacks_huge) { raw_put_u32(msg, KTALLY_A_STACK_ENTRIES, UINT32_MAX); }
BUILD(cpus_zero) { raw_put_u64(msg, KTALLY_A_CPUS, 0); }
BUILD(cpus_empty) { raw_put(msg, KTALLY_A_CPUS, "", 0); }
BUILD(cpus_odd) { raw_put(msg, KTALLY_A_CPUS, "\1\0\0\0", 4); }
BUILD(cpus_absent) { raw_put_u64(msg, KTALLY_A_CPUS, 1ULL << 63); }
BUILD(cpus_far)
{
	static const uint64_t words[1024] = { [1023] = 1 };

	raw_put(msg, KTALLY_A_CPUS, words, sizeof(words));
}
BUILD(cpus_long)
{
	static const uint64_t words[1025] = { 1 };

	raw_put(msg, KTALLY_A_CPUS, words, sizeof(words));
}
BUILD(pids_odd) { raw_put(msg, KTALLY_A_SCOPE_PIDS, "\1\0\0\0\2", 5); }
BUILD(pids_zero) { raw_put_u32(msg, KTALLY_A_SCOPE_PIDS, 0); }
BUILD(pids_huge) { raw_put_u32(msg, KTALLY_A_SCOPE_PIDS, UINT32_MAX); }
BUILD(name_unpinned) { raw_put_text(msg, KTALLY_A_NAME, "name"); }
BUILD(pinned_unnamed) { raw_put_u32(msg, KTALLY_A_FLAGS, KTALLY_SESSION_PINNED); }
BUILD(name_slash) { raw_put_u32(msg, KTALLY_A_FLAGS, KTALLY_SESSION_PINNED); raw_put_text(msg, KTALLY_A_NAME, "a/b"); }
BUILD(name_digit) { raw_put_u32(msg, KTALLY_A_FLAGS, KTALLY_SESSION_PINNED); raw_put_text(msg, KTALLY_A_NAME, "7up"); }
BUILD(name_taken) { raw_put_u32(msg, KTALLY_A_FLAGS, KTALLY_SESSION_PINNED); raw_put_text(msg, KTALLY_A_NAME, "taken"); }
BUILD(name_long)
{
	raw_put_u32(msg, KTALLY_A_FLAGS, KTALLY_SESSION_PINNED);
	raw_put_text(msg, KTALLY_A_NAME, "a-name-of-thirty-two-characters-");
}
BUILD(name_endless) { raw_put_u32(msg, KTALLY_A_FLAGS, KTALLY_SESSION_PINNED); raw_put(msg, KTALLY_A_NAME, "endless", 7); }

/* ---- which session ---- */

BUILD(no_such_id) { raw_put_u32(msg, KTALLY_A_SESSION, 0x7fffffff); }
BUILD(id_zero) { raw_put_u32(msg, KTALLY_A_SESSION, 0); }
BUILD(no_such_name) { raw_put_text(msg, KTALLY_A_NAME, "nobody"); }
BUILD(empty_name) { raw_put_text(msg, KTALLY_A_NAME, ""); }
BUILD(id_and_name) { raw_put_u32(msg, KTALLY_A_SESSION, scene->fresh); raw_put_text(msg, KTALLY_A_NAME, "taken"); }
BUILD(fresh) { raw_put_u32(msg, KTALLY_A_SESSION, scene->fresh); }
BUILD(running) { raw_put_u32(msg, KTALLY_A_SESSION, scene->running); }
BUILD(snapshot_flags) { raw_put_u32(msg, KTALLY_A_SESSION, scene->running); raw_put_u32(msg, KTALLY_A_SNAPSHOT_FLAGS, 2); }

/* ---- tables ---- */

static void table(struct raw_msg *msg, uint32_t session, uint32_t keys, uint32_t rows, const void *columns, size_t size)
{
	raw_put_u32(msg, KTALLY_A_SESSION, session);
	raw_put_u32(msg, KTALLY_A_NR_KEYS, keys);
	raw_put_u32(msg, KTALLY_A_ROWS, rows);
	if (size)
		raw_put(msg, KTALLY_A_COLUMNS, columns, size);
}

static void column(struct raw_msg *msg, const struct scene *scene, struct ktally_column column)
{
	table(msg, scene->fresh, 1, 16, &column, sizeof(column));
}

#define COLUMN(...) column(msg, scene, (struct ktally_column){ __VA_ARGS__ })

BUILD(table_no_rows) { raw_put_u32(msg, KTALLY_A_SESSION, scene->fresh); raw_put_u32(msg, KTALLY_A_NR_KEYS, 1); }
BUILD(table_zero_rows) { table(msg, scene->fresh, 1, 0, NULL, 0); }
BUILD(table_many_rows) { table(msg, scene->fresh, 1, KTALLY_ROWS_MAX + 1, NULL, 0); }
BUILD(table_all_rows) { table(msg, scene->fresh, 1, UINT32_MAX, NULL, 0); }
BUILD(table_many_keys) { table(msg, scene->fresh, KTALLY_KEYS_MAX + 1, 16, NULL, 0); }
BUILD(table_all_keys) { table(msg, scene->fresh, UINT32_MAX, 16, NULL, 0); }
BUILD(table_columns_odd) { table(msg, scene->fresh, 1, 16, "0123456789", 10); }
BUILD(table_columns_many)
{
	static const struct ktally_column columns[KTALLY_COLUMNS_MAX + 1];

	table(msg, scene->fresh, 1, 16, columns, sizeof(columns));
}
BUILD(table_row_large)
{
	struct ktally_column columns[8];
	unsigned int i;

	for (i = 0; i < 8; i++)
		columns[i] = (struct ktally_column){ .kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOGLIN, .param0 = 6 };
	table(msg, scene->fresh, 1, 16, columns, sizeof(columns));
}
BUILD(table_started) { table(msg, scene->running, 1, 16, NULL, 0); }
BUILD(column_kind) { COLUMN(.kind = KTALLY_COLUMN_MAX_KIND + 1); }
BUILD(column_flag) { COLUMN(.kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOG2, .flags = 1U << 31); }
BUILD(column_exemplars) { COLUMN(.flags = KTALLY_COLUMN_EXEMPLARS); }
BUILD(column_stacks) { COLUMN(.kind = KTALLY_COLUMN_EXEMPLAR, .flags = KTALLY_COLUMN_KSTACK | KTALLY_COLUMN_USTACK); }
BUILD(column_hist_of_sum) { COLUMN(.kind = KTALLY_COLUMN_SUM, .hist = KTALLY_HIST_LOG2); }
BUILD(hist_none) { COLUMN(.kind = KTALLY_COLUMN_HIST); }
BUILD(hist_unknown) { COLUMN(.kind = KTALLY_COLUMN_HIST, .hist = 4); }
BUILD(hist_step) { COLUMN(.kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = 10); }
BUILD(hist_backward) { COLUMN(.kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param0 = 10, .param1 = 5, .param2 = 1); }
BUILD(hist_negative_step) { COLUMN(.kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param1 = 10, .param2 = -1); }
BUILD(hist_many)
{
	COLUMN(.kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LINEAR, .param0 = INT64_MIN, .param1 = INT64_MAX, .param2 = 1);
}
BUILD(hist_bits) { COLUMN(.kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOGLIN, .param0 = 7); }
BUILD(hist_bits_huge) { COLUMN(.kind = KTALLY_COLUMN_HIST, .hist = KTALLY_HIST_LOGLIN, .param0 = 1LL << 32); }

/* ---- sources ---- */

static const struct ktally_insn fold[] = { EXIT(FOLDED) };

static void probe(struct raw_msg *msg, uint32_t session, uint32_t kind, const char *name, const void *program, size_t size)
{
	raw_put_u32(msg, KTALLY_A_SESSION, session);
	raw_put_u32(msg, KTALLY_A_SOURCE_KIND, kind);
	if (name)
		raw_put_text(msg, KTALLY_A_SRC_NAME, name);
	if (size)
		raw_put(msg, KTALLY_A_PROGRAM, program, size);
}

static void source(struct raw_msg *msg, const struct scene *scene, uint32_t kind, const char *name)
{
	probe(msg, scene->fresh, kind, name, fold, sizeof(fold));
}

BUILD(kind_missing) { raw_put_u32(msg, KTALLY_A_SESSION, scene->fresh); raw_put(msg, KTALLY_A_PROGRAM, fold, sizeof(fold)); }
BUILD(kind_unknown) { source(msg, scene, KTALLY_SOURCE_MAX + 1, NULL); }
BUILD(kind_huge) { source(msg, scene, UINT32_MAX, NULL); }
BUILD(tracepoint_unknown) { source(msg, scene, KTALLY_SOURCE_TRACEPOINT, "sched:no_such_thing"); }
BUILD(tracepoint_unnamed) { source(msg, scene, KTALLY_SOURCE_TRACEPOINT, NULL); }
BUILD(kprobe_unnamed) { source(msg, scene, KTALLY_SOURCE_KPROBE, NULL); }
BUILD(kprobe_unknown) { source(msg, scene, KTALLY_SOURCE_KPROBE, "no_such_function_here"); }
BUILD(kprobe_long) { source(msg, scene, KTALLY_SOURCE_KPROBE, "a_name_of_more_than_127_characters_is_longer_than_any_symbol_that_a_"
				    "kernel_lists_in_kallsyms_so_it_cannot_be_the_name_of_a_function_"); }
BUILD(kprobe_offset) { source(msg, scene, KTALLY_SOURCE_KPROBE, kit_call_symbol("getppid")); raw_put_u64(msg, KTALLY_A_SRC_OFFSET, 1ULL << 40); }
BUILD(kprobe_inside) { source(msg, scene, KTALLY_SOURCE_KPROBE, kit_call_symbol("getppid")); raw_put_u64(msg, KTALLY_A_SRC_OFFSET, 2); }
BUILD(kprobe_own) { source(msg, scene, KTALLY_SOURCE_KPROBE, "kprobe_dispatcher"); }
BUILD(timer_no_period) { source(msg, scene, KTALLY_SOURCE_TIMER, NULL); }
BUILD(timer_fast) { source(msg, scene, KTALLY_SOURCE_TIMER, NULL); raw_put_u64(msg, KTALLY_A_SRC_PERIOD, 9999); }
BUILD(timer_slow) { source(msg, scene, KTALLY_SOURCE_TIMER, NULL); raw_put_u64(msg, KTALLY_A_SRC_PERIOD, UINT64_MAX); }
BUILD(timer_period_short) { source(msg, scene, KTALLY_SOURCE_TIMER, NULL); raw_put_u32(msg, KTALLY_A_SRC_PERIOD, 1000000); }

static void perf(struct raw_msg *msg, const struct scene *scene, uint32_t type, uint64_t config, uint64_t period)
{
	source(msg, scene, KTALLY_SOURCE_PERF, NULL);
	raw_put_u32(msg, KTALLY_A_SRC_PERF_TYPE, type);
	raw_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG, config);
	raw_put_u64(msg, KTALLY_A_SRC_PERIOD, period);
}

BUILD(perf_no_period) { perf(msg, scene, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 0); }
BUILD(perf_fast) { perf(msg, scene, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 100); }
BUILD(perf_huge) { perf(msg, scene, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, UINT64_MAX); }
BUILD(perf_type) { perf(msg, scene, 99999, 0, 1000000); }
BUILD(perf_tracepoint) { perf(msg, scene, PERF_TYPE_TRACEPOINT, 1, 1000000); }
BUILD(perf_breakpoint) { perf(msg, scene, PERF_TYPE_BREAKPOINT, 0, 1000000); }
BUILD(perf_flag) { perf(msg, scene, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 1); raw_put_u32(msg, KTALLY_A_SRC_PERF_FLAGS, 1U << 31); }
BUILD(perf_no_freq) { perf(msg, scene, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 0); raw_put_u32(msg, KTALLY_A_SRC_PERF_FLAGS, KTALLY_PERF_FREQ); }
BUILD(perf_freq)
{
	perf(msg, scene, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, 100001);
	raw_put_u32(msg, KTALLY_A_SRC_PERF_FLAGS, KTALLY_PERF_FREQ);
}

/* Of a word of ours. */
static void breakpoint(struct raw_msg *msg, const struct scene *scene, uint64_t address, uint64_t length, uint32_t flags)
{
	perf(msg, scene, PERF_TYPE_BREAKPOINT, 2, 1);
	raw_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG1, address);
	raw_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG2, length);
	raw_put_u32(msg, KTALLY_A_SRC_PERF_FLAGS, flags);
}

BUILD(breakpoint_length) { breakpoint(msg, scene, 4096, 3, 0); }
BUILD(breakpoint_crooked) { breakpoint(msg, scene, 4097, 8, 0); }
BUILD(breakpoint_freq) { breakpoint(msg, scene, 4096, 8, KTALLY_PERF_FREQ); }
BUILD(kretprobe_unnamed) { source(msg, scene, KTALLY_SOURCE_KRETPROBE, NULL); }
BUILD(kretprobe_unknown) { source(msg, scene, KTALLY_SOURCE_KRETPROBE, "no_such_function_here"); }
BUILD(kretprobe_offset) { source(msg, scene, KTALLY_SOURCE_KRETPROBE, kit_call_symbol("getppid")); raw_put_u64(msg, KTALLY_A_SRC_OFFSET, 4); }
BUILD(kretprobe_own) { source(msg, scene, KTALLY_SOURCE_KRETPROBE, "kprobe_dispatcher"); }
BUILD(event_no_number) { source(msg, scene, KTALLY_SOURCE_EVENT, NULL); }
BUILD(event_number) { source(msg, scene, KTALLY_SOURCE_EVENT, NULL); raw_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG, 65534); }
BUILD(event_huge) { source(msg, scene, KTALLY_SOURCE_EVENT, NULL); raw_put_u64(msg, KTALLY_A_SRC_PERF_CONFIG, UINT64_MAX); }

static void uprobe(struct raw_msg *msg, const struct scene *scene, uint32_t kind, const char *path, uint64_t offset)
{
	source(msg, scene, kind, NULL);
	raw_put_text(msg, KTALLY_A_SRC_PATH, path);
	raw_put_u64(msg, KTALLY_A_SRC_OFFSET, offset);
}

BUILD(uprobe_no_file) { source(msg, scene, KTALLY_SOURCE_UPROBE, NULL); }
BUILD(uprobe_empty) { uprobe(msg, scene, KTALLY_SOURCE_UPROBE, "", 4096); }
BUILD(uprobe_absent) { uprobe(msg, scene, KTALLY_SOURCE_UPROBE, "/no/such/file", 4096); }
BUILD(uprobe_folder) { uprobe(msg, scene, KTALLY_SOURCE_UPROBE, "/usr/bin", 0); }
BUILD(uprobe_device) { uprobe(msg, scene, KTALLY_SOURCE_UPROBE, "/dev/null", 0); }
BUILD(uprobe_behind) { uprobe(msg, scene, KTALLY_SOURCE_UPROBE, "/bin/true", 1ULL << 40); }
BUILD(uprobe_far) { uprobe(msg, scene, KTALLY_SOURCE_UPROBE, "/bin/true", UINT64_MAX); }
BUILD(uprobe_semaphore) { uprobe(msg, scene, KTALLY_SOURCE_UPROBE, "/bin/true", 4096); raw_put_u64(msg, KTALLY_A_SRC_SEMAPHORE, 1ULL << 40); }
BUILD(uprobe_long)
{
	char path[KTALLY_PATH_MAX + 1];

	memset(path, 'a', sizeof(path) - 1);
	path[sizeof(path) - 1] = 0;
	uprobe(msg, scene, KTALLY_SOURCE_UPROBE, path, 0);
}
BUILD(uretprobe_no_file) { source(msg, scene, KTALLY_SOURCE_URETPROBE, NULL); }
BUILD(uretprobe_behind) { uprobe(msg, scene, KTALLY_SOURCE_URETPROBE, "/bin/true", 1ULL << 40); }
BUILD(cgroup_absent) { raw_put_u64(msg, KTALLY_A_SCOPE_CGROUP, 0x7fffffffffffff); }
BUILD(cgroup_controller) { raw_put_u64(msg, KTALLY_A_SCOPE_CGROUP, 1); raw_put_text(msg, KTALLY_A_SCOPE_CONTROLLER, "no-such"); }
BUILD(cgroup_short) { raw_put_u32(msg, KTALLY_A_SCOPE_CGROUP, 1); }
BUILD(process_no_ring) { raw_put_u32(msg, KTALLY_A_SESSION, scene->running); raw_put_u32(msg, KTALLY_A_SOURCE_KIND, KTALLY_SOURCE_PROCESS); }
BUILD(hierarchy_absent) { raw_put_text(msg, KTALLY_A_CGROUP_CONTROLLER, "no-such"); }
BUILD(hierarchy_of_v2) { raw_put_text(msg, KTALLY_A_CGROUP_CONTROLLER, "freezer"); }
BUILD(cgroup_no_ring) { raw_put_u32(msg, KTALLY_A_SESSION, scene->running); raw_put_u32(msg, KTALLY_A_SOURCE_KIND, KTALLY_SOURCE_CGROUP); }
BUILD(cgroup_program) { source(msg, scene, KTALLY_SOURCE_CGROUP, NULL); }
BUILD(process_program) { source(msg, scene, KTALLY_SOURCE_PROCESS, NULL); }
BUILD(probe_started) { probe(msg, scene->running, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", fold, sizeof(fold)); }
BUILD(label_long)
{
	static const char label[KTALLY_LABEL_MAX + 1];

	source(msg, scene, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter");
	raw_put(msg, KTALLY_A_LABEL, label, sizeof(label));
}

/* ---- programs ---- */

static void enter(struct raw_msg *msg, const struct scene *scene, const struct ktally_insn *insns, size_t size)
{
	probe(msg, scene->fresh, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", insns, size);
}

/* The program is the list, one refused request. */
#define PROGRAM_BUILD(name, ...)								\
	BUILD(name)										\
	{											\
		const struct ktally_insn insns[] = { __VA_ARGS__ };				\
												\
		enter(msg, scene, insns, sizeof(insns));					\
	}

#define RAW(op_, dst_, a_, b_, aux_, imm_) { .op = (op_), .dst = (dst_), .a = (a_), .b = (b_), .aux = (aux_), .imm = (uint64_t)(imm_) }

BUILD(program_missing) { enter(msg, scene, NULL, 0); }
BUILD(program_empty)
{
	enter(msg, scene, NULL, 0);
	raw_put(msg, KTALLY_A_PROGRAM, "", 0);
}
BUILD(program_odd) { enter(msg, scene, fold, 15); }
BUILD(program_long)
{
	static const struct ktally_insn insns[KTALLY_INSNS_MAX + 1];

	enter(msg, scene, insns, sizeof(insns));
}
BUILD(data_long)
{
	static const char data[KTALLY_DATA_MAX + 1];

	enter(msg, scene, fold, sizeof(fold));
	raw_put(msg, KTALLY_A_PROGRAM_DATA, data, sizeof(data));
}
PROGRAM_BUILD(no_exit, SET(0, 1))
PROGRAM_BUILD(exit_jumped_over, SET(0, 1), SKIP_IF(EQ, 0, 1, 1), EXIT(FOLDED), SET(0, 1))
PROGRAM_BUILD(verdict, RAW(KTALLY_OP_EXIT, 0, 0, 0, 0, 2))
PROGRAM_BUILD(exit_with_rubbish, RAW(KTALLY_OP_EXIT, 1, 0, 0, 0, 0))
PROGRAM_BUILD(opcode, RAW(__KTALLY_OP_END, 0, 0, 0, 0, 0), EXIT(FOLDED))
PROGRAM_BUILD(opcode_last, RAW(255, 0, 0, 0, 0, 0), EXIT(FOLDED))
PROGRAM_BUILD(jump_out, SET(0, 1), SKIP_IF(EQ, 0, 1, 1), EXIT(FOLDED))
PROGRAM_BUILD(jump_far, SET(0, 1), SKIP_IF(EQ, 0, 1, 1000), EXIT(FOLDED))
PROGRAM_BUILD(jump_backward, SET(0, 1), SKIP_IF(EQ, 0, 1, UINT32_MAX - 1), EXIT(FOLDED))
PROGRAM_BUILD(jump_nowhere, SET(0, 1), SKIP_IF(EQ, 0, 1, 0), EXIT(FOLDED))
PROGRAM_BUILD(jump_always_out, RAW(KTALLY_OP_JMP, 0, 0, 0, UINT32_MAX, 0), EXIT(FOLDED))
PROGRAM_BUILD(unwritten, MOVE(0, 1), EXIT(FOLDED))
PROGRAM_BUILD(unwritten_on_a_path, SET(0, 1), SKIP_IF(EQ, 0, 1, 1), SET(1, 1), MOVE(2, 1), EXIT(FOLDED))
PROGRAM_BUILD(unwritten_operand, SET(0, 1), RAW(KTALLY_OP_ADD, 0, 0, 5, 0, 0), EXIT(FOLDED))
PROGRAM_BUILD(register_32, SET(32, 1), EXIT(FOLDED))
PROGRAM_BUILD(register_read_32, MOVE(0, 32), EXIT(FOLDED))
PROGRAM_BUILD(register_254, SET(0, 1), RAW(KTALLY_OP_ADD, 0, 0, 254, 0, 0), EXIT(FOLDED))
PROGRAM_BUILD(register_and_number, SET(0, 1), RAW(KTALLY_OP_ADD, 0, 0, 0, 0, 5), EXIT(FOLDED))
PROGRAM_BUILD(string_over_the_end, RAW(KTALLY_OP_CONTEXT, 31, 0, 0, KTALLY_CTX_COMM, 0), EXIT(FOLDED))
PROGRAM_BUILD(field_number, FIELD(0, 7), EXIT(FOLDED))
PROGRAM_BUILD(field_huge, FIELD(0, UINT32_MAX), EXIT(FOLDED))
PROGRAM_BUILD(field_sized, FIELD_TEXT(0, 0, 8), EXIT(FOLDED))
PROGRAM_BUILD(context_number, RAW(KTALLY_OP_CONTEXT, 0, 0, 0, __KTALLY_CTX_END, 0), EXIT(FOLDED))
PROGRAM_BUILD(context_huge, RAW(KTALLY_OP_CONTEXT, 0, 0, 0, UINT32_MAX, 0), EXIT(FOLDED))
PROGRAM_BUILD(load_three_bytes, SET(0, 1), RAW(KTALLY_OP_LOAD, 1, 0, 0, 3, 0), EXIT(FOLDED))
PROGRAM_BUILD(load_no_bytes, SET(0, 1), RAW(KTALLY_OP_LOAD, 1, 0, 0, 0, 0), EXIT(FOLDED))
PROGRAM_BUILD(load_flag, SET(0, 1), RAW(KTALLY_OP_LOAD, 1, 0, 0, 8 | 1U << 10, 0), EXIT(FOLDED))
PROGRAM_BUILD(string_size, SET(0, 1), RAW(KTALLY_OP_STRING, 1, 0, 0, 0, 9), EXIT(FOLDED))
PROGRAM_BUILD(string_large, SET(0, 1), RAW(KTALLY_OP_STRING, 1, 0, 0, 0, 136), EXIT(FOLDED))
PROGRAM_BUILD(string_huge, SET(0, 1), RAW(KTALLY_OP_STRING, 1, 0, 0, 0, 1ULL << 35 | 8), EXIT(FOLDED))
PROGRAM_BUILD(string_too_far, SET(0, 1), RAW(KTALLY_OP_STRING, 17, 0, 0, 0, 128), EXIT(FOLDED))
PROGRAM_BUILD(stack_kind, RAW(KTALLY_OP_STACK, 0, 0, 0, 3, 16), EXIT(FOLDED))
PROGRAM_BUILD(stack_flat, STACK(0, KERNEL, 0), EXIT(FOLDED))
PROGRAM_BUILD(stack_deep, STACK(0, KERNEL, 128), EXIT(FOLDED))
PROGRAM_BUILD(match_outside, RAW(KTALLY_OP_CONTEXT, 0, 0, 0, KTALLY_CTX_COMM, 0), MATCH(2, 0, 16, 4, 0), EXIT(FOLDED))
PROGRAM_BUILD(match_overflow, RAW(KTALLY_OP_CONTEXT, 0, 0, 0, KTALLY_CTX_COMM, 0),
	      RAW(KTALLY_OP_MATCH, 2, 0, 0, 16, 2ULL << 32 | UINT32_MAX), EXIT(FOLDED))
PROGRAM_BUILD(match_flag, RAW(KTALLY_OP_CONTEXT, 0, 0, 0, KTALLY_CTX_COMM, 0), MATCH(2, 0, 16, 0, 1U << 17), EXIT(FOLDED))
PROGRAM_BUILD(match_width, RAW(KTALLY_OP_CONTEXT, 0, 0, 0, KTALLY_CTX_COMM, 0), MATCH(2, 0, 12, 0, 0), EXIT(FOLDED))
PROGRAM_BUILD(match_unwritten, RAW(KTALLY_OP_CONTEXT, 0, 0, 0, KTALLY_CTX_COMM, 0), MATCH(2, 0, 24, 0, 0), EXIT(FOLDED))
PROGRAM_BUILD(bucket_linear, SET(0, 1), RAW(KTALLY_OP_BUCKET, 1, 0, 0, KTALLY_HIST_LINEAR, 0), EXIT(FOLDED))
PROGRAM_BUILD(bucket_bits, SET(0, 1), RAW(KTALLY_OP_BUCKET, 1, 0, 0, KTALLY_HIST_LOGLIN, 7), EXIT(FOLDED))
PROGRAM_BUILD(table_number, SET(0, 1), SET(1, 1), UPDATE(1, 0, 1), EXIT(FOLDED))
PROGRAM_BUILD(update_no_key, UPDATE(0, 0, 1), EXIT(FOLDED))
PROGRAM_BUILD(update_no_value, SET(0, 1), UPDATE(0, 0, 1), EXIT(FOLDED))
PROGRAM_BUILD(update_value_none, SET(0, 1), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED))
PROGRAM_BUILD(emit_unwritten, SET(0, 1), EMIT(0, 2), EXIT(FOLDED))
PROGRAM_BUILD(emit_many, EMIT(0, KTALLY_REGS + 1), EXIT(FOLDED))
PROGRAM_BUILD(emit_huge, EMIT(0, UINT32_MAX), EXIT(FOLDED))

PROGRAM_BUILD(record_of_none, RAW(KTALLY_OP_RECORD, 0, 0, 0, 8 << 16, 0), EXIT(FOLDED))
PROGRAM_BUILD(record_text_of_none, RAW(KTALLY_OP_RECORD_TEXT, 0, 0, 0, 8, 8ULL << 32 | 8), EXIT(FOLDED))

#define NEW(name, ...) { #name, KTALLY_CMD_SESSION_NEW, false, build_##name, __VA_ARGS__ }
#define TABLE(name, ...) { #name, KTALLY_CMD_TABLE_NEW, false, build_##name, __VA_ARGS__ }
#define PROBE(name, ...) { #name, KTALLY_CMD_PROBE_NEW, false, build_##name, __VA_ARGS__ }
#define ON(name, cmd, ...) { #name " of " #cmd, KTALLY_CMD_##cmd, false, build_##name, __VA_ARGS__ }
#define DUMP(name, cmd, ...) { #name " of dump " #cmd, KTALLY_CMD_##cmd, true, build_##name, __VA_ARGS__ }

/* arm64 refuses every one, and says so first. */
#if defined(__aarch64__)
#define BREAKPOINT(name, ...)	PROBE(name, EOPNOTSUPP, "repeated for ever")
#else
#define BREAKPOINT(name, ...)	PROBE(name, __VA_ARGS__)
#endif

static const struct refusal refusals[] = {
	NEW(unknown_attribute, EINVAL, NULL), NEW(attribute_of_answers, EINVAL, NULL), NEW(short_u32, EINVAL, NULL, ERANGE),
	NEW(long_u32, EINVAL, NULL, ERANGE), NEW(twice, EINVAL, "twice"), NEW(trailing, EINVAL, NULL), NEW(attribute_past_end, EINVAL, NULL),
	NEW(flags, EINVAL, "unknown flag"), NEW(ring_not_power_of_two, EINVAL, "power of two"), NEW(ring_small, EINVAL, "4096"),
	NEW(ring_large, EINVAL, "268435456"), NEW(ring_mode, EINVAL, "discards"), NEW(watermark, EINVAL, "larger than the ring"),
	NEW(stacks_large, E2BIG, "1048576"), NEW(stacks_huge, E2BIG, "1048576"), NEW(cpus_zero, EINVAL, "empty"),
	NEW(cpus_empty, EINVAL, "64 bits"), NEW(cpus_odd, EINVAL, "64 bits"), NEW(cpus_absent, ENXIO, "does not exist"),
	NEW(cpus_far, ENXIO, "does not exist"), NEW(cpus_long, EINVAL, NULL, ERANGE), NEW(pids_odd, EINVAL, "32 bits"),
	NEW(pids_zero, ERANGE, "out of range"), NEW(pids_huge, ERANGE, "out of range"), NEW(name_unpinned, EINVAL, "pinned"),
	NEW(pinned_unnamed, EINVAL, "name"), NEW(name_slash, EINVAL, "letters, digits"), NEW(name_digit, EINVAL, "digit"),
	NEW(cgroup_absent, ENOENT, "no cgroup has that number", .needs = KTALLY_FEATURE_CGROUP), NEW(cgroup_controller, ENOENT, "no cgroup controller"),
	NEW(hierarchy_absent, ENOENT, "no cgroup controller"), NEW(hierarchy_of_v2, ENODEV, "no hierarchy of version 1"),
	NEW(cgroup_short, EINVAL, NULL, ERANGE), NEW(name_taken, EEXIST, "exists"), NEW(name_long, EINVAL, NULL, ERANGE), NEW(name_endless, EINVAL, NULL, ERANGE),
	ON(nothing, SESSION_GET, EINVAL, "say which session"), ON(no_such_id, SESSION_GET, ENOENT, "no such session"),
	ON(id_zero, SESSION_GET, ENOENT, "no such session"), ON(no_such_name, SESSION_GET, ENOENT, "no such session"),
	ON(empty_name, SESSION_GET, ENOENT, "no such session"), ON(id_and_name, SESSION_GET, EINVAL, "say which session"),
	ON(no_such_id, SESSION_START, ENOENT, "no such session"), ON(no_such_id, SESSION_STOP, ENOENT, "no such session"),
	ON(no_such_id, SESSION_DELETE, ENOENT, "no such session"), ON(nothing, SESSION_DELETE, EINVAL, "say which session"),
	ON(fresh, SESSION_START, EINVAL, "nothing to start"), ON(running, SESSION_START, EALREADY, "is running"),
	ON(fresh, SESSION_STOP, EALREADY, "not running"), ON(fresh, SNAPSHOT, EAGAIN, "never started"),
	ON(no_such_id, SNAPSHOT, ENOENT, "no such session"), ON(snapshot_flags, SNAPSHOT, EINVAL, "unknown flag"),
	DUMP(nothing, TABLE_GET, EINVAL, "say which session"), DUMP(no_such_id, TABLE_GET, ENOENT, "no such session"),
	DUMP(nothing, PROBE_GET, EINVAL, "say which session"), DUMP(no_such_id, PROBE_GET, ENOENT, "no such session"),
	DUMP(unknown_attribute, SOURCE_GET, EINVAL, NULL), DUMP(unknown_attribute, SESSION_GET, EINVAL, NULL),
	TABLE(nothing, EINVAL, "say which session"), TABLE(table_no_rows, EINVAL, "NR_KEYS and ROWS"),
	TABLE(table_zero_rows, ERANGE, "1 to 1048576"), TABLE(table_many_rows, ERANGE, "1 to 1048576"),
	TABLE(table_all_rows, ERANGE, "1 to 1048576"), TABLE(table_many_keys, E2BIG, "16 words"), TABLE(table_all_keys, E2BIG, "16 words"),
	TABLE(table_columns_odd, EINVAL, "32 bytes"), TABLE(table_columns_many, EINVAL, NULL, ERANGE),
	TABLE(table_row_large, E2BIG, "64 KiB"), TABLE(table_started, EBUSY, "was started"), TABLE(column_kind, EINVAL, "kind of column"),
	TABLE(column_flag, EINVAL, "unknown flag"), TABLE(column_exemplars, EINVAL, "only a histogram keeps"), TABLE(column_stacks, EINVAL, "not both"), TABLE(column_hist_of_sum, EINVAL, "only a histogram"),
	TABLE(hist_none, EINVAL, "kind of histogram"), TABLE(hist_unknown, EINVAL, "kind of histogram"), TABLE(hist_step, EINVAL, "step > 0"),
	TABLE(hist_backward, EINVAL, "high > low"), TABLE(hist_negative_step, EINVAL, "step > 0"), TABLE(hist_many, E2BIG, "4096 buckets"),
	TABLE(hist_bits, EINVAL, "1 to 6"), TABLE(hist_bits_huge, EINVAL, "1 to 6"),
	PROBE(nothing, EINVAL, "say which session"), PROBE(kind_missing, EINVAL, "SOURCE_KIND"), PROBE(kind_unknown, EINVAL, "SOURCE_KIND"),
	PROBE(kind_huge, EINVAL, "SOURCE_KIND"), PROBE(tracepoint_unknown, ENOENT, "no typed tracepoint"),
	PROBE(tracepoint_unnamed, ENOENT, "no typed tracepoint"), PROBE(kprobe_unnamed, EINVAL, "name of a function"),
	PROBE(kprobe_unknown, ENOENT, "no such function"), PROBE(kprobe_long, EINVAL, NULL, ERANGE), PROBE(kprobe_offset, ERANGE, "larger than any"),
	PROBE(kprobe_inside, EILSEQ, NULL, EINVAL), PROBE(kprobe_own, EINVAL, "cannot be probed"),
	PROBE(timer_no_period, ERANGE, "10 microseconds"), PROBE(timer_fast, ERANGE, "10 microseconds"),
	PROBE(timer_slow, ERANGE, "10 microseconds"), PROBE(timer_period_short, EINVAL, NULL, ERANGE),
	PROBE(perf_no_period, ERANGE, "period"), PROBE(perf_fast, ERANGE, "10 microseconds"), PROBE(perf_huge, ERANGE, "period"),
	PROBE(perf_type, ENOENT, "no such perf event"), PROBE(perf_tracepoint, EINVAL, "no counter"),
	PROBE(perf_flag, EINVAL, "unknown flag in SRC_PERF_FLAGS"), PROBE(perf_no_freq, ERANGE, "1 to 100000"), PROBE(perf_freq, ERANGE, "1 to 100000"),
	BREAKPOINT(breakpoint_length, EINVAL, "no such breakpoint"), BREAKPOINT(breakpoint_crooked, EINVAL, "divides the address"),
	BREAKPOINT(breakpoint_freq, EINVAL, "no frequency"), PROBE(kretprobe_unnamed, EINVAL, "name of a function"),
	PROBE(kretprobe_unknown, ENOENT, "no such function"), PROBE(kretprobe_offset, EINVAL, "has no offset"),
	PROBE(kretprobe_own, EINVAL, "cannot be probed"), PROBE(event_no_number, EINVAL, "chosen by its number"),
	PROBE(event_number, EINVAL, "no trace event has this number", ENOENT), PROBE(event_huge, EINVAL, "no trace event has this number", ENOENT),
	PROBE(uprobe_no_file, EINVAL, "needs a file"), PROBE(uprobe_empty, EINVAL, "needs a file"), PROBE(uprobe_absent, ENOENT, "cannot be opened"),
	PROBE(uprobe_folder, EINVAL, "no regular file"), PROBE(uprobe_device, EINVAL, "no regular file"), PROBE(uprobe_behind, ERANGE, "behind the end"),
	PROBE(uprobe_far, ERANGE, "behind the end"), PROBE(uprobe_semaphore, ERANGE, "behind the end", .needs = KTALLY_FEATURE_SEMAPHORE), PROBE(uprobe_long, EINVAL, NULL, ERANGE),
	PROBE(uretprobe_no_file, EINVAL, "needs a file"), PROBE(uretprobe_behind, ERANGE, "behind the end"),
	PROBE(record_of_none, EINVAL, "only a trace event"), PROBE(record_text_of_none, EINVAL, "only a trace event"),
	BREAKPOINT(perf_breakpoint, EINVAL, "no such breakpoint"), PROBE(process_no_ring, EINVAL, "RING_SIZE"),
	PROBE(cgroup_no_ring, EINVAL, "RING_SIZE"), PROBE(cgroup_program, EINVAL, "takes no program", .needs = KTALLY_FEATURE_CGROUP),
	PROBE(process_program, EINVAL, "takes no program"), PROBE(probe_started, EBUSY, "was started"), PROBE(label_long, EINVAL, NULL, ERANGE),
	PROBE(program_missing, EINVAL, "needs a PROGRAM"), PROBE(program_empty, E2BIG, "1 to 512"), PROBE(program_odd, EINVAL, "16 bytes"),
	PROBE(program_long, EINVAL, NULL, ERANGE), PROBE(data_long, EINVAL, NULL, ERANGE), PROBE(no_exit, EINVAL, "end with an exit"),
	PROBE(exit_jumped_over, EINVAL, "end with an exit"), PROBE(verdict, EINVAL, "verdict"), PROBE(exit_with_rubbish, EINVAL, "not zero"),
	PROBE(opcode, EINVAL, "unknown opcode"), PROBE(opcode_last, EINVAL, "unknown opcode"), PROBE(jump_out, EINVAL, "forward"),
	PROBE(jump_far, EINVAL, "forward"), PROBE(jump_backward, EINVAL, "forward"), PROBE(jump_nowhere, EINVAL, "forward"),
	PROBE(jump_always_out, EINVAL, "forward"), PROBE(unwritten, EINVAL, "not written"), PROBE(unwritten_on_a_path, EINVAL, "not written"),
	PROBE(unwritten_operand, EINVAL, "not written"), PROBE(register_32, EINVAL, "out of range"),
	PROBE(register_read_32, EINVAL, "out of range"), PROBE(register_254, EINVAL, "out of range"),
	PROBE(register_and_number, EINVAL, "not zero"), PROBE(string_over_the_end, EINVAL, "out of range"),
	PROBE(field_number, ENOENT, "no field"), PROBE(field_huge, ENOENT, "no field"), PROBE(field_sized, EINVAL, "only a string"),
	PROBE(context_number, ENOENT, "no context"), PROBE(context_huge, ENOENT, "no context"),
	PROBE(load_three_bytes, EINVAL, "1, 2, 4 or 8"), PROBE(load_no_bytes, EINVAL, "1, 2, 4 or 8"), PROBE(load_flag, EINVAL, "unknown flag"),
	PROBE(string_size, EINVAL, "multiple of 8"), PROBE(string_large, EINVAL, "multiple of 8"), PROBE(string_huge, EINVAL, "multiple of 8"),
	PROBE(string_too_far, EINVAL, "out of range"), PROBE(stack_kind, EINVAL, "kind of stack"), PROBE(stack_flat, EINVAL, "depth"),
	PROBE(stack_deep, EINVAL, "depth"), PROBE(match_outside, ERANGE, "constant block"), PROBE(match_overflow, ERANGE, "constant block"),
	PROBE(match_flag, EINVAL, "unknown flag"), PROBE(match_width, EINVAL, "multiple of 8"), PROBE(match_unwritten, EINVAL, "not written"),
	PROBE(bucket_linear, EINVAL, "log2"), PROBE(bucket_bits, EINVAL, "1 to 6"), PROBE(table_number, ENOENT, "no table"),
	PROBE(update_no_key, EINVAL, "not written"), PROBE(update_no_value, EINVAL, "not written"),
	PROBE(update_value_none, EINVAL, "out of range"), PROBE(emit_unwritten, EINVAL, "not written"), PROBE(emit_many, EINVAL, "out of range"),
	PROBE(emit_huge, EINVAL, "out of range"),
};

FIXTURE(refuse) {
	struct kit kit, other;
	struct scene scene;
};

FIXTURE_SETUP(refuse)
{
	const struct ktally_column sum = { .kind = KTALLY_COLUMN_SUM };
	struct kit *kit = &self->kit, *other = &self->other;

	OK(kit, kit_open(kit));
	kit->plan->ring_size = 4096;
	kit->plan->stack_entries = 16;
	OK(kit, kit_table(kit, 16, 1, NULL, &sum, 1));
	OK(kit, kit_make(kit));
	OK(other, kit_open(other));
	snprintf(other->plan->name, sizeof(other->plan->name), "taken");
	other->plan->flags = KTALLY_SESSION_PINNED;
	OK(other, kit_probe(other, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(fold)));
	OK(other, kit_start(other));
	self->scene.fresh = kit->session;
	self->scene.running = other->session;
	ASSERT_EQ(0, raw_open(&self->scene.raw));
}

FIXTURE_TEARDOWN(refuse)
{
	raw_close(&self->scene.raw);
	kit_close(&self->other);
	kit_close(&self->kit);
}

static struct raw_msg message;

static uint64_t features(struct kit *kit)
{
	struct ktally_info info;

	return ktally_client_info(kit->client, &info, NULL) ? 0 : info.features;
}

/* True if it was refused as it should be. */
static bool refused(struct scene *scene, const struct refusal *r, uint64_t features, struct raw_answer *answer)
{
	/* Dumps got a place for one only later than requests, and what an old kernel refuses on its own is refused without. */
	bool sentences = !r->dump && (r->says || features & KTALLY_FEATURE_EXTACK);

	raw_begin(&scene->raw, &message, r->cmd, r->dump ? NLM_F_DUMP : 0);
	r->build(&message, scene);
	if (raw_send(&scene->raw, &message, answer))
		return false;
	if (r->needs & ~features)
		return answer->error == EOPNOTSUPP && (!sentences || answer->sentence[0]);
	if (answer->error != r->error && !(r->or_error && answer->error == r->or_error))
		return false;
	if (!sentences)
		return true;
	return answer->sentence[0] && (!r->says || strstr(answer->sentence, r->says));
}

TEST_F_TIMEOUT(refuse, malformed, 100)
{
	struct ktally_session_info info;
	struct raw_answer answer;
	uint64_t here = features(&self->kit);
	char id[16];
	unsigned int i;

	for (i = 0; i < COUNTOF(refusals); i++) {
		const char *says = refusals[i].says ? refusals[i].says : "...";

		EXPECT_TRUE(refused(&self->scene, &refusals[i], here, &answer))
			TH_LOG("%s: %s, \"%s\" instead of %s, \"%s\"", refusals[i].name, strerror(answer.error), answer.sentence,
			       strerror(refusals[i].error), says);
	}
	snprintf(id, sizeof(id), "%u", self->scene.fresh);
	OK(&self->kit, ktally_client_find(self->kit.client, id, &info, &self->kit.err));
	EXPECT_EQ(1, info.nr_tables);
	EXPECT_EQ(0, info.nr_probes);
	EXPECT_EQ(KTALLY_STATE_NEW, info.state);
	TH_LOG("%zu refusals", COUNTOF(refusals));
}

/* The instruction at fault is pointed at. */
TEST_F(refuse, points_at_the_instruction)
{
	const struct ktally_insn insns[] = { SET(0, 1), SET(1, 1), MOVE(2, 9), EXIT(FOLDED) };
	struct raw_answer answer;
	size_t program;

	if (!(features(&self->kit) & KTALLY_FEATURE_EXTACK))
		SKIP(return, "this kernel has no extended acknowledgements");
	raw_begin(&self->scene.raw, &message, KTALLY_CMD_PROBE_NEW, 0);
	probe(&message, self->scene.fresh, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", NULL, 0);
	program = message.len + NLA_HDRLEN;
	raw_put(&message, KTALLY_A_PROGRAM, insns, sizeof(insns));
	ASSERT_EQ(0, raw_send(&self->scene.raw, &message, &answer));
	EXPECT_EQ(EINVAL, answer.error);
	EXPECT_EQ(program + 2 * sizeof(*insns), answer.offset);
}

/* What is refused only because a part of the session is missing. */
TEST_F(refuse, session_without_parts)
{
	static const struct ktally_insn stack[] = { STACK(0, KERNEL, 16), EXIT(FOLDED) }, emit[] = { EMIT(0, 0), EXIT(FOLDED) };
	struct raw_answer answer;
	struct kit bare;

	OK(&bare, kit_open(&bare));
	OK(&bare, kit_make(&bare));
	raw_begin(&self->scene.raw, &message, KTALLY_CMD_PROBE_NEW, 0);
	probe(&message, bare.session, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", stack, sizeof(stack));
	ASSERT_EQ(0, raw_send(&self->scene.raw, &message, &answer));
	EXPECT_EQ(EINVAL, answer.error);
	raw_begin(&self->scene.raw, &message, KTALLY_CMD_PROBE_NEW, 0);
	probe(&message, bare.session, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", emit, sizeof(emit));
	ASSERT_EQ(0, raw_send(&self->scene.raw, &message, &answer));
	EXPECT_EQ(EINVAL, answer.error);
	raw_begin(&self->scene.raw, &message, KTALLY_CMD_PROBE_NEW, 0);
	probe(&message, bare.session, KTALLY_SOURCE_PROCESS, NULL, NULL, 0);
	ASSERT_EQ(0, raw_send(&self->scene.raw, &message, &answer));
	EXPECT_EQ(EINVAL, answer.error);
	kit_close(&bare);
}

/* More memory than the machine has, asked for in many small steps, is refused at the start and nothing stays. */
TEST_F(refuse, too_much_memory)
{
	struct kit greedy;
	unsigned int i;
	int ret;

	OK(&greedy, kit_open(&greedy));
	for (i = 0; i < KTALLY_TABLES_MAX; i++)
		OK(&greedy, kit_table(&greedy, KTALLY_ROWS_MAX, KTALLY_KEYS_MAX, NULL, NULL, 0));
	OK(&greedy, kit_probe(&greedy, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(fold)));
	OK(&greedy, kit_make(&greedy));
	ret = ktally_client_start(greedy.client, greedy.session, &greedy.err);
	EXPECT_EQ(-ENOMEM, ret);
	EXPECT_NE(NULL, strstr(greedy.err.text, "quarter of the memory"));
	kit_close(&greedy);
}

TEST_F(refuse, too_many_tables)
{
	struct raw_answer answer = { 0 };
	unsigned int i;

	for (i = 1; i <= KTALLY_TABLES_MAX; i++) {
		raw_begin(&self->scene.raw, &message, KTALLY_CMD_TABLE_NEW, 0);
		table(&message, self->scene.fresh, 1, 16, NULL, 0);
		ASSERT_EQ(0, raw_send(&self->scene.raw, &message, &answer));
		if (i < KTALLY_TABLES_MAX) {
			ASSERT_EQ(0, answer.error);
			ASSERT_EQ(i, answer.number);
		}
	}
	EXPECT_EQ(E2BIG, answer.error);
}

/* Takes all capabilities away for good. */
static void become_nobody(void)
{
	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		_exit(100);
}

static const uint8_t privileged[] = {
	KTALLY_CMD_SESSION_NEW, KTALLY_CMD_SESSION_GET, KTALLY_CMD_SESSION_START, KTALLY_CMD_SESSION_STOP, KTALLY_CMD_SESSION_DELETE,
	KTALLY_CMD_TABLE_NEW, KTALLY_CMD_PROBE_NEW, KTALLY_CMD_SNAPSHOT, KTALLY_CMD_PAIR_NEW, KTALLY_CMD_COUNTER_NEW,
};

/* As nobody; exits with the number of the first thing that was not refused. */
static void try_everything(struct scene *scene)
{
	static const uint8_t dumps[] = {
		KTALLY_CMD_SESSION_GET, KTALLY_CMD_TABLE_GET, KTALLY_CMD_PROBE_GET, KTALLY_CMD_PAIR_GET, KTALLY_CMD_COUNTER_GET,
	};
	struct raw_answer answer;
	/* Nobody sees no addresses, and would look for it again and again. */
	const char *symbol = kit_call_symbol("getppid");
	struct raw raw;
	unsigned int i;

	become_nobody();
	if (raw_open(&raw))
		_exit(101);
	for (i = 0; i < COUNTOF(privileged); i++) {
		raw_begin(&raw, &message, privileged[i], 0);
		raw_put_u32(&message, KTALLY_A_SESSION, scene->running);
		if (raw_send(&raw, &message, &answer) || answer.error != EPERM)
			_exit(1 + i);
	}
	for (i = 0; i < COUNTOF(dumps); i++) {
		raw_begin(&raw, &message, dumps[i], NLM_F_DUMP);
		raw_put_u32(&message, KTALLY_A_SESSION, scene->running);
		if (raw_send(&raw, &message, &answer) || answer.error != EPERM)
			_exit(21 + i);
	}
	for (i = 1; i <= KTALLY_SOURCE_MAX; i++) {
		raw_begin(&raw, &message, KTALLY_CMD_PROBE_NEW, 0);
		source(&message, scene, i, symbol);
		if (raw_send(&raw, &message, &answer) || answer.error != EPERM || !strstr(answer.sentence, "CAP_PERFMON"))
			_exit(40 + i);
	}
	raw_begin(&raw, &message, KTALLY_CMD_INFO_GET, 0);
	if (raw_send(&raw, &message, &answer) || answer.error || answer.messages != 1)
		_exit(31);
	raw_begin(&raw, &message, KTALLY_CMD_SOURCE_GET, NLM_F_DUMP);
	if (raw_send(&raw, &message, &answer) || answer.error || answer.messages < 5)
		_exit(32);
	if (access(KTALLY_DEVICE, R_OK) == 0)
		_exit(33);
	_exit(0);
}

TEST_F(refuse, no_privilege)
{
	struct ktally_session_info info;
	int status;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		try_everything(&self->scene);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_TRUE(WIFEXITED(status));
	OK(&self->other, ktally_client_find(self->other.client, "taken", &info, &self->other.err));
	EXPECT_EQ(KTALLY_STATE_RUNNING, info.state);
}

/* Answers do not depend on luck: the same hostile bytes at random places never do harm. */
TEST_F_TIMEOUT(refuse, random_bytes, 60)
{
	uint64_t state = 88172645463325252ULL;
	struct raw_answer answer;
	unsigned int i, j;

	for (i = 0; i < 3000; i++) {
		raw_begin(&self->scene.raw, &message, 1 + i % KTALLY_CMD_MAX, 0);
		if (i % 3)
			raw_put_u32(&message, KTALLY_A_SESSION, self->scene.fresh);
		if (i % 5 == 0) {
			raw_put_u32(&message, KTALLY_A_SOURCE_KIND, i % (KTALLY_SOURCE_MAX + 2));
			raw_put_text(&message, KTALLY_A_SRC_NAME, "raw_syscalls:sys_enter");
		}
		for (j = 0; j < 1 + i % 8; j++) {
			uint64_t words[8];
			unsigned int k;

			for (k = 0; k < COUNTOF(words); k++) {
				state ^= state << 13;
				state ^= state >> 7;
				state ^= state << 17;
				words[k] = state >> (state & 63);
			}
			raw_put(&message, state % (KTALLY_A_MAX + 3), words, i % 2 ? 8 : state % sizeof(words));
		}
		if (message.buf[NLMSG_HDRLEN] == KTALLY_CMD_SESSION_NEW)
			continue;	/* might succeed, and stay until the end */
		ASSERT_EQ(0, raw_send(&self->scene.raw, &message, &answer));
	}
}

/* Random programs: refused or run, never harm; the table of the session is the witness. */
TEST_F_TIMEOUT(refuse, random_programs, 100)
{
	uint64_t state = 1234567891011ULL, accepted = 0;
	struct ktally_insn insns[24];
	struct raw_answer answer;
	unsigned int i, j;

	for (i = 0; i < 4000 && accepted < 200; i++) {
		unsigned int n = 1 + i % (COUNTOF(insns) - 1);

		memset(insns, 0, sizeof(insns));
		for (j = 0; j < n; j++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			insns[j].op = state % (__KTALLY_OP_END + 1);
			insns[j].dst = (state >> 8) % 6;
			insns[j].a = (state >> 16) % 4;
			insns[j].b = state >> 60 ? KTALLY_NO_REG : (state >> 24) % 4;
			insns[j].aux = (state >> 32) % 9;
			insns[j].imm = (state >> 40) % 17;
			if (insns[j].op == KTALLY_OP_IMM || insns[j].op == KTALLY_OP_CONTEXT || insns[j].op == KTALLY_OP_FIELD)
				insns[j].a = insns[j].b = 0;
			if (insns[j].op == KTALLY_OP_IMM)
				insns[j].aux = 0;
			if (insns[j].op == KTALLY_OP_CONTEXT || insns[j].op == KTALLY_OP_FIELD)
				insns[j].imm = 0;
			if (insns[j].op == KTALLY_OP_EXIT)
				insns[j] = (struct ktally_insn)SET(j % 6, state);
		}
		insns[n - 1] = (struct ktally_insn)EXIT(FOLDED);
		raw_begin(&self->scene.raw, &message, KTALLY_CMD_PROBE_NEW, 0);
		enter(&message, &self->scene, insns, n * sizeof(*insns));
		ASSERT_EQ(0, raw_send(&self->scene.raw, &message, &answer));
		accepted += !answer.error;
	}
	EXPECT_LT(20, accepted);
	OK(&self->kit, kit_start(&self->kit));
	kit_calls(2003);
	OK(&self->kit, kit_stop(&self->kit));
	OK(&self->kit, kit_take(&self->kit));
	EXPECT_TRUE(kit_closes(&self->kit));
	EXPECT_EQ(accepted, self->kit.snap->nr_probes);
	for (i = 0; i < self->kit.snap->nr_probes; i++)
		EXPECT_LE(2003, self->kit.snap->probes[i].count.hits);
}

/* Notifications: who joined the group hears of every change of state, in order. */
TEST_F(refuse, notifications)
{
	static const uint32_t states[] = { KTALLY_STATE_NEW, KTALLY_STATE_RUNNING, KTALLY_STATE_STOPPED, KTALLY_STATE_DEAD };
	uint32_t session, seen;
	struct raw ear;
	struct kit noisy;
	unsigned int i;

	ASSERT_EQ(0, raw_open(&ear));
	ASSERT_EQ(0, raw_join(&ear));
	OK(&noisy, kit_open(&noisy));
	OK(&noisy, kit_probe(&noisy, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", PROGRAM(fold)));
	OK(&noisy, kit_start(&noisy));
	OK(&noisy, kit_stop(&noisy));
	OK(&noisy, ktally_client_delete(noisy.client, noisy.session, &noisy.err));
	for (i = 0; i < COUNTOF(states); i++) {
		ASSERT_EQ(0, raw_notice(&ear, &session, &seen, 5000)) TH_LOG("nothing told of state %u", states[i]);
		EXPECT_EQ(noisy.session, session);
		EXPECT_EQ(states[i], seen);
	}
	noisy.session = 0;
	kit_close(&noisy);
	raw_close(&ear);
}

TEST_HARNESS_MAIN
