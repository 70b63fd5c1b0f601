/* SPDX-License-Identifier: GPL-2.0 */
/* Where a function's arguments and its return value are in struct pt_regs. */
#ifndef _KTALLY_COMPAT_REGS_H
#define _KTALLY_COMPAT_REGS_H

#include <linux/compiler.h>
#include <linux/ptrace.h>
#include <linux/stddef.h>

/**
 * ktally_regs_arg_offset() - where integer argument n is when a function is entered
 * @n: counts from 0
 *
 * Return: byte offset in struct pt_regs of a u64, or -1 if the argument is not in a register.
 * Context: any.
 */
static inline int ktally_regs_arg_offset(unsigned int n)
{
#if defined(CONFIG_X86_64)
	switch (n) {
	case 0:
		return offsetof(struct pt_regs, di);
	case 1:
		return offsetof(struct pt_regs, si);
	case 2:
		return offsetof(struct pt_regs, dx);
	case 3:
		return offsetof(struct pt_regs, cx);
	case 4:
		return offsetof(struct pt_regs, r8);
	case 5:
		return offsetof(struct pt_regs, r9);
	}
#elif defined(CONFIG_ARM64)
	if (n < 8)
		return offsetof(struct pt_regs, regs) + n * sizeof(u64);
#endif
	return -1;
}

/**
 * ktally_regs_ret_offset() - where the return value is when a function returns
 *
 * Return: byte offset in struct pt_regs of a u64, or -1.
 * Context: any.
 */
static inline int ktally_regs_ret_offset(void)
{
#if defined(CONFIG_X86_64)
	return offsetof(struct pt_regs, ax);
#elif defined(CONFIG_ARM64)
	return offsetof(struct pt_regs, regs);
#else
	return -1;
#endif
}

/**
 * ktally_regs_flags() - the word of struct pt_regs that irqs_disabled_flags() understands
 * @regs: where something was interrupted
 *
 * Context: any.
 */
static inline unsigned long ktally_regs_flags(const struct pt_regs *regs)
{
#if defined(CONFIG_X86_64)
	return regs->flags;
#elif defined(CONFIG_ARM64)
	return regs->pstate;
#else
	return 0;
#endif
}

#endif /* _KTALLY_COMPAT_REGS_H */
