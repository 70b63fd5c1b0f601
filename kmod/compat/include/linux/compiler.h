/* SPDX-License-Identifier: GPL-2.0 */
/* READ_ONCE(), WRITE_ONCE(), fallthrough and attributes on kernels that lack them. */
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

#ifndef __has_attribute
#define __has_attribute(attribute)	0
#endif

/*
 * A variable that is not worth clearing on every hit, where the kernel clears all of them
 * (INIT_STACK_ALL_ZERO). "Compiler Attributes: Add __uninitialized macro", 6.9.
 */
#ifndef __uninitialized
#if __has_attribute(__uninitialized__)
#define __uninitialized		__attribute__((__uninitialized__))
#else
#define __uninitialized
#endif
#endif

/* "start_kernel: Add __no_stack_protector function attribute", 6.5; gcc has it since 11. */
#ifndef __no_stack_protector
#if __has_attribute(__no_stack_protector__)
#define __no_stack_protector	__attribute__((__no_stack_protector__))
#else
#define __no_stack_protector
#endif
#endif

#endif /* _KTALLY_SHIM_LINUX_COMPILER_H */
