/* SPDX-License-Identifier: GPL-2.0 */
/*
 * smp_store_release() and smp_load_acquire():
 * "arch: Introduce smp_load_acquire(), smp_store_release()", 3.14.
 */
#ifndef _KTALLY_SHIM_ASM_BARRIER_H
#define _KTALLY_SHIM_ASM_BARRIER_H

#include_next <asm/barrier.h>
#include <linux/compiler.h>

/* As asm-generic has them: a full barrier is enough on every architecture. */
#ifndef smp_store_release
#define smp_store_release(p, v)	do { smp_mb(); WRITE_ONCE(*(p), v); } while (0)
#endif

#ifndef smp_load_acquire
#define smp_load_acquire(p) ({				\
	__typeof__(*(p)) __ktally_value = READ_ONCE(*(p));	\
							\
	smp_mb();					\
	__ktally_value;					\
})
#endif

#endif /* _KTALLY_SHIM_ASM_BARRIER_H */
