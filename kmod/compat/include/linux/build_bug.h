/* SPDX-License-Identifier: GPL-2.0 */
/* static_assert(), and the header itself, which split off <linux/bug.h> in 4.13. */
#ifndef _KTALLY_SHIM_LINUX_BUILD_BUG_H
#define _KTALLY_SHIM_LINUX_BUILD_BUG_H

#ifdef KTALLY_HAVE_HEADER_BUILD_BUG
#include_next <linux/build_bug.h>
#else
#include <linux/bug.h>
#endif

/* "build_bug.h: add wrapper for _Static_assert", 5.1. */
#ifndef static_assert
#define static_assert(expr, ...)	__ktally_static_assert(expr, ##__VA_ARGS__, #expr)
#define __ktally_static_assert(expr, text, ...)	_Static_assert(expr, text)
#endif

#endif /* _KTALLY_SHIM_LINUX_BUILD_BUG_H */
