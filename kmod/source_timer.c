// SPDX-License-Identifier: GPL-2.0
/* Timer source: an hrtimer on every CPU samples what it interrupts. */
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <asm/irq_regs.h>
#include "source.h"

/* Faster would spend the machine on sampling; slower than a day is a mistake in the unit. */
#define PERIOD_MIN_NS	10000ULL
#define PERIOD_MAX_NS	86400000000000ULL

/**
 * struct tick - one CPU's timer
 * @timer: the timer
 * @probe: whose
 * @armed: whether it was started here and not cancelled since
 * @overruns: periods that passed without a tick, the timer being late
 */
struct tick {
	struct hrtimer timer;
	struct ktally_probe *probe;
	bool armed;
	u64 overruns;
};

static enum hrtimer_restart tick_fire(struct hrtimer *timer)
{
	struct tick *tick = container_of(timer, struct tick, timer);
	struct ktally_hit hit = { .args = NULL, .regs = get_irq_regs() };
	u64 periods;

	ktally_probe_hit(tick->probe, &hit);
	periods = hrtimer_forward_now(timer, ns_to_ktime(tick->probe->period));
	if (periods > 1)
		tick->overruns += periods - 1;
	return HRTIMER_RESTART;
}

/* Runs on the CPU, so that the timer is bound to it. CPUs tick in turn, not all at once. */
static void tick_start(void *probe)
{
	struct tick *tick = this_cpu_ptr((struct tick __percpu *)((struct ktally_probe *)probe)->source);
	u64 period = tick->probe->period;
	u64 shift = period / num_possible_cpus() * smp_processor_id() % period;

	tick->armed = true;
	hrtimer_start(&tick->timer, ns_to_ktime(period + shift), HRTIMER_MODE_REL_PINNED_HARD);
}

static int timer_online(struct ktally_probe *probe, unsigned int cpu)
{
	return smp_call_function_single(cpu, tick_start, probe, 1);
}

static void timer_offline(struct ktally_probe *probe, unsigned int cpu)
{
	struct tick *tick = per_cpu_ptr((struct tick __percpu *)probe->source, cpu);

	if (tick->armed)
		hrtimer_cancel(&tick->timer);
	tick->armed = false;
}

static u64 timer_missed(const struct ktally_probe *probe)
{
	unsigned int cpu;
	u64 missed = 0;

	for_each_possible_cpu(cpu)
		missed += READ_ONCE(per_cpu_ptr((struct tick __percpu *)probe->source, cpu)->overruns);
	return missed;
}

static int timer_init(struct ktally_probe *probe, const char **why)
{
	struct tick __percpu *ticks;
	unsigned int cpu;

	if (probe->period < PERIOD_MIN_NS || probe->period > PERIOD_MAX_NS) {
		*why = "the period of a timer is 10 microseconds to one day, in nanoseconds";
		return -ERANGE;
	}
	ticks = alloc_percpu(struct tick);
	if (!ticks)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct tick *tick = per_cpu_ptr(ticks, cpu);

		tick->probe = probe;
		hrtimer_setup(&tick->timer, tick_fire, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	}
	probe->source = (__force void *)ticks;
	return 0;
}

static void timer_uninit(struct ktally_probe *probe)
{
	free_percpu((struct tick __percpu *)probe->source);
}

static const struct ktally_fields *timer_fields(const struct ktally_probe *probe)
{
	return &ktally_no_fields;
}

const struct ktally_source_ops ktally_source_timer = {
	.kind		= KTALLY_SOURCE_TIMER,
	.program	= true,
	.overhead	= 300,
	.init		= timer_init,
	.uninit		= timer_uninit,
	.fields		= timer_fields,
	.cpu_start	= timer_online,
	.cpu_stop	= timer_offline,
	.missed		= timer_missed,
};
