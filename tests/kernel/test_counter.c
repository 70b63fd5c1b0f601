// SPDX-License-Identifier: GPL-2.0-or-later
/* Counters against counts that are known: those of the test module's PMU, and on arm64 those of the emulated processor's. */
#include <errno.h>
#include <linux/perf_event.h>
#include <math.h>
#include <sched.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

/* Of the test module's PMU, see tests/module/main.c. */
#define PLACES 4
#define EVENTS 8

/* Fields of sched:sched_switch and of a kprobe. */
enum { PREV_COMM, PREV_PID };
enum { ARG0 };

#define COUNTER(dst_, n_)	{ .op = KTALLY_OP_COUNTER, .dst = (dst_), .aux = (n_) }
#define DIFFERENCE(dst_, n_)	{ .op = KTALLY_OP_COUNTER, .dst = (dst_), .aux = (n_) | KTALLY_COUNTER_DELTA }

static const struct ktally_column sum_column[] = { { .kind = KTALLY_COLUMN_SUM } };

FIXTURE(counter) {
	struct kit kit;
	long pmu;
};

FIXTURE_SETUP(counter)
{
	OK(&self->kit, kit_open(&self->kit));
	/* What it would take away is missed here. */
	self->kit.plan->budget = KTALLY_BUDGET_NONE;
	self->pmu = kit_file_number("/sys/bus/event_source/devices/ktally_test/type");
	ASSERT_LT(0, self->pmu) TH_LOG("the test module is not loaded");
}

FIXTURE_TEARDOWN(counter)
{
	kit_close(&self->kit);
}

/* Gives the test module a command. */
static __attribute__((format(printf, 1, 2))) int tell(const char *format, ...)
{
	char text[128];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return kit_write("/dev/ktally_test", text);
}

/* The same on another CPU; we stay there. */
static int tell_on(unsigned int cpu, unsigned int event, uint64_t delta)
{
	int ret = kit_pin(cpu);

	return ret ? ret : tell("count %u %llu", event, (unsigned long long)delta);
}

/* Return: its number, or -errno */
static int add_counter(struct kit *kit, uint32_t type, uint64_t config, uint32_t flags)
{
	struct ktally_counter_plan *counter = ktally_plan_add_counter(kit->plan);

	if (!counter)
		return -ENOMEM;
	snprintf(counter->name, sizeof(counter->name), "counter %u", kit->plan->nr_counters - 1);
	counter->perf_type = type;
	counter->config = config;
	counter->flags = flags;
	counter->scale = 1.0;
	return (int)kit->plan->nr_counters - 1;
}

/* What counter @n says about @cpu now. Return: 0, -ENOENT if it says nothing, -errno */
static int value_of(struct kit *kit, unsigned int n, unsigned int cpu, struct ktally_counter_value *value)
{
	struct ktally_counter_info *list;
	int ret = -ENOENT, nr = ktally_client_counters(kit->client, kit->session, &list, &kit->err);
	unsigned int i;

	if (nr < 0)
		return nr;
	for (i = 0; (int)n < nr && i < list[n].nr_values; i++) {
		if (list[n].values[i].cpu == cpu) {
			*value = list[n].values[i];
			ret = 0;
		}
	}
	ktally_client_counters_free(list, nr);
	return ret;
}

static uint64_t count_of(struct kit *kit, unsigned int n, unsigned int cpu)
{
	struct ktally_counter_value value;

	return value_of(kit, n, cpu, &value) ? UINT64_MAX : value.value;
}

static unsigned int nr_cpus(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN);
}

static uint64_t sum_of(const struct kit *kit, uint64_t key)
{
	const struct ktally_row *row = kit_row(kit, 0, key);

	return row ? row->cells[0] : UINT64_MAX;
}

/* Exactly what was handed out, on each CPU, by a counter that programs can read and by one that they cannot; and what is left out. */
TEST_F(counter, counts_what_was_handed_out)
{
	struct ktally_counter_value value;
	struct kit *kit = &self->kit;
	unsigned int cpu;

	OK(kit, add_counter(kit, self->pmu, 1, KTALLY_PERF_PINNED));
	OK(kit, add_counter(kit, self->pmu, 2, 0));
	kit->plan->counters[OK(kit, add_counter(kit, self->pmu, 3, KTALLY_PERF_EXCLUDE_USER))].config1 = 7;
	OK(kit, add_counter(kit, self->pmu, 3, KTALLY_PERF_EXCLUDE_KERNEL));
	OK(kit, tell_on(0, 1, 5));
	OK(kit, kit_start(kit));
	for (cpu = 0; cpu < nr_cpus(); cpu++) {
		OK(kit, tell_on(cpu, 1, 10007 + cpu));
		OK(kit, tell_on(cpu, 2, 20011));
		OK(kit, tell_on(cpu, 3, 101));
		OK(kit, tell("count 3 211 user"));
	}
	EXPECT_EQ(10007, count_of(kit, 0, 0));
	OK(kit, kit_stop(kit));
	OK(kit, tell_on(0, 1, 5));
	for (cpu = 0; cpu < nr_cpus(); cpu++) {
		OK(kit, value_of(kit, 0, cpu, &value));
		EXPECT_EQ(10007 + cpu, value.value);
		EXPECT_LT(0, value.enabled);
		EXPECT_EQ(value.running, value.enabled);
		EXPECT_EQ(20011, count_of(kit, 1, cpu));
		EXPECT_EQ(7 * 101, count_of(kit, 2, cpu));
		EXPECT_EQ(211, count_of(kit, 3, cpu));
	}
	/* It goes on where it was, as tables do. */
	OK(kit, kit_start(kit));
	OK(kit, tell_on(0, 1, 1000000007));
	OK(kit, kit_stop(kit));
	EXPECT_EQ(10007 + 1000000007, count_of(kit, 0, 0));
}

/* How far the worst of the events is from what was handed out, when what it missed is made up for by the time it had. */
static double worst_error(struct kit *kit, uint64_t handed, unsigned int *waited)
{
	struct ktally_counter_value value;
	double worst = 0, error;
	unsigned int i;

	*waited = 0;
	for (i = 0; i < EVENTS; i++) {
		if (value_of(kit, i, 0, &value) || !value.running || value.running > value.enabled || value.value > handed)
			return 1e9;
		*waited += value.running < value.enabled;
		error = (double)value.value * value.enabled / value.running / handed - 1;
		if (error < 0)
			error = -error;
		worst = error > worst ? error : worst;
	}
	return worst;
}

/* A turn of all events takes a part of that, unless the guest stands still meanwhile. */
#define MOMENT_NS 10000000

/*
 * More of them than places take turns. The emulator may stand still in one's turn: what is wrong then is outlived, and may be wrong by the
 * part of the time that it stood still.
 */
TEST_F_TIMEOUT(counter, more_than_places_take_turns, 120)
{
	struct kit *kit = &self->kit;
	uint64_t handed = 0, begin, before, passed, all = 0, stood = 0;
	unsigned int i, waited, round;
	double worst = 1, allowed = 0;

	for (i = 1; i <= EVENTS; i++)
		OK(kit, add_counter(kit, self->pmu, i, 0));
	OK(kit, kit_pin(0));
	for (round = 0; round < 25 && worst > allowed; round++) {
		OK(kit, kit_start(kit));
		for (begin = before = kit_now(); before - begin < 2000000000; handed += 10) {
			for (i = 1; i <= EVENTS; i++)
				OK(kit, tell("count %u 10", i));
			passed = kit_now() - before;
			stood += passed > MOMENT_NS ? passed : 0;
			before += passed;
		}
		all += before - begin;
		OK(kit, kit_stop(kit));
		worst = worst_error(kit, handed, &waited);
		allowed = fmin(0.04 + (double)stood / all, 0.15);
		EXPECT_LE(EVENTS - PLACES, waited);
	}
	EXPECT_GE(allowed, worst) TH_LOG("the worst is wrong by %.1f and not %.1f %% after %u rounds", worst * 100, allowed * 100, round);
}

TEST_F(counter, too_many_pinned)
{
	struct kit *kit = &self->kit, fewer;
	unsigned int i;

	for (i = 1; i <= PLACES + 1; i++)
		OK(kit, add_counter(kit, self->pmu, i, KTALLY_PERF_PINNED));
	EXPECT_EQ(-EBUSY, kit_start(kit));
	EXPECT_NE(NULL, strstr(kit->err.text, "room for only 4 of")) TH_LOG("%s", kit->err.text);
	/* Those that found a place gave it back. */
	OK(&fewer, kit_open(&fewer));
	for (i = 1; i <= PLACES; i++)
		OK(&fewer, add_counter(&fewer, self->pmu, i, KTALLY_PERF_PINNED));
	OK(&fewer, kit_start(&fewer));
	OK(&fewer, tell_on(0, PLACES, 499));
	EXPECT_EQ(499, count_of(&fewer, PLACES - 1, 0));
	/* While these run there is room for none. */
	EXPECT_EQ(-EBUSY, kit_start(kit));
	EXPECT_NE(NULL, strstr(kit->err.text, "room for only 0 of")) TH_LOG("%s", kit->err.text);
	kit_close(&fewer);
}

TEST_F(counter, refused)
{
	static const struct {
		uint32_t type, flags;
		uint64_t config;
		int error;
		const char *why;
	} wrong[] = {
		{ PERF_TYPE_TRACEPOINT, 0, 1, -EINVAL, "by probes" }, { PERF_TYPE_BREAKPOINT, 0, 1, -EINVAL, "by probes" },
		{ PERF_TYPE_SOFTWARE, KTALLY_PERF_FREQ, 2, -EINVAL, "frequency" },
		{ PERF_TYPE_SOFTWARE, 1 << KTALLY_PERF_PRECISE_SHIFT, 2, -EINVAL, "precision" },
		{ PERF_TYPE_SOFTWARE, 1u << 31, 2, -EINVAL, "unknown flag" },
		{ PERF_TYPE_SOFTWARE, 0, 999, -ENOENT, "no such perf event" }, { 4000000000u, 0, 1, -ENOENT, "no such perf event" },
	};
	const struct ktally_insn insns[] = { COUNTER(0, 0), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	const struct ktally_insn missing[] = { COUNTER(0, 7), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	unsigned int i;

	for (i = 0; i < COUNTOF(wrong); i++) {
		kit_close(kit);
		OK(kit, kit_open(kit));
		OK(kit, add_counter(kit, wrong[i].type, wrong[i].config, wrong[i].flags));
		EXPECT_EQ(wrong[i].error, kit_make(kit)) TH_LOG("%u: %s", i, kit->err.text);
		EXPECT_NE(NULL, strstr(kit->err.text, wrong[i].why)) TH_LOG("%u: %s", i, kit->err.text);
	}
	for (i = 0; i < 2; i++) {
		kit_close(kit);
		OK(kit, kit_open(kit));
		OK(kit, add_counter(kit, self->pmu, 1, 0));
		OK(kit, kit_table(kit, 16, 1, NULL, NULL, 0));
		if (i)
			OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "sched:sched_switch", PROGRAM(missing)));
		else
			OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "sched:sched_switch", PROGRAM(insns)));
		EXPECT_EQ(i ? -ENOENT : -EINVAL, kit_make(kit));
		EXPECT_NE(NULL, strstr(kit->err.text, i ? "no counter of that number" : "must be pinned")) TH_LOG("%s", kit->err.text);
	}
}

/* Each key is given what was counted since the hit before it, on its CPU. */
TEST_F(counter, sums_by_key)
{
	const struct ktally_insn insns[] = { FIELD(0, ARG0), DIFFERENCE(1, 0), UPDATE(0, 0, 1), EXIT(FOLDED) };
	uint64_t given[23] = { 0 }, delta;
	struct kit *kit = &self->kit;
	unsigned int i, key;

	OK(kit, add_counter(kit, self->pmu, 1, KTALLY_PERF_PINNED));
	OK(kit, kit_table(kit, 64, 1, NULL, sum_column, 1));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_KPROBE, "ktally_test_call", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	for (i = 0; i < 1009; i++) {
		key = i * 7 % COUNTOF(given);
		delta = (uint64_t)i * i % 99991;
		OK(kit, tell_on(i % nr_cpus(), 1, delta));
		OK(kit, tell("call 1 %u", key));
		given[key] += delta;
	}
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(1009, kit_total(kit, 0));
	for (key = 0; key < COUNTOF(given); key++)
		EXPECT_EQ(given[key], sum_of(kit, key));
	EXPECT_TRUE(kit_closes(kit));
}

/* A child that takes turns with another on CPU 0 and is given @delta of @event each time. Return: its process id */
static pid_t spender(unsigned int event, uint64_t delta, unsigned int times)
{
	pid_t pid = fork();
	unsigned int i;

	if (pid)
		return pid;
	if (kit_pin(0))
		_exit(1);
	for (i = 0; i < times; i++)
		if (tell("count %u %llu\nswitch 1\ncount %u 3", event, (unsigned long long)delta, event))
			_exit(1);
	_exit(0);
}

static bool ended_well(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && !status;
}

/* What is counted between two switches belongs to the thread that leaves. */
TEST_F(counter, by_task_on_one_processor)
{
	const struct ktally_insn insns[] = { FIELD(0, PREV_PID), DIFFERENCE(1, 0), UPDATE(0, 0, 1), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	pid_t one, two;

	OK(kit, add_counter(kit, self->pmu, 4, KTALLY_PERF_PINNED));
	OK(kit, kit_table(kit, 1024, 1, NULL, sum_column, 1));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_TRACEPOINT, "sched:sched_switch", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	one = spender(4, 10007, 101);
	two = spender(4, 1009, 211);
	EXPECT_TRUE(ended_well(one));
	EXPECT_TRUE(ended_well(two));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(101 * (10007 + 3), sum_of(kit, one));
	EXPECT_EQ(211 * (1009 + 3), sum_of(kit, two));
	EXPECT_EQ(101 * (10007 + 3) + 211 * (1009 + 3), count_of(kit, 0, 0));
	EXPECT_TRUE(kit_closes(kit));
}

static uint64_t address_of(const char *symbol)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	unsigned long long address, found = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "%llx %*c %255s", &address, name) == 2 && !strcmp(name, symbol))
			found = address;
	if (file)
		fclose(file);
	return found;
}

/* The probe added last overflows every @period counts. */
static void set_period(struct kit *kit, uint32_t type, uint64_t config, uint64_t period, uint32_t flags)
{
	struct ktally_probe_plan *probe = &kit->plan->probes[kit->plan->nr_probes - 1];

	probe->perf_type = type;
	probe->perf_config = config;
	probe->perf_flags = flags;
	probe->period = period;
}

/* A hit for each period passed, no more, no fewer, and at the place that passed it. */
TEST_F(counter, overflows_where_it_is_counted)
{
	const struct ktally_insn insns[] = { CONTEXT(0, IP), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	uint64_t burn = address_of("ktally_test_burn"), there = 0;
	const struct ktally_table *table;
	struct kit *kit = &self->kit;
	size_t i;

	ASSERT_NE(0, burn);
	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_PERF, "", PROGRAM(insns)));
	set_period(kit, self->pmu, 5, 100, 0);
	OK(kit, kit_start(kit));
	OK(kit, kit_pin(0));
	OK(kit, tell("burn 10007 5 40"));
	OK(kit, tell("burn 1 5 1000"));
	OK(kit, tell("irq count 5 720"));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	table = &kit->snap->tables[0];
	for (i = 0; i < table->nr_rows; i++)
		if (table->rows[i].key[0] >= burn && table->rows[i].key[0] < burn + 512)
			there += table->rows[i].hits;
	EXPECT_EQ((10007 * 40 + 1000) / 100, there);
	EXPECT_EQ((10007 * 40 + 1000 + 720) / 100, kit_total(kit, 0));
	EXPECT_TRUE(kit_closes(kit));
}

/* Gives counts to CPU 1 one by one until it counts them. Return: how many did not count, or -errno */
static int wait_for_counting(struct kit *kit, unsigned int event)
{
	uint64_t before = count_of(kit, 0, 1);
	int tries, ret;

	for (tries = 0; tries < 500; tries++) {
		ret = tell_on(1, event, 1);
		if (ret)
			return ret;
		if (count_of(kit, 0, 1) == before + 1)
			return tries;
		kit_sleep_ms(10);
	}
	return -ETIMEDOUT;
}

/* What it counted in its earlier life stays, and it counts again, a software event beside it; a program's differences have no gap. */
TEST_F(counter, processor_goes_and_comes)
{
	const struct ktally_insn insns[] = { FIELD(0, ARG0), DIFFERENCE(1, 0), UPDATE(0, 0, 1), EXIT(FOLDED) };
	struct kit *kit = &self->kit;

	if (nr_cpus() < 2)
		SKIP(return, "there is one processor only");
	OK(kit, add_counter(kit, self->pmu, 6, KTALLY_PERF_PINNED));
	OK(kit, add_counter(kit, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, 0));
	OK(kit, kit_table(kit, 64, 1, NULL, sum_column, 1));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_KPROBE, "ktally_test_call", PROGRAM(insns)));
	OK(kit, kit_start(kit));
	OK(kit, tell_on(1, 6, 10007));
	OK(kit, tell("call 1 1"));
	OK(kit, tell_on(1, 6, 100));
	OK(kit, kit_pin(0));
	OK(kit, kit_write("/sys/devices/system/cpu/cpu1/online", "0"));
	EXPECT_EQ(10107, count_of(kit, 0, 1));
	OK(kit, kit_write("/sys/devices/system/cpu/cpu1/online", "1"));
	OK(kit, wait_for_counting(kit, 6));
	OK(kit, tell_on(1, 6, 1009));
	OK(kit, tell("call 1 2"));
	EXPECT_EQ(10107 + 1 + 1009, count_of(kit, 0, 1));
	EXPECT_LT(0, count_of(kit, 1, 1));
	OK(kit, kit_stop(kit));
	OK(kit, kit_take(kit));
	EXPECT_EQ(10007, sum_of(kit, 1));
	EXPECT_EQ(100 + 1 + 1009, sum_of(kit, 2));
	EXPECT_EQ(10107 + 1 + 1009, count_of(kit, 0, 1));
}

/* A processor that is away at the start counts when it comes. */
TEST_F(counter, processor_is_away)
{
	struct kit *kit = &self->kit;

	if (nr_cpus() < 2)
		SKIP(return, "there is one processor only");
	OK(kit, add_counter(kit, self->pmu, 6, 0));
	OK(kit, kit_pin(0));
	OK(kit, kit_write("/sys/devices/system/cpu/cpu1/online", "0"));
	OK(kit, kit_start(kit));
	OK(kit, tell_on(0, 6, 7));
	EXPECT_EQ(UINT64_MAX, count_of(kit, 0, 1));
	OK(kit, kit_write("/sys/devices/system/cpu/cpu1/online", "1"));
	while (count_of(kit, 0, 1) == UINT64_MAX)
		kit_sleep_ms(10);
	OK(kit, wait_for_counting(kit, 6));
	OK(kit, tell_on(1, 6, 1009));
	EXPECT_EQ(1010, count_of(kit, 0, 1));
	EXPECT_EQ(7, count_of(kit, 0, 0));
}

/* Maps some pages anew and touches them, on CPU 1. */
static int touch_pages(void)
{
	const size_t size = 101 * 4096;
	int ret = kit_pin(1);
	char *pages;
	size_t i;

	if (ret)
		return ret;
	pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return -errno;
	for (i = 0; i < size; i += 4096)
		((volatile char *)pages)[i] = 1;
	munmap(pages, size);
	return 0;
}

/* Making and ending a software event takes the lock that the kernel holds while it brings a processor. */
TEST_F(counter, software_events_on_a_processor_that_comes)
{
	const struct ktally_insn insns[] = { CONTEXT(0, CPU), UPDATE(0, 0, KTALLY_NO_REG), EXIT(FOLDED) };
	struct kit *kit = &self->kit;
	uint64_t before;
	int tries;

	if (nr_cpus() < 2)
		SKIP(return, "there is one processor only");
	OK(kit, kit_table(kit, 64, 1, NULL, NULL, 0));
	OK(kit, kit_probe(kit, KTALLY_SOURCE_PERF, "", PROGRAM(insns)));
	set_period(kit, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, 1, 0);
	OK(kit, kit_start(kit));
	OK(kit, touch_pages());
	OK(kit, kit_take(kit));
	before = kit_hits(kit, 0, 1);
	EXPECT_LE(101, before);
	OK(kit, kit_pin(0));
	OK(kit, kit_write("/sys/devices/system/cpu/cpu1/online", "0"));
	OK(kit, kit_write("/sys/devices/system/cpu/cpu1/online", "1"));
	for (tries = 0; tries < 200; tries++) {
		OK(kit, touch_pages());
		OK(kit, kit_take(kit));
		if (kit_hits(kit, 0, 1) >= before + 101)
			break;
		kit_sleep_ms(20);
	}
	EXPECT_GT(200, tries) TH_LOG("page faults on CPU 1 are not seen again");
	OK(kit, kit_stop(kit));
}

TEST_HARNESS_MAIN
