// SPDX-License-Identifier: GPL-2.0
// pt_regs.stackframe has a type: "arm64: stacktrace: unwind exception boundaries", 6.13.
#include <linux/ptrace.h>
#include <linux/types.h>
#include <asm/stacktrace/frame.h>

bool probe(struct pt_regs *regs);

bool probe(struct pt_regs *regs)
{
	return regs->stackframe.type == FRAME_META_TYPE_PT_REGS;
}
