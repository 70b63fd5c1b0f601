// SPDX-License-Identifier: GPL-2.0
/* What a program can ask about the moment of the hit. */
#include <linux/cred.h>
#include <linux/irqflags.h>
#include <linux/ptrace.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/topology.h>
#include <linux/uidgid.h>
#include "compat/cgroup.h"
#include "compat/regs.h"
#include "compat/task.h"
#include "context.h"
#include "image.h"

unsigned int ktally_context_words(u32 context)
{
	if (context >= KTALLY_CONTEXT_GROUP)
		return 1;
	if (context >= __KTALLY_CTX_END)
		return 0;
	return context == KTALLY_CTX_COMM ? TASK_COMM_LEN / sizeof(u64) : 1;
}

/*
 * Before "fs/exec: replace strlcpy with strscpy_pad in __set_task_comm", 5.17, a longer name of old stays behind the NUL,
 * where it would make two keys of one.
 */
void ktally_context_comm(u64 *dst)
{
	memset(dst, 0, TASK_COMM_LEN);
	memcpy(dst, current->comm, strnlen(current->comm, TASK_COMM_LEN));
}

static u64 parent_pid(void)
{
	u64 pid;

	rcu_read_lock();
	pid = rcu_dereference(current->real_parent)->tgid;
	rcu_read_unlock();
	return pid;
}

static u64 interrupt_level(void)
{
	if (in_nmi())
		return 3;
	if (in_hardirq())
		return 2;
	return in_serving_softirq() ? 1 : 0;
}

u64 ktally_task_class(unsigned int state, bool off_cpu)
{
	bool blocked;

	if (!state)
		return off_cpu ? KTALLY_TASK_RUNNABLE : KTALLY_TASK_RUNNING;
	if (!ktally_task_waits(state, &blocked))
		return KTALLY_TASK_OTHER;
	return blocked ? KTALLY_TASK_BLOCKED : KTALLY_TASK_SLEEPING;
}

u64 ktally_context_rare(u32 which, const struct ktally_hit *hit)
{
	switch (which) {
	case KTALLY_CTX_PPID:
		return parent_pid();
	case KTALLY_CTX_NODE:
		return numa_node_id();
	case KTALLY_CTX_CGROUP:
		return ktally_cgroup_id(KTALLY_CGROUP_UNIFIED);
	case KTALLY_CTX_UID:
		return from_kuid(&init_user_ns, current_uid());
	case KTALLY_CTX_PRIO:
		return current->prio;
	case KTALLY_CTX_POLICY:
		return current->policy;
	case KTALLY_CTX_IN_IRQ:
		return interrupt_level();
	case KTALLY_CTX_IRQS_OFF:
		return hit->regs && irqs_disabled_flags(ktally_regs_flags(hit->regs));
	case KTALLY_CTX_IMAGE:
		return ktally_task_image(current);
	case KTALLY_CTX_STATE:
		return ktally_task_class(ktally_task_state(current), false);
	case KTALLY_CTX_USER_MODE:
		return !!ktally_hit_user(hit);
	case KTALLY_CTX_IP:
		return hit->regs ? instruction_pointer(hit->regs) : 0;
	}
	return which >= KTALLY_CONTEXT_GROUP ? ktally_cgroup_id(which - KTALLY_CONTEXT_GROUP) : 0;
}
