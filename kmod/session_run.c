// SPDX-License-Identifier: GPL-2.0
/* Sessions at work: starting, flipping the halves, what they sum up to, stopping. */
#include <linux/cpumask.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <asm/barrier.h>
#include "compat/sync.h"
#include "counter.h"
#include "hotplug.h"
#include "session.h"
#include "session_memory.h"
#include "source.h"

static int attach(struct ktally_probe *probe)
{
	int err = probe->ops->attach ? probe->ops->attach(probe) : ktally_hotplug_add(probe);

	probe->attached = !err;
	return err;
}

static const char *attach_why(const struct ktally_probe *probe, int err)
{
	return probe->ops->explain ? probe->ops->explain(probe, err) : "a probe could not be attached";
}

/* Detaches kind by kind, so that a kind can wait once for all of its probes. */
static void detach_all(struct ktally_session *session)
{
	struct ktally_probe **some = kcalloc(session->nr_probes + 1, sizeof(*some), GFP_KERNEL | __GFP_NOFAIL);
	const struct ktally_source_ops *ops;
	unsigned int i, kind, nr;

	for (kind = 0; kind < __KTALLY_SOURCE_END; kind++) {
		ops = ktally_source_find(kind);
		for (i = nr = 0; ops && i < session->nr_probes; i++) {
			if (session->probes[i]->ops != ops || !session->probes[i]->attached)
				continue;
			session->probes[i]->attached = false;
			if (ops->detach)
				some[nr++] = session->probes[i];
			else
				ktally_hotplug_remove(session->probes[i]);
		}
		if (nr)
			ops->detach(some, nr);
	}
	kfree(some);
	ktally_synchronize();
}

void ktally_session_detach(struct ktally_session *session, struct ktally_probe *probe)
{
	if (!probe->attached)
		return;
	probe->attached = false;
	if (probe->ops->detach)
		probe->ops->detach(&probe, 1);
	else
		ktally_hotplug_remove(probe);
}

/* Follows the threads of all pairs; what is open from an earlier run has lost its end. */
static int watch_pairs(struct ktally_session *session, const char **why)
{
	void *half = ktally_session_area(session, cpumask_first(session->cpus), session->active)->memory;
	unsigned int i;
	int err = 0;

	for (i = 0; i < session->nr_pairs && !err; i++) {
		ktally_pair_begin(session->pairs[i], half);
		err = ktally_pair_watch(session->pairs[i], why);
	}
	return err;
}

static void unwatch_pairs(struct ktally_session *session)
{
	unsigned int i;

	for (i = 0; i < session->nr_pairs; i++)
		ktally_pair_unwatch(session->pairs[i]);
}

/* Shows every CPU its active half, or none. */
static void show_halves(struct ktally_session *session, bool show)
{
	unsigned int cpu;

	for_each_cpu(cpu, session->cpus) {
		void *half = ktally_session_area(session, cpu, session->active)->memory;

		/* Pairs with ktally_probe_begin(). */
		WRITE_ONCE(per_cpu_ptr(session->hot, cpu)->half, show ? half : NULL);
	}
}

int ktally_session_start(struct ktally_session *session, const char **why)
{
	unsigned int i;
	int err;

	if (session->state == KTALLY_STATE_RUNNING) {
		*why = "the session is running";
		return -EALREADY;
	}
	if (session->state == KTALLY_STATE_DEAD) {
		*why = "the session was deleted";
		return -ENOENT;
	}
	if (!session->nr_probes && !session->nr_counters) {
		*why = "the session has neither a probe nor a counter, so there is nothing to start";
		return -EINVAL;
	}
	if (!session->areas) {
		err = ktally_session_alloc(session, why);
		if (err)
			return err;
	}
	ktally_governor_start(session);
	err = watch_pairs(session, why);
	for (i = 0; i < session->nr_probes && !err; i++) {
		err = attach(session->probes[i]);
		if (err)
			*why = attach_why(session->probes[i], err);
	}
	if (!err)
		err = ktally_counters_start(session, why);
	if (err) {
		detach_all(session);
		unwatch_pairs(session);
		return err;
	}
	show_halves(session, true);
	WRITE_ONCE(session->running, true);
	session->state = KTALLY_STATE_RUNNING;
	return 0;
}

int ktally_session_stop(struct ktally_session *session, const char **why)
{
	if (session->state != KTALLY_STATE_RUNNING) {
		*why = "the session is not running";
		return -EALREADY;
	}
	WRITE_ONCE(session->running, false);
	show_halves(session, false);
	detach_all(session);
	unwatch_pairs(session);
	ktally_counters_stop(session);
	session->state = KTALLY_STATE_STOPPED;
	wake_up_all(&session->wait);
	return 0;
}

static void clear_half(struct ktally_session *session, struct ktally_half *half)
{
	unsigned int i;

	memset((void *)half + half->probes_offset, 0,
	       session->nr_probes * sizeof(struct ktally_probe_count));
	memset((void *)half + half->pairs_offset, 0, session->nr_pairs * sizeof(struct ktally_pair_count));
	for (i = 0; i < session->nr_tables; i++)
		ktally_table_clear(session->tables[i], half);
}

int ktally_session_flip(struct ktally_session *session, bool clear, unsigned int *quiet, const char **why)
{
	unsigned int cpu, next = !session->active;
	struct ktally_half *half;

	if (!session->areas) {
		*why = "the session was never started: there is nothing to read";
		return -EAGAIN;
	}
	for_each_cpu(cpu, session->cpus) {
		half = ktally_session_area(session, cpu, next)->memory;
		WRITE_ONCE(half->generation, half->generation + 1);
		/* Odd before the first hit can be in it; pairs with the reader's second look at generation. */
		smp_wmb();
		if (clear)
			clear_half(session, half);
	}
	*quiet = session->active;
	session->active = next;
	if (session->state == KTALLY_STATE_RUNNING) {
		show_halves(session, true);
		ktally_synchronize();
	}
	for_each_cpu(cpu, session->cpus) {
		half = ktally_session_area(session, cpu, *quiet)->memory;
		/* Even after the last hit was in it; pairs with the reader's acquire of generation. */
		smp_store_release(&half->generation, half->generation + 1);
		session->generation = half->generation;
	}
	return 0;
}

void ktally_session_sum(const struct ktally_session *session, u64 offset, u64 *sum, unsigned int words)
{
	unsigned int cpu, which, i;

	memset(sum, 0, words * sizeof(u64));
	if (!session->areas)
		return;
	for_each_cpu(cpu, session->cpus) {
		for (which = 0; which < 2; which++) {
			const u64 *from = ktally_session_area(session, cpu, which)->memory + offset;

			for (i = 0; i < words; i++)
				sum[i] += READ_ONCE(from[i]);
		}
	}
}
