/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Large pieces of memory that are read here and there. */
#ifndef KTALLY_BLOCK_H
#define KTALLY_BLOCK_H

#include <stdlib.h>
#include <sys/mman.h>

#define KTALLY_BLOCK ((size_t)2 << 20)

/**
 * ktally_block_alloc - as malloc(), for free(); of KTALLY_BLOCK and more in large pages, if the kernel has some
 * What is read here and there waits for page tables as often as for memory, and each small page is a fault at its first use.
 */
static inline void *ktally_block_alloc(size_t size)
{
	size_t whole = (size + KTALLY_BLOCK - 1) & ~(KTALLY_BLOCK - 1);
	void *block;

	if (size < KTALLY_BLOCK || whole < size)
		return malloc(size);
	block = aligned_alloc(KTALLY_BLOCK, whole);
	if (block)
		madvise(block, whole, MADV_HUGEPAGE);	/* advice: without it all works as well */
	return block;
}

#endif /* KTALLY_BLOCK_H */
