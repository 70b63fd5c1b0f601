// SPDX-License-Identifier: GPL-2.0
/* What the module can do on this kernel, as the bits that user space is told. */
#include <linux/kernel.h>
#include <linux/ktally.h>
#include <linux/types.h>

#include "compat/cgroup.h"
#include "compat/features.h"
#include "compat/tracepoint.h"
#include "compat/unwind.h"
#include "compat/uprobe.h"

/* A prototype alone is not enough: a kernel may be built without the tracepoint. */
#define has_tracepoint(event)	(KTALLY_TP_HAVE_##event && ktally_tp_exists(#event))

static u64 tracepoint_features(void)
{
	u64 features = 0;

	if (has_tracepoint(sched_switch))
		features |= KTALLY_FEATURE_TRACEPOINT;
	if (has_tracepoint(sys_enter) && has_tracepoint(sys_exit))
		features |= KTALLY_FEATURE_SYSCALLS;
	if (has_tracepoint(sched_process_fork) && has_tracepoint(sched_process_exec) &&
	    has_tracepoint(sched_process_exit))
		features |= KTALLY_FEATURE_PROCESS;
	return features;
}

static u64 cgroup_features(void)
{
	u64 features = 0;

	if (KTALLY_CGROUP_V2)
		features |= KTALLY_FEATURE_CGROUP;
	if (KTALLY_CGROUP_V1)
		features |= KTALLY_FEATURE_CGROUP_V1 | KTALLY_FEATURE_CGROUP_SCOPE;
	if (KTALLY_CGROUP_PATH && has_tracepoint(sched_process_exec) && has_tracepoint(sched_process_exit))
		features |= KTALLY_FEATURE_CGROUP_PATH;
	if ((features & KTALLY_FEATURE_CGROUP_PATH) && has_tracepoint(cgroup_mkdir))
		features |= KTALLY_FEATURE_CGROUP_MADE;
	return features;
}

u64 ktally_features(void)
{
	u64 features = tracepoint_features() | cgroup_features() | KTALLY_FEATURE_TIMER |
		       KTALLY_FEATURE_KSTACK | KTALLY_FEATURE_USTACK;

	if (features & KTALLY_FEATURE_PROCESS)
		features |= KTALLY_FEATURE_UNWIND;
	if ((features & KTALLY_FEATURE_UNWIND) && !KTALLY_SYSCALLS_HIDE_SP)
		features |= KTALLY_FEATURE_UNWIND_SYSCALL;

#ifdef CONFIG_KPROBES
	features |= KTALLY_FEATURE_KPROBE;
#endif
#ifdef CONFIG_PERF_EVENTS
	features |= KTALLY_FEATURE_PERF;
#endif
#ifdef CONFIG_KRETPROBES
	features |= KTALLY_FEATURE_KRETPROBE;
#endif
#if defined(CONFIG_PERF_EVENTS) && defined(CONFIG_EVENT_TRACING)
	features |= KTALLY_FEATURE_EVENT;
#endif
	if (KTALLY_UPROBES)
		features |= KTALLY_FEATURE_UPROBE;
	if (KTALLY_UPROBE_SEMAPHORES)
		features |= KTALLY_FEATURE_SEMAPHORE;
#ifdef KTALLY_HAVE_EXTACK
	features |= KTALLY_FEATURE_EXTACK;
#endif
#ifdef KTALLY_HAVE_MONO_FAST
	features |= KTALLY_FEATURE_NMI_SAFE_CLOCK;
#endif
	return features;
}
