// SPDX-License-Identifier: GPL-2.0-or-later
/* Trace events: what their format files become, and what programs read of their records. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytecode.h"
#include "events.h"
#include "files.h"
#include "tracefs.h"

#define COMMON \
	"format:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define EVENT(name, id, fields) "name: " name "\nID: " id "\n" COMMON fields "\nprint fmt: \"%d\", REC->nonsense(\n"

/* One of every kind. */
static const char all_kinds[] = EVENT("kinds", "1234",
	"\tfield:u8 byte;\toffset:8;\tsize:1;\tsigned:0;\n"
	"\tfield:short half;\toffset:10;\tsize:2;\tsigned:1;\n"
	"\tfield:pid_t next_pid;\toffset:12;\tsize:4;\tsigned:1;\n"
	"\tfield:u64 wide;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:char comm[16];\toffset:24;\tsize:16;\tsigned:0;\n"
	"\tfield:unsigned long args[6];\toffset:40;\tsize:48;\tsigned:0;\n"
	"\tfield:int signs[3];\toffset:88;\tsize:12;\tsigned:1;\n"
	"\tfield:__data_loc char[] name;\toffset:100;\tsize:4;\tsigned:0;\n"
	"\tfield:__data_loc u16[] list;\toffset:104;\tsize:4;\tsigned:0;\n"
	"\tfield:__rel_loc char[] where;\toffset:108;\tsize:4;\tsigned:0;\n"
	"\tfield:void * call_site;\toffset:112;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long function;\toffset:120;\tsize:8;\tsigned:0;\n"
	"\tfield:u8 mac[6];\toffset:128;\tsize:6;\tsigned:0;\n"
	"\tfield:struct odd thing;\toffset:136;\tsize:24;\tsigned:0;\n"
	"\tfield:__data_loc int[] words;\toffset:160;\tsize:4;\tsigned:1;\n"
	"\tfield:__data_loc unsigned short[] halves;\toffset:164;\tsize:4;\tsigned:0;\n"
	"\tfield:__data_loc uint32_t[] quarters;\toffset:168;\tsize:4;\tsigned:0;\n"
	"\tfield:__data_loc struct of_32[] things;\toffset:172;\tsize:4;\tsigned:0;\n");

static const char wakeup[] = EVENT("sched_wakeup", "77",
	"\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
	"\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;\n"
	"\tfield:int prio;\toffset:28;\tsize:4;\tsigned:1;\n"
	"\tfield:int target_cpu;\toffset:32;\tsize:4;\tsigned:1;\n"
	"\tfield:int extra;\toffset:36;\tsize:4;\tsigned:1;\n");

static const char openat[] = EVENT("sys_enter_openat", "600",
	"\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n"
	"\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n");

static struct ktally_catalogue cat;

static void make_tree(void)
{
	struct ktally_error err;

	files_write("events/test/kinds/format", all_kinds);
	files_write("events/sched/sched_wakeup/format", wakeup);
	files_write("events/sched/absent/format", EVENT("absent", "78", "\tfield:int x;\toffset:8;\tsize:4;\tsigned:1;\n"));
	files_write("events/syscalls/sys_enter_openat/format", openat);
	files_write("events/broken/broken/format", "name: broken\nno format at all\n");
	files_write("events/dup/alike/format", EVENT("alike", "90", ""));
	files_write("events/dup2/alike/format", EVENT("alike", "91", ""));
	files_write("events/ftrace/function/format", EVENT("function", "1", ""));
	files_write("events/enable", "0\n");
	files_write("events/sched/enable", "0\n");
	if (ktally_tracefs_open(&cat.tracefs, files_root(), &err))
		fail_msg("%s", err.text);
}

static const struct ktally_source_field *field(const struct ktally_source_info *info, const char *name)
{
	unsigned int i;

	for (i = 0; i < info->nr_fields; i++)
		if (!strcmp(info->fields[i].name, name))
			return &info->fields[i];
	fail_msg("no field %s", name);
	return NULL;
}

static void formats_become_fields(void **state)
{
	static const struct { const char *name; enum ktally_type type; unsigned int size, offset, element, flags; } want[] = {
		{ "byte", KTALLY_TYPE_UINT, 1, 8, 0, 0 }, { "half", KTALLY_TYPE_INT, 2, 10, 0, 0 }, { "next_pid", KTALLY_TYPE_INT, 4, 12, 0, 0 },
		{ "wide", KTALLY_TYPE_UINT, 8, 16, 0, 0 }, { "comm", KTALLY_TYPE_STRING, 16, 24, 0, 0 }, { "args", KTALLY_TYPE_UINT, 48, 40, 8, 0 },
		{ "signs", KTALLY_TYPE_INT, 12, 88, 4, 0 }, { "name", KTALLY_TYPE_STRING, 0, 100, 0, KTALLY_RECORD_DYNAMIC },
		{ "list", KTALLY_TYPE_UINT, 0, 104, 2, KTALLY_RECORD_DYNAMIC },
		{ "where", KTALLY_TYPE_STRING, 0, 108, 0, KTALLY_RECORD_DYNAMIC | KTALLY_RECORD_RELATIVE },
		{ "call_site", KTALLY_TYPE_KPTR, 8, 112, 0, 0 }, { "function", KTALLY_TYPE_UINT, 8, 120, 0, 0 }, { "mac", KTALLY_TYPE_UINT, 6, 128, 1, 0 },
		{ "thing", KTALLY_TYPE_UINT, 24, 136, 1, 0 }, { "words", KTALLY_TYPE_INT, 0, 160, 4, KTALLY_RECORD_DYNAMIC },
		{ "halves", KTALLY_TYPE_UINT, 0, 164, 2, KTALLY_RECORD_DYNAMIC }, { "quarters", KTALLY_TYPE_UINT, 0, 168, 4, KTALLY_RECORD_DYNAMIC },
		{ "things", KTALLY_TYPE_UINT, 0, 172, 1, KTALLY_RECORD_DYNAMIC },
	};
	const struct ktally_source_info *info, *again;
	unsigned int i;

	(void)state;
	assert_int_equal(ktally_tracefs_find(cat.tracefs, "test:kinds", &info, NULL), 0);
	assert_int_equal(info->kind, KTALLY_SOURCE_EVENT);
	assert_int_equal(info->id, 1234);
	assert_string_equal(info->name, "test:kinds");
	assert_int_equal(info->nr_fields, NR(want));
	for (i = 0; i < NR(want); i++) {
		const struct ktally_source_field *f = field(info, want[i].name);

		if (f->type != want[i].type || f->size != want[i].size || f->offset != want[i].offset || f->element != want[i].element ||
		    f->flags != want[i].flags)
			fail_msg("%s: type %d size %u offset %u element %u flags %x", f->name, f->type, f->size, f->offset, f->element, f->flags);
	}
	assert_int_equal(ktally_tracefs_find(cat.tracefs, "test:kinds", &again, NULL), 0);
	assert_ptr_equal(again, info);
	assert_int_equal(ktally_tracefs_find(cat.tracefs, "syscalls:sys_enter_openat", &info, NULL), 0);
	assert_int_equal(field(info, "filename")->type, KTALLY_TYPE_UPTR);
}

static void names_are_listed(void **state)
{
	static const char *const want[] = { "broken:broken", "dup2:alike", "dup:alike", "sched:absent", "sched:sched_wakeup", "syscalls:sys_enter_openat", "test:kinds" };
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(want); i++)
		assert_string_equal(ktally_tracefs_name(cat.tracefs, i), want[i]);
	assert_null(ktally_tracefs_name(cat.tracefs, NR(want)));
}

static void what_is_not_there_is_said(void **state)
{
	const struct ktally_source_info *info;
	struct ktally_tracefs *other;
	struct ktally_error err;

	(void)state;
	assert_int_equal(ktally_tracefs_find(cat.tracefs, "sched:sched_wakup", &info, &err), -ENOENT);
	assert_non_null(strstr(err.text, "did you mean 'sched:sched_wakeup'"));
	assert_int_equal(ktally_tracefs_find(cat.tracefs, "broken:broken", &info, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "broken/broken/format"));
	assert_int_equal(ktally_tracefs_find(cat.tracefs, "..:events", &info, &err), -ENOENT);
	assert_int_equal(ktally_tracefs_find(cat.tracefs, "nocolon", &info, &err), -ENOENT);
	assert_int_equal(ktally_tracefs_find(cat.tracefs, "sched:", &info, &err), -ENOENT);
	assert_int_equal(ktally_tracefs_open(&other, "/nonexistent", &err), -ENOENT);
	assert_non_null(strstr(err.text, "mount -t tracefs"));
	assert_null(other);
}

static void nonsense_is_refused(void **state)
{
	static const char *const list[] = {
		"", "name: x\n", "name: x\nID: 5\n", "name: x\nID: 0\n" COMMON "\n", "ID: 5\nname: x\nformat:\n", "name: x\nID: 5\nformat:\n\tfield:\n",
		EVENT("far", "5", "\tfield:int x;\toffset:65534;\tsize:4;\tsigned:1;\n"), EVENT("neg", "5", "\tfield:int x;\toffset:-8;\tsize:4;\tsigned:1;\n"),
		EVENT("huge", "5", "\tfield:char x[99999999];\toffset:8;\tsize:99999999;\tsigned:0;\n"),
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_source_info info = { .kind = 0 };
		int rc = ktally_format_parse(&info, "s", list[i], strlen(list[i]));

		if (rc != -EBADMSG || info.fields || info.nr_fields)
			fail_msg("%s: %d, %u fields", list[i], rc, info.nr_fields);
	}
}

/* ---- programs ---- */

static unsigned char record[256];

static void put(unsigned int offset, uint64_t value, unsigned int size)
{
	memcpy(record + offset, &value, size);
}

static void fill_record(struct bc_env *env)
{
	memset(env, 0, sizeof(*env));
	memset(record, 0, sizeof(record));
	put(8, 200, 1);
	put(10, (uint64_t)-5, 2);
	put(12, (uint64_t)-7, 4);
	put(16, 0xfedcba9876543210ULL, 8);
	strcpy((char *)record + 24, "bash");
	put(40 + 2 * 8, 4242, 8);
	put(88 + 4, (uint64_t)-9, 4);
	put(100, 6 << 16 | 168, 4);
	strcpy((char *)record + 168, "sda-1");
	put(104, 4 << 16 | 176, 4);
	put(176 + 2, 0xbeef, 2);
	put(108, 5 << 16 | 72, 4);	/* counts from behind the word: 112 + 72 */
	strcpy((char *)record + 184, "here");
	put(128 + 5, 0xab, 1);
	env->record = record;
	env->record_size = 192;
	env->comm = "current";
}

static struct ktally_plan *compiled(const char *text, bool emit)
{
	struct ktally_compile_opts opts = { .emit = emit };
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err = { .pos = -1 };
	const char *why;

	if (ktally_compile(plan, &cat, text, &opts, &err))
		fail_msg("%s: %s (at %d)", text, err.text, err.pos);
	why = bc_verify(&plan->probes[0], plan);
	if (why)
		fail_msg("%s: %s", text, why);
	return plan;
}

static void programs_read_records(void **state)
{
	struct ktally_plan *plan = compiled("test:kinds//key=name,str(where,8)/sum=byte,half,next_pid,wide,args[2],signs[1],list[1],mac[5]/", false);
	struct bc_result result;
	struct bc_env env;

	(void)state;
	fill_record(&env);
	assert_int_equal(plan->probes[0].kind, KTALLY_SOURCE_EVENT);
	assert_int_equal(plan->probes[0].perf_config, 1234);
	bc_run(&plan->probes[0], &env, &result);
	assert_false(result.fault);
	assert_string_equal((char *)&result.keys[0], "sda-1");
	assert_string_equal((char *)&result.keys[8], "here");
	assert_int_equal(plan->tables[0].schema.key_words, 9);
	assert_int_equal(result.values[0], 200);
	assert_int_equal((int64_t)result.values[1], -5);
	assert_int_equal((int64_t)result.values[2], -7);
	assert_int_equal(result.values[3], 0xfedcba9876543210ULL);
	assert_int_equal(result.values[4], 4242);
	assert_int_equal((int64_t)result.values[5], -9);
	assert_int_equal(result.values[6], 0xbeef);
	assert_int_equal(result.values[7], 0xab);
	ktally_plan_free(plan);
}

static void filters_read_records(void **state)
{
	static const struct { const char *filter; bool passes; } list[] = {
		{ "half < 0 && comm == \"bash\"", true }, { "comm ~ \"ba*\"", true }, { "current.comm == \"current\"", true },
		{ "name == \"sda-1\"", true }, { "name == \"sda-2\"", false }, { "where ~ \"h?re\"", true }, { "args[1+1] == 4242", true },
		{ "args[0] || args[5]", false }, { "wide > 0x8000000000000000", true }, { "byte > 127", true },
	};
	struct bc_result result;
	struct bc_env env;
	unsigned int i;

	(void)state;
	fill_record(&env);
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan;
		char text[128];

		snprintf(text, sizeof(text), "test:kinds/%s/", list[i].filter);
		plan = compiled(text, false);
		bc_run(&plan->probes[0], &env, &result);
		if (result.fault || result.filtered == list[i].passes)
			fail_msg("%s: fault %d filtered %d", text, result.fault, result.filtered);
		ktally_plan_free(plan);
	}
}

static void short_records_fault(void **state)
{
	struct ktally_plan *plan = compiled("test:kinds//key=wide/", false);
	struct bc_result result;
	struct bc_env env;

	(void)state;
	fill_record(&env);
	env.record_size = 20;
	bc_run(&plan->probes[0], &env, &result);
	assert_true(result.fault);
	ktally_plan_free(plan);
}

static void records_show_what_is_no_array(void **state)
{
	struct ktally_plan *plan = compiled("test:kinds", true);
	const struct ktally_schema *s = &plan->probes[0].record;
	struct bc_result result;
	struct bc_env env;
	unsigned int i;

	(void)state;
	fill_record(&env);
	bc_run(&plan->probes[0], &env, &result);
	assert_int_equal(result.nr_emits, 1);
	assert_int_equal(s->nr_keys, 9);
	for (i = 0; i < s->nr_keys; i++)
		assert_true(strcmp(s->keys[i].name, "args") && strcmp(s->keys[i].name, "thing"));
	assert_string_equal(s->keys[0].name, "byte");
	assert_int_equal(result.record[0], 200);
	assert_int_equal(s->keys[7].kind, KTALLY_KIND_KSYM);
	assert_int_equal(s->keys[8].kind, KTALLY_KIND_KSYM);
	ktally_plan_free(plan);
	plan = compiled("sys_enter_openat", true);
	s = &plan->probes[0].record;
	assert_int_equal(s->keys[0].kind, KTALLY_KIND_SYSCALL);
	assert_int_equal(s->keys[2].kind, KTALLY_KIND_HEX);
	ktally_plan_free(plan);
}

/* ---- which road ---- */

static void the_handler_is_taken_if_it_will_do(void **state)
{
	static const struct { const char *text; enum ktally_source_kind kind; } list[] = {
		{ "sched:sched_wakeup", KTALLY_SOURCE_TRACEPOINT },
		{ "sched:sched_wakeup/pid > 1/key=comm,target_cpu,cpu/hist=ns:log2/", KTALLY_SOURCE_TRACEPOINT },
		{ "sched_wakeup/comm == \"extra\"/", KTALLY_SOURCE_TRACEPOINT },
		{ "sched:sched_wakeup/prio < 100/", KTALLY_SOURCE_TRACEPOINT },	/* a word of the context as well */
		{ "sched:sched_wakeup/pid > 1/alias=extra/", KTALLY_SOURCE_TRACEPOINT },
		{ "sched:sched_wakeup/extra > 1/", KTALLY_SOURCE_EVENT },
		{ "sched_wakeup//key=pid/sum=extra/", KTALLY_SOURCE_EVENT },
		{ "sched:sched_wakeup/\"x\" == comm && extra/", KTALLY_SOURCE_EVENT },
		{ "event:sched:sched_wakeup", KTALLY_SOURCE_EVENT },
		{ "sched:sched_wakeup -> sys_enter//key=start.pid/", KTALLY_SOURCE_TRACEPOINT },
		{ "sched:sched_wakeup -> sys_enter//key=start.extra/", KTALLY_SOURCE_EVENT },
		{ "sched:absent/x > 1/", KTALLY_SOURCE_EVENT },	/* has a handler that this kernel gives no place */
		{ "kinds", KTALLY_SOURCE_EVENT },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		struct ktally_error err;

		if (ktally_compile(plan, &cat, list[i].text, NULL, &err))
			fail_msg("%s: %s", list[i].text, err.text);
		if (plan->probes[0].kind != list[i].kind)
			fail_msg("%s: road %d", list[i].text, plan->probes[0].kind);
		ktally_plan_free(plan);
	}
}

static void refusals(void **state)
{
	static const struct { const char *text; int code; const char *at, *says; } list[] = {
		{ "test:kind", -ENOENT, "test", "did you mean 'test:kinds'" },
		{ "alike", -EINVAL, "alike", "'dup2:alike' or 'dup:alike'" },
		{ "test:kinds/bite/", -ENOENT, "bite", "did you mean 'byte'" },
		{ "test:kinds/wode/", -ENOENT, "wode", "args[]" },
		{ "test:kinds/args/", -EINVAL, "args", "args[0]" },
		{ "test:kinds/args[6]/", -EINVAL, "6", "between 0 and 5" },
		{ "test:kinds/args[-1]/", -EINVAL, "-1", "between 0 and 5" },
		{ "test:kinds/args[byte]/", -EINVAL, "byte", "constant" },
		{ "test:kinds/args[1)/", -EINVAL, ")", "to close the index" },
		{ "test:kinds/byte[1]/", -EINVAL, "byte", "no array" },
		{ "test:kinds/bite[1]/", -ENOENT, "bite", "'byte'" },
		{ "test:kinds/list[40000]/", -EINVAL, "40000", "between 0 and 32767" },
		{ "event:sched:sched_wakup", -ENOENT, "event", "'sched:sched_wakeup'" },
		{ "broken:broken", -ENOENT, "broken", "no source" },
		{ "event:broken:broken", -EBADMSG, "event", "not understood" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		struct ktally_error err = { .pos = -2 };
		int rc = ktally_compile(plan, &cat, list[i].text, NULL, &err);
		int want = *list[i].at ? (int)(strstr(list[i].text, list[i].at) - list[i].text) : (int)strlen(list[i].text);

		if (rc != list[i].code || !strstr(err.text, list[i].says) || err.pos < 0 || (*list[i].at && err.pos != want))
			fail_msg("%s: %d at %d: %s", list[i].text, rc, err.pos, rc ? err.text : "");
		ktally_plan_free(plan);
	}
}

static void a_kernel_without_is_told(void **state)
{
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_tracefs *tracefs = cat.tracefs;
	struct ktally_error err;

	(void)state;
	cat.features &= ~KTALLY_FEATURE_EVENT;
	assert_int_equal(ktally_compile(plan, &cat, "test:kinds", NULL, &err), -EOPNOTSUPP);
	assert_non_null(strstr(err.text, "ktally doctor"));
	cat.features = ~0ULL;
	cat.tracefs = NULL;
	assert_int_equal(ktally_compile(plan, &cat, "test:kinds", NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "mount tracefs"));
	assert_int_equal(ktally_compile(plan, &cat, "event:test:kinds", NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "mount -t tracefs"));
	cat.tracefs = tracefs;
	ktally_plan_free(plan);
}

/* Every event of the machine the test runs on, where it may look: each format is understood and each field lies inside what is possible. */
static void all_events_of_this_kernel(void **state)
{
	struct ktally_tracefs *real;
	const struct ktally_source_info *info;
	struct ktally_error err;
	unsigned int n, i;
	const char *name;

	(void)state;
	if (ktally_tracefs_open(&real, NULL, &err))
		skip();
	for (n = 0; (name = ktally_tracefs_name(real, n)); n++) {
		if (ktally_tracefs_find(real, name, &info, &err))
			fail_msg("%s", err.text);
		assert_true(info->id > 0);
		for (i = 0; i < info->nr_fields; i++) {
			const struct ktally_source_field *f = &info->fields[i];

			if (f->offset < 8 || (!f->element && f->type != KTALLY_TYPE_STRING && f->size != 1 && f->size != 2 && f->size != 4 && f->size != 8))
				fail_msg("%s.%s: offset %u size %u", name, f->name, f->offset, f->size);
		}
	}
	printf("%u events understood\n", n);
	assert_true(n > 100);
	ktally_tracefs_close(real);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_become_fields),
		cmocka_unit_test(names_are_listed),
		cmocka_unit_test(what_is_not_there_is_said),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(programs_read_records),
		cmocka_unit_test(filters_read_records),
		cmocka_unit_test(short_records_fault),
		cmocka_unit_test(records_show_what_is_no_array),
		cmocka_unit_test(the_handler_is_taken_if_it_will_do),
		cmocka_unit_test(refusals),
		cmocka_unit_test(a_kernel_without_is_told),
		cmocka_unit_test(all_events_of_this_kernel),
	};
	int rc;

	event_catalogue(&cat);
	make_tree();
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	ktally_catalogue_clear(&cat);
	files_done();
	return rc;
}
