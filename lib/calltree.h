/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Weighted stacks merged into a tree: equal paths from the root share their nodes.
 */
#ifndef KTALLY_CALLTREE_H
#define KTALLY_CALLTREE_H

#include <stddef.h>
#include <stdint.h>

#include "strtab.h"

/**
 * enum ktally_frame_class - what a node of the tree stands for
 * @KTALLY_CLASS_INLINED: user code without a call of its own
 * @KTALLY_CLASS_NOTE: no frame at all: a table's name, the other row, a stack that was lost
 */
enum ktally_frame_class {
	KTALLY_CLASS_PROCESS,
	KTALLY_CLASS_USER,
	KTALLY_CLASS_INLINED,
	KTALLY_CLASS_KERNEL,
	KTALLY_CLASS_MODULE,
	KTALLY_CLASS_NOTE,
};

/** struct ktally_call_step - one frame of a path; @name and @module are numbers in the string table */
struct ktally_call_step {
	uint32_t name, module;
	enum ktally_frame_class class;
};

/** struct ktally_node - @first_child, @next: node numbers, 0 is "none"; node 0 is the root. @total includes the children */
struct ktally_node {
	uint64_t self, total;
	struct ktally_call_step step;
	uint32_t parent, first_child, next;
};

struct ktally_calltree {
	struct ktally_node *nodes;
	uint32_t nr, cap;
	uint32_t *slots;
	uint32_t mask;
};

struct ktally_calltree *ktally_calltree_new(void);
void ktally_calltree_free(struct ktally_calltree *tree);
/** ktally_calltree_add - add @weight to the path @steps, outermost first. Return: 0, -ENOMEM, -EOVERFLOW */
int ktally_calltree_add(struct ktally_calltree *tree, const struct ktally_call_step *steps, unsigned int nr, uint64_t weight);
/** ktally_calltree_sort - children by name. Return: 0, -ENOMEM */
int ktally_calltree_sort(struct ktally_calltree *tree, const struct ktally_strtab *names);
/** ktally_calltree_depth - levels below the root */
unsigned int ktally_calltree_depth(const struct ktally_calltree *tree);

#endif
