/* SPDX-License-Identifier: GPL-2.0 */
/* Walks the stacks of the current task. */
#ifndef _KTALLY_COMPAT_UNWIND_H
#define _KTALLY_COMPAT_UNWIND_H

#include <linux/types.h>

struct pt_regs;

/*
 * Where the kernel's own unwinder reads nothing but return addresses and saved frame pointers off
 * the stack of the task: CONFIG_UNWINDER_ORC, "x86/unwind: Rename unwinder config options to
 * 'CONFIG_UNWINDER_*'", 4.15.
 */
#if defined(CONFIG_UNWINDER_ORC) && defined(KTALLY_HAVE_X86_UNWINDER) && \
	defined(KTALLY_EXPORT___UNWIND_START)
#define KTALLY_PLAIN_STACKS 1
#endif

/**
 * struct ktally_span - the part of the stack of the task that a walk read
 * @low: first address
 * @high: behind the last
 * @last: where the frame begins that ends there
 * @plain: every return address was found in the word below where the next frame begins, and
 *	nothing was read outside of the span: the same words there give the same walk
 * @skip_own: in: drop the functions of this module that are on top
 */
struct ktally_span {
	unsigned long low;
	unsigned long high;
	unsigned long last;
	bool plain;
	bool skip_own;
};

/** ktally_may_be_code() - whether a word may be an address of code: the kernel's and that of modules is in the highest 2 GiB. Context: any. */
static inline bool ktally_may_be_code(unsigned long word)
{
	return (long)word < 0 && (long)word >= -(1L << 31);
}

/**
 * ktally_unwind_span() - ktally_unwind_kernel(), and what it read
 * @regs: of the kernel, of which only address, stack pointer and frame pointer need be right
 * @ips: where to, the innermost first
 * @max: how many fit
 * @span: out
 *
 * Only where KTALLY_PLAIN_STACKS is defined.
 */
unsigned int ktally_unwind_span(struct pt_regs *regs, unsigned long *ips, unsigned int max,
				struct ktally_span *span);

/*
 * Where walks begin with a frame pointer: x86 without ORC. A function whose first instruction is yet to run has no frame,
 * and the one that the register leads to is that of its caller.
 */
#if defined(CONFIG_X86) && defined(CONFIG_FRAME_POINTER) && !defined(CONFIG_UNWINDER_ORC) && !defined(CONFIG_ORC_UNWINDER)
#define KTALLY_FRAME_STACKS 1
#endif

/**
 * ktally_unwind_kernel() - return addresses on the kernel stack in use
 * @regs: NULL for the caller's own stack, less the functions of this module that are on top
 *	of it; or the interrupted kernel context to start from: the first address is exactly
 *	where it was interrupted
 * @ips: where to, the innermost first
 * @max: how many fit
 *
 * x86 uses the kernel's own unwinder since "x86/unwind: Add new unwind interface and
 * implementations", 4.9; elsewhere frame pointers are followed, without which (x86 before
 * 4.9 built so) only the caller's stack can be had. At the first instructions of a function,
 * before its frame exists, frame pointers miss its caller; arm64 has it for a kprobe there, x86 in ktally_unwind_entry().
 *
 * Return: how many were stored.
 * Context: any, NMI included, with preemption off. Takes no lock, bounded.
 */
unsigned int ktally_unwind_kernel(struct pt_regs *regs, unsigned long *ips, unsigned int max);

/**
 * ktally_unwind_entry() - ktally_unwind_kernel() from the first instruction of a function, which has not run
 * @regs: of the kernel
 * @ips: where to, the innermost first
 * @max: how many fit
 */
unsigned int ktally_unwind_entry(struct pt_regs *regs, unsigned long *ips, unsigned int max);

/**
 * ktally_unwind_caller() - return addresses on the kernel stack, from the caller of a function on
 * @frame: __builtin_frame_address(0) of that function, which must still be running
 * @ips: where to, the innermost first
 * @max: how many fit
 *
 * What ktally_unwind_kernel(NULL) gives, without walking over the functions of this module that
 * were called since.
 *
 * Return: how many were stored.
 * Context: as ktally_unwind_kernel().
 */
unsigned int ktally_unwind_caller(void *frame, unsigned long *ips, unsigned int max);

/**
 * ktally_unwind_user() - return addresses on the current task's user stack
 * @regs: the interrupted user context, or NULL for where the task entered the kernel
 * @ips: where to, the innermost first
 * @max: how many fit
 *
 * Follows frame pointers through what is present of the stack: code built without them, and
 * pages that are not in memory, end the walk early. 32-bit tasks are walked as such.
 *
 * Return: how many were stored, 0 for a kernel thread.
 * Context: any, NMI included. Takes no lock, never faults a page in.
 */
unsigned int ktally_unwind_user(struct pt_regs *regs, unsigned long *ips, unsigned int max);

/*
 * Where most system calls leave the user's stack pointer in a variable of the CPU that modules cannot see: until "x86/asm/entry/64: Save user RSP in
 * pt_regs->sp on SYSCALL64 fastpath", 4.1.
 */
#if defined(CONFIG_X86_64) && defined(KTALLY_HAVE_THREAD_USERSP)
#define KTALLY_SYSCALLS_HIDE_SP 1
#else
#define KTALLY_SYSCALLS_HIDE_SP 0
#endif

/**
 * ktally_user_entry() - the user registers of the current task
 * @regs: the interrupted user context, or NULL for where the task entered the kernel
 * @frame: out: its frame pointer
 * @whole: out: the other registers that functions keep for their callers are what they were; else
 *	only address and stack pointer are. System calls did not store them all until
 *	"x86/entry/64: Remove the SYSCALL64 fast path", 4.16
 *
 * Return: the registers; NULL for a kernel thread or a 32-bit task, and inside a system call with KTALLY_SYSCALLS_HIDE_SP.
 * Context: as ktally_unwind_user().
 */
struct pt_regs *ktally_user_entry(struct pt_regs *regs, unsigned long *frame, bool *whole);

#endif /* _KTALLY_COMPAT_UNWIND_H */
