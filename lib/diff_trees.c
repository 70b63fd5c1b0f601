// SPDX-License-Identifier: LGPL-2.1-or-later
/* The stacks of two reports as one tree with two weights; and how weights of different runs are made comparable. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "export_folded.h"
#include "flamegraph.h"

int ktally_diff_weight(const struct ktally_report *before, const struct ktally_report *after, struct ktally_weight *weight, struct ktally_error *err)
{
	struct ktally_weight first;

	ktally_weight_choose(before, &first);
	ktally_weight_choose(after, weight);
	if (first.unit == weight->unit && !strcmp(first.name, weight->name))
		return 0;
	return ktally_fail(err, -EINVAL, "these cannot be compared: the first counts %s, the second %s", first.name, weight->name);
}

/* Samples of different periods stand for different times. */
int ktally_diff_factor(const struct ktally_report *before, const struct ktally_report *after, const uint64_t total[2], enum ktally_diff_scale scale,
		       double *factor, struct ktally_error *err)
{
	double periods = before->period_ns && after->period_ns ? (double)before->period_ns / after->period_ns : 1;

	if (scale == KTALLY_DIFF_TOTAL && (!total[0] || !total[1]))
		return ktally_fail(err, -EINVAL, "the %s of them saw nothing: there is no share to compare", total[0] ? "second" : "first");
	if (scale == KTALLY_DIFF_DURATION && (!before->duration_ns || !after->duration_ns))
		return ktally_fail(err, -EINVAL, "the %s of them does not say how long it lasted", before->duration_ns ? "second" : "first");
	*factor = periods;
	if (scale == KTALLY_DIFF_TOTAL)
		*factor = (double)total[1] / total[0];
	else if (scale == KTALLY_DIFF_DURATION)
		*factor = periods * after->duration_ns / before->duration_ns;
	return 0;
}

struct adding {
	struct ktally_calltree **tree;
	unsigned int side;
};

static int add_path(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	struct adding *adding = arg;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < 2 && !ret; i++)
		ret = ktally_calltree_add(adding->tree[i], path->steps, path->nr, i == adding->side ? path->weight : 0);
	return ret ? ktally_fail(err, ret, "the stacks cannot be added up: %s", strerror(-ret)) : 0;
}

int ktally_diff_trees(struct ktally_diff_trees *trees, const struct ktally_report *before, const struct ktally_report *after,
		      enum ktally_diff_scale scale, struct ktally_error *err)
{
	struct adding adding = { .tree = trees->tree };
	uint64_t total[2];
	int ret;

	memset(trees, 0, sizeof(*trees));
	ret = ktally_diff_weight(before, after, &trees->weight, err);
	if (ret)
		return ret;
	trees->names = ktally_strtab_new();
	trees->tree[0] = ktally_calltree_new();
	trees->tree[1] = ktally_calltree_new();
	ret = trees->names && trees->tree[0] && trees->tree[1] ? 0 : ktally_fail(err, -ENOMEM, "out of memory");
	if (!ret)
		ret = ktally_walk_stacks(before, &trees->weight, KTALLY_WALK_ROOTS, trees->names, add_path, &adding, err);
	adding.side = 1;
	if (!ret)
		ret = ktally_walk_stacks(after, &trees->weight, KTALLY_WALK_ROOTS, trees->names, add_path, &adding, err);
	if (!ret && (ktally_calltree_sort(trees->tree[0], trees->names) || ktally_calltree_sort(trees->tree[1], trees->names)))
		ret = ktally_fail(err, -ENOMEM, "out of memory");
	if (!ret) {
		total[0] = trees->tree[0]->nodes[0].total;
		total[1] = trees->tree[1]->nodes[0].total;
		ret = ktally_diff_factor(before, after, total, scale, &trees->factor, err);
	}
	if (ret)
		ktally_diff_trees_free(trees);
	return ret;
}

void ktally_diff_trees_free(struct ktally_diff_trees *trees)
{
	ktally_calltree_free(trees->tree[0]);
	ktally_calltree_free(trees->tree[1]);
	ktally_strtab_free(trees->names);
	memset(trees, 0, sizeof(*trees));
}

/* ---- two columns of folded stacks ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *two_columns(const struct ktally_diff_trees *trees, uint32_t node, uint32_t *path)
{
	char *stack = ktally_folded_line(trees->tree[1], trees->names, node, path), *line = NULL;
	long long before = llround(trees->tree[0]->nodes[node].self * trees->factor);

	if (stack && asprintf(&line, "%s %lld %" PRIu64, stack, before, trees->tree[1]->nodes[node].self) < 0)
		line = NULL;
	free(stack);
	return line;
}

int ktally_diff_folded(const struct ktally_report *before, const struct ktally_report *after, enum ktally_diff_scale scale, FILE *out,
		       struct ktally_error *err)
{
	struct ktally_diff_trees trees;
	uint32_t *path, nr = 0, i;
	char **lines;
	int ret = ktally_diff_trees(&trees, before, after, scale, err);

	if (ret)
		return ret;
	lines = calloc(trees.tree[1]->nr, sizeof(*lines));
	path = calloc(trees.tree[1]->nr, sizeof(*path));
	for (i = 1; lines && path && i < trees.tree[1]->nr && !ret; i++) {
		if (!trees.tree[0]->nodes[i].self && !trees.tree[1]->nodes[i].self)
			continue;
		lines[nr] = two_columns(&trees, i, path);
		ret = lines[nr++] ? 0 : -ENOMEM;
	}
	if (!lines || !path || ret)
		ret = ktally_fail(err, -ENOMEM, "out of memory");
	if (!ret && nr)
		qsort(lines, nr, sizeof(*lines), by_text);
	for (i = 0; i < nr; i++) {
		if (!ret)
			fprintf(out, "%s\n", lines[i]);
		free(lines[i]);
	}
	free(lines);
	free(path);
	ktally_diff_trees_free(&trees);
	return ret;
}

/* ---- */

int ktally_diff_flamegraph(const struct ktally_report *before, const struct ktally_report *after, enum ktally_diff_scale scale, FILE *out,
			   struct ktally_error *err)
{
	struct ktally_flamegraph flame = { .report = after, .before_report = before };
	struct ktally_diff_trees trees;
	int ret = ktally_diff_trees(&trees, before, after, scale, err);

	if (ret)
		return ret;
	flame.weight = &trees.weight;
	flame.tree = trees.tree[1];
	flame.names = trees.names;
	flame.before = trees.tree[0]->nodes;
	flame.factor = trees.factor;
	ret = ktally_flamegraph_draw(&flame, out, err);
	ktally_diff_trees_free(&trees);
	return ret;
}
