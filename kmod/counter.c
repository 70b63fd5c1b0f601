// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of a session: kernel perf counters, one a CPU, that nothing calls: no cost per event.
 *
 * Two things may happen to a counter while it counts. Its CPU goes: the kernel takes the counter off, and what it counted
 * can still be read, but it never counts again; so when the CPU is back, a work puts another one in its place, which
 * goes on where that one was. (A work, because the kernel calls back with its hotplug lock held, and making a software
 * counter takes that lock.) Or, not pinned, it takes turns with others; the kernel does that, and tells for how long it ran.
 */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "compat/sync.h"
#include "counter.h"
#include "session.h"

#define FLAGS_KNOWN	(KTALLY_PERF_EXCLUDE_USER | KTALLY_PERF_EXCLUDE_KERNEL | KTALLY_PERF_EXCLUDE_HV |	\
			 KTALLY_PERF_EXCLUDE_HOST | KTALLY_PERF_EXCLUDE_GUEST | KTALLY_PERF_PINNED)

/* Protects what follows and all of what counts. Inside session->lock; the hotplug lock is taken inside it, so hotplug callbacks must not. */
static DEFINE_MUTEX(counters_lock);
static LIST_HEAD(counting);

/* How often each CPU has come: a counter of an earlier life counts no more. */
static DEFINE_PER_CPU(unsigned int, lives);

bool ktally_counter_pinned(const struct ktally_counter *counter)
{
	return counter->config.flags & KTALLY_PERF_PINNED;
}

static struct perf_event *event_new(const struct ktally_counter_config *config, unsigned int cpu)
{
	struct perf_event_attr attr = {
		.size		= sizeof(attr),
		.type		= config->type,
		.config		= config->config,
		.config1	= config->config1,
		.config2	= config->config2,
		.disabled	= 1,
		.pinned		= !!(config->flags & KTALLY_PERF_PINNED),
		.exclude_user	= !!(config->flags & KTALLY_PERF_EXCLUDE_USER),
		.exclude_kernel	= !!(config->flags & KTALLY_PERF_EXCLUDE_KERNEL),
		.exclude_hv	= !!(config->flags & KTALLY_PERF_EXCLUDE_HV),
		.exclude_host	= !!(config->flags & KTALLY_PERF_EXCLUDE_HOST),
		.exclude_guest	= !!(config->flags & KTALLY_PERF_EXCLUDE_GUEST),
	};
	struct perf_event *event = ktally_perf_create(&attr, cpu, NULL, NULL);

	/* What counts for several CPUs at once, such as a memory controller, does so on one of them. */
	if (!IS_ERR(event) && event->cpu != cpu) {
		ktally_perf_release(event);
		return ERR_PTR(-ENODEV);
	}
	return event;
}

/* Not every CPU of a machine need have the PMU, nor be there now. */
static bool is_elsewhere(int err)
{
	return err == -ENOENT || err == -ENODEV;
}

static const char *refusal(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENODEV:
	case -EOPNOTSUPP:
		return "this machine has no such perf event: without a PMU only software events can be counted";
	case -EINVAL:
		return "the PMU has no such event, or cannot leave out what is to be left out";
	case -EACCES:
	case -EPERM:
		return "the kernel refuses this perf event: see kernel.perf_event_paranoid";
	case -EBUSY:
		return "the PMU is in use by something that does not share it";
	default:
		return "the kernel does not create this perf event";
	}
}

static int check_config(const struct ktally_counter_config *config, const char **why)
{
	if (config->type == PERF_TYPE_TRACEPOINT || config->type == PERF_TYPE_BREAKPOINT) {
		*why = "trace events and breakpoints are counted by probes";
		return -EINVAL;
	}
	if (config->flags & ~FLAGS_KNOWN) {
		*why = "a counter has neither frequency nor precision, and no unknown flag";
		return -EINVAL;
	}
	return 0;
}

static int try_somewhere(const struct ktally_counter_config *config, const char **why)
{
	struct perf_event *event = ERR_PTR(-ENODEV);
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		event = event_new(config, cpu);
		if (!IS_ERR(event)) {
			ktally_perf_release(event);
			return 0;
		}
		if (!is_elsewhere(PTR_ERR(event)))
			break;
	}
	*why = refusal(PTR_ERR(event));
	return PTR_ERR(event);
}

struct ktally_counter *ktally_counter_new(const struct ktally_counter_config *config, const char **why)
{
	struct ktally_counter *counter;
	int err = check_config(config, why);

	if (!err)
		err = try_somewhere(config, why);
	if (err)
		return ERR_PTR(err);
	counter = kzalloc(sizeof(*counter), GFP_KERNEL);
	if (!counter)
		return ERR_PTR(-ENOMEM);
	counter->config = *config;
	counter->here = alloc_percpu(struct ktally_counter_here);
	if (!counter->here) {
		kfree(counter);
		return ERR_PTR(-ENOMEM);
	}
	ktally_vmalloc_sync();
	return counter;
}

void ktally_counter_free(struct ktally_counter *counter)
{
	free_percpu(counter->here);
	kfree(counter->label);
	kfree(counter);
}

/* Makes a counter on a CPU, disabled. Return: 0, also where there is none for good reason */
static int count_here(struct ktally_counter *counter, unsigned int cpu)
{
	struct ktally_counter_here *here = per_cpu_ptr(counter->here, cpu);
	unsigned int life = READ_ONCE(per_cpu(lives, cpu));
	struct perf_event *event = event_new(&counter->config, cpu);

	if (IS_ERR(event))
		return is_elsewhere(PTR_ERR(event)) ? 0 : PTR_ERR(event);
	here->direct = ktally_perf_is_direct(event);
	here->life = life;
	here->counted = true;
	/* Pairs with ktally_counter_read(). */
	smp_store_release(&here->event, event);
	return 0;
}

/* Adds up what a counter says into @sum. */
static void add_event(struct ktally_counter_value *sum, struct perf_event *event)
{
	u64 enabled, running;

	sum->value += perf_event_read_value(event, &enabled, &running);
	sum->enabled += enabled;
	sum->running += running;
}

/* Takes a counter away from handlers; ktally_synchronize(), then end_here(). */
static void hide_here(struct ktally_counter_here *here)
{
	here->hidden = here->event;
	WRITE_ONCE(here->event, NULL);
}

static void end_here(struct ktally_counter_here *here, bool keep)
{
	struct ktally_counter_value sum = { .value = 0 };

	if (!here->hidden)
		return;
	if (keep) {
		add_event(&sum, here->hidden);
		here->before += sum.value;
		here->enabled += sum.enabled;
		here->running += sum.running;
	}
	ktally_perf_release(here->hidden);
	here->hidden = NULL;
}

#define ROOM_FOR(n)	"a CPU's hardware has room for only " n " of these pinned counters at a time: ask for fewer, or let them take turns (not pinned)"

/* Why a pinned counter found no place on its CPU: others of its PMU took them. */
static const char *no_room(const struct ktally_session *session, const struct perf_event *loser, unsigned int cpu)
{
	static const char *const sentences[] = {
		ROOM_FOR("0"), ROOM_FOR("1"), ROOM_FOR("2"), ROOM_FOR("3"), ROOM_FOR("4"), ROOM_FOR("5"), ROOM_FOR("6"), ROOM_FOR("7"),
		ROOM_FOR("8"), ROOM_FOR("9"), ROOM_FOR("10"), ROOM_FOR("11"), ROOM_FOR("12"), ROOM_FOR("13"), ROOM_FOR("14"), ROOM_FOR("15"),
	};
	unsigned int i, fit = 0;

	for (i = 0; i < session->nr_counters; i++) {
		struct perf_event *event = per_cpu_ptr(session->counters[i]->here, cpu)->event;

		if (ktally_counter_pinned(session->counters[i]) && event && event->pmu == loser->pmu &&
		    READ_ONCE(event->state) != PERF_EVENT_STATE_ERROR)
			fit++;
	}
	return fit < ARRAY_SIZE(sentences) ? sentences[fit] : ROOM_FOR("some");
}

static int check_room(const struct ktally_session *session, const char **why)
{
	unsigned int cpu, i;

	for_each_cpu(cpu, session->cpus) {
		for (i = 0; i < session->nr_counters; i++) {
			struct perf_event *event = per_cpu_ptr(session->counters[i]->here, cpu)->event;

			if (!event || READ_ONCE(event->state) != PERF_EVENT_STATE_ERROR)
				continue;
			*why = no_room(session, event, cpu);
			return -EBUSY;
		}
	}
	return 0;
}

/* All of them on all CPUs, not counting yet. */
static int make_all(struct ktally_session *session, const char **why)
{
	unsigned int cpu, i;
	int err;

	for (i = 0; i < session->nr_counters; i++) {
		struct ktally_counter *counter = session->counters[i];

		counter->cpus = session->cpus;
		list_add_tail(&counter->list, &counting);
		for_each_cpu(cpu, session->cpus) {
			err = count_here(counter, cpu);
			if (err) {
				*why = refusal(err);
				return err;
			}
		}
	}
	return 0;
}

/* CPU by CPU, so that the counters of one CPU cover the same time but for a few microseconds. */
static void enable_all(const struct ktally_session *session)
{
	unsigned int cpu, i;

	for_each_cpu(cpu, session->cpus) {
		for (i = 0; i < session->nr_counters; i++) {
			struct perf_event *event = per_cpu_ptr(session->counters[i]->here, cpu)->event;

			if (event)
				ktally_perf_enable(event);
		}
	}
}

/* Ends those that make_all() made, all of a CPU at about the same time, whatever the rest of it takes. */
static void end_all(struct ktally_session *session, bool keep)
{
	unsigned int cpu, i;

	for_each_cpu(cpu, session->cpus) {
		for (i = 0; i < session->nr_counters; i++) {
			struct ktally_counter_here *here = per_cpu_ptr(session->counters[i]->here, cpu);

			if (here->event)
				ktally_perf_disable(here->event);
			hide_here(here);
		}
	}
	ktally_synchronize();
	for (i = 0; i < session->nr_counters; i++) {
		struct ktally_counter *counter = session->counters[i];

		for_each_cpu(cpu, session->cpus)
			end_here(per_cpu_ptr(counter->here, cpu), keep);
		if (counter->cpus)
			list_del(&counter->list);
		counter->cpus = NULL;
	}
}

int ktally_counters_start(struct ktally_session *session, const char **why)
{
	int err;

	if (!session->nr_counters)
		return 0;
	mutex_lock(&counters_lock);
	err = make_all(session, why);
	if (!err) {
		enable_all(session);
		err = check_room(session, why);
	}
	if (err)
		end_all(session, false);
	mutex_unlock(&counters_lock);
	return err;
}

void ktally_counters_stop(struct ktally_session *session)
{
	if (!session->nr_counters)
		return;
	mutex_lock(&counters_lock);
	end_all(session, true);
	mutex_unlock(&counters_lock);
}

unsigned int ktally_counter_values(struct ktally_counter *counter, unsigned int first,
				   struct ktally_counter_value *values, unsigned int max)
{
	unsigned int cpu, nr = 0;

	mutex_lock(&counters_lock);
	for_each_possible_cpu(cpu) {
		struct ktally_counter_here *here = per_cpu_ptr(counter->here, cpu);

		if (nr == max)
			break;
		if (cpu < first || !here->counted)
			continue;
		values[nr].cpu = cpu;
		values[nr].reserved = 0;
		values[nr].value = here->before;
		values[nr].enabled = here->enabled;
		values[nr].running = here->running;
		if (here->event)
			add_event(&values[nr], here->event);
		nr++;
	}
	mutex_unlock(&counters_lock);
	return nr;
}

/* Puts a counter on a CPU that has come, where there is none or one of its last life. */
static void catch_up_here(struct ktally_counter *counter, unsigned int cpu)
{
	struct ktally_counter_here *here = per_cpu_ptr(counter->here, cpu);
	int err;

	if (here->event) {
		if (here->life == READ_ONCE(per_cpu(lives, cpu)))
			return;
		hide_here(here);
		ktally_synchronize();
		end_here(here, true);
	}
	err = count_here(counter, cpu);
	if (err)
		pr_warn("ktally: a counter does not count on CPU %u, which just came: error %d\n", cpu, err);
	else if (here->event)
		ktally_perf_enable(here->event);
}

static void catch_up(struct work_struct *work)
{
	struct ktally_counter *counter;
	unsigned int cpu;

	mutex_lock(&counters_lock);
	list_for_each_entry(counter, &counting, list)
		for_each_cpu(cpu, counter->cpus)
			if (cpu_online(cpu))
				catch_up_here(counter, cpu);
	mutex_unlock(&counters_lock);
}
static DECLARE_WORK(catch_up_work, catch_up);

void ktally_counters_cpu_came(unsigned int cpu)
{
	WRITE_ONCE(per_cpu(lives, cpu), per_cpu(lives, cpu) + 1);
	schedule_work(&catch_up_work);
}

void ktally_counters_uninit(void)
{
	cancel_work_sync(&catch_up_work);
}
