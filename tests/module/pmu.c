// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PMU whose counts are known: its counters advance only when told to.
 *
 * As in hardware, a CPU has a few places; a counter in a place counts on there unseen, until it is read, stopped or taken
 * off, and one that finds no place is refused, so that the kernel lets them take turns. All of a CPU's places are
 * touched on that CPU with interrupts off; an NMI may count in the middle of that, so what it changes is changed whole.
 */
#include <linux/errno.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/perf_event.h>
#include <linux/seq_file.h>
#include <asm/local64.h>
#include "ktally_test.h"

/**
 * struct place - one hardware counter
 * @event: who uses it, or NULL
 * @counted: since the module was loaded
 */
struct place {
	struct perf_event *event;
	local64_t counted;
};

/**
 * struct test_cpu - the PMU of one CPU
 * @place: its counters
 * @handed: by event: all that was counted there, whoever looked
 */
struct test_cpu {
	struct place place[KTALLY_TEST_PLACES];
	local64_t handed[KTALLY_TEST_EVENTS + 1];
};

static struct test_cpu __percpu *cpus;
static struct pmu pmu;

static struct place *place_of(struct perf_event *event)
{
	return &this_cpu_ptr(cpus)->place[event->hw.idx];
}

/* Who moves the mark adds what lies between: nothing is added twice, whoever comes in between. */
static void pmu_read(struct perf_event *event)
{
	u64 before, now;

	do {
		before = local64_read(&event->hw.prev_count);
		now = local64_read(&place_of(event)->counted);
	} while (local64_cmpxchg(&event->hw.prev_count, before, now) != before);
	local64_add(now - before, &event->count);
	local64_sub(now - before, &event->hw.period_left);
}

static void pmu_start(struct perf_event *event, int flags)
{
	local64_set(&event->hw.prev_count, local64_read(&place_of(event)->counted));
	/* From here on it counts. */
	barrier();
	WRITE_ONCE(event->hw.state, 0);
}

static void pmu_stop(struct perf_event *event, int flags)
{
	if (event->hw.state & PERF_HES_STOPPED)
		return;
	WRITE_ONCE(event->hw.state, PERF_HES_STOPPED | PERF_HES_UPTODATE);
	barrier();
	pmu_read(event);
}

static int pmu_add(struct perf_event *event, int flags)
{
	struct test_cpu *cpu = this_cpu_ptr(cpus);
	unsigned int i;

	for (i = 0; i < KTALLY_TEST_PLACES; i++)
		if (!cpu->place[i].event)
			break;
	if (i == KTALLY_TEST_PLACES)
		return -EAGAIN;
	event->hw.idx = i;
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
	barrier();
	WRITE_ONCE(cpu->place[i].event, event);
	if (flags & PERF_EF_START)
		pmu_start(event, PERF_EF_RELOAD);
	return 0;
}

static void pmu_del(struct perf_event *event, int flags)
{
	pmu_stop(event, PERF_EF_UPDATE);
	WRITE_ONCE(place_of(event)->event, NULL);
	barrier();
	event->hw.idx = -1;
}

static int pmu_event_init(struct perf_event *event)
{
	const struct perf_event_attr *attr = &event->attr;

	if (attr->type != pmu.type)
		return -ENOENT;
	if (event->cpu < 0 || !attr->config || attr->config > KTALLY_TEST_EVENTS || attr->config1 > U16_MAX || attr->config2)
		return -EINVAL;
	event->hw.idx = -1;
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
	return 0;
}

static struct pmu pmu = {
	.module		= THIS_MODULE,
	.task_ctx_nr	= perf_invalid_context,
	.attr_groups	= ktally_test_pmu_groups,
	.event_init	= pmu_event_init,
	.add		= pmu_add,
	.del		= pmu_del,
	.start		= pmu_start,
	.stop		= pmu_stop,
	.read		= pmu_read,
};

static bool counts(const struct perf_event *event, unsigned int which, bool user)
{
	return event && !event->hw.state && event->attr.config == which &&
	       !(user ? event->attr.exclude_user : event->attr.exclude_kernel);
}

/*
 * What the interrupt of a PMU does when a counter has passed its period. perf_event_overflow() is not exported; beside this
 * call it throttles, which would lose what is to be known.
 */
static void overflow(struct place *place, struct perf_event *event, struct pt_regs *regs)
{
	struct perf_sample_data data;
	s64 left;

	pmu_read(event);
	while (READ_ONCE(place->event) == event && !READ_ONCE(event->hw.state)) {
		left = local64_read(&event->hw.period_left);
		if (left > 0)
			break;
		/* Each period has one caller. */
		if (local64_cmpxchg(&event->hw.period_left, left, left + event->hw.sample_period) != left)
			continue;
		perf_sample_data_init(&data, 0, event->hw.sample_period);
		event->overflow_handler(event, &data, regs);
	}
}

int ktally_test_pmu_count(unsigned int event, u64 delta, bool user, struct pt_regs *regs)
{
	struct test_cpu *cpu;
	unsigned long flags;
	unsigned int i;

	if (!event || event > KTALLY_TEST_EVENTS)
		return -EINVAL;
	local_irq_save(flags);
	cpu = this_cpu_ptr(cpus);
	local64_add(delta, &cpu->handed[event]);
	for (i = 0; i < KTALLY_TEST_PLACES; i++) {
		struct place *place = &cpu->place[i];
		struct perf_event *counter = READ_ONCE(place->event);

		if (!counts(counter, event, user))
			continue;
		local64_add(delta * (counter->attr.config1 ? counter->attr.config1 : 1), &place->counted);
		if (counter->attr.sample_period)
			overflow(place, counter, regs);
	}
	local_irq_restore(flags);
	return 0;
}

void ktally_test_pmu_show(struct seq_file *file)
{
	unsigned int cpu, event;
	u64 count;

	for_each_possible_cpu(cpu) {
		for (event = 1; event <= KTALLY_TEST_EVENTS; event++) {
			count = local64_read(&per_cpu_ptr(cpus, cpu)->handed[event]);
			if (count)
				seq_printf(file, "%u %u %llu\n", cpu, event, count);
		}
	}
}

int ktally_test_pmu_init(void)
{
	int err;

	cpus = alloc_percpu(struct test_cpu);
	if (!cpus)
		return -ENOMEM;
	err = perf_pmu_register(&pmu, "ktally_test", -1);
	if (err)
		free_percpu(cpus);
	return err;
}

void ktally_test_pmu_uninit(void)
{
	perf_pmu_unregister(&pmu);
	free_percpu(cpus);
}
