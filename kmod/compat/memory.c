// SPDX-License-Identifier: GPL-2.0
/* The kvmalloc() family for kernels that lack it or parts of it; see include/linux/slab.h. */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#ifndef KTALLY_HAVE_KVMALLOC
void *ktally_kvmalloc_node(size_t size, gfp_t flags, int node)
{
	void *memory = NULL;

	/* A large contiguous block is not worth reclaim, nor a warning. */
	if (size <= PAGE_SIZE << PAGE_ALLOC_COSTLY_ORDER)
		memory = kmalloc_node(size, flags | (size > PAGE_SIZE ?
				      __GFP_NOWARN | __GFP_NORETRY : 0), node);
	if (memory || size <= PAGE_SIZE)
		return memory;
	return flags & __GFP_ZERO ? vzalloc_node(size, node) : vmalloc_node(size, node);
}
#endif

#ifndef KTALLY_HAVE_KVCALLOC
void *ktally_kvmalloc_array(size_t n, size_t size, gfp_t flags)
{
	size_t bytes = array_size(n, size);

	return bytes == (size_t)-1 ? NULL : kvmalloc(bytes, flags);
}
#endif

#ifndef KTALLY_HAVE_KVFREE
void ktally_kvfree(const void *memory)
{
	if (is_vmalloc_addr(memory))
		vfree(memory);
	else
		kfree(memory);
}
#endif
