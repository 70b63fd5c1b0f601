// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A PMU whose counts are known: its counters advance only when told to.
 *
 * As in hardware, a CPU has a few places; a counter in a place counts on there unseen, until it is read, stopped or taken
 * off, and one that finds no place is refused, so that the kernel lets them take turns. All of a CPU's places are
 * touched on that CPU with interrupts off.
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
	u64 counted;
};

/**
 * struct test_cpu - the PMU of one CPU
 * @place: its counters
 * @handed: by event: all that was counted there, whoever looked
 */
struct test_cpu {
	struct place place[KTALLY_TEST_PLACES];
	u64 handed[KTALLY_TEST_EVENTS + 1];
};

static struct test_cpu __percpu *cpus;
static struct pmu pmu;

static struct place *place_of(struct perf_event *event)
{
	return &this_cpu_ptr(cpus)->place[event->hw.idx];
}

static void pmu_read(struct perf_event *event)
{
	u64 now = place_of(event)->counted;
	u64 delta = now - local64_read(&event->hw.prev_count);

	local64_set(&event->hw.prev_count, now);
	local64_add(delta, &event->count);
	local64_sub(delta, &event->hw.period_left);
}

static void pmu_start(struct perf_event *event, int flags)
{
	local64_set(&event->hw.prev_count, place_of(event)->counted);
	event->hw.state = 0;
}

static void pmu_stop(struct perf_event *event, int flags)
{
	if (event->hw.state & PERF_HES_STOPPED)
		return;
	pmu_read(event);
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
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
	cpu->place[i].event = event;
	event->hw.idx = i;
	event->hw.state = PERF_HES_STOPPED | PERF_HES_UPTODATE;
	if (flags & PERF_EF_START)
		pmu_start(event, PERF_EF_RELOAD);
	return 0;
}

static void pmu_del(struct perf_event *event, int flags)
{
	pmu_stop(event, PERF_EF_UPDATE);
	place_of(event)->event = NULL;
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

	pmu_read(event);
	while (place->event == event && !event->hw.state && (s64)local64_read(&event->hw.period_left) <= 0) {
		local64_add(event->hw.sample_period, &event->hw.period_left);
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
	cpu->handed[event] += delta;
	for (i = 0; i < KTALLY_TEST_PLACES; i++) {
		struct place *place = &cpu->place[i];

		if (!counts(place->event, event, user))
			continue;
		place->counted += delta * (place->event->attr.config1 ? place->event->attr.config1 : 1);
		if (place->event->attr.sample_period)
			overflow(place, place->event, regs);
	}
	local_irq_restore(flags);
	return 0;
}

void ktally_test_pmu_show(struct seq_file *file)
{
	unsigned int cpu, event;

	for_each_possible_cpu(cpu)
		for (event = 1; event <= KTALLY_TEST_EVENTS; event++)
			if (per_cpu_ptr(cpus, cpu)->handed[event])
				seq_printf(file, "%u %u %llu\n", cpu, event, per_cpu_ptr(cpus, cpu)->handed[event]);
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
