// SPDX-License-Identifier: GPL-2.0-or-later
/* What the compiler refuses: the code, the place it points at, and that the sentence names the cause and what is near. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"

static struct ktally_catalogue cat;

/**
 * struct refusal - @text is refused with @code, saying @says
 * @at: where it points: the first place of this text; "" is the end of @text, NULL nowhere, ANYWHERE inside
 */
struct refusal {
	const char *text;
	int code;
	const char *at, *says;
};

#define ANYWHERE "*"

static void check_place(const struct refusal *r, const struct ktally_error *err)
{
	int end = strlen(r->text), want = -1;

	if (r->at && !strcmp(r->at, ANYWHERE)) {
		assert_in_range(err->pos, 1, end);
		return;
	}
	if (r->at)
		want = *r->at ? (int)(strstr(r->text, r->at) - r->text) : end;
	if (err->pos != want)
		fail_msg("%s: points at %d, should be %d: %s", r->text, err->pos, want, err->text);
}

static void check(const struct refusal *r)
{
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err = { .pos = -2 };
	int rc = ktally_compile(plan, &cat, r->text, NULL, &err);

	if (rc != r->code)
		fail_msg("%s: %d (%s), should be %d", r->text, rc, rc ? err.text : "", r->code);
	if (!strstr(err.text, r->says))
		fail_msg("%s: \"%s\" does not say \"%s\"", r->text, err.text, r->says);
	check_place(r, &err);
	if (err.input != r->text || err.pos + err.len > (int)strlen(r->text))
		fail_msg("%s: span %d+%d", r->text, err.pos, err.len);
	assert_int_equal(plan->nr_probes, 0);
	assert_int_equal(plan->nr_tables, 0);
	ktally_plan_free(plan);
}

static void check_all(const struct refusal *list, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		check(&list[i]);
}

static void sources(void **state)
{
	static const struct refusal list[] = {
		{ "", -EINVAL, "", "expected a source" },
		{ "/pid/", -EINVAL, "/pid", "expected a source" },
		{ "sys_entr", -ENOENT, "sys_entr", "did you mean 'sys_enter'?" },
		{ "sched:sched_wakup//count/", -ENOENT, "sched:sched_wakup", "'sched:sched_wakeup'" },
		{ "block:rq_issue", -ENOENT, "block", "mount tracefs" },
		{ "twice", -EINVAL, "twice", "'one:twice' or 'two:twice'" },
		{ "sched:absent", -EOPNOTSUPP, "sched", "this kernel has no tracepoint" },
		{ "kretprobe:vfs_read", -EOPNOTSUPP, "kretprobe", "does not publish the fields of 'kretprobe'" },
		{ "uprobe:/bin/sh:main", -EOPNOTSUPP, "uprobe", "of the same version" },
		{ "usdt:/bin/sh:a:b", -EOPNOTSUPP, "usdt", "of the same version" },
		{ "uretprobe", -EINVAL, "uretprobe", "expected ':'" },
		{ "cycels", -ENOENT, "cycels", "did you mean 'cycles'?" },
		{ "kprob", -ENOENT, "kprob", "'kprobe'" },
		{ "kprobe:", -EINVAL, "", "expected the name of a kernel function" },
		{ "kprobe", -EINVAL, "kprobe", "expected ':'" },
		{ "kprobe:vfs-read", -EINVAL, "-read", "kernel function" },
		{ "kprobe:vfs_read+", -EINVAL, "", "number of bytes" },
		{ "kprobe:vfs_read+xyz", -EINVAL, "xyz", "number of bytes" },
		{ "timer:99", -EINVAL, "99", "timer:99hz" },
		{ "timer:", -EINVAL, "", "timer:99hz" },
		{ "timer:10ms5", -EINVAL, "ms5", "unknown suffix" },
		{ "timer:0hz", -EINVAL, "0hz", "between 10us" },
		{ "timer:2000000hz", -EINVAL, "2000000hz", "between 10us" },
		{ "timer:5000s", -EINVAL, "5000s", "3600s" },
	};

	(void)state;
	check_all(list, NR(list));
}

static void missing_features(void **state)
{
	static const struct { const char *text; uint64_t feature; } list[] = {
		{ "kprobe:vfs_read", KTALLY_FEATURE_KPROBE }, { "timer:1hz", KTALLY_FEATURE_TIMER }, { "cpu-clock", KTALLY_FEATURE_PERF },
		{ "sys_enter//stack=kernel/", KTALLY_FEATURE_KSTACK }, { "sys_enter//stack=user/", KTALLY_FEATURE_USTACK },
		{ "sys_enter//key=cgroup/", KTALLY_FEATURE_CGROUP | KTALLY_FEATURE_CGROUP_V1 },
		{ "sys_enter//key=container/", KTALLY_FEATURE_CGROUP | KTALLY_FEATURE_CGROUP_V1 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		struct ktally_error err;

		cat.features = ~list[i].feature;
		assert_int_equal(ktally_compile(plan, &cat, list[i].text, NULL, &err), -EOPNOTSUPP);
		assert_non_null(strstr(err.text, "ktally doctor"));
		cat.features = ~0ULL;
		assert_int_equal(ktally_compile(plan, &cat, list[i].text, NULL, &err), 0);
		ktally_plan_free(plan);
	}
}

static void expressions(void **state)
{
	static const struct refusal list[] = {
		{ "sys_enter/idd == 3/", -ENOENT, "idd", "did you mean 'id'" },
		{ "sys_enter/idd == 3/", -ENOENT, "idd", "fields of 'raw_syscalls:sys_enter': id arg0 arg1" },
		{ "timer:1hz/xyz/", -ENOENT, "xyz", "no fields of its own" },
		{ "sys_enter/coom ~ \"a\"/", -ENOENT, "coom", "'comm'" },
		{ "sys_enter/id = 3/", -EINVAL, "id =", "to compare it write 'id =='" },
		{ "sys_enter/id > 1 && id = 3/", -EINVAL, "= 3", "compare with '=='" },
		{ "sys_enter/(id = 3)/", -EINVAL, "= 3", "compare with '=='" },
		{ "sys_enter/id ==/", -EINVAL, ANYWHERE, "missing before this '/'" },
		{ "sys_enter/(id == 3/", -EINVAL, "", "found the end" },
		{ "sys_enter/id == 3)/", -EINVAL, ")", "expected an operator or '/'" },
		{ "sys_enter/id id/", -EINVAL, "id/", "expected an operator" },
		{ "sys_enter/id @ 3/", -EINVAL, "@", "unexpected character '@'" },
		{ "sys_enter/id == 3x/", -EINVAL, "x/", "unknown suffix 'x'" },
		{ "sys_enter/id == 0x/", -EINVAL, "0x", "hexadecimal digits" },
		{ "sys_enter/id == 089/", -EINVAL, "89", "octal" },
		{ "sys_enter/id == 99999999999999999999/", -EINVAL, "99999999999999999999", "64 bits" },
		{ "sys_enter/id == 99999999999999g/", -EINVAL, "99999999999999g", "64 bits" },
		{ "sys_enter/comm == \"bash/", -EINVAL, "\"bash", "not closed" },
		{ "sys_enter/comm == 'bash'/", -EINVAL, "'bash'", "double quotes" },
		{ "sys_enter/comm == \"a\\q\"/", -EINVAL, "\\q", "unknown escape" },
		{ "sys_enter/comm == 3/", -EINVAL, "3", "put text in double quotes" },
		{ "sys_enter/id == \"3\"/", -EINVAL, "id", "string cannot be compared with a number" },
		{ "sys_enter/id ~ \"3\"/", -EINVAL, "id", "~ matches strings" },
		{ "sys_enter/comm ~ id/", -EINVAL, "id", "pattern in quotes" },
		{ "sys_enter/comm < \"a\"/", -EINVAL, "comm", "no order" },
		{ "sys_enter/comm == comm/", -EINVAL, "comm/", "text in double quotes only" },
		{ "sys_enter/comm/", -EINVAL, "comm", "a number is needed" },
		{ "sys_enter/comm + 1/", -EINVAL, "comm", "a number is needed" },
		{ "sys_enter/!comm/", -EINVAL, "comm", "a number is needed" },
		{ "sys_enter/id && comm/", -EINVAL, "comm", "a number is needed" },
		{ "sys_enter/\"abc\"/", -EINVAL, "\"abc\"", "a number is needed" },
		{ "sys_enter/comm == \"sixteencharacter\"/", -EINVAL, "\"sixteen", "holds at most 15 characters" },
		{ "sys_enter/comm ~ \"[ab\"/", -EINVAL, "\"[ab", "']'" },
		{ "sys_enter/comm ~ \"ab\\\\\"/", -EINVAL, "\"ab", "lone backslash" },
		{ "sys_enter/id % 0/", -EINVAL, "0", "division by zero" },
		{ "sys_enter/(id / (1 - 1))/", -EINVAL, "(1 - 1)", "division by zero" },
		{ "sys_enter/id << 64/", -EINVAL, "64", "0 to 63" },
		{ "sys_enter/id >> -1/", -EINVAL, "-1", "0 to 63" },
		{ "sys_enter/container == 7/", -EINVAL, "container", "goes alone into a key" },
		{ "sys_enter/pod == \"web\"/", -EINVAL, "pod", "--pod NAME" },
		{ "sys_enter/7 < pod/", -EINVAL, "pod", "goes alone into a key" },
		{ "sys_enter/!container/", -EINVAL, "container", "goes alone into a key" },
		{ "sys_enter/id && container/", -EINVAL, "container", "goes alone into a key" },
		{ "sys_enter//key=container + 1/", -EINVAL, "container", "goes alone into a key" },
		{ "sys_enter//max=container/", -EINVAL, "container", "max= needs a number" },
		{ "sys_enter/u32(comm)/", -EINVAL, "comm", "takes an address" },
		{ "sys_enter/u32(id, 4)/", -EINVAL, "4)", "one argument" },
		{ "sys_enter/u33(id)/", -ENOENT, "u33", "'u32'" },
		{ "sys_enter/u32()/", -EINVAL, ")", "expected a value" },
		{ "sys_enter/u32 == 1/", -EINVAL, "u32", "is a function" },
		{ "sys_enter/str(id, 129) ~ \"a\"/", -EINVAL, "129", "1 to 128" },
		{ "sys_enter/str(id, id) ~ \"a\"/", -EINVAL, "id) ~", "constant" },
		{ "sys_enter/str(id, 8, 8) ~ \"a\"/", -EINVAL, ", 8) ~", "at most 2 arguments" },
	};

	(void)state;
	check_all(list, NR(list));
}

static void attributes(void **state)
{
	static const struct refusal list[] = {
		{ "sys_enter//kye=id/", -ENOENT, "kye", "did you mean 'key'" },
		{ "sys_enter//nonsense/", -ENOENT, "nonsense", "known: key count" },
		{ "sys_enter//key/", -EINVAL, "key", "expected '='" },
		{ "sys_enter//key=/", -EINVAL, "key", "expected a value" },
		{ "sys_enter//key=id,/", -EINVAL, ANYWHERE, "expression is missing" },
		{ "sys_enter//count=5/", -EINVAL, "count", "takes no value" },
		{ "sys_enter//count/count/", -EINVAL, ANYWHERE, "given twice" },
		{ "sys_enter//id > 5/", -EINVAL, "id", "the filter is the first part" },
		{ "sys_enter//key=id / 2/", -EINVAL, "2/", "a division needs parentheses" },
		{ "sys_enter//count//key=id/", -EINVAL, "/key", "expected an attribute" },
		{ "sys_enter//sum=comm/", -EINVAL, "comm", "sum= needs a number" },
		{ "sys_enter//key=\"x\"/", -EINVAL, "\"x\"", "only good for comparisons" },
		{ "sys_enter//key=id:hxe/", -EINVAL, "hxe", "unknown format 'hxe'" },
		{ "sys_enter//key=comm:hex/", -EINVAL, "hex", "no number format" },
		{ "sys_enter//hist=id:lin(10,0,1)/", -EINVAL, "lin", "LOW < HIGH" },
		{ "sys_enter//hist=id:lin(0,10)/", -EINVAL, ")", "expected ','" },
		{ "sys_enter//hist=id:lin(0,1M,1)/", -EINVAL, "lin", "4096 buckets" },
		{ "sys_enter//hist=id:ll(7)/", -EINVAL, "ll", "1 to 6 bits" },
		{ "sys_enter//hist=id:ll(id)/", -EINVAL, "id)", "constant" },
		{ "sys_enter//hist=id:log3/", -EINVAL, "log3", "log2 lin(LOW,HIGH,STEP)" },
		{ "sys_enter//stack=kernl/", -EINVAL, "kernl", "kernel, user or both" },
		{ "sys_enter//stack=user,x/", -EINVAL, "x/", "kernel, user or both" },
		{ "sys_enter//stack=dump:4/emit/", -EINVAL, "4/", "8 to 65024 bytes" },
		{ "sys_enter//stack=dump:64K/emit/", -EINVAL, "64K", "8 to 65024 bytes" },
		{ "sys_enter//stack=dump/count/", -EINVAL, "stack", "add emit" },
		{ "sys_enter//stack=dump/keep/", -EINVAL, "stack", "add emit" },
		{ "sys_enter//stack/depth=128/", -EINVAL, "128", "between 1 and 127" },
		{ "sys_enter//stack/depth=0/", -EINVAL, "0/", "between 1 and 127" },
		{ "sys_enter//depth=5/", -EINVAL, "depth", "depth= limits a stack" },
		{ "sys_enter//emit/rows=5/", -EINVAL, "rows", "rows= sizes a table" },
		{ "sys_enter//rows=2M/", -EINVAL, "2M", "between 1 and 1048576" },
		{ "sys_enter//freq=99/", -EINVAL, "99", "for counters" },
		{ "timer:1hz//freq=99/", -EINVAL, "99", "part of its name" },
		{ "cpu-clock//freq=10ms/", -EINVAL, "10ms", "number a second" },
		{ "cpu-clock//freq=0/", -EINVAL, "0/", "between 10us" },
		{ "cpu-clock//period=99hz/", -EINVAL, "99hz", "period= is a time" },
		{ "sys_enter//alias=/", -EINVAL, "alias", "expected a value" },
		{ "sys_enter//num=5/", -EOPNOTSUPP, "num", "not supported by this version" },
		{ "sys_enter//top-by=id/", -EOPNOTSUPP, "top-by", "not supported by this version" },
		{ "sys_enter//untraced/", -EOPNOTSUPP, "untraced", "not supported by this version" },
		{ "test:event/size/", -EOPNOTSUPP, "size", "put it in parentheses" },
		{ "test:event//key=path,str(a)/", -EINVAL, NULL, "21 words of 8 bytes" },
		{ "test:event//emit=path,path,path/", -EINVAL, NULL, "39 words of 8 bytes" },
	};

	(void)state;
	check_all(list, NR(list));
}

/* Too much of anything is refused with a sentence, not with a crash. */
static void exhaustion(void **state)
{
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err;
	char text[6000];
	unsigned int i;
	size_t used;

	(void)state;
	strcpy(text, "test:event//sum=");
	for (i = 0; i < 60; i++)	/* every level keeps its left side in a register */
		sprintf(text + strlen(text), "(a * %u) - (", i + 2);
	strcat(text, "b");
	for (i = 0; i < 60; i++)
		strcat(text, ")");
	assert_int_equal(ktally_compile(plan, &cat, text, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "expression too complex"));
	assert_non_null(strstr(err.text, "32 registers"));
	assert_in_range(err.pos, 16, strlen(text));

	strcpy(text, "test:event/");
	for (i = 0; i < 300; i++)
		strcat(text, "(");
	assert_int_equal(ktally_compile(plan, &cat, text, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "nested deeper"));

	strcpy(text, "test:event/0");
	for (i = 0; i < 900; i++)
		strcat(text, "^-a");
	assert_int_equal(ktally_compile(plan, &cat, text, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "512 instructions"));

	used = sprintf(text, "test:event/");
	memset(text + used, ' ', sizeof(text) - used);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ktally_compile(plan, &cat, text, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "4096 characters"));
	ktally_plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sources), cmocka_unit_test(missing_features), cmocka_unit_test(expressions),
		cmocka_unit_test(attributes), cmocka_unit_test(exhaustion),
	};
	int rc;

	event_catalogue(&cat);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	ktally_catalogue_clear(&cat);
	return rc;
}
