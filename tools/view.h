/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands that are views share: titles for the columns of a table, kinds for its keys, the run from text to result. */
#ifndef _KTALLY_VIEW_H
#define _KTALLY_VIEW_H

#include "run.h"

/** struct view_title - the column called @name ("sum(lat)") is shown as @title */
struct view_title {
	const char *name, *title;
};

/** view_titles - of every table of @plan; @titles ends with a NULL name */
void view_titles(struct ktally_plan *plan, const struct view_title *titles);
/** view_key - key number @n of every table is called @name (NULL: as it was) and is shown as @kind */
void view_key(struct ktally_plan *plan, unsigned int n, const char *name, enum ktally_kind kind);
/**
 * view_names - tables are called @name in results, probes and pairs by their sources, without the attributes that nobody typed
 * After the last event.
 */
void view_names(struct ktally_plan *plan, const char *name);
/** view_measure - run_measure and run_report, if @status is EXIT_OK so far, then run_close. Return: exit code */
int view_measure(struct run *run, int status);

#endif /* _KTALLY_VIEW_H */
