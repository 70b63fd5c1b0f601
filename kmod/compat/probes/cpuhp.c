// SPDX-License-Identifier: GPL-2.0
// cpuhp_setup_state_nocalls(): "cpu/hotplug: Implement setup/removal interface", 4.6;
// CPUHP_AP_ONLINE_DYN.
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>

int probe(int (*online)(unsigned int cpu));

int probe(int (*online)(unsigned int cpu))
{
	return cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "probe", online, online);
}
