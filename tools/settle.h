/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes every CPU switch tasks once, so that what is told at switches is told of tasks that just run on. */
#ifndef _KTALLY_SETTLE_H
#define _KTALLY_SETTLE_H

/** settle_cpus - visit each of @nr_cpus CPUs for a moment; one that cannot be visited (offline, not allowed) is left out */
void settle_cpus(unsigned int nr_cpus);

#endif /* _KTALLY_SETTLE_H */
