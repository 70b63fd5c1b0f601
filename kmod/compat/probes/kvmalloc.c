// SPDX-License-Identifier: GPL-2.0
// kvmalloc_node() and kvzalloc(): "mm: introduce kv[mz]alloc helpers", 4.12.
#include <linux/mm.h>
#include <linux/slab.h>

void *probe(size_t size);

void *probe(size_t size)
{
	return size & 1 ? kvzalloc(size, GFP_KERNEL) : kvzalloc_node(size, GFP_KERNEL, 0);
}
