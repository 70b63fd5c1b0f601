/* SPDX-License-Identifier: GPL-2.0 */
/* Tells when CPUs come and go. */
#ifndef _KTALLY_COMPAT_CPUHP_H
#define _KTALLY_COMPAT_CPUHP_H

/**
 * ktally_cpuhp_init() - be told from now on of CPUs that come and go
 * @online: called with a CPU that runs tasks again
 * @offline: called with a CPU that still runs tasks, but will not for long
 *
 * Neither is called for the CPUs that are online already. Both run in process context, on the
 * CPU itself or (before "cpu/hotplug: Implement setup/removal interface", 4.6) on the one that
 * changes it, with the hotplug lock held: they may sleep, but not call cpus_read_lock().
 *
 * Return: 0 or -errno.
 * Context: process, may sleep, without the hotplug lock. Once.
 */
int ktally_cpuhp_init(int (*online)(unsigned int cpu), int (*offline)(unsigned int cpu));

/**
 * ktally_cpuhp_exit() - be told no more
 *
 * Calls neither function. Context: process, may sleep, without the hotplug lock.
 */
void ktally_cpuhp_exit(void);

#endif /* _KTALLY_COMPAT_CPUHP_H */
