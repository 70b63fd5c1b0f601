// SPDX-License-Identifier: GPL-2.0
// kvmalloc_array() and kvcalloc(): 4.18.
#include <linux/mm.h>
#include <linux/slab.h>

void *probe(size_t n, size_t size);

void *probe(size_t n, size_t size)
{
	return size & 1 ? kvcalloc(n, size, GFP_KERNEL) : kvmalloc_array(n, size, GFP_KERNEL);
}
