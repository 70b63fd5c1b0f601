/* SPDX-License-Identifier: GPL-2.0 */
/* Where a function's arguments and its return value are in struct pt_regs. */
#ifndef _KTALLY_COMPAT_REGS_H
#define _KTALLY_COMPAT_REGS_H

#include <linux/compiler.h>
#include <linux/ptrace.h>
#include <linux/stddef.h>
#include <linux/types.h>

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
 * ktally_regs_kprobe_address() - which instruction a kprobe is at
 * @regs: as its handler gets them; on x86 they point behind the breakpoint, whatever took its place
 *
 * Context: a kprobe's pre-handler.
 */
static inline unsigned long ktally_regs_kprobe_address(struct pt_regs *regs)
{
#if defined(CONFIG_X86)
	return instruction_pointer(regs) - 1;
#else
	return instruction_pointer(regs);
#endif
}

/**
 * ktally_regs_are_32_bit() - whether a 32-bit program was interrupted
 * @regs: where
 *
 * Context: any.
 */
static inline bool ktally_regs_are_32_bit(struct pt_regs *regs)
{
#if defined(CONFIG_X86_64)
	return user_mode(regs) && !user_64bit_mode(regs);
#elif defined(CONFIG_ARM64)
	return compat_user_mode(regs);
#else
	return false;
#endif
}

/**
 * KTALLY_REGS_NAMED() - the registers, by the name that assemblers have for them
 * @row: a macro that takes the name and the byte offset of a u64 in struct pt_regs
 */
#if defined(CONFIG_X86_64)
#define __KTALLY_REG(row, name)	row(name, offsetof(struct pt_regs, name))
#define KTALLY_REGS_NAMED(row)							\
	__KTALLY_REG(row, ax) __KTALLY_REG(row, bx) __KTALLY_REG(row, cx)	\
	__KTALLY_REG(row, dx) __KTALLY_REG(row, si) __KTALLY_REG(row, di)	\
	__KTALLY_REG(row, bp) __KTALLY_REG(row, sp) __KTALLY_REG(row, r8)	\
	__KTALLY_REG(row, r9) __KTALLY_REG(row, r10) __KTALLY_REG(row, r11)	\
	__KTALLY_REG(row, r12) __KTALLY_REG(row, r13) __KTALLY_REG(row, r14)	\
	__KTALLY_REG(row, r15)
#elif defined(CONFIG_ARM64)
#define __KTALLY_REG(row, n)	row(x##n, offsetof(struct pt_regs, regs) + n * sizeof(u64))
#define KTALLY_REGS_NAMED(row)							\
	__KTALLY_REG(row, 0) __KTALLY_REG(row, 1) __KTALLY_REG(row, 2)		\
	__KTALLY_REG(row, 3) __KTALLY_REG(row, 4) __KTALLY_REG(row, 5)		\
	__KTALLY_REG(row, 6) __KTALLY_REG(row, 7) __KTALLY_REG(row, 8)		\
	__KTALLY_REG(row, 9) __KTALLY_REG(row, 10) __KTALLY_REG(row, 11)	\
	__KTALLY_REG(row, 12) __KTALLY_REG(row, 13) __KTALLY_REG(row, 14)	\
	__KTALLY_REG(row, 15) __KTALLY_REG(row, 16) __KTALLY_REG(row, 17)	\
	__KTALLY_REG(row, 18) __KTALLY_REG(row, 19) __KTALLY_REG(row, 20)	\
	__KTALLY_REG(row, 21) __KTALLY_REG(row, 22) __KTALLY_REG(row, 23)	\
	__KTALLY_REG(row, 24) __KTALLY_REG(row, 25) __KTALLY_REG(row, 26)	\
	__KTALLY_REG(row, 27) __KTALLY_REG(row, 28) __KTALLY_REG(row, 29)	\
	__KTALLY_REG(row, 30) row(sp, offsetof(struct pt_regs, sp))		\
	row(pc, offsetof(struct pt_regs, pc))
#else
#define KTALLY_REGS_NAMED(row)
#endif

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
