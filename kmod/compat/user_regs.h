/* SPDX-License-Identifier: GPL-2.0 */
/* Registers of user space by their DWARF numbers, and where a signal frame has them. */
#ifndef _KTALLY_COMPAT_USER_REGS_H
#define _KTALLY_COMPAT_USER_REGS_H

#include <linux/elf.h>
#include <linux/kernel.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/ktally_unwind.h>

#if defined(CONFIG_X86_64)

#define KTALLY_MACHINE		EM_X86_64
#define KTALLY_REG_FP		6
#define KTALLY_REG_SP		7
#define KTALLY_REG_IP		16	/* the column of the return address */
#define KTALLY_NR_REGS		17

/* System V ABI, AMD64 supplement, figure 3.36 */
static const u16 ktally_reg_offsets[KTALLY_NR_REGS] = {
	offsetof(struct pt_regs, ax), offsetof(struct pt_regs, dx), offsetof(struct pt_regs, cx), offsetof(struct pt_regs, bx),
	offsetof(struct pt_regs, si), offsetof(struct pt_regs, di), offsetof(struct pt_regs, bp), offsetof(struct pt_regs, sp),
	offsetof(struct pt_regs, r8), offsetof(struct pt_regs, r9), offsetof(struct pt_regs, r10), offsetof(struct pt_regs, r11),
	offsetof(struct pt_regs, r12), offsetof(struct pt_regs, r13), offsetof(struct pt_regs, r14), offsetof(struct pt_regs, r15),
	offsetof(struct pt_regs, ip),
};

/*
 * Where the trampoline behind a handler runs, the stack pointer is at the ucontext: 40 bytes and then r8..r15, di, si, bp, bx, dx,
 * ax, cx, sp, ip, see struct sigcontext_64 of arch/x86/include/uapi/asm/sigcontext.h, which can never change.
 */
#define SIGNAL_REG(n) (40 + 8 * (n))
static const u16 ktally_signal_offsets[KTALLY_NR_REGS] = {
	SIGNAL_REG(13), SIGNAL_REG(12), SIGNAL_REG(14), SIGNAL_REG(11), SIGNAL_REG(9), SIGNAL_REG(8), SIGNAL_REG(10), SIGNAL_REG(15),
	SIGNAL_REG(0), SIGNAL_REG(1), SIGNAL_REG(2), SIGNAL_REG(3), SIGNAL_REG(4), SIGNAL_REG(5), SIGNAL_REG(6), SIGNAL_REG(7),
	SIGNAL_REG(16),
};
#undef SIGNAL_REG

static const u8 ktally_saved_regs[] = KTALLY_SAVED_X86_64;

#elif defined(CONFIG_ARM64)

#define KTALLY_MACHINE		EM_AARCH64
#define KTALLY_REG_FP		29
#define KTALLY_REG_LR		30
#define KTALLY_REG_SP		31
#define KTALLY_REG_IP		32
#define KTALLY_NR_REGS		33

/*
 * Where the trampoline of the vDSO runs, the stack pointer is at siginfo (128 bytes) and ucontext, whose sigcontext is at 176: the
 * fault's address, x0..x30, sp, pc, see arch/arm64/include/uapi/asm/{ucontext,sigcontext}.h, which can never change.
 */
#define SIGNAL_REGS (128 + 176 + 8)

static const u8 ktally_saved_regs[] = KTALLY_SAVED_ARM64;

#endif

#define KTALLY_NR_SAVED		ARRAY_SIZE(ktally_saved_regs)

/** ktally_user_reg() - register @reg, below KTALLY_NR_REGS, of where user mode was left. Context: any. */
static inline unsigned long ktally_user_reg(const struct pt_regs *regs, unsigned int reg)
{
#ifdef CONFIG_ARM64
	if (reg >= KTALLY_REG_SP)
		return reg == KTALLY_REG_SP ? regs->sp : regs->pc;
	return regs->regs[reg];
#else
	return *(const unsigned long *)((const void *)regs + ktally_reg_offsets[reg]);
#endif
}

/** ktally_strip_user() - an address without what pointer authentication puts above it. Context: any. */
static inline unsigned long ktally_strip_user(unsigned long ip)
{
#ifdef CONFIG_ARM64
	return ip & (TASK_SIZE_64 - 1);
#else
	return ip;
#endif
}

/** ktally_signal_reg() - where register @reg is, counted from the stack pointer in a signal's trampoline. Context: any. */
static inline unsigned int ktally_signal_reg(unsigned int reg)
{
#ifdef CONFIG_ARM64
	return SIGNAL_REGS + 8 * reg;
#else
	return ktally_signal_offsets[reg];
#endif
}

#endif /* _KTALLY_COMPAT_USER_REGS_H */
