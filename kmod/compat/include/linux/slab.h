/* SPDX-License-Identifier: GPL-2.0 */
/* The kvmalloc() family on kernels that lack it. */
#ifndef _KTALLY_SHIM_LINUX_SLAB_H
#define _KTALLY_SHIM_LINUX_SLAB_H

#include_next <linux/slab.h>

/* "mm: introduce kv[mz]alloc helpers", 4.12; kvcalloc() is of 4.18, kvfree() of 3.15. */
#ifndef KTALLY_HAVE_KVMALLOC
void *ktally_kvmalloc_node(size_t size, gfp_t flags, int node);
#define kvmalloc(size, flags)		ktally_kvmalloc_node(size, flags, -1)
#define kvmalloc_node(size, flags, node) ktally_kvmalloc_node(size, flags, node)
#define kvzalloc(size, flags)		ktally_kvmalloc_node(size, (flags) | __GFP_ZERO, -1)
#define kvzalloc_node(size, flags, node) ktally_kvmalloc_node(size, (flags) | __GFP_ZERO, node)
#endif
#ifndef KTALLY_HAVE_KVCALLOC
void *ktally_kvmalloc_array(size_t n, size_t size, gfp_t flags);
#define kvmalloc_array(n, size, flags)	ktally_kvmalloc_array(n, size, flags)
#define kvcalloc(n, size, flags)	ktally_kvmalloc_array(n, size, (flags) | __GFP_ZERO)
#endif
#ifndef KTALLY_HAVE_KVFREE
void ktally_kvfree(const void *memory);
#define kvfree(memory)			ktally_kvfree(memory)
#endif

#endif /* _KTALLY_SHIM_LINUX_SLAB_H */
