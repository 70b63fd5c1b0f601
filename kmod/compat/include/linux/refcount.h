/* SPDX-License-Identifier: GPL-2.0 */
/* refcount_t: "refcount_t: Introduce a special purpose refcount type", 4.11. */
#ifndef _KTALLY_SHIM_LINUX_REFCOUNT_H
#define _KTALLY_SHIM_LINUX_REFCOUNT_H

#ifdef KTALLY_HAVE_HEADER_REFCOUNT
#include_next <linux/refcount.h>
#else
#include <linux/atomic.h>

/* Counts only, without the saturation of the real one. */
#define refcount_t			atomic_t
#define REFCOUNT_INIT(n)		ATOMIC_INIT(n)
#define refcount_set(r, n)		atomic_set(r, n)
#define refcount_read(r)		((unsigned int)atomic_read(r))
#define refcount_inc(r)			atomic_inc(r)
#define refcount_inc_not_zero(r)	atomic_inc_not_zero(r)
#define refcount_dec_and_test(r)	atomic_dec_and_test(r)
#endif

#endif /* _KTALLY_SHIM_LINUX_REFCOUNT_H */
