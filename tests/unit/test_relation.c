// SPDX-License-Identifier: GPL-2.0-or-later
/* Pairs, gates, counters and exemplars in event texts: the very instructions of the hot shapes, what the others do, what is refused. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytecode.h"
#include "events.h"
#include "files.h"

static struct ktally_catalogue cat;

/* Compile and verify; the caller frees. */
static struct ktally_plan *compiled(const char *text, bool emit)
{
	struct ktally_compile_opts opts = { .emit = emit };
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err = { .pos = -1 };
	unsigned int i;

	if (ktally_compile(plan, &cat, text, &opts, &err))
		fail_msg("%s: %s (at %d)", text, err.text, err.pos);
	for (i = 0; i < plan->nr_probes; i++) {
		const char *why = bc_verify(&plan->probes[i], plan);

		if (why)
			fail_msg("%s: probe %u: %s", text, i, why);
	}
	return plan;
}

static void check_program(const char *text, const struct ktally_probe_plan *probe, const char *want)
{
	char got[2048] = "", line[128];
	unsigned int i;

	for (i = 0; i < probe->nr_insns; i++) {
		ktally_disassemble(&probe->insns[i], line, sizeof(line));
		strcat(strcat(got, i ? "; " : ""), line);
	}
	if (strcmp(got, want))
		fail_msg("%s: '%s' is\n\t%s\nand should be\n\t%s", text, probe->text, got, want);
}

/** struct shape - @text compiles to these programs, one for each event */
struct shape {
	const char *text;
	const char *programs[4];
};

static void check_shapes(const struct shape *list, unsigned int nr)
{
	unsigned int i, n;

	for (i = 0; i < nr; i++) {
		struct ktally_plan *plan = compiled(list[i].text, false);

		for (n = 0; n < 4 && list[i].programs[n]; n++) {
			assert_in_range(n, 0, plan->nr_probes - 1);
			check_program(list[i].text, &plan->probes[n], list[i].programs[n]);
		}
		assert_int_equal(plan->nr_probes, n);
		ktally_plan_free(plan);
	}
}

#define NO_START "exit filtered"

/* The module has short cuts for these: not one instruction more. */
static void hot_shapes_are_minimal(void **state)
{
	static const struct shape list[] = {
		{ "sys_enter -> sys_exit", {
			"start pair 0 key r0..; exit folded",
			"r0.. = end pair 0 key r0.. else goto +2; update table 0 key r0.. values r0..; exit folded; " NO_START } },
		{ "sys_enter -> sys_exit/key=start.id/", {
			"r0 = field 0; start pair 0 key r0.. save r0..; exit folded",
			"r0.. = end pair 0 key r0.. else goto +2; update table 0 key r1.. values r0..; exit folded; " NO_START } },
		{ "sys_enter -> sys_exit/key=start.id/hist=lat/", {
			"r0 = field 0; start pair 0 key r0.. save r0..; exit folded",
			"r0.. = end pair 0 key r0.. else goto +2; update table 0 key r1.. values r0..; exit folded; " NO_START } },
		{ "sys_enter -> sys_exit/key=start.id,start.comm/than=4ms/", {
			"r0 = field 0; r1.. = comm; start pair 0 key r0.. save r0..; exit folded",
			"r0.. = end pair 0 key r0.. else goto +3; if r0 u< 0x3d0900 goto +2; update table 0 key r1.. values r0..; exit folded; "
			NO_START } },
		{ "sched_wakeup/pair=pid/ -> test:event/pair=next_pid/ -> test:event/pair=a/hist=total/", {
			"r0 = field 1; start pair 0 key r0..; exit folded",
			"r0 = field 10; r1.. = end pair 0 key r0.. else goto +3; update table 0 key r0.. values r1..; start pair 1 key r0.. save r1..; "
			"exit folded; " NO_START,
			"r0 = field 0; r1.. = end pair 1 key r0.. else goto +3; r3 = r1 + r2; update table 1 key r0.. values r3..; exit folded; " NO_START } },
	};

	(void)state;
	check_shapes(list, NR(list));
}

static void gates_come_behind_the_filter(void **state)
{
	static const struct shape list[] = {
		{ "test:event/a > 5/every=10/", { "r0 = field 0; if r0 s<= 5 goto +3; gate every 10; update table 0 key r0..; exit folded; exit filtered" } },
		{ "test:event//chance=1/100/", { "gate chance one in 100; update table 0 key r0..; exit folded" } },
		{ "test:event//chance=1%/", { "gate chance one in 100; update table 0 key r0..; exit folded" } },
		{ "test:event//chance=0.5/", { "gate chance one in 2; update table 0 key r0..; exit folded" } },
		{ "test:event//per=10ms/", { "gate once in ns 10000000; update table 0 key r0..; exit folded" } },
		{ "test:event//bytes=size:512K/sum=size/",
		  { "r0 = field 11; gate bytes r0 of 524288; update table 0 key r0.. values r0..; exit folded" } },
		{ "test:event//tiers=size/sum=size/",
		  { "r0 = field 11; if r0 u>= 65536 goto +4; if r0 u< 2048 goto +2; gate chance one in 2; goto +1; gate chance one in 100; "
		    "update table 0 key r0.. values r0..; exit folded" } },
		/* the weight is another one behind the gate */
		{ "test:event/weight > 0/every=2/key=weight/",
		  { "r0 = weight; if r0 s<= 0 goto +4; gate every 2; r0 = weight; update table 0 key r0..; exit folded; exit filtered" } },
		/* of an end: whoever is not let through has closed its start all the same */
		{ "sys_enter/every=3/ -> sys_exit/than=1us/every=2/", {
			"gate every 3; start pair 0 key r0..; exit folded",
			"r0.. = end pair 0 key r0.. else goto +4; if r0 u< 1000 goto +3; gate every 2; update table 0 key r0.. values r0..; exit folded; "
			NO_START } },
	};

	(void)state;
	check_shapes(list, NR(list));
}

static void what_is_kept_and_dumped(void **state)
{
	static const struct shape list[] = {
		{ "sys_enter//keep=id,tid/", { "r0 = field 0; r1 = tid; keep r0.. 2 words; exit folded" } },
		{ "sys_enter -> sys_exit/than=1ms/dump/", {
			"start pair 0 key r0..; exit folded",
			"r0.. = end pair 0 key r0.. else goto +4; if r0 u< 0xf4240 goto +3; update table 0 key r0.. values r0..; dump last r0 ns; "
			"exit folded; " NO_START } },
	};
	struct ktally_plan *plan;

	(void)state;
	check_shapes(list, NR(list));
	plan = compiled("sys_enter//keep/", true);
	assert_int_equal(plan->nr_tables, 0);
	assert_int_equal(plan->ring_size, 0);
	assert_int_not_equal(plan->scratch_size, 0);
	assert_int_equal(plan->probes[0].record.nr_keys, 3);
	ktally_plan_free(plan);
	plan = compiled("sys_enter -> sys_exit/than=1ms/dump/", false);
	assert_int_not_equal(plan->ring_size, 0);
	assert_int_not_equal(plan->scratch_size, 0);
	ktally_plan_free(plan);
}

/* ---- which words are where ---- */

static void run_end(struct ktally_plan *plan, unsigned int probe, struct bc_env *env, struct bc_result *result)
{
	unsigned int i;

	env->plan = plan;
	for (i = 0; i < KTALLY_REGS; i++)
		env->found[i] = 100 + i;
	bc_run(&plan->probes[probe], env, result);
}

static void results_are_in_the_order_of_the_opcode(void **state)
{
	/* lat, oncpu, self, caller, two counters, saved */
	struct ktally_plan *plan = compiled("kprobe:f/pair=arg0/ -> kprobe:g/pair=arg0/nest/key=caller,start.arg1,start.tid/"
					    "sum=lat/sum=oncpu/sum=self/pmu=cpu-clock,page-faults/max=pmu(page-faults)/", false);
	const struct ktally_pair_plan *pair = &plan->pairs[0];
	struct bc_env env = { .comm = "" };
	struct bc_result result;

	(void)state;
	assert_int_equal(pair->kind, KTALLY_PAIR_TASK);
	assert_int_equal(pair->flags, KTALLY_PAIR_NEST | KTALLY_PAIR_ONCPU);
	assert_int_equal(pair->nr_keys, 1);
	assert_int_equal(pair->nr_saved, 2);
	assert_int_equal(pair->nr_counters, 2);
	assert_int_equal(plan->nr_counters, 2);
	assert_true(plan->counters[0].flags & plan->counters[1].flags & KTALLY_PERF_PINNED);
	env.number[0] = 42;
	run_end(plan, 1, &env, &result);
	assert_int_equal(result.end_key[0], 42);
	assert_int_equal(result.keys[0], 103);
	assert_int_equal(result.keys[1], 106);
	assert_int_equal(result.keys[2], 107);
	assert_int_equal(result.values[0], 100);
	assert_int_equal(result.values[1], 101);
	assert_int_equal(result.values[2], 102);
	assert_int_equal(result.values[3], 104);
	assert_int_equal(result.values[4], 105);
	assert_int_equal(result.values[5], 105);
	env.unmatched = true;
	run_end(plan, 1, &env, &result);
	assert_true(result.filtered && !result.nr_updates && result.nr_ends == 1);
	ktally_plan_free(plan);
}

static void starts_save_what_ends_ask_for(void **state)
{
	struct ktally_plan *plan = compiled("sys_enter/save=arg0 + 1/; kprobe:f/save=arg1/ -> sys_exit/key=start.arg0,start.comm,start.arg0/", false);
	const struct ktally_schema *schema = &plan->pairs[0].schema;
	struct bc_env env = { .comm = "bash", .plan = plan };
	struct bc_result result;

	(void)state;
	assert_int_equal(plan->pairs[0].nr_saved, 4);
	assert_int_equal(schema->nr_keys, 3);
	assert_string_equal(schema->keys[0].name, "arg0 + 1");
	assert_string_equal(schema->keys[1].name, "arg0");
	assert_string_equal(schema->keys[2].name, "comm");
	assert_int_equal(schema->keys[2].kind, KTALLY_KIND_STRING);
	env.number[1] = 5;	/* arg0 of sys_enter */
	bc_run(&plan->probes[0], &env, &result);
	assert_int_equal(result.saved[0], 6);
	assert_int_equal(result.saved[1], 5);
	assert_string_equal((char *)&result.saved[2], "bash");
	env.number[0] = 7;	/* arg0 of a kprobe */
	env.number[1] = 8;
	bc_run(&plan->probes[1], &env, &result);
	assert_int_equal(result.saved[0], 8);
	assert_int_equal(result.saved[1], 7);
	run_end(plan, 2, &env, &result);
	assert_int_equal(result.keys[0], 102);
	assert_int_equal(result.keys[1], 103);
	assert_int_equal(result.keys[2], 104);
	assert_int_equal(result.keys[3], 102);
	ktally_plan_free(plan);
}

static void a_chain_counts_from_its_first_event(void **state)
{
	struct ktally_plan *plan = compiled("sys_enter/alias=a/ -> kprobe:f -> kprobe:g -> sys_exit/sum=lat/sum=total/", false);
	struct bc_env env = { .comm = "" };
	struct bc_result result;

	(void)state;
	assert_int_equal(plan->nr_pairs, 3);
	assert_int_equal(plan->nr_tables, 3);
	assert_int_equal(plan->pairs[0].nr_saved, 0);
	assert_string_equal(plan->tables[1].schema.name, "kprobe:f -> kprobe:g");
	assert_int_equal(plan->tables[1].schema.values[0].column.kind, KTALLY_COLUMN_HIST);
	run_end(plan, 1, &env, &result);
	assert_int_equal(result.saved[0], 100);		/* first leg */
	run_end(plan, 2, &env, &result);
	assert_int_equal(result.saved[0], 100 + 101);	/* this leg and what was before */
	run_end(plan, 3, &env, &result);
	assert_int_equal(result.values[0], 100);
	assert_int_equal(result.values[1], 100 + 101);
	env.unmatched = true;
	run_end(plan, 1, &env, &result);
	assert_int_equal(result.nr_starts, 0);		/* the chain ends where it has no beginning */
	ktally_plan_free(plan);
}

/* A filter that asks what the start knew cannot come before it is known; any other does, and leaves the start open. */
static void filters_come_where_they_can(void **state)
{
	struct ktally_plan *plan = compiled("sys_enter -> sys_exit/ret < 0/", false);
	struct bc_env env = { .comm = "" };
	struct bc_result result;

	(void)state;
	run_end(plan, 1, &env, &result);
	assert_true(result.filtered && !result.nr_ends);
	env.number[1] = -1ULL;
	run_end(plan, 1, &env, &result);
	assert_true(!result.filtered && result.nr_ends == 1 && result.nr_updates == 1);
	ktally_plan_free(plan);
	plan = compiled("sys_enter -> sys_exit/ret < 0 && start.id == 101/", false);
	env.number[1] = 0;
	run_end(plan, 1, &env, &result);
	assert_true(result.filtered && result.nr_ends == 1 && !result.nr_updates);
	env.number[1] = -1ULL;
	run_end(plan, 1, &env, &result);
	assert_true(!result.filtered && result.nr_updates == 1);
	ktally_plan_free(plan);
}

static void counters_are_read_before_anything_else(void **state)
{
	struct ktally_plan *plan = compiled("test:event/a > 5/pmu=cpu-clock,page-faults/every=2/key=b/max=pmu(page-faults)/", false);
	struct bc_env env = { .comm = "", .plan = plan, .counter = 1000 };
	struct bc_result result;

	(void)state;
	assert_int_equal(plan->probes[0].insns[0].op, KTALLY_OP_COUNTER);
	assert_int_equal(plan->probes[0].insns[0].aux, 0 | KTALLY_COUNTER_DELTA);
	assert_int_equal(plan->probes[0].insns[1].aux, 1 | KTALLY_COUNTER_DELTA);
	bc_run(&plan->probes[0], &env, &result);
	assert_true(result.filtered && result.nr_counters == 2);	/* a filtered hit reads them too */
	env.number[F_A] = 6;
	bc_run(&plan->probes[0], &env, &result);
	assert_true(result.nr_counters == 2 && result.nr_gates == 1);
	assert_true((result.values[0] & 0xffff) == 1000 && (result.values[1] & 0xffff) == 1001 && (result.values[2] & 0xffff) == 1001);
	assert_string_equal(plan->tables[0].schema.values[1].name, "page-faults");
	ktally_plan_free(plan);
}

/* A PMU's own '/' is part of the counter's name, and ends the part as well. */
static void counters_with_terms(void **state)
{
	static const struct { const char *list; const char *names[3]; unsigned int keys; } list[] = {
		{ "cpu/event=0x3c,umask=1/,cycles", { "cpu/event=0x3c,umask=1/", "cycles" }, 0 },
		{ "cycles:u,cpu/event=0x3c/:u/key=tid", { "cycles:u", "cpu/event=0x3c/:u" }, 1 },
		{ "cpu/event=1//key=tid", { "cpu/event=1/" }, 1 }, { "cpu/event=1/key=tid", { "cpu/event=1/" }, 1 },
		{ "cycles/key=tid", { "cycles" }, 1 }, { " r1c2 , LLC-load-misses /key=tid", { "r1c2", "LLC-load-misses" }, 1 },
		{ "cycles,cycles/max=pmu( cycles )", { "cycles" }, 0 },
	};
	unsigned int i, n;

	(void)state;
	files_write("cpu/type", "4\n");
	files_write("cpu/format/event", "config:0-7\n");
	files_write("cpu/format/umask", "config:8-15\n");
	cat.sysfs = files_root();
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan;
		char text[256];

		snprintf(text, sizeof(text), "test:event//pmu=%s/", list[i].list);
		plan = compiled(text, false);
		for (n = 0; n < 3 && list[i].names[n]; n++)
			assert_string_equal(plan->counters[n].name, list[i].names[n]);
		assert_int_equal(plan->nr_counters, n);
		assert_int_equal(plan->tables[0].schema.nr_keys, list[i].keys);
		ktally_plan_free(plan);
	}
	cat.sysfs = NULL;
}

static void numbers_of_arrays_can_be_saved(void **state)
{
	struct ktally_plan *plan;

	(void)state;
	files_write("tracing/events/sys/ev/format", "name: ev\nID: 77\nformat:\n"
		    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
		    "\tfield:unsigned long args[3];\toffset:8;\tsize:24;\tsigned:0;\n\nprint fmt: \"%lu\", REC->args[0]\n");
	files_write("tracing/events/sys/ev/id", "77\n");
	assert_int_equal(ktally_tracefs_open(&cat.tracefs, files_path("tracing"), NULL), 0);
	plan = compiled("sys:ev -> sys_exit/key=start.args[2],start.args[0]/sum=start.args[2]/", false);
	assert_int_equal(plan->pairs[0].nr_saved, 2);
	assert_string_equal(plan->pairs[0].schema.keys[0].name, "args[2]");
	check_program("arrays", &plan->probes[0], "r0 = u64 record[24+0]; r1 = u64 record[8+0]; start pair 0 key r0.. save r0..; exit folded");
	ktally_plan_free(plan);
	ktally_tracefs_close(cat.tracefs);
	cat.tracefs = NULL;
}

/* ---- what goes into the plan ---- */

static void kinds_of_pairs(void **state)
{
	static const struct { const char *text; unsigned int kind, keys; } list[] = {
		{ "sys_enter -> sys_exit", KTALLY_PAIR_TASK, 0 }, { "sys_enter/pair=none/ -> sys_exit", KTALLY_PAIR_TASK, 0 },
		{ "sys_enter/pair=tid/ -> sys_exit/pair=tid/", KTALLY_PAIR_TASK, 0 }, { "sys_enter/pair=cpu/ -> sys_exit/pair=cpu/", KTALLY_PAIR_CPU, 0 },
		{ "sys_enter/pair=tid/ -> sys_exit/pair=pid/", KTALLY_PAIR_KEY, 1 }, { "sched_wakeup/pair=pid/ -> test:event/pair=next_pid/", KTALLY_PAIR_KEY, 1 },
		{ "sys_enter/pair=id,comm/ -> sys_exit/pair=id,comm/", KTALLY_PAIR_KEY, 3 }, { "kprobe:f -> kprobe:g/nest/", KTALLY_PAIR_TASK, 1 },
		{ "sys_enter/pair=id/ -> sys_exit/pair=id/nest/", KTALLY_PAIR_TASK, 1 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = compiled(list[i].text, false);

		assert_int_equal(plan->nr_pairs, 1);
		assert_int_equal(plan->pairs[0].kind, list[i].kind);
		assert_int_equal(plan->pairs[0].nr_keys, list[i].keys);
		assert_in_range(plan->pairs[0].entries, 1, KTALLY_PAIR_ENTRIES_MAX);
		ktally_plan_free(plan);
	}
}

static void texts_are_cut_where_they_are_joined(void **state)
{
	static const struct { const char *text; unsigned int probes, pairs; } list[] = {
		{ "test:event/text == \"a;b -> c\"/", 1, 0 }, { "test:event/text == \"\\\"->\"/", 1, 0 }, { "test:event/a == ';'/", 1, 0 },
		{ "sys_enter->sys_exit", 2, 1 }, { "sys_enter;kprobe:f->sys_exit;kprobe:g", 4, 1 },
		{ " sys_enter / id == (1) /  ->  sys_exit / hist = lat / ", 2, 1 },
	};
	struct ktally_plan *plan;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		plan = compiled(list[i].text, false);
		assert_int_equal(plan->nr_probes, list[i].probes);
		assert_int_equal(plan->nr_pairs, list[i].pairs);
		ktally_plan_free(plan);
	}
	plan = compiled(" sys_enter / id == (1) /  ->  sys_exit / hist = lat / ", false);
	assert_string_equal(plan->probes[0].text, "sys_enter / id == (1) /");
	assert_string_equal(plan->probes[1].text, "sys_exit / hist = lat /");
	assert_string_equal(plan->tables[0].schema.name, "sys_enter / id == (1) / -> sys_exit / hist = lat /");
	assert_string_equal(plan->pairs[0].schema.name, "sys_enter / id == (1) /  ->  sys_exit / hist = lat /");
	ktally_plan_free(plan);
}

static void exemplars(void **state)
{
	struct ktally_plan *plan = compiled("test:event//exemplar=size/hist=a:ll(2):exemplars/exstack=user/sum=b/", false);
	const struct ktally_value *values = plan->tables[0].schema.values;

	(void)state;
	assert_int_equal(values[0].column.kind, KTALLY_COLUMN_EXEMPLAR);
	assert_int_equal(values[0].column.flags, KTALLY_COLUMN_USTACK);
	assert_int_equal(values[0].kind, KTALLY_KIND_BYTES);
	assert_int_equal(values[1].column.flags, KTALLY_COLUMN_EXEMPLARS | KTALLY_COLUMN_USTACK);
	assert_int_equal(values[1].column.hist, KTALLY_HIST_LOGLIN);
	assert_int_equal(values[2].column.flags, 0);
	assert_int_not_equal(plan->stack_entries, 0);
	ktally_plan_free(plan);
}

static void records_of_pairs(void **state)
{
	struct ktally_plan *plan = compiled("sys_enter/save=id/stack=kernel/ -> sys_exit", true);
	const struct ktally_schema *record = &plan->probes[1].record;

	(void)state;
	assert_int_equal(plan->nr_tables, 0);
	assert_int_equal(plan->probes[0].record.nr_keys, 0);
	assert_int_equal(record->nr_keys, 4);
	assert_string_equal(record->keys[0].name, "lat");
	assert_string_equal(record->keys[1].name, "start.id");
	assert_string_equal(record->keys[3].name, "ret");
	assert_int_equal(plan->pairs[0].schema.keys[1].kind, KTALLY_KIND_KSTACK);
	assert_int_not_equal(plan->stack_entries, 0);
	ktally_plan_free(plan);
}

static const struct ktally_insn *stack_insn(const struct ktally_probe_plan *probe)
{
	size_t i;

	for (i = 0; i < probe->nr_insns; i++)
		if (probe->insns[i].op == KTALLY_OP_STACK)
			return &probe->insns[i];
	return NULL;
}

/* Whether the start was told to take it or not; a user stack brings the image that it belonged to then. */
static void stacks_of_starts(void **state)
{
	static const char *const texts[] = {
		"sys_enter -> sys_exit/key=start.ustack,start.kstack/", "sys_enter/stack/ -> sys_exit/key=start.ustack,start.kstack/",
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		struct ktally_plan *plan = compiled(texts[i], false);
		const struct ktally_schema *schema = &plan->tables[0].schema;

		assert_int_equal(schema->nr_keys, 3);
		assert_int_equal(schema->keys[0].kind, KTALLY_KIND_USTACK);
		assert_int_equal(schema->keys[1].kind, KTALLY_KIND_KSTACK);
		assert_int_equal(schema->keys[2].kind, KTALLY_KIND_IMAGE);
		assert_int_equal(plan->pairs[0].nr_saved, 3);
		assert_int_not_equal(plan->stack_entries, 0);
		assert_non_null(stack_insn(&plan->probes[0]));
		assert_true(stack_insn(&plan->probes[0])->aux & KTALLY_STACK_ANYWHERE);
		assert_null(stack_insn(&plan->probes[1]));
		ktally_plan_free(plan);
	}
}

/* ---- refusals ---- */

static void refusals_point_and_tell(void **state)
{
	static const struct { const char *text; int code; const char *at, *says; } list[] = {
		{ "sys_enter -> ", -EINVAL, "", "expected a source" },
		{ "-> sys_exit", -EINVAL, "->", "expected a source" },
		{ "sys_enter -> nonsense:x/lat/", -ENOENT, "nonsense", "no source" },
		{ "sys_enter; sys_exit", -EINVAL, " sys_exit", "there is no '->' here" },
		{ "sys_enter/than=3ms/ -> sys_exit", -EINVAL, "than", "belongs to the end of a pair" },
		{ "sys_enter -> sys_exit/save=id/", -EINVAL, "save", "belongs to the start of a pair" },
		{ "sys_enter -> sys_exit/first/", -EINVAL, "first", "belongs to the start" },
		{ "sys_enter//nest/", -EINVAL, "nest", "'START -> END/nest.../'" },
		{ "sys_enter//pair=id/", -EINVAL, "id/", "what joins two events" },
		{ "sys_enter/pair=id/ -> sys_exit", -EINVAL, "sys_exit", "needs pair=EXPR as well" },
		{ "sys_enter -> sys_exit/pair=id/", -EINVAL, "sys_enter", "needs pair=EXPR as well" },
		{ "sys_enter/pair=id/ -> sys_exit/pair=id,ret/", -EINVAL, "id,ret", "2 values (2 words of 8 bytes) here and 1 (1)" },
		{ "sys_enter/pair=comm/ -> sys_exit/pair=id,ret/", -EINVAL, "id,ret", "compared one by one" },
		{ "sys_enter/pair=id/ -> sys_exit/pair=start.id/", -EINVAL, "start.id", "cannot depend on what the start knew" },
		{ "sys_enter -> sys_exit/key=start.idd/", -ENOENT, "idd", "did you mean 'id'" },
		{ "sys_enter; kprobe:f -> sys_exit/key=start.id/", -ENOENT, "id/", "unknown name 'id'" },
		{ "sys_enter -> sys_exit/hist=latt/", -ENOENT, "latt", "did you mean 'lat'" },
		{ "sys_enter//hist=lat/", -EINVAL, "lat/", "known at the end of a pair" },
		{ "sys_enter//key=start.id/", -EINVAL, "start.id", "known at the end of a pair" },
		{ "sys_enter/key=lat/ -> sys_exit", -EINVAL, "lat", "known at the end of a pair" },
		{ "sys_enter -> sys_exit/key=self/", -EINVAL, "self", "add nest" },
		{ "sys_enter/pair=id/ -> sys_exit/pair=id/max=oncpu/", -EINVAL, "oncpu", "without pair=" },
		{ "sys_enter/pair=id/ -> sys_exit/pair=id/pmu=cpu-clock/", -EINVAL, "cpu-clock", "counters of two CPUs cannot be subtracted" },
		{ "sys_enter -> sys_exit/nest/", -EINVAL, "sys_enter", "say it with pair=EXPR" },
		{ "kprobe:f -> kprobe:g/nest/stay/", -EINVAL, "kprobe:g", "use one of them" },
		{ "kprobe:f/first/ -> kprobe:g/nest/", -EINVAL, "kprobe:f", "use one of them" },
		{ "kprobe:f/every=5/ -> kprobe:g/nest/", -EINVAL, "every", "put the gate at the end" },
		{ "kprobe:f/pair=comm/ -> kprobe:g/pair=comm/nest/", -EINVAL, "comm", "one number that tells which function" },
		{ "sys_enter -> sys_exit/key=start.ustack/stack=user/", -EINVAL, "start.ustack", "use one of them" },
		{ "sys_enter -> sys_exit/key=kstack/", -ENOENT, "kstack", "unknown name" },
		{ "sys_enter/save=comm,comm,comm,comm,id/ -> sys_exit", -EINVAL, "id/", "at most 8 words" },
		{ "test:event -> sys_exit/key=start.path/", -EINVAL, "path", "at most 8 words" },
		{ "sys_enter/save=id/; kprobe:f -> sys_exit", -EINVAL, "kprobe:f", "same number and types" },
		{ "sys_enter/save=id/; kprobe:f/save=comm/ -> sys_exit", -EINVAL, "kprobe:f", "same number and types" },
		{ "sys_enter -> sys_exit/than=4/", -EINVAL, "4/", "than= is a time" },
		{ "sys_enter -> sys_exit/dump/", -EINVAL, "dump", "say how long that is with than=" },
		{ "sys_enter//emit/keep/", -EINVAL, "keep", "use one of them" },
		{ "sys_enter//every=0/", -EINVAL, "0/", "every is between 1" },
		{ "sys_enter//chance=3%/", -EINVAL, "3%", "one in a whole number" },
		{ "sys_enter//chance=2/", -EINVAL, "2/", "one in a whole number" },
		{ "sys_enter//chance=often/", -EINVAL, "often", "one in a whole number" },
		{ "sys_enter//per=10/", -EINVAL, "10/", "per= is a time" },
		{ "sys_enter//every=2/per=10ms/", -EINVAL, "10ms", "'every=' is given already" },
		{ "sys_enter//bytes=id/", -EINVAL, "", "the bytes between two samples" },
		{ "sys_enter//bytes=id:0/", -EINVAL, "0/", "1 to 4294967295" },
		{ "sys_enter//bytes=comm:5/", -EINVAL, "comm", "needs the size" },
		{ "sys_enter//tiers=5/", -EINVAL, "5/", "needs the size" },
		{ "sys_enter//exstack/", -EINVAL, "exstack", "this event has none" },
		{ "sys_enter//hist=id/exstack=both/", -EINVAL, "both", "keeps one stack" },
		{ "sys_enter//exemplar=comm/", -EINVAL, "comm", "needs a number" },
		{ "sys_enter//pmu=no-such-counter/", -ENOENT, "no-such", "no-such-counter" },
		{ "sys_enter//pmu=/", -EINVAL, "pmu", "expected a value" },
		{ "sys_enter//sum=pmu()/", -EINVAL, ")", "name of a counter" },
		{ "sys_enter//sum=pmu(cpu-clock/", -EINVAL, "", "" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		struct ktally_error err = { .pos = -2 };
		int rc = ktally_compile(plan, &cat, list[i].text, NULL, &err), want = -1;

		if (rc != list[i].code)
			fail_msg("%s: %d (%s), should be %d", list[i].text, rc, rc ? err.text : "", list[i].code);
		if (!strstr(err.text, list[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", list[i].text, err.text, list[i].says);
		if (list[i].at)
			want = *list[i].at ? (int)(strstr(list[i].text, list[i].at) - list[i].text) : err.pos;
		if (err.pos != want || err.pos + err.len > (int)strlen(list[i].text) || err.input != list[i].text)
			fail_msg("%s: points at %d+%d, should be %d: %s", list[i].text, err.pos, err.len, want, err.text);
		assert_true(!plan->nr_probes && !plan->nr_tables && !plan->nr_pairs && !plan->nr_counters);
		ktally_plan_free(plan);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hot_shapes_are_minimal), cmocka_unit_test(gates_come_behind_the_filter), cmocka_unit_test(what_is_kept_and_dumped),
		cmocka_unit_test(results_are_in_the_order_of_the_opcode), cmocka_unit_test(starts_save_what_ends_ask_for),
		cmocka_unit_test(a_chain_counts_from_its_first_event), cmocka_unit_test(filters_come_where_they_can),
		cmocka_unit_test(counters_are_read_before_anything_else), cmocka_unit_test(counters_with_terms),
		cmocka_unit_test(numbers_of_arrays_can_be_saved), cmocka_unit_test(kinds_of_pairs),
		cmocka_unit_test(texts_are_cut_where_they_are_joined), cmocka_unit_test(exemplars), cmocka_unit_test(records_of_pairs),
		cmocka_unit_test(stacks_of_starts),
		cmocka_unit_test(refusals_point_and_tell),
	};
	int rc;

	event_catalogue(&cat);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	ktally_catalogue_clear(&cat);
	files_done();
	return rc;
}
