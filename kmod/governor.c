// SPDX-License-Identifier: GPL-2.0
/* The governor: what was spent, and the steps. */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include "governor.h"
#include "session.h"
#include "source.h"

#define WINDOW_NS	20000000ULL	/* a share is of so long; a session is reined in after a few of these */
#define SETTLE_NS	40000000ULL	/* after a step, the window at hand is not yet what it changed */
#define CALM_WINDOWS	50		/* before something is given back */
#define GATE_MAX	4096U
#define HYSTERESIS(budget) ((budget) * 8 / 10)

/* Where a hit goes: short cuts know nothing of gates. */
static void reroute(struct ktally_session *session)
{
	unsigned int i;

	for (i = 0; i < session->nr_probes; i++)
		ktally_fast_prepare(session->probes[i]);
}

static void note(struct ktally_governor *governor, u64 now, u32 kind, u32 number, u32 share)
{
	struct ktally_step *step = &governor->steps[governor->nr_steps % KTALLY_STEPS_KEPT];

	step->time = now;
	step->kind = kind;
	step->number = number;
	step->share = share;
	step->cpu = raw_smp_processor_id();
	governor->last = now;
	/* The step before its number; pairs with ktally_governor_steps(). */
	smp_wmb();
	WRITE_ONCE(governor->nr_steps, governor->nr_steps + 1);
}

static bool uses(const struct ktally_session *session, unsigned int what)
{
	unsigned int i;

	for (i = 0; i < session->nr_probes; i++)
		if (session->probes[i]->program && session->probes[i]->program->uses & what)
			return true;
	return false;
}

/* The probe that took most, of those that are still on. */
static int dearest(const struct ktally_session *session)
{
	u64 most = 0, spent;
	unsigned int i;
	int found = -1;

	for (i = 0; i < session->nr_probes; i++) {
		spent = READ_ONCE(session->probes[i]->spent);
		if (!session->probes[i]->attached || spent <= most)
			continue;
		most = spent;
		found = i;
	}
	return found;
}

static void step_down(struct ktally_session *session, u64 now, u32 share)
{
	struct ktally_governor *governor = &session->governor;
	u32 wanted;

	if (!governor->no_stacks && uses(session, KTALLY_USES_STACK)) {
		governor->no_stacks = true;
		governor->stack_factor = share;
		note(governor, now, KTALLY_STEP_STACKS, 0, share);
	} else if (!governor->no_counters && uses(session, KTALLY_USES_COUNTER)) {
		governor->no_counters = true;
		governor->counter_factor = share;
		note(governor, now, KTALLY_STEP_COUNTERS, 0, share);
	} else if (governor->gate < GATE_MAX) {
		wanted = governor->gate * (share / max(governor->budget, 1U) + 1);
		WRITE_ONCE(governor->gate, min_t(u32, roundup_pow_of_two(wanted), GATE_MAX));
		note(governor, now, KTALLY_STEP_GATE, governor->gate, share);
		reroute(session);
	} else if (governor->off < 0 && dearest(session) >= 0) {
		governor->off = dearest(session);
		note(governor, now, KTALLY_STEP_PROBE, governor->off, share);
		irq_work_queue(&governor->irq_work);
	}
}

/* Gives the last thing back, if what it would then cost is well below the budget. */
static void step_up(struct ktally_session *session, u64 now, u32 share)
{
	struct ktally_governor *governor = &session->governor;
	u32 limit = HYSTERESIS(governor->budget);

	if (governor->gate > 1) {
		if (share * 2 >= limit)
			return;
		WRITE_ONCE(governor->gate, governor->gate / 2);
		note(governor, now, KTALLY_STEP_GATE, governor->gate, share);
		if (governor->gate == 1)
			reroute(session);
	} else if (governor->no_counters && governor->counter_factor < limit) {
		governor->no_counters = false;
		note(governor, now, KTALLY_STEP_COUNTERS, 1, share);
	} else if (governor->no_stacks && governor->stack_factor < limit) {
		governor->no_stacks = false;
		note(governor, now, KTALLY_STEP_STACKS, 1, share);
	}
}

/* A window has ended. */
static void judge(struct ktally_session *session, struct ktally_spending *spending, u64 now)
{
	struct ktally_governor *governor = &session->governor;

	if (!governor->budget)
		return;
	spending->calm = spending->share < HYSTERESIS(governor->budget) ? spending->calm + 1 : 0;
	if ((spending->share <= governor->budget && spending->calm < CALM_WINDOWS) ||
	    now - governor->last < SETTLE_NS || test_and_set_bit(0, &governor->lock))
		return;
	if (spending->share > governor->budget) {
		step_down(session, now, spending->share);
	} else {
		spending->calm = 0;
		step_up(session, now, spending->share);
	}
	clear_bit_unlock(0, &governor->lock);
}

void ktally_governor_charge(struct ktally_probe *probe, struct ktally_spending *spending, u64 now, u64 ns, bool run)
{
	struct ktally_session *session = probe->session;
	u64 all = (u64)(KTALLY_TIMED_MASK + 1) * probe->ops->overhead * session->governor.clock_ns / 10, elapsed;

	/* Of the two looks at the clock one is inside. */
	ns -= min_t(u64, ns, session->governor.clock_ns);
	if (run) {
		/* Which hits are timed has nothing to do with which are run: so it stands for all of them. */
		all += ns * (KTALLY_TIMED_MASK + 1);
		WRITE_ONCE(probe->cost, probe->cost ? (probe->cost * 7 + ns) / 8 : ns);
	}
	WRITE_ONCE(probe->spent, probe->spent + all);
	spending->spent += all;
	elapsed = now - spending->since;
	if (elapsed < WINDOW_NS)
		return;
	/* A window that nobody closed for long says nothing of now. */
	spending->share = elapsed > 64 * WINDOW_NS ? 0 : div64_u64(spending->spent * 1000, elapsed);
	spending->since = now;
	spending->spent = 0;
	judge(session, spending, now);
}

static void queue_off(struct irq_work *irq_work)
{
	schedule_work(&container_of(irq_work, struct ktally_governor, irq_work)->work);
}

static void take_off(struct work_struct *work)
{
	struct ktally_governor *governor = container_of(work, struct ktally_governor, work);
	struct ktally_session *session = governor->session;

	mutex_lock(&session->lock);
	if (session->state == KTALLY_STATE_RUNNING && governor->off >= 0)
		ktally_session_detach(session, session->probes[governor->off]);
	governor->off = -1;
	mutex_unlock(&session->lock);
}

/* What a look at the clock costs: the least of a few, since anything may come between two. */
static u32 clock_cost(void)
{
	u64 before, after, least = ~0ULL;
	unsigned int i;

	for (i = 0; i < 32; i++) {
		before = ktime_get_mono_fast_ns();
		after = ktime_get_mono_fast_ns();
		least = min(least, after - before);
	}
	return clamp_t(u64, least, 1, 10000);
}

int ktally_governor_init(struct ktally_session *session, u32 budget, const char **why)
{
	struct ktally_governor *governor = &session->governor;

	if (budget > 1000) {
		*why = "the budget is in thousandths of a CPU: 0 to 1000";
		return -ERANGE;
	}
	governor->budget = budget;
	governor->session = session;
	governor->gate = 1;
	governor->off = -1;
	governor->clock_ns = clock_cost();
	init_irq_work(&governor->irq_work, queue_off);
	INIT_WORK(&governor->work, take_off);
	return 0;
}

void ktally_governor_start(struct ktally_session *session)
{
	struct ktally_governor *governor = &session->governor;
	u64 now = ktime_get_mono_fast_ns();
	unsigned int cpu;

	governor->no_stacks = false;
	governor->no_counters = false;
	governor->gate = 1;
	governor->off = -1;
	governor->last = now;
	for_each_possible_cpu(cpu) {
		struct ktally_spending *spending = &per_cpu_ptr(session->hot, cpu)->spending;

		memset(spending, 0, sizeof(*spending));
		spending->since = now;
	}
	reroute(session);
}

void ktally_governor_quiesce(struct ktally_session *session)
{
	irq_work_sync(&session->governor.irq_work);
	cancel_work_sync(&session->governor.work);
}

u32 ktally_governor_share(const struct ktally_session *session)
{
	const struct ktally_spending *spending;
	u64 now = ktime_get_mono_fast_ns();
	unsigned int cpu;
	u32 most = 0;

	for_each_cpu(cpu, session->cpus) {
		spending = &per_cpu_ptr(session->hot, cpu)->spending;
		if (now - READ_ONCE(spending->since) < 64 * WINDOW_NS)
			most = max(most, READ_ONCE(spending->share));
	}
	return most;
}

unsigned int ktally_governor_steps(struct ktally_session *session, struct ktally_step *steps)
{
	struct ktally_governor *governor = &session->governor;
	unsigned int taken = READ_ONCE(governor->nr_steps), first, i;

	/* Pairs with note(): a number after its step. A step that is overwritten right now is one of many. */
	smp_rmb();
	first = taken > KTALLY_STEPS_KEPT ? taken - KTALLY_STEPS_KEPT : 0;
	for (i = first; i < taken; i++)
		steps[i - first] = governor->steps[i % KTALLY_STEPS_KEPT];
	return taken - first;
}
