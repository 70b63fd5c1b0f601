/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the user stacks of a measurement are walked: by tables that the module gets, by frame pointers, or by us from dumps. */
#ifndef _KTALLY_RUN_UNWIND_H
#define _KTALLY_RUN_UNWIND_H

#include "run.h"

/** run_unwind_dumps - was --unwind dump given? */
bool run_unwind_dumps(const struct run *run);
/** run_unwind_plan - give the session what walking by tables needs, if it walks user stacks. Return: exit code */
int run_unwind_plan(struct run *run);
/** run_unwind_open - the session is made: learn the processes in its scope and give tables, for a few seconds at most. Return: exit code */
int run_unwind_open(struct run *run);
/** run_unwind_started - the session runs: learn what has changed in between. Return: exit code */
int run_unwind_started(struct run *run);
/** run_unwind_poll - give tables of files that were met since. Return: exit code */
int run_unwind_poll(struct run *run);
/** run_unwind_results - what walking came to, of a session that still is there. Return: exit code */
int run_unwind_results(struct run *run);

/** run_unwind_tell - what was done for it, on stderr with --verbose */
void run_unwind_tell(const struct run *run);

#endif /* _KTALLY_RUN_UNWIND_H */
