/* SPDX-License-Identifier: GPL-2.0 */
/* Waits for handlers that are still running, and makes new memory visible to NMIs. */
#ifndef _KTALLY_COMPAT_SYNC_H
#define _KTALLY_COMPAT_SYNC_H

#include <linux/rcupdate.h>
#if defined(KTALLY_HAVE_VMALLOC_SYNC_ALL) || defined(KTALLY_HAVE_VMALLOC_SYNC_MAPPINGS)
#include <linux/kdebug.h>
#include <linux/notifier.h>
#endif

/**
 * ktally_synchronize() - wait until every section with preemption off has ended once
 *
 * Such a section is any part of a handler between preempt_disable_notrace() and its end, an
 * interrupt or an NMI. Only synchronize_sched() waited for these until the flavors of RCU
 * became one, "rcu: Define RCU-sched API in terms of RCU for Tree RCU PREEMPT builds", 4.20.
 * Context: process, sleeps.
 */
static inline void ktally_synchronize(void)
{
#ifdef KTALLY_HAVE_SYNCHRONIZE_SCHED
	synchronize_sched();
#else
	synchronize_rcu();
#endif
}

#if defined(CONFIG_X86) && \
	(defined(KTALLY_HAVE_VMALLOC_SYNC_ALL) || defined(KTALLY_HAVE_VMALLOC_SYNC_MAPPINGS))
static inline int ktally_ignore_die(struct notifier_block *block, unsigned long action, void *data)
{
	return NOTIFY_DONE;
}
#endif

/**
 * ktally_vmalloc_sync() - let every address space see what vmalloc() just gave us
 *
 * To be called after an allocation that an NMI or a page fault handler will touch, before it
 * may. x86 filled in other page tables upon a fault until "x86/mm: Remove vmalloc faulting",
 * 5.8, and such a fault must not happen there. The function that prevents it is not exported,
 * but registering for the news of a crash calls it.
 * Context: process, may sleep.
 */
static inline void ktally_vmalloc_sync(void)
{
#if defined(CONFIG_X86) && \
	(defined(KTALLY_HAVE_VMALLOC_SYNC_ALL) || defined(KTALLY_HAVE_VMALLOC_SYNC_MAPPINGS))
	struct notifier_block block = { .notifier_call = ktally_ignore_die };

	if (!register_die_notifier(&block))
		unregister_die_notifier(&block);
#endif
}

#endif /* _KTALLY_COMPAT_SYNC_H */
