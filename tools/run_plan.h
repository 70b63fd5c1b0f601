/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the events of a measurement need around them: the scope, rings, room for stacks, the processes' mappings. */
#ifndef _KTALLY_RUN_PLAN_H
#define _KTALLY_RUN_PLAN_H

#include <stdio.h>

#include "run.h"

/** run_plan_has - is there a key or a record's value of that kind? */
bool run_plan_has(const struct ktally_plan *plan, enum ktally_kind kind);
/** run_plan_names_user - are there addresses of processes to be named? */
bool run_plan_names_user(const struct ktally_plan *plan);
/** run_plan_emits - does a program write records? */
bool run_plan_emits(const struct ktally_plan *plan);
/** run_plan_processes - add the probe that records process life. Return: exit code */
int run_plan_processes(struct ktally_plan *plan);
/**
 * run_plan_cgroups - choose the hierarchy that the plan's keys are about; where they name containers, learn of these and have new ones told
 * @ring: of the plan where it has none, 0: without one new ones are not told
 * Return: exit code
 */
int run_plan_cgroups(struct ktally_plan *plan, uint64_t features, uint32_t ring);
/** run_plan_complete - add to the compiled events what they need. Return: exit code */
int run_plan_complete(struct run *run);
/** run_plan_show - counters, pairs, and every program, disassembled */
void run_plan_show(const struct ktally_plan *plan, FILE *out);

#endif /* _KTALLY_RUN_PLAN_H */
