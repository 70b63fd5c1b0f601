/* SPDX-License-Identifier: GPL-2.0 */
/* GENMASK_ULL() and BIT_ULL(); the header split off <linux/bitops.h> in 4.19. */
#ifndef _KTALLY_SHIM_LINUX_BITS_H
#define _KTALLY_SHIM_LINUX_BITS_H

#ifdef KTALLY_HAVE_HEADER_BITS
#include_next <linux/bits.h>
#else
#include <linux/bitops.h>
#endif

/* "bitops: Introduce BIT_ULL", 3.12. */
#ifndef BIT_ULL
#define BIT_ULL(nr)		(1ULL << (nr))
#endif

#endif /* _KTALLY_SHIM_LINUX_BITS_H */
