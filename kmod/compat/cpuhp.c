// SPDX-License-Identifier: GPL-2.0
/* Tells when CPUs come and go, by whichever of the kernel's two ways it has. */
#include <linux/cpu.h>
#include <linux/notifier.h>

#include "compat/cpuhp.h"

#ifdef KTALLY_HAVE_CPUHP
#include <linux/cpuhotplug.h>

static enum cpuhp_state state;

int ktally_cpuhp_init(int (*online)(unsigned int cpu), int (*offline)(unsigned int cpu))
{
	int result = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "ktally:online",
					       online, offline);

	if (result < 0)
		return result;
	state = result;
	return 0;
}

void ktally_cpuhp_exit(void)
{
	cpuhp_remove_state_nocalls(state);
}

#else

static int (*cpu_online_fn)(unsigned int cpu);
static int (*cpu_offline_fn)(unsigned int cpu);

static int notify(struct notifier_block *block, unsigned long action, void *data)
{
	unsigned int cpu = (unsigned long)data;

	switch (action & ~CPU_TASKS_FROZEN) {
	case CPU_ONLINE:
	case CPU_DOWN_FAILED:
		return notifier_from_errno(cpu_online_fn(cpu));
	case CPU_DOWN_PREPARE:
		return notifier_from_errno(cpu_offline_fn(cpu));
	}
	return NOTIFY_DONE;
}

static struct notifier_block notifier = { .notifier_call = notify };

int ktally_cpuhp_init(int (*online)(unsigned int cpu), int (*offline)(unsigned int cpu))
{
	cpu_online_fn = online;
	cpu_offline_fn = offline;
	return register_cpu_notifier(&notifier);
}

void ktally_cpuhp_exit(void)
{
	unregister_cpu_notifier(&notifier);
}

#endif
