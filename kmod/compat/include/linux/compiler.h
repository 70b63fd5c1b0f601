/* SPDX-License-Identifier: GPL-2.0 */
/* READ_ONCE(), WRITE_ONCE() and fallthrough on kernels that lack them. */
#ifndef _KTALLY_SHIM_LINUX_COMPILER_H
#define _KTALLY_SHIM_LINUX_COMPILER_H

#include_next <linux/compiler.h>

/* "kernel: Provide READ_ONCE and ASSIGN_ONCE", 3.19. Scalars only, as is every use of ours. */
#ifndef READ_ONCE
#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#endif
#ifndef WRITE_ONCE
#define WRITE_ONCE(x, value)	(*(volatile __typeof__(x) *)&(x) = (value))
#endif

/* "compiler_attributes.h: Add 'fallthrough' pseudo keyword for switch/case use", 5.4. */
#ifndef fallthrough
#if defined(__GNUC__) && __GNUC__ >= 7
#define fallthrough		__attribute__((__fallthrough__))
#else
#define fallthrough		do {} while (0)
#endif
#endif

#endif /* _KTALLY_SHIM_LINUX_COMPILER_H */
