// SPDX-License-Identifier: LGPL-2.1-or-later
/* Merges weighted stacks into a tree; children are found by a hash over (parent, name, class). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "calltree.h"

#define FIRST_NODES 1024U

struct ktally_calltree *ktally_calltree_new(void)
{
	struct ktally_calltree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->cap = FIRST_NODES;
	tree->mask = FIRST_NODES * 2 - 1;
	tree->nodes = calloc(tree->cap, sizeof(*tree->nodes));
	tree->slots = calloc(tree->mask + 1, sizeof(*tree->slots));
	if (!tree->nodes || !tree->slots) {
		ktally_calltree_free(tree);
		return NULL;
	}
	tree->nr = 1;
	return tree;
}

void ktally_calltree_free(struct ktally_calltree *tree)
{
	if (!tree)
		return;
	free(tree->nodes);
	free(tree->slots);
	free(tree);
}

static uint32_t hash(uint32_t parent, const struct ktally_call_step *step)
{
	uint64_t h = ((uint64_t)parent << 32 | step->name) * 0x9e3779b97f4a7c15ULL;

	return (h >> 32) + step->class * 0x85ebca6bU;
}

static uint32_t *find(struct ktally_calltree *tree, uint32_t parent, const struct ktally_call_step *step)
{
	uint32_t at = hash(parent, step) & tree->mask;
	const struct ktally_node *node;

	while (tree->slots[at]) {
		node = &tree->nodes[tree->slots[at]];
		if (node->parent == parent && node->step.name == step->name && node->step.class == step->class)
			break;
		at = (at + 1) & tree->mask;
	}
	return &tree->slots[at];
}

static int grow(struct ktally_calltree *tree)
{
	uint32_t cap = tree->cap * 2, i;
	struct ktally_node *nodes = realloc(tree->nodes, cap * sizeof(*nodes));
	uint32_t *slots;

	if (!nodes)
		return -ENOMEM;
	tree->nodes = nodes;
	slots = calloc(cap * 2, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(tree->slots);
	tree->slots = slots;
	tree->cap = cap;
	tree->mask = cap * 2 - 1;
	for (i = 1; i < tree->nr; i++)
		*find(tree, nodes[i].parent, &nodes[i].step) = i;
	return 0;
}

static int64_t child(struct ktally_calltree *tree, uint32_t parent, const struct ktally_call_step *step)
{
	uint32_t *slot = find(tree, parent, step);
	struct ktally_node *node;

	if (*slot)
		return *slot;
	if (tree->nr == tree->cap) {
		if (grow(tree))
			return -ENOMEM;
		slot = find(tree, parent, step);
	}
	node = &tree->nodes[tree->nr];
	memset(node, 0, sizeof(*node));
	node->step = *step;
	node->parent = parent;
	node->next = tree->nodes[parent].first_child;
	tree->nodes[parent].first_child = tree->nr;
	*slot = tree->nr;
	return tree->nr++;
}

int ktally_calltree_add(struct ktally_calltree *tree, const struct ktally_call_step *steps, unsigned int nr, uint64_t weight)
{
	unsigned int i;
	int64_t at = 0;

	if (tree->nodes[0].total + weight < weight)
		return -EOVERFLOW;
	tree->nodes[0].total += weight;
	for (i = 0; i < nr; i++) {
		at = child(tree, at, &steps[i]);
		if (at < 0)
			return at;
		tree->nodes[at].total += weight;
	}
	tree->nodes[at].self += weight;
	return 0;
}

struct sort_context {
	const struct ktally_calltree *tree;
	const struct ktally_strtab *names;
};

static int by_name(const void *a, const void *b, void *arg)
{
	const struct sort_context *context = arg;
	const struct ktally_call_step *x = &context->tree->nodes[*(const uint32_t *)a].step;
	const struct ktally_call_step *y = &context->tree->nodes[*(const uint32_t *)b].step;
	int order = strcmp(ktally_strtab_get(context->names, x->name), ktally_strtab_get(context->names, y->name));

	return order ? order : (int)x->class - (int)y->class;
}

static void sort_children(struct ktally_calltree *tree, uint32_t parent, uint32_t *list, struct sort_context *context)
{
	uint32_t nr = 0, at;

	for (at = tree->nodes[parent].first_child; at; at = tree->nodes[at].next)
		list[nr++] = at;
	if (nr < 2)
		return;
	qsort_r(list, nr, sizeof(*list), by_name, context);
	tree->nodes[parent].first_child = list[0];
	for (at = 0; at < nr; at++)
		tree->nodes[list[at]].next = at + 1 < nr ? list[at + 1] : 0;
}

int ktally_calltree_sort(struct ktally_calltree *tree, const struct ktally_strtab *names)
{
	struct sort_context context = { tree, names };
	uint32_t *list = malloc(tree->nr * sizeof(*list)), i;

	if (!list)
		return -ENOMEM;
	for (i = 0; i < tree->nr; i++)
		sort_children(tree, i, list, &context);
	free(list);
	return 0;
}

unsigned int ktally_calltree_depth(const struct ktally_calltree *tree)
{
	unsigned int deepest = 0, depth;
	uint32_t i, at;

	for (i = 1; i < tree->nr; i++) {
		if (tree->nodes[i].first_child)
			continue;
		depth = 0;
		for (at = i; at; at = tree->nodes[at].parent)
			depth++;
		if (depth > deepest)
			deepest = depth;
	}
	return deepest;
}
