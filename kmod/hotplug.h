/* SPDX-License-Identifier: GPL-2.0 */
/* CPUs that come and go, for probes that are attached CPU by CPU. */
#ifndef _KTALLY_HOTPLUG_H
#define _KTALLY_HOTPLUG_H

struct ktally_probe;

int ktally_hotplug_init(void);
void ktally_hotplug_uninit(void);

/**
 * ktally_hotplug_add() - attach a probe on every CPU, now and as they come
 * @probe: whose ops have cpu_start and cpu_stop
 *
 * Return: 0, or -errno and the probe is attached nowhere.
 * Context: process.
 */
int ktally_hotplug_add(struct ktally_probe *probe);

/** ktally_hotplug_remove() - detach it everywhere. Context: process. */
void ktally_hotplug_remove(struct ktally_probe *probe);

#endif /* _KTALLY_HOTPLUG_H */
