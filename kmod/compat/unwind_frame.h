/* SPDX-License-Identifier: GPL-2.0 */
/* Frames on a stack as frame pointers link them, and how far a walk of the kernel's may go. */
#ifndef _KTALLY_COMPAT_UNWIND_FRAME_H
#define _KTALLY_COMPAT_UNWIND_FRAME_H

#include <linux/kernel.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/types.h>
#include <linux/uaccess.h>

#ifdef CONFIG_ARM64
#include <asm/memory.h>
#define regs_ip(regs)		((regs)->pc)
#define regs_sp(regs)		((regs)->sp)
#define regs_frame(regs)	((regs)->regs[29])
/* A pointer authentication code sits above the bits that an address uses. */
#ifdef VA_BITS_MIN
#define KERNEL_ADDRESS_BITS	VA_BITS_MIN
#else
#define KERNEL_ADDRESS_BITS	VA_BITS
#endif
#define strip_kernel(ip)	((ip) | ~((1UL << KERNEL_ADDRESS_BITS) - 1))
#define strip_user(ip)		((ip) & (TASK_SIZE_64 - 1))
#else
#define regs_ip(regs)		((regs)->ip)
#define regs_sp(regs)		((regs)->sp)
#define regs_frame(regs)	((regs)->bp)
#define strip_kernel(ip)	(ip)
#define strip_user(ip)		(ip)
#endif

/* What a function with a frame pointer pushes on both architectures; the stack grows down. */
struct frame {
	unsigned long next;
	unsigned long ip;
};

#ifdef CONFIG_VMAP_STACK
/* Stacks are aligned to their size, or twice that, so one ends at a multiple of it. */
#define stack_end(sp)		ALIGN((sp) + 1, THREAD_SIZE)
#else
/* The stack of an interrupt may start anywhere. Past its end are the CPU's variables. */
#define stack_end(sp)		((sp) + THREAD_SIZE)
#endif

/**
 * struct frame_walk - where the next frame of a kernel stack may be
 * @address: of the next frame; what it is once the walk has ended
 * @low: no frame may be below
 * @high: nor reach above
 */
struct frame_walk {
	unsigned long address;
	unsigned long low;
	unsigned long high;
};

/**
 * frame_walk_start() - begin with the frame at an address
 * @walk: set up
 * @address: of the first frame
 * @sp: the stack in use
 */
static inline void frame_walk_start(struct frame_walk *walk, unsigned long address,
				    unsigned long sp)
{
	unsigned long stack = (unsigned long)task_stack_page(current);

	walk->address = address;
	walk->low = sp;
	walk->high = sp >= stack && sp < stack + THREAD_SIZE ? stack + THREAD_SIZE : stack_end(sp);
}

/**
 * frame_walk_next() - read the next frame
 * @walk: from frame_walk_start()
 * @frame: read into
 *
 * A frame must be above the one before it, on the stack in use or, once, on the task's: an
 * interrupt's stack leads there. A value that is neither ends the walk, so that no address
 * made up by a corrupt frame is read, which could be a device's.
 *
 * Return: false at the end.
 * Context: any, NMI included, with preemption off.
 */
static inline bool frame_walk_next(struct frame_walk *walk, struct frame *frame)
{
	unsigned long stack = (unsigned long)task_stack_page(current);
	unsigned long end = walk->address + sizeof(*frame);

	if (walk->address % sizeof(long) || end < sizeof(*frame))
		return false;
	if (walk->address < walk->low || end > walk->high) {
		if (walk->high == stack + THREAD_SIZE || walk->address < stack ||
		    end > stack + THREAD_SIZE)
			return false;
		walk->high = stack + THREAD_SIZE;
	}
	if (copy_from_kernel_nofault(frame, (void *)walk->address, sizeof(*frame)))
		return false;
	walk->low = end;
	walk->address = frame->next;
	return true;
}

#endif /* _KTALLY_COMPAT_UNWIND_FRAME_H */
