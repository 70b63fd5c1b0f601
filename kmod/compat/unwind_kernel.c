// SPDX-License-Identifier: GPL-2.0
/* Walks the kernel stack. */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "compat/unwind.h"
#include "compat/unwind_frame.h"

/* The functions of this module on top of a stack are dropped, so more steps are needed. */
#define OWN_FRAMES_MAX 32

/* Collects addresses; with skip_own, those of this module are dropped until another one comes. From an entry there is no frame yet. */
struct walk {
	unsigned long *ips;
	unsigned int count;
	unsigned int max;
	bool skip_own;
	bool entry;
	struct ktally_span *span;
};

static void walk_store(struct walk *walk, unsigned long ip)
{
	if (walk->skip_own && within_module(ip, THIS_MODULE))
		return;
	walk->skip_own = false;
	walk->ips[walk->count++] = ip;
}

/* A call leaves the return address on top of the stack. */
static void walk_entry(struct walk *walk, struct pt_regs *regs)
{
#ifdef KTALLY_FRAME_STACKS
	unsigned long caller;

	if (walk->entry && walk->count < walk->max &&
	    !copy_from_kernel_nofault(&caller, (void *)regs_sp(regs), sizeof(caller)) && ktally_may_be_code(caller))
		walk_store(walk, caller);
#endif
}

#if defined(CONFIG_X86) && defined(KTALLY_HAVE_X86_UNWINDER) && \
	defined(KTALLY_EXPORT___UNWIND_START)
#include <asm/unwind.h>

#ifdef KTALLY_PLAIN_STACKS
/* Where a walk is that so far found all return addresses where calls put them, on the stack of the task. */
static __always_inline void span_step(struct walk *walk, const struct unwind_state *state, unsigned long ip)
{
	struct ktally_span *span = walk->span;

	if (!span || !span->plain)
		return;
	if (state->sp <= span->high || state->sp > (unsigned long)task_pt_regs(current) ||
	    ((unsigned long *)state->sp)[-1] != ip)
		span->plain = false;
	span->last = span->high;
	span->high = state->sp;
}

static void span_end(struct walk *walk, const struct unwind_state *state)
{
	if (walk->span && state->error)
		walk->span->plain = false;
}
#else
static inline void span_step(struct walk *walk, const struct unwind_state *state, unsigned long ip)
{
}

static inline void span_end(struct walk *walk, const struct unwind_state *state)
{
}
#endif

static void walk_from(struct walk *walk, struct pt_regs *regs)
{
	struct unwind_state state;
	unsigned int steps = walk->max + OWN_FRAMES_MAX;
	unsigned long ip;

	for (unwind_start(&state, current, regs, NULL);
	     !unwind_done(&state) && walk->count < walk->max && steps; unwind_next_frame(&state)) {
		ip = unwind_get_return_address(&state);
		if (!ip)
			break;
		span_step(walk, &state, ip);
		walk_store(walk, ip);
		steps--;
	}
	span_end(walk, &state);
}

/*
 * The unwinder knows nothing of the thunks that indirect calls go through. They push nothing but, for a moment, one more address: so the
 * return address is the first or second word of the stack; it is the one from which the unwinder comes further.
 */
static void walk_thunk(struct walk *walk, struct pt_regs *regs)
{
	unsigned long *sp = (unsigned long *)regs_sp(regs), words[2];
	unsigned int count = walk->count, i;
	struct pt_regs caller = *regs;

	if (copy_from_kernel_nofault(words, sp, sizeof(words)))
		return;
	for (i = 0; i < ARRAY_SIZE(words) && walk->count == count; i++) {
		if (!ktally_may_be_code(words[i]))
			continue;
		caller.ip = words[i];
		caller.sp = (unsigned long)(sp + i + 1);
		walk_store(walk, caller.ip);
		if (walk->count < walk->max)
			walk_from(walk, &caller);
		if (walk->count <= count + 1)
			walk->count = count;
	}
}

static noinline void walk_kernel(struct walk *walk, struct pt_regs *regs)
{
	/* From regs the unwinder starts at the frame that follows them. */
	if (regs) {
		walk_store(walk, regs_ip(regs));
		walk_entry(walk, regs);
	}
	walk_from(walk, regs);
	if (regs && walk->count == 1 && walk->max > 1) {
		if (walk->span)
			walk->span->plain = false;
		walk_thunk(walk, regs);
	}
}

#ifdef KTALLY_PLAIN_STACKS
unsigned int ktally_unwind_span(struct pt_regs *regs, unsigned long *ips, unsigned int max,
				struct ktally_span *span)
{
	struct walk walk = { .ips = ips, .max = max, .span = span, .skip_own = span->skip_own };
	unsigned long stack = (unsigned long)task_stack_page(current), sp = regs_sp(regs);

	span->low = sp;
	span->high = sp;
	span->last = sp;
	span->plain = sp >= stack && sp < stack + THREAD_SIZE && sp % sizeof(long) == 0;
	if (max)
		walk_kernel(&walk, regs);
	return walk.count;
}
#endif

/* A call leaves the return address above the frame pointer that the function saved. */
static void walk_caller(struct walk *walk, void *frame)
{
	unsigned long *saved = frame;
	struct pt_regs regs __uninitialized;

	regs.ip = saved[1];
	regs.sp = (unsigned long)(saved + 2);
	regs.bp = saved[0];
	regs.cs = __KERNEL_CS;
	regs.flags = 0;
	walk_kernel(walk, &regs);
}

#elif defined(CONFIG_ARM64) || defined(CONFIG_FRAME_POINTER)
#include <asm/irq_regs.h>

#ifdef KTALLY_HAVE_ARM64_FRAME_META
#include <asm/stacktrace/frame.h>

/*
 * Where an exception interrupted the kernel the chain has a frame of zeros, inside the pt_regs
 * that go on: "arm64: stacktrace: unwind exception boundaries", 6.13. Before, that frame was
 * the interrupted address and frame themselves.
 */
static bool walk_exception(struct walk *walk, struct frame_walk *frames)
{
	unsigned long record = frames->low - sizeof(struct frame);
	struct pt_regs *regs = (void *)(record - offsetof(struct pt_regs, stackframe));
	u64 type, ip, next;

	if (copy_from_kernel_nofault(&type, &regs->stackframe.type, sizeof(type)) ||
	    type != FRAME_META_TYPE_PT_REGS ||
	    copy_from_kernel_nofault(&ip, &regs->pc, sizeof(ip)) ||
	    copy_from_kernel_nofault(&next, &regs->regs[29], sizeof(next)))
		return false;
	frames->address = next;
	walk_store(walk, ip);
	return true;
}
#else
static bool walk_exception(struct walk *walk, struct frame_walk *frames)
{
	return false;
}
#endif

/* An x86 interrupt pushes no frame: its handler's leads past the function that it interrupted. */
static void walk_interrupted(struct walk *walk, struct frame_walk *frames)
{
	struct pt_regs *regs = get_irq_regs();

	if (IS_ENABLED(CONFIG_X86) && regs && !user_mode(regs) && walk->count < walk->max &&
	    frames->address == regs_frame(regs))
		walk_store(walk, regs_ip(regs));
}

static void walk_frames(struct walk *walk, struct frame_walk *frames)
{
	unsigned int steps = walk->max + OWN_FRAMES_MAX;
	struct frame frame;
	unsigned long ip;

	while (walk->count < walk->max && steps-- && frame_walk_next(frames, &frame)) {
		if (!frame.ip) {
			if (!walk_exception(walk, frames))
				break;
			continue;
		}
		ip = strip_kernel(frame.ip);
		if (ip < TASK_SIZE)
			break;
		walk_store(walk, ip);
		walk_interrupted(walk, frames);
	}
}

/*
 * Where a function returns to whose first instruction a kprobe stands on: there is no frame of it yet, so the frames begin with
 * that of its caller and the address inside the caller would be missed. The first instruction is told by those that follow:
 * room for a tracer, a call to one, or what makes the frame: paciasp, stp x29, x30, [sp, #-n]!, mov x29, sp.
 */
static unsigned long kprobe_caller(struct pt_regs *regs)
{
#ifdef CONFIG_ARM64
	const u32 brk = 0xd4200080, nop = 0xd503201f, paciasp = 0xd503233f, mov = 0x910003fd;
	u32 code[3], *next = code + 1;

	if (copy_from_kernel_nofault(code, (void *)regs_ip(regs), sizeof(code)) || code[0] != brk)
		return 0;
	if (*next == mov)
		return strip_kernel(regs->regs[30]);
	if (*next == nop || *next >> 26 == 0x25)
		next++;
	if (*next == paciasp || (*next & 0xffc07fff) == 0xa9807bfd)
		return strip_kernel(regs->regs[30]);
#endif
	return 0;
}

static noinline void walk_kernel(struct walk *walk, struct pt_regs *regs)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0), caller;
	struct frame_walk frames;

	if (regs) {
		walk_store(walk, regs_ip(regs));
		caller = walk->count < walk->max ? kprobe_caller(regs) : 0;
		if (caller)
			walk_store(walk, caller);
		walk_entry(walk, regs);
		frame_walk_start(&frames, regs_frame(regs), regs_sp(regs));
	} else {
		frame_walk_start(&frames, here, here);
	}
	walk_frames(walk, &frames);
}

static void walk_caller(struct walk *walk, void *frame)
{
	struct frame_walk frames;

	frame_walk_start(&frames, (unsigned long)frame, (unsigned long)frame);
	walk_frames(walk, &frames);
}

#else
#include <linux/stacktrace.h>

/* x86 before 4.9 without frame pointers: only from here, and only what looks like an address. */
static void walk_kernel(struct walk *walk, struct pt_regs *regs)
{
	struct stack_trace trace = { .entries = walk->ips, .max_entries = walk->max };
	unsigned int i;

	if (regs) {
		walk_store(walk, regs_ip(regs));
		return;
	}
	save_stack_trace(&trace);
	/* Stored where it is read from, never ahead. */
	for (i = 0; i < trace.nr_entries && trace.entries[i] != ULONG_MAX; i++)
		walk_store(walk, trace.entries[i]);
}

static void walk_caller(struct walk *walk, void *frame)
{
	walk_kernel(walk, NULL);
}

#endif

unsigned int ktally_unwind_caller(void *frame, unsigned long *ips, unsigned int max)
{
	struct walk walk = { .ips = ips, .max = max, .skip_own = true };

	if (max)
		walk_caller(&walk, frame);
	return walk.count;
}

unsigned int ktally_unwind_entry(struct pt_regs *regs, unsigned long *ips, unsigned int max)
{
	struct walk walk = { .ips = ips, .max = max, .entry = true };

	if (max)
		walk_kernel(&walk, regs);
	return walk.count;
}

unsigned int ktally_unwind_kernel(struct pt_regs *regs, unsigned long *ips, unsigned int max)
{
	struct walk walk = { .ips = ips, .max = max, .skip_own = !regs };

	if (max)
		walk_kernel(&walk, regs);
	return walk.count;
}
