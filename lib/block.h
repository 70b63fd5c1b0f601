/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Large pieces of memory that will be filled. */
#ifndef KTALLY_BLOCK_H
#define KTALLY_BLOCK_H

#include <stdlib.h>
#include <sys/mman.h>

#define KTALLY_BLOCK	((size_t)2 << 20)
#define KTALLY_PAGE	((size_t)64 << 10)	/* or a part of that */
#define KTALLY_POPULATE	23			/* MADV_POPULATE_WRITE, since 5.14; older kernels refuse it */

/**
 * ktally_block_alloc - as malloc(), for free(); of KTALLY_BLOCK and more with all its pages at once, if the kernel can
 * Else each page is a fault at its first use. Large pages are not asked for: where memory is in pieces the kernel first moves others
 * aside, which takes longer than all faults.
 */
static inline void *ktally_block_alloc(size_t size)
{
	size_t whole = (size + KTALLY_PAGE - 1) & ~(KTALLY_PAGE - 1);
	void *block;

	if (size < KTALLY_BLOCK || whole < size)
		return malloc(size);
	block = aligned_alloc(KTALLY_PAGE, whole);
	if (block)
		madvise(block, whole, KTALLY_POPULATE);	/* advice: without it all works as well */
	return block;
}

#endif /* KTALLY_BLOCK_H */
