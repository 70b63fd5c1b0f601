// SPDX-License-Identifier: GPL-2.0
// unwind_start() and friends: x86, "x86/unwind: Add new unwind interface and implementations", 4.9.
#include <linux/sched.h>
#include <asm/unwind.h>

unsigned long probe(struct pt_regs *regs);

unsigned long probe(struct pt_regs *regs)
{
	struct unwind_state state;

	unwind_start(&state, current, regs, NULL);
	unwind_next_frame(&state);
	return unwind_done(&state) ? 0 : unwind_get_return_address(&state);
}
