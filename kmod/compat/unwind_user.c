// SPDX-License-Identifier: GPL-2.0
/* Walks the user stack of the current task. */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "compat/task.h"
#include "compat/unwind.h"
#include "compat/unwind_frame.h"
#include "compat/uprobe.h"

struct frame_32 {
	u32 next;
	u32 ip;
};

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

#if defined(CONFIG_X86_64) && defined(CONFIG_FRAME_POINTER)

/* More frames than this do not fit a kernel stack of that time. */
#define KERNEL_FRAMES_MAX 256

/*
 * The frame pointer that the task had when it entered the kernel. Until "x86/entry/64: Remove
 * the SYSCALL64 fast path", 4.16, most system calls did not store it in pt_regs, but the first
 * function they called did: it is where the kernel's own chain of frames leads to. Since then
 * the chain ends at a marked address of pt_regs, which is not taken for a user address.
 */
static noinline unsigned long entry_frame(struct pt_regs *regs)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	unsigned int steps = KERNEL_FRAMES_MAX;
	struct frame_walk frames;
	struct frame frame;

	frame_walk_start(&frames, here, here);
	while (steps-- && frame_walk_next(&frames, &frame))
		;
	return frames.address && frames.address < TASK_SIZE ? frames.address : regs_frame(regs);
}

#else

static unsigned long entry_frame(struct pt_regs *regs)
{
	return regs_frame(regs);
}

#endif

static bool read_frame(unsigned long address, bool is_32_bit, struct frame *frame)
{
	struct frame_32 narrow;

	if (!is_32_bit)
		return !(address % sizeof(long)) &&
		       !copy_from_user_nofault(frame, (const void __user *)address,
					       sizeof(*frame));
	if (address % sizeof(u32) ||
	    copy_from_user_nofault(&narrow, (const void __user *)address, sizeof(narrow)))
		return false;
	frame->next = narrow.next;
	frame->ip = narrow.ip;
	return true;
}

/*
 * Where a function returns to whose first instruction a uprobe stands on: there is no frame of it yet, so the frames begin with
 * that of its caller and the address inside the caller would be missed. The first instruction is told by what is left of it
 * behind the breakpoint, or by the one that always follows.
 */
static unsigned long uprobe_caller(struct pt_regs *regs)
{
	unsigned long caller = 0;
#if defined(CONFIG_X86_64)
	u8 code[4];

	if (copy_from_user_nofault(code, (const void __user *)regs->ip, sizeof(code)) || code[0] != 0xcc)
		return 0;
	/* endbr64; push %rbp and then mov %rsp,%rbp */
	if (!(code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa) &&
	    !(code[1] == 0x48 && code[2] == 0x89 && code[3] == 0xe5))
		return 0;
	if (copy_from_user_nofault(&caller, (const void __user *)regs->sp, sizeof(caller)))
		return 0;
#elif defined(CONFIG_ARM64)
	u32 code[2];

	if (copy_from_user_nofault(code, (const void __user *)regs->pc, sizeof(code)) || code[0] != 0xd42000a0)
		return 0;
	/* stp x29, x30, [sp, #-n]! and then mov x29, sp; bti or paciasp and then the stp */
	if (code[1] == 0x910003fd || (code[1] & 0xffc07fff) == 0xa9807bfd)
		caller = strip_user(regs->regs[30]);
#endif
	return caller;
}

/* Behind the frame on x86; on arm64 somewhere between it and the next one. */
static unsigned long caller_of(unsigned long address, const struct frame *frame)
{
	unsigned long low = address + sizeof(*frame);

	return ktally_uretprobe_caller(frame->ip, low, IS_ENABLED(CONFIG_X86) ? low : frame->next);
}

unsigned int ktally_unwind_user(struct pt_regs *regs, unsigned long *ips, unsigned int max)
{
	unsigned long address = 0, next;
	unsigned int count = 0;
	struct frame frame;
	bool is_32_bit, given = regs;

	if (!max || !current->mm || current->flags & PF_KTHREAD)
		return 0;
	if (regs) {
		next = regs_frame(regs);
	} else {
		regs = task_pt_regs(current);
		next = task_is_32_bit(regs) ? regs_frame(regs) : entry_frame(regs);
	}
	if (!user_mode(regs))
		return 0;

	is_32_bit = task_is_32_bit(regs);
	ips[count++] = regs_ip(regs);
	/* The 32-bit Arm procedure call standard leaves the layout of a frame to the compiler. */
	if (IS_ENABLED(CONFIG_ARM64) && is_32_bit)
		return count;
	if (given && !is_32_bit && count < max) {
		ips[count] = uprobe_caller(regs);
		count += !!ips[count];
	}
	/* Each frame must be above the one before, so this ends even if the stack is garbage. */
	while (count < max && next > address && read_frame(next, is_32_bit, &frame)) {
		address = next;
		next = frame.next;
		frame.ip = strip_user(frame.ip);
		if (!frame.ip)
			break;
		if (!offset_in_page(frame.ip))
			frame.ip = caller_of(address, &frame);
		ips[count++] = frame.ip;
	}
	return count;
}

struct pt_regs *ktally_user_entry(struct pt_regs *regs, unsigned long *frame, bool *whole)
{
	bool given = regs;

	if (!current->mm || current->flags & PF_KTHREAD)
		return NULL;
	if (!given)
		regs = task_pt_regs(current);
	/* The registers are still those of the program before, its memory is not. */
	if (!user_mode(regs) || task_is_32_bit(regs) || ktally_task_in_execve(current))
		return NULL;
#if KTALLY_SYSCALLS_HIDE_SP
	/* Interrupts have a negative number there. An exception may look like a system call, which does no harm. */
	if (!given && (long)regs->orig_ax >= 0)
		return NULL;
#endif
	*whole = given || !IS_ENABLED(CONFIG_X86) || IS_ENABLED(CONFIG_ARCH_HAS_SYSCALL_WRAPPER);
	*frame = given ? regs_frame(regs) : entry_frame(regs);
	return regs;
}
