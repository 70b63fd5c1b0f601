// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of counters: perf's own, raw numbers, and PMUs by a sysfs that the test makes; and counters and breakpoints as sources. */
#include <errno.h>
#include <linux/perf_event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytecode.h"
#include "events.h"
#include "files.h"
#include "pmu.h"

static struct ktally_catalogue cat;
static const char *sysfs;

static void make_tree(void)
{
	files_write("x86/cpu/type", "4\n");
	files_write("x86/cpu/caps/max_precise", "2\n");
	files_write("x86/cpu/format/event", "config:0-7\n");
	files_write("x86/cpu/format/umask", "config:8-15\n");
	files_write("x86/cpu/format/edge", "config:18\n");
	files_write("x86/cpu/format/split", "config:0-3,32-35\n");
	files_write("x86/cpu/format/ldlat", "config1:0-15\n");
	files_write("x86/cpu/format/extra", "config2:4-63\n");
	files_write("x86/cpu/format/odd", "config9:0\n");
	files_write("x86/cpu/format/worse", "config:70\n");
	files_write("x86/cpu/format/all", "config1:0-63\n");
	files_write("x86/cpu/events/mem-loads", "event=0xcd,umask=0x1,ldlat=3\n");
	files_write("x86/cpu/events/param", "event=0x10,umask=?\n");
	files_write("x86/cpu/events/wrong", "event=1,nosuch=2\n");
	files_write("x86/uncore_imc_0/type", "17\n");
	files_write("x86/uncore_imc_0/format/event", "config:0-7\n");
	files_write("x86/uncore_imc_0/events/data_read", "event=0x4\n");
	files_write("x86/uncore_imc_0/events/data_read.scale", "6.103515625e-5\n");
	files_write("x86/uncore_imc_0/events/data_read.unit", "MiB\n");
	files_write("x86/software/type", "1\n");
	files_write("arm/armv8_pmuv3_0/type", "8\n");
	files_write("arm/armv8_pmuv3_0/cpus", "0-3\n");
	files_write("arm/armv8_pmuv3_0/format/event", "config:0-15\n");
	files_write("hybrid/cpu_atom/type", "10\n");
	files_write("hybrid/cpu_atom/cpus", "8-11\n");
	files_write("hybrid/cpu_core/type", "4\n");
	files_write("hybrid/cpu_core/cpus", "0-7\n");
	files_write("hybrid/cpu_core/format/event", "config:0-7\n");
	files_write("hybrid/cpu_atom/format/event", "config:0-7\n");
}

static void generic_names(void **state)
{
	static const struct { const char *name; uint32_t type; uint64_t config; } list[] = {
		{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES }, { "cpu-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
		{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS }, { "branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS },
		{ "cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES }, { "cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
		{ "branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES }, { "bus-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BUS_CYCLES },
		{ "stalled-cycles-frontend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND },
		{ "stalled-cycles-backend", PERF_TYPE_HARDWARE, PERF_COUNT_HW_STALLED_CYCLES_BACKEND },
		{ "ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES },
		{ "cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK }, { "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK },
		{ "page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS }, { "context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
		{ "cpu-migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS }, { "minor-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MIN },
		{ "major-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS_MAJ }, { "alignment-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_ALIGNMENT_FAULTS },
		{ "emulation-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_EMULATION_FAULTS },
		{ "L1-dcache-loads", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_L1D },
		{ "L1-dcache-load-misses", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_L1D | PERF_COUNT_HW_CACHE_RESULT_MISS << 16 },
		{ "L1-dcache-stores", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_L1D | PERF_COUNT_HW_CACHE_OP_WRITE << 8 },
		{ "L1-icache-load-misses", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_L1I | PERF_COUNT_HW_CACHE_RESULT_MISS << 16 },
		{ "LLC-load-misses", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_LL | PERF_COUNT_HW_CACHE_RESULT_MISS << 16 },
		{ "llc-prefetches", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_LL | PERF_COUNT_HW_CACHE_OP_PREFETCH << 8 },
		{ "dTLB-store-misses", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_DTLB | PERF_COUNT_HW_CACHE_OP_WRITE << 8 | PERF_COUNT_HW_CACHE_RESULT_MISS << 16 },
		{ "iTLB-load-misses", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_ITLB | PERF_COUNT_HW_CACHE_RESULT_MISS << 16 },
		{ "branch-loads", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_BPU }, { "node-loads", PERF_TYPE_HW_CACHE, PERF_COUNT_HW_CACHE_NODE },
		{ "r1a8", PERF_TYPE_RAW, 0x1a8 }, { "rFFFFFFFFFFFFFFFF", PERF_TYPE_RAW, UINT64_MAX },
	};
	struct ktally_counter_plan counter;
	struct ktally_error err;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		if (ktally_pmu_find(&counter, list[i].name, sysfs, &err))
			fail_msg("%s: %s", list[i].name, err.text);
		if (counter.perf_type != list[i].type || counter.config != list[i].config || counter.flags || counter.config1 || counter.config2 ||
		    counter.scale < 1.0 || counter.scale > 1.0 || strcmp(counter.name, list[i].name))
			fail_msg("%s: type %u config %llx", list[i].name, counter.perf_type, (unsigned long long)counter.config);
	}
}

static void all_names_are_known(void **state)
{
	struct ktally_counter_plan counter;
	unsigned int n, generic = 0;
	const char *name;

	(void)state;
	for (n = 0; (name = ktally_pmu_name(n)); n++) {
		generic += !strchr(name, '/');
		if (!strchr(name, '/'))	/* those of PMUs may need a value */
			assert_int_equal(ktally_pmu_find(&counter, name, NULL, NULL), 0);
	}
	assert_int_equal(generic, 27 + 32);
	assert_null(ktally_pmu_name(n + 1));
}

static void terms_go_where_the_format_says(void **state)
{
	static const struct { const char *name; uint32_t type; uint64_t config, config1, config2; } list[] = {
		{ "cpu/event=0x3c/", 4, 0x3c, 0, 0 }, { "cpu/event=0xd1,umask=0x20/", 4, 0x20d1, 0, 0 }, { "cpu/ event=1 , edge /", 4, 0x40001, 0, 0 },
		{ "cpu/split=0xab/", 4, 0xa0000000bULL, 0, 0 }, { "cpu/event=255,ldlat=0xffff,extra=1/", 4, 0xff, 0xffff, 0x10 },
		{ "cpu/config=0x1234,config1=5,config2=6/", 4, 0x1234, 5, 6 }, { "cpu/mem-loads/", 4, 0x1cd, 3, 0 }, { "cpu/mem-loads,ldlat=30/", 4, 0x1cd, 30, 0 },
		{ "cpu/ldlat=30,mem-loads/", 4, 0x1cd, 30, 0 }, { "cpu/param,umask=7/", 4, 0x710, 0, 0 }, { "cpu/event=1,name=foo/", 4, 1, 0, 0 },
		{ "cpu/all=0xffffffffffffffff/", 4, 0, UINT64_MAX, 0 }, { "uncore_imc_0/data_read/", 17, 4, 0, 0 },
	};
	struct ktally_counter_plan counter;
	struct ktally_error err;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		if (ktally_pmu_find(&counter, list[i].name, sysfs, &err))
			fail_msg("%s: %s", list[i].name, err.text);
		if (counter.perf_type != list[i].type || counter.config != list[i].config || counter.config1 != list[i].config1 ||
		    counter.config2 != list[i].config2)
			fail_msg("%s: type %u %llx %llx %llx", list[i].name, counter.perf_type, (unsigned long long)counter.config,
				 (unsigned long long)counter.config1, (unsigned long long)counter.config2);
	}
	assert_string_equal(counter.unit, "MiB");
	assert_true(counter.scale > 6.1035e-5 && counter.scale < 6.1036e-5);
}

static void cpu_is_the_core_pmu(void **state)
{
	struct ktally_counter_plan counter;

	(void)state;
	assert_int_equal(ktally_pmu_find(&counter, "cpu/event=0x11/", files_path("arm"), NULL), 0);
	assert_int_equal(counter.perf_type, 8);
	assert_int_equal(counter.config, 0x11);
	assert_int_equal(ktally_pmu_find(&counter, "cpu/event=0x11/", files_path("hybrid"), NULL), 0);
	assert_int_equal(counter.perf_type, 4);
	assert_int_equal(ktally_pmu_find(&counter, "cpu_atom/event=0x11/", files_path("hybrid"), NULL), 0);
	assert_int_equal(counter.perf_type, 10);
}

static void modifiers(void **state)
{
	enum { U = KTALLY_PERF_EXCLUDE_USER, K = KTALLY_PERF_EXCLUDE_KERNEL, H = KTALLY_PERF_EXCLUDE_HV };
	static const struct { const char *name; uint32_t flags; } list[] = {
		{ "cycles:u", K | H }, { "cycles:k", U | H }, { "cycles:uk", H }, { "cycles:h", U | K }, { "cycles:ukh", 0 },
		{ "cycles:G", KTALLY_PERF_EXCLUDE_HOST }, { "cycles:H", KTALLY_PERF_EXCLUDE_GUEST }, { "cycles:GH", 0 },
		{ "cycles:p", 1 << KTALLY_PERF_PRECISE_SHIFT }, { "cycles:ppp", 3 << KTALLY_PERF_PRECISE_SHIFT },
		{ "cycles:P", 2 << KTALLY_PERF_PRECISE_SHIFT }, { "cycles:D", KTALLY_PERF_PINNED },
		{ "instructions:uppD", K | H | 2 << KTALLY_PERF_PRECISE_SHIFT | KTALLY_PERF_PINNED }, { "r1a8:k", U | H },
		{ "cpu/event=1/u", K | H }, { "cpu/event=1/:u", K | H }, { "LLC-load-misses:uH", K | H | KTALLY_PERF_EXCLUDE_GUEST },
	};
	struct ktally_counter_plan counter;
	struct ktally_error err;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		if (ktally_pmu_find(&counter, list[i].name, sysfs, &err))
			fail_msg("%s: %s", list[i].name, err.text);
		if (counter.flags != list[i].flags)
			fail_msg("%s: %x", list[i].name, counter.flags);
	}
}

static void refusals(void **state)
{
	static const struct { const char *name; int code; const char *says; } list[] = {
		{ "", -EINVAL, "expected the name" }, { "cycle", -ENOENT, "did you mean 'cycles'" }, { "L1-dcache-load-mises", -ENOENT, "'L1-dcache-load-misses'" },
		{ "iTLB-stores", -ENOENT, "no counter" }, { "rxyz", -ENOENT, "no counter" }, { "r", -ENOENT, "no counter" }, { "r11112222333344445", -ENOENT, "no counter" },
		{ "cycles:", -EINVAL, "expected modifiers" }, { "cycles:x", -EINVAL, "unknown modifier 'x'" }, { "cycles:pppp", -EINVAL, "4 times p" },
		{ "cycles:S", -EOPNOTSUPP, "perf's own" }, { "cpu/event=1", -EINVAL, "second '/'" }, { "cpu//", -EINVAL, "expected terms" },
		{ "cpu/=1/", -EINVAL, "expected terms" }, { "cpu/event=/", -EINVAL, "expected terms" }, { "gpu/event=1/", -ENOENT, "'cpu'" },
		{ "gpu/event=1/", -ENOENT, "PMUs: cpu software uncore_imc_0" }, { "../x/event=1/", -ENOENT, "no PMU" }, { "cpu/event=0x100/", -EINVAL, "8 bits (up to 0xff)" },
		{ "cpu/edge=2/", -EINVAL, "1 bit " }, { "cpu/event=x/", -EINVAL, "is no number" }, { "cpu/umsk=1/", -ENOENT, "did you mean 'umask'" },
		{ "cpu/umsk=1/", -ENOENT, "terms: all edge event" }, { "cpu/mem-lods/", -ENOENT, "'mem-loads'" }, { "cpu/odd=1/", -EINVAL, "\"config9:0\"" },
		{ "cpu/worse=1/", -EINVAL, "not understood" }, { "cpu/param/", -EINVAL, "needs a value for 'umask'" }, { "cpu/wrong/", -EINVAL, "'nosuch'" },
		{ "cpu/event=1,period=100/", -EINVAL, "/period=100/" }, { "software/cpu-clock/", -ENOENT, "no term or event" },
		{ "cpu/event=99999999999999999999/", -EINVAL, "is no number" },
	};
	struct ktally_counter_plan counter;
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_error err = { .text = "" };
		int rc = ktally_pmu_find(&counter, list[i].name, sysfs, &err);

		if (rc != list[i].code || !strstr(err.text, list[i].says))
			fail_msg("%s: %d: %s", list[i].name, rc, err.text);
	}
}

/* ---- as sources ---- */

static void counters_are_sources(void **state)
{
	static const struct { const char *text; uint32_t type; uint64_t config, config1, period; uint32_t flags; } list[] = {
		{ "cycles", PERF_TYPE_HARDWARE, 0, 0, 99, KTALLY_PERF_FREQ }, { "cycles//freq=999/", PERF_TYPE_HARDWARE, 0, 0, 999, KTALLY_PERF_FREQ },
		{ "cycles/freq=999/", PERF_TYPE_HARDWARE, 0, 0, 999, KTALLY_PERF_FREQ }, { "cycles:u/freq=50hz/key=pid/", PERF_TYPE_HARDWARE, 0, 0, 50,
		  KTALLY_PERF_FREQ | KTALLY_PERF_EXCLUDE_KERNEL | KTALLY_PERF_EXCLUDE_HV },
		{ "instructions/pid > 1/period=1m/", PERF_TYPE_HARDWARE, 1, 0, 1000000, 0 }, { "LLC-load-misses//period=1000/stack/", PERF_TYPE_HW_CACHE, 0x10002, 0, 1000, 0 },
		{ "r1a8//period=7/", PERF_TYPE_RAW, 0x1a8, 0, 7, 0 }, { "cpu/event=0x3c/", 4, 0x3c, 0, 99, KTALLY_PERF_FREQ },
		{ "cpu/event=0x3c,umask=1/:k/freq=500/", 4, 0x13c, 0, 500, KTALLY_PERF_FREQ | KTALLY_PERF_EXCLUDE_USER | KTALLY_PERF_EXCLUDE_HV },
		{ "cpu/event=2/key=pid/period=3/", 4, 2, 0, 3, 0 }, { "cpu/event=2/pid > 1/period=3/", 4, 2, 0, 3, 0 }, { " cpu/mem-loads/ / pid > 1 / period=100 / ", 4, 0x1cd, 3, 100, 0 }, { "cpu/mem-loads,ldlat=9//key=pid/", 4, 0x1cd, 9, 99, KTALLY_PERF_FREQ },
		{ "page-faults", PERF_TYPE_SOFTWARE, 2, 0, 1, 0 }, { "page-faults//key=addr:hex/period=10/", PERF_TYPE_SOFTWARE, 2, 0, 10, 0 },
		{ "cpu-clock", PERF_TYPE_SOFTWARE, 0, 0, 10101010, 0 }, { "task-clock//period=1ms/", PERF_TYPE_SOFTWARE, 1, 0, 1000000, 0 },
		{ "cpu-clock:u//freq=100/", PERF_TYPE_SOFTWARE, 0, 0, 10000000, KTALLY_PERF_EXCLUDE_KERNEL | KTALLY_PERF_EXCLUDE_HV },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		const struct ktally_probe_plan *p;
		struct ktally_error err;

		if (ktally_compile(plan, &cat, list[i].text, NULL, &err))
			fail_msg("%s: %s", list[i].text, err.text);
		p = &plan->probes[0];
		if (p->kind != KTALLY_SOURCE_PERF || p->perf_type != list[i].type || p->perf_config != list[i].config || p->perf_config1 != list[i].config1 ||
		    p->period != list[i].period || p->perf_flags != list[i].flags)
			fail_msg("%s: type %u config %llx %llx period %llu flags %x", list[i].text, p->perf_type, (unsigned long long)p->perf_config,
				 (unsigned long long)p->perf_config1, (unsigned long long)p->period, p->perf_flags);
		ktally_plan_free(plan);
	}
}

static void breakpoints_are_sources(void **state)
{
	static const struct { const char *text; uint64_t access, address, length, period; } list[] = {
		{ "mem:0x1000", 3, 0x1000, 4, 1 }, { "mem:0x1000:w", 2, 0x1000, 4, 1 }, { "mem:0x1008/8:rw", 3, 0x1008, 8, 1 }, { "mem:4096/1:wr", 3, 4096, 1, 1 },
		{ "mem:0x1001:x", 4, 0x1001, 8, 1 }, { "mem:0x1000/2", 3, 0x1000, 2, 1 }, { "mem:0x1000/8:rw/pid > 1/key=comm/", 3, 0x1000, 8, 1 },
		{ "mem:0x1000/8/pid > 1/", 3, 0x1000, 8, 1 }, { "mem:0x1000/pid > 8/", 3, 0x1000, 4, 1 }, { "mem:0x1000:w//key=addr,ip/period=10/", 2, 0x1000, 4, 10 },
		{ "mem:0x1000/ 8 > 1 /", 3, 0x1000, 4, 1 },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		const struct ktally_probe_plan *p;
		struct ktally_error err;

		if (ktally_compile(plan, &cat, list[i].text, NULL, &err))
			fail_msg("%s: %s", list[i].text, err.text);
		p = &plan->probes[0];
		if (p->kind != KTALLY_SOURCE_PERF || p->perf_type != PERF_TYPE_BREAKPOINT || p->perf_config != list[i].access ||
		    p->perf_config1 != list[i].address || p->perf_config2 != list[i].length || p->period != list[i].period || p->perf_flags)
			fail_msg("%s: type %u access %llx address %llx length %llx", list[i].text, p->perf_type, (unsigned long long)p->perf_config,
				 (unsigned long long)p->perf_config1, (unsigned long long)p->perf_config2);
		ktally_plan_free(plan);
	}
}

static void source_refusals(void **state)
{
	static const struct { const char *text; int code; const char *at, *says; } list[] = {
		{ "cycles:x", -EINVAL, "cycles", "unknown modifier" }, { "cycles:D", -EINVAL, "cycles", "pinned" }, { "cpu/evnt=1/", -ENOENT, "cpu", "'event'" },
		{ "cpu/event=1/xyz/", -ENOENT, "xyz", "unknown name" }, { "cycles//freq=10ms/", -EINVAL, "10ms", "a number a second" },
		{ "cycles//period=10ms/", -EINVAL, "10ms", "number of counts" }, { "cycles//period=0/", -EINVAL, "0", "at least 1" },
		{ "cycles//freq=200k/", -EINVAL, "200k", "100000 a second" }, { "sys_enter//freq=5/", -EINVAL, "5", "for counters" },
		{ "cycls", -ENOENT, "cycls", "did you mean 'cycles'" }, { "cpu-clock//period=1/", -EINVAL, "1", "10us" },
		{ "cpu/event=1", -EINVAL, "cpu", "second '/'" }, { "mem:", -EINVAL, "", "after 'mem:'" }, { "mem:0x1000/3:w", -EINVAL, "3", "1, 2, 4 or 8" }, { "mem:0x1000:q", -EINVAL, "q", "r, w, rw or x" },
		{ "mem:0x1001:w", -EINVAL, "0x1001", "multiple of the 4" }, { "mem:0x10zz", -EINVAL, "0x10zz", "an address" }, { "mem:0x1000:wx", -EINVAL, "wx", "r, w" },
		{ "mem:no_such_symbol_at_all", -ENOENT, "no_such", "/proc/kallsyms" }, { "mem:jiffies+x", -EINVAL, "+x", "number of bytes" },
#ifdef __x86_64__
		{ "mem:0x1000:r", -EOPNOTSUPP, "r", "use rw" },
#endif
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		struct ktally_plan *plan = ktally_plan_new();
		struct ktally_error err = { .pos = -2 };
		int rc = ktally_compile(plan, &cat, list[i].text, NULL, &err);
		const char *at = *list[i].at ? strstr(list[i].text + (list[i].at[0] == 'r' ? 5 : 0), list[i].at) : list[i].text + strlen(list[i].text);

		if (rc != list[i].code || !strstr(err.text, list[i].says) || err.pos != at - list[i].text)
			fail_msg("%s: %d at %d: %s", list[i].text, rc, err.pos, rc ? err.text : "");
		ktally_plan_free(plan);
	}
}

static void the_end_of_a_source_is_known(void **state)
{
	static const struct { const char *source, *rest; } list[] = {
		{ "sched:sched_switch", "/pid > 1/" }, { "cycles", "/freq=99/" }, { "cpu/event=1/", "key=pid/" }, { "cpu/event=1/:uk", "/key=pid/" },
		{ "uprobe:/usr/bin/app:main", "/pid/" }, { "uprobe:\"/a:b/c\":main", "/pid/" }, { "usdt:/usr/bin/app:x:y", "" }, { "usdt:libc:x", " / pid /" },
		{ "mem:0x1000/8:w", "/pid/" }, { "mem:0x1000/8", "/" }, { "mem:0x1000", "/pid > 8/" }, { "timer:99hz", "" }, { "nosuch", "/x=1/" },
	};
	unsigned int i;

	(void)state;
	for (i = 0; i < NR(list); i++) {
		char text[128];

		snprintf(text, sizeof(text), "%s%s", list[i].source, list[i].rest);
		if (ktally_source_length(text, sysfs) != (int)strlen(list[i].source))
			fail_msg("%s: %d", text, ktally_source_length(text, sysfs));
	}
}

static void no_pmu_at_all(void **state)
{
	struct ktally_plan *plan = ktally_plan_new();
	struct ktally_error err;

	(void)state;
	cat.sysfs = files_path("x86/software");
	assert_int_equal(ktally_compile(plan, &cat, "cpu/event=1/key=pid/", NULL, &err), -ENOENT);
	assert_non_null(strstr(err.text, "no PMU 'cpu'"));
	cat.sysfs = sysfs;
	ktally_plan_free(plan);
}

int main(void)
{
	static struct ktally_source_field addr[] = { FIELD("addr", UINT, 8) };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generic_names),
		cmocka_unit_test(all_names_are_known),
		cmocka_unit_test(terms_go_where_the_format_says),
		cmocka_unit_test(cpu_is_the_core_pmu),
		cmocka_unit_test(modifiers),
		cmocka_unit_test(refusals),
		cmocka_unit_test(counters_are_sources),
		cmocka_unit_test(breakpoints_are_sources),
		cmocka_unit_test(source_refusals),
		cmocka_unit_test(the_end_of_a_source_is_known),
		cmocka_unit_test(no_pmu_at_all),
	};
	unsigned int i;
	int rc;

	make_tree();
	sysfs = files_path("x86");
	event_catalogue(&cat);
	for (i = 0; i < cat.nr_sources; i++) {
		if (cat.sources[i].kind != KTALLY_SOURCE_PERF)
			continue;
		free(cat.sources[i].fields);
		cat.sources[i].fields = malloc(sizeof(addr));
		memcpy(cat.sources[i].fields, addr, sizeof(addr));
		cat.sources[i].nr_fields = 1;
	}
	cat.sysfs = sysfs = strdup(sysfs);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	ktally_catalogue_clear(&cat);
	files_done();
	free((char *)sysfs);
	return rc;
}
