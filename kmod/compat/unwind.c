// SPDX-License-Identifier: GPL-2.0
/* Walks the kernel stack, and the user stack, of the current task. */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <linux/uaccess.h>

#include "compat/unwind.h"

#if defined(CONFIG_X86) && defined(KTALLY_HAVE_X86_UNWINDER) && \
	defined(KTALLY_EXPORT___UNWIND_START)
#define USE_UNWINDER
#include <asm/unwind.h>
#elif defined(CONFIG_ARM64) || defined(CONFIG_FRAME_POINTER)
#define USE_FRAME_POINTERS
#endif

#ifdef CONFIG_ARM64
#include <asm/memory.h>
#define regs_ip(regs)		((regs)->pc)
#define regs_sp(regs)		((regs)->sp)
#define regs_frame(regs)	((regs)->regs[29])
/* A frame pointer authentication code sits above the bits that an address uses. */
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

struct frame_32 {
	u32 next;
	u32 ip;
};

/* Collects addresses; with own set, those of this module are dropped until another one comes. */
struct walk {
	unsigned long *ips;
	unsigned int count;
	unsigned int max;
	bool skip_own;
};

static bool address_is_own(unsigned long ip)
{
	return within_module(ip, THIS_MODULE);
}

static void walk_store(struct walk *walk, unsigned long ip)
{
	if (walk->skip_own && address_is_own(ip))
		return;
	walk->skip_own = false;
	walk->ips[walk->count++] = ip;
}

#if defined(USE_UNWINDER)

/* This file's functions and the engine's are dropped, so more steps than @max are needed. */
#define OWN_FRAMES_MAX 32

static noinline void walk_kernel(struct walk *walk, struct pt_regs *regs)
{
	struct unwind_state state;
	unsigned int steps = walk->max + OWN_FRAMES_MAX;
	unsigned long ip;

	/* From regs the unwinder starts at the frame that follows them. */
	if (regs)
		walk_store(walk, regs_ip(regs));
	for (unwind_start(&state, current, regs, NULL);
	     !unwind_done(&state) && walk->count < walk->max && steps; unwind_next_frame(&state)) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		walk_store(walk, ip);
		steps--;
	}
}

#elif defined(USE_FRAME_POINTERS)

#define OWN_FRAMES_MAX 32

#ifdef CONFIG_VMAP_STACK
/* Stacks are aligned to their size, or twice that, so one ends at a multiple of it. */
#define stack_end(sp)		(ALIGN((sp) + 1, THREAD_SIZE))
#else
/* The stack of an interrupt may start anywhere. Past its end are the CPU's variables. */
#define stack_end(sp)		((sp) + THREAD_SIZE)
#endif

/*
 * A frame must be above the one before it, on the stack in use or, once, on the task's: an
 * interrupt's stack leads there. A value that is neither ends the walk, so that no address
 * made up by a corrupt frame is read, which could be a device's.
 */
static bool frame_follows(unsigned long frame, unsigned long *low, unsigned long *high)
{
	unsigned long stack = (unsigned long)task_stack_page(current);

	if (frame % sizeof(long))
		return false;
	if (frame < *low || frame + sizeof(struct frame) > *high) {
		if (*high == stack + THREAD_SIZE || frame < stack ||
		    frame + sizeof(struct frame) > stack + THREAD_SIZE)
			return false;
		*high = stack + THREAD_SIZE;
	}
	*low = frame + sizeof(struct frame);
	return true;
}

static noinline void walk_kernel(struct walk *walk, struct pt_regs *regs)
{
	unsigned long stack = (unsigned long)task_stack_page(current);
	unsigned long address, low, high, ip;
	unsigned int steps = walk->max + OWN_FRAMES_MAX;
	struct frame frame;

	if (regs) {
		walk_store(walk, regs_ip(regs));
		address = regs_frame(regs);
		low = regs_sp(regs);
	} else {
		address = (unsigned long)__builtin_frame_address(0);
		low = address;
	}
	high = low >= stack && low < stack + THREAD_SIZE ? stack + THREAD_SIZE : stack_end(low);

	while (walk->count < walk->max && steps-- && frame_follows(address, &low, &high)) {
		if (copy_from_kernel_nofault(&frame, (void *)address, sizeof(frame)))
			break;
		if (!frame.ip)
			break;
		ip = strip_kernel(frame.ip);
		if (ip < TASK_SIZE)
			break;
		walk_store(walk, ip);
		address = frame.next;
	}
}

#else

/* x86 before 4.9 without frame pointers: only from here, and only what looks like an address. */
static noinline void walk_kernel(struct walk *walk, struct pt_regs *regs)
{
	unsigned int i, kept = 0;
	struct stack_trace trace = { .entries = walk->ips, .max_entries = walk->max };

	if (regs) {
		walk_store(walk, regs_ip(regs));
		return;
	}
	save_stack_trace(&trace);
	for (i = 0; i < trace.nr_entries && trace.entries[i] != ULONG_MAX; i++)
		if (kept || !address_is_own(trace.entries[i]))
			walk->ips[kept++] = trace.entries[i];
	walk->count = kept;
}

#endif

unsigned int ktally_unwind_kernel(struct pt_regs *regs, unsigned long *ips, unsigned int max)
{
	struct walk walk = { .ips = ips, .max = max, .skip_own = !regs };

	if (max)
		walk_kernel(&walk, regs);
	return walk.count;
}

static bool task_is_32_bit(struct pt_regs *regs)
{
#if defined(CONFIG_ARM64)
	return compat_user_mode(regs);
#elif defined(CONFIG_X86_64)
	return !user_64bit_mode(regs);
#else
	return true;
#endif
}

static bool user_frame(unsigned long address, bool is_32_bit, struct frame *frame)
{
	struct frame_32 narrow;

	if (!is_32_bit)
		return !copy_from_user_nofault(frame, (const void __user *)address, sizeof(*frame));
	if (copy_from_user_nofault(&narrow, (const void __user *)address, sizeof(narrow)))
		return false;
	frame->next = narrow.next;
	frame->ip = narrow.ip;
	return true;
}

unsigned int ktally_unwind_user(struct pt_regs *regs, unsigned long *ips, unsigned int max)
{
	unsigned long address, next;
	unsigned int count = 0;
	struct frame frame;
	bool is_32_bit;

	if (!max || !current->mm || current->flags & PF_KTHREAD)
		return 0;
	if (!regs)
		regs = task_pt_regs(current);
	if (!regs || !user_mode(regs))
		return 0;

	is_32_bit = task_is_32_bit(regs);
	ips[count++] = regs_ip(regs);
	next = regs_frame(regs);
#ifdef CONFIG_ARM64
	/* The 32-bit procedure call standard leaves the layout of a frame to the compiler. */
	if (is_32_bit)
		return count;
#endif
	/* Each frame must be above the one before, so this ends even if the stack is garbage. */
	for (address = 0; count < max && next > address; next = frame.next) {
		address = next;
		if (address % (is_32_bit ? sizeof(u32) : sizeof(long)) ||
		    !user_frame(address, is_32_bit, &frame))
			break;
		frame.ip = strip_user(frame.ip);
		if (!frame.ip)
			break;
		ips[count++] = frame.ip;
	}
	return count;
}
