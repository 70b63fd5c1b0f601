// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that come and go, for probes that are attached CPU by CPU.
 *
 * The kernel calls back with its own hotplug lock held, and registering kprobes and tracepoints takes that lock. So the
 * callbacks must not need a session's lock: hotplug_lock protects the list and the set of usable CPUs, nothing else
 * is taken inside it, and a probe is attached under it.
 *
 * Sources that take the kernel's hotplug lock themselves when they begin or stop on a CPU (ops->late) cannot be called from
 * there at all. Theirs are perf counters, which the kernel takes off a CPU that goes; a work replaces them soon after
 * it has come. late_lock protects these, and no callback takes it.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/workqueue.h>
#include "compat/cpuhp.h"
#include "counter.h"
#include "hotplug.h"
#include "probe.h"
#include "source.h"

static DEFINE_MUTEX(hotplug_lock);
static LIST_HEAD(probes);
static struct cpumask usable;

static DEFINE_MUTEX(late_lock);
static LIST_HEAD(late_probes);
static struct cpumask came;

static void warn_not_attached(unsigned int cpu)
{
	pr_warn("ktally: a probe could not be attached on CPU %u, which just came: it does not count there\n", cpu);
}

static void attach_late(struct work_struct *work)
{
	struct ktally_probe *probe;
	unsigned int cpu;

	mutex_lock(&late_lock);
	for_each_possible_cpu(cpu) {
		if (!cpumask_test_and_clear_cpu(cpu, &came))
			continue;
		list_for_each_entry(probe, &late_probes, hotplug) {
			probe->ops->cpu_stop(probe, cpu);
			/* If it has gone again it will come again. */
			if (probe->ops->cpu_start(probe, cpu) && cpu_online(cpu))
				warn_not_attached(cpu);
		}
	}
	mutex_unlock(&late_lock);
}
static DECLARE_WORK(late_work, attach_late);

static int cpu_came(unsigned int cpu)
{
	struct ktally_probe *probe;

	mutex_lock(&hotplug_lock);
	cpumask_set_cpu(cpu, &usable);
	list_for_each_entry(probe, &probes, hotplug)
		if (probe->ops->cpu_start(probe, cpu))
			warn_not_attached(cpu);
	mutex_unlock(&hotplug_lock);
	cpumask_set_cpu(cpu, &came);
	schedule_work(&late_work);
	ktally_counters_cpu_came(cpu);
	return 0;
}

static int cpu_goes(unsigned int cpu)
{
	struct ktally_probe *probe;

	mutex_lock(&hotplug_lock);
	cpumask_clear_cpu(cpu, &usable);
	list_for_each_entry(probe, &probes, hotplug)
		probe->ops->cpu_stop(probe, cpu);
	mutex_unlock(&hotplug_lock);
	return 0;
}

/* Attaches a probe on these CPUs, or on none. */
static int start_on(struct ktally_probe *probe, const struct cpumask *cpus)
{
	unsigned int cpu, done;
	int err;

	for_each_cpu(cpu, cpus) {
		err = probe->ops->cpu_start(probe, cpu);
		/* A late one may miss a CPU that just goes. */
		if (!err || (probe->ops->late && !cpu_online(cpu)))
			continue;
		for_each_cpu(done, cpus) {
			if (done == cpu)
				break;
			probe->ops->cpu_stop(probe, done);
		}
		return err;
	}
	return 0;
}

static int add_late(struct ktally_probe *probe)
{
	int err;

	mutex_lock(&late_lock);
	err = start_on(probe, cpu_online_mask);
	if (!err)
		list_add_tail(&probe->hotplug, &late_probes);
	mutex_unlock(&late_lock);
	return err;
}

int ktally_hotplug_add(struct ktally_probe *probe)
{
	int err;

	if (probe->ops->late)
		return add_late(probe);
	mutex_lock(&hotplug_lock);
	err = start_on(probe, &usable);
	if (!err)
		list_add_tail(&probe->hotplug, &probes);
	mutex_unlock(&hotplug_lock);
	return err;
}

static void remove_late(struct ktally_probe *probe)
{
	unsigned int cpu;

	mutex_lock(&late_lock);
	list_del(&probe->hotplug);
	for_each_possible_cpu(cpu)
		probe->ops->cpu_stop(probe, cpu);
	mutex_unlock(&late_lock);
}

void ktally_hotplug_remove(struct ktally_probe *probe)
{
	unsigned int cpu;

	if (probe->ops->late) {
		remove_late(probe);
		return;
	}
	mutex_lock(&hotplug_lock);
	list_del(&probe->hotplug);
	for_each_cpu(cpu, &usable)
		probe->ops->cpu_stop(probe, cpu);
	mutex_unlock(&hotplug_lock);
}

int ktally_hotplug_init(void)
{
	int err = ktally_cpuhp_init(cpu_came, cpu_goes);

	if (err)
		return err;
	cpus_read_lock();
	mutex_lock(&hotplug_lock);
	cpumask_copy(&usable, cpu_online_mask);
	mutex_unlock(&hotplug_lock);
	cpus_read_unlock();
	return 0;
}

void ktally_hotplug_uninit(void)
{
	ktally_cpuhp_exit();
	cancel_work_sync(&late_work);
	ktally_counters_uninit();
}
