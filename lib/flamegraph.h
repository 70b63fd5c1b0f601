/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Drawing a flame graph of a tree of stacks, alone or beside an earlier one. */
#ifndef KTALLY_FLAMEGRAPH_H
#define KTALLY_FLAMEGRAPH_H

#include "export.h"

/**
 * struct ktally_flamegraph - what is drawn
 * @report: what it is of, for the head
 * @before: nodes of a tree of the same shape: colour says the change; NULL: colour says what a frame is
 * @before_report, @factor: what these are of, and what their weights are multiplied with
 */
struct ktally_flamegraph {
	const struct ktally_report *report;
	const struct ktally_weight *weight;
	const struct ktally_calltree *tree;
	const struct ktally_strtab *names;
	const struct ktally_node *before;
	const struct ktally_report *before_report;
	double factor;
};
/** ktally_flamegraph_draw - Return: 0; -ENODATA: there is nothing to draw; -ENOMEM */
int ktally_flamegraph_draw(const struct ktally_flamegraph *flame, FILE *out, struct ktally_error *err);

#endif
