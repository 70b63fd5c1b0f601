/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adds the records of a measurement up as the kernel adds up others: for keys that only we can make, which are stacks unwound from dumps. */
#ifndef _KTALLY_RUN_GATHER_H
#define _KTALLY_RUN_GATHER_H

#include "run.h"

/** run_gather_open - records of probe @probe become a table; of dumps @depth frames are kept. Return: exit code */
int run_gather_open(struct run *run, unsigned int probe, unsigned int depth);
/** run_gather_add - one EVENT record */
void run_gather_add(struct run *run, const struct ktally_record *record, unsigned int cpu);
/** run_gather_finish - all records were added, and the snapshot was taken. Return: exit code */
int run_gather_finish(struct run *run);
/** run_gather_snapshot - that snapshot with the table */
struct ktally_snapshot *run_gather_snapshot(struct run *run);
void run_gather_free(struct run *run);

#endif /* _KTALLY_RUN_GATHER_H */
