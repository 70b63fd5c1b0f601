// SPDX-License-Identifier: GPL-2.0
/* Registers and a piece of the stack of the current task, for who unwinds them elsewhere. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/ktally_ring.h>
#include "compat/unwind.h"
#include "compat/user_regs.h"
#include "image.h"
#include "probe.h"
#include "program.h"
#include "ring.h"
#include "user_record.h"

/* As much as is there: whole pages at a time, since what follows a missing one is not the stack. */
static u32 copy_stack(void *to, unsigned long sp, u32 size)
{
	u32 done = 0, part;

	while (done < size) {
		part = min_t(u32, size - done, PAGE_SIZE - (sp + done) % PAGE_SIZE);
		if (copy_from_user_nofault(to + done, (const void __user *)(sp + done), part))
			break;
		done += part;
	}
	return done / sizeof(u64) * sizeof(u64);
}

static void fill_regs(u64 *to, const struct pt_regs *regs, unsigned long frame)
{
	unsigned int n;

	for (n = 0; n < KTALLY_NR_REGS; n++)
		to[n] = ktally_user_reg(regs, n);
	to[KTALLY_REG_FP] = frame;
}

u64 ktally_user_record(const struct ktally_probe *probe, const struct ktally_hot *hot, const struct ktally_hit *hit, u32 size)
{
	struct pt_regs *regs = ktally_hit_user(hit);
	struct ktally_hot *mine = (struct ktally_hot *)hot;
	struct ktally_user *body;
	unsigned long frame;
	bool whole;
	u32 copied;

	regs = ktally_user_entry(regs, &frame, &whole);
	if (!regs)
		return 0;
	body = (void *)ktally_probe_record(probe, hot->ring, KTALLY_RECORD_USER, sizeof(*body) + KTALLY_NR_REGS * sizeof(u64) + size, current);
	if (!body)
		return 0;
	body->image = ktally_task_image(current);
	/* An interrupt may come in between: its id then differs from ours by no more than the level. */
	mine->users += KTALLY_LEVELS;
	body->id = mine->users + ktally_level_number();
	body->nr_regs = KTALLY_NR_REGS;
	fill_regs((u64 *)body->data, regs, frame);
	copied = copy_stack(body->data + KTALLY_NR_REGS, regs->sp, size);
	memset((void *)(body->data + KTALLY_NR_REGS) + copied, 0, size - copied);
	body->bytes = copied;
	ktally_ring_commit(hot->ring);
	return body->id;
}
