// SPDX-License-Identifier: GPL-2.0
/*
 * CPUs that come and go, for probes that are attached CPU by CPU.
 *
 * The kernel calls back with its own hotplug lock held, and registering kprobes and tracepoints takes that lock. So the
 * callbacks must not need a session's lock: hotplug_lock protects the list and the set of usable CPUs, nothing else
 * is taken inside it, and a probe is attached under it.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include "compat/cpuhp.h"
#include "counter.h"
#include "hotplug.h"
#include "probe.h"
#include "source.h"

static DEFINE_MUTEX(hotplug_lock);
static LIST_HEAD(probes);
static struct cpumask usable;

static int cpu_came(unsigned int cpu)
{
	struct ktally_probe *probe;

	mutex_lock(&hotplug_lock);
	cpumask_set_cpu(cpu, &usable);
	list_for_each_entry(probe, &probes, hotplug)
		if (probe->ops->cpu_start(probe, cpu))
			pr_warn("ktally: a probe could not be attached on CPU %u, which just came: it does not count there\n",
				cpu);
	mutex_unlock(&hotplug_lock);
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

int ktally_hotplug_add(struct ktally_probe *probe)
{
	unsigned int cpu, done;
	int err = 0;

	mutex_lock(&hotplug_lock);
	for_each_cpu(cpu, &usable) {
		err = probe->ops->cpu_start(probe, cpu);
		if (err)
			break;
	}
	if (!err) {
		list_add_tail(&probe->hotplug, &probes);
	} else {
		for_each_cpu(done, &usable) {
			if (done == cpu)
				break;
			probe->ops->cpu_stop(probe, done);
		}
	}
	mutex_unlock(&hotplug_lock);
	return err;
}

void ktally_hotplug_remove(struct ktally_probe *probe)
{
	unsigned int cpu;

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
	ktally_counters_uninit();
}
