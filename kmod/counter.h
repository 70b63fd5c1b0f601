/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a session: per-CPU perf counters that programs read at a hit, and that user space reads whole. */
#ifndef _KTALLY_COUNTER_H
#define _KTALLY_COUNTER_H

#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/types.h>
#include <linux/ktally_netlink.h>
#include <asm/barrier.h>
#include "compat/perf.h"
#include "compat/perf_direct.h"

struct cpumask;
struct ktally_session;

/**
 * struct ktally_counter_config - which counter: KTALLY_A_SRC_PERF_*
 * @type: as in struct perf_event_attr, like the next three
 * @config: see @type
 * @config1: see @type
 * @config2: see @type
 * @flags: KTALLY_PERF_*
 */
struct ktally_counter_config {
	u32 type;
	u64 config;
	u64 config1;
	u64 config2;
	u32 flags;
};

/**
 * struct ktally_counter_here - a counter on one CPU
 * @event: the kernel's; NULL while it does not count here
 * @before: what earlier ones counted, that ended when the CPU went or the session was stopped; written before @event is
 * @enabled: nanoseconds of those
 * @running: nanoseconds of those
 * @life: which of the CPU's lives @event belongs to
 * @direct: whether ktally_perf_read_direct() understands @event; written before it
 * @hidden: one that ends
 * @counted: whether it ever counted here
 */
struct ktally_counter_here {
	struct perf_event *event;
	u64 before;
	bool direct;
	u64 enabled;
	u64 running;
	struct perf_event *hidden;
	unsigned int life;
	bool counted;
};

/**
 * struct ktally_counter - one counter of a session
 * @here: per CPU
 * @config: what it was made from
 * @cpus: where it counts; valid while it does
 * @list: in the list of those that count
 * @label: user space's description
 * @label_len: bytes of it
 */
struct ktally_counter {
	struct ktally_counter_here __percpu *here;
	struct ktally_counter_config config;
	const struct cpumask *cpus;
	struct list_head list;
	u8 *label;
	unsigned int label_len;
};

/**
 * ktally_counter_new() - check a request; nothing counts yet
 * @config: which; tried on one CPU
 * @why: out: a sentence when refused
 *
 * Return: the counter or ERR_PTR().
 * Context: process.
 */
struct ktally_counter *ktally_counter_new(const struct ktally_counter_config *config, const char **why);
/** ktally_counter_free() - of one that does not count, and its label. Context: process. */
void ktally_counter_free(struct ktally_counter *counter);

/** ktally_counter_pinned() - whether programs may read it */
bool ktally_counter_pinned(const struct ktally_counter *counter);

/**
 * ktally_counters_start() - begin to count on every CPU of the session: from 0, or from where the last stop left it, as tables do
 *
 * Return: 0, or -errno with a sentence, and nothing counts: a pinned counter that found no place on the hardware is -EBUSY.
 * Context: process, session locked.
 */
int ktally_counters_start(struct ktally_session *session, const char **why);
/** ktally_counters_stop() - stop, keeping the last values for ktally_counter_values(). Context: process, session locked, no handler reads any more. */
void ktally_counters_stop(struct ktally_session *session);

/**
 * ktally_counter_read() - what a pinned counter has counted on this CPU
 * @counter: of a session that runs
 * @value: out
 *
 * Return: false if it does not count here now.
 * Context: any, NMI included, with preemption off.
 */
static __always_inline bool ktally_counter_read(const struct ktally_counter *counter, u64 *value)
{
	const struct ktally_counter_here *here = raw_cpu_ptr(counter->here);
	/* Pairs with count_here(): a counter that is seen is seen with what came before it. */
	struct perf_event *event = smp_load_acquire(&here->event);

	if (unlikely(!event))
		return false;
	if (unlikely(!(here->direct ? ktally_perf_read_direct(event, value) : ktally_perf_read(event, value))))
		return false;
	*value += here->before;
	return true;
}

/**
 * ktally_counter_values() - value, enabled and running time on every CPU
 * @counter: running or stopped
 * @first: leave out the CPUs below this one
 * @values: room for @max
 * @max: see @values
 *
 * Return: how many were filled in.
 * Context: process, session locked, may interrupt other CPUs.
 */
unsigned int ktally_counter_values(struct ktally_counter *counter, unsigned int first,
				   struct ktally_counter_value *values, unsigned int max);

/** ktally_counters_cpu_came() - count on it soon. Context: see hotplug.c */
void ktally_counters_cpu_came(unsigned int cpu);
/** ktally_counters_uninit() - no session and no news of CPUs is left. Context: process. */
void ktally_counters_uninit(void);

#endif /* _KTALLY_COUNTER_H */
