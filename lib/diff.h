/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of comparing: two reports as one tree of stacks. */
#ifndef KTALLY_DIFF_H
#define KTALLY_DIFF_H

#include "calltree.h"
#include "export.h"

/**
 * struct ktally_diff_trees - the stacks of both reports, each in a tree with the nodes of both: node n of one is node n of the other
 * @factor: that weights of the first are multiplied with
 */
struct ktally_diff_trees {
	struct ktally_calltree *tree[2];
	struct ktally_strtab *names;
	struct ktally_weight weight;
	double factor;
};
int ktally_diff_trees(struct ktally_diff_trees *trees, const struct ktally_report *before, const struct ktally_report *after,
		      enum ktally_diff_scale scale, struct ktally_error *err);
void ktally_diff_trees_free(struct ktally_diff_trees *trees);

/** ktally_diff_weight - what both weigh. Return: 0; -EINVAL: not the same */
int ktally_diff_weight(const struct ktally_report *before, const struct ktally_report *after, struct ktally_weight *weight, struct ktally_error *err);
/** ktally_diff_factor - what the first is multiplied with. Return: 0; -EINVAL: it cannot be said */
int ktally_diff_factor(const struct ktally_report *before, const struct ktally_report *after, const uint64_t total[2], enum ktally_diff_scale scale,
		       double *factor, struct ktally_error *err);

#endif /* KTALLY_DIFF_H */
