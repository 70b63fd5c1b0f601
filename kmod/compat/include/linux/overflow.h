/* SPDX-License-Identifier: GPL-2.0 */
/* struct_size() and array_size(): "overflow.h: Add allocation size calculation helpers", 4.18. */
#ifndef _KTALLY_SHIM_LINUX_OVERFLOW_H
#define _KTALLY_SHIM_LINUX_OVERFLOW_H

#ifdef KTALLY_HAVE_HEADER_OVERFLOW
#include_next <linux/overflow.h>
#endif

#ifndef KTALLY_HAVE_STRUCT_SIZE
#include <linux/kernel.h>

/* What does not fit saturates, and no allocator gives that much. */
static inline size_t ktally_array_size(size_t n, size_t size)
{
	return size && n > (size_t)-1 / size ? (size_t)-1 : n * size;
}

static inline size_t ktally_add_size(size_t a, size_t b)
{
	return a > (size_t)-1 - b ? (size_t)-1 : a + b;
}

#undef array_size
#undef struct_size
#define array_size(n, size)		ktally_array_size(n, size)
#define struct_size(p, member, n) \
	ktally_add_size(sizeof(*(p)), ktally_array_size(n, sizeof(*(p)->member)))
#endif

#endif /* _KTALLY_SHIM_LINUX_OVERFLOW_H */
