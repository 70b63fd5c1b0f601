// SPDX-License-Identifier: GPL-2.0
/* The governor: what was spent, and the steps. */
#include <linux/bitops.h>
#include <linux/delay.h>
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
#define CALM_NS		1000000000ULL	/* before something is given back, */
#define REGRETS_MAX	6		/* twice as long for each time that this was a mistake */
#define GATE_MAX	4096U
#define FACTOR_MIN	50U		/* stacks make a hit dearer by at least that, in tenths */
#define SAMPLES_MIN	8	/* timed hits that a window needs to be believed, */
#define WINDOW_MAX_NS	(16 * WINDOW_NS)	/* unless so few come */
#define HYSTERESIS(budget) ((budget) * 8 / 10)

/* Where a hit goes: short cuts know nothing of gates. */
static void reroute(struct ktally_session *session)
{
	unsigned int i;

	for (i = 0; i < session->nr_probes; i++)
		ktally_fast_prepare(session->probes[i]);
}

static void note(struct ktally_session *session, u64 now, u32 kind, u32 number, u32 share, u32 cpu)
{
	struct ktally_governor *governor = &session->governor;
	struct ktally_step *step = &governor->steps[governor->nr_steps % KTALLY_STEPS_KEPT];

	step->time = now;
	step->kind = kind;
	step->number = number;
	step->share = share;
	step->cpu = cpu;
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

/* The probe that spends most, of those that are still on; NULL: none spends anything. */
static struct ktally_probe *dearest(const struct ktally_session *session)
{
	struct ktally_probe *found = NULL;
	u64 most = 0, spent;
	unsigned int i;

	for (i = 0; i < session->nr_probes; i++) {
		spent = session->probes[i]->spent;
		if (!session->probes[i]->attached || spent <= most)
			continue;
		most = spent;
		found = session->probes[i];
	}
	return found;
}

/* What is run shrinks with the gate, what a hit costs around it does not. */
static u32 wanted_gate(const struct ktally_governor *governor, const struct ktally_spending *spending)
{
	u32 limit = HYSTERESIS(governor->budget), room = limit > spending->around ? limit - spending->around : 1;
	u64 wanted = (u64)governor->gate * ((spending->share - spending->around) / room + 1);

	return roundup_pow_of_two(clamp_t(u64, wanted, 2 * governor->gate, GATE_MAX));
}

static void step_down(struct ktally_session *session, const struct ktally_spending *spending, u64 now)
{
	struct ktally_governor *governor = &session->governor;
	u32 share = spending->share, cpu = raw_smp_processor_id();

	if (governor->taking_off)
		return;
	if (governor->gave_back && now - governor->last < CALM_NS)
		governor->regrets = min(governor->regrets + 1, REGRETS_MAX);
	governor->gave_back = false;
	if (!governor->no_stacks && uses(session, KTALLY_USES_STACK)) {
		governor->no_stacks = true;
		governor->stacks.before = spending->each;
		governor->stacks.factor = 0;
		note(session, now, KTALLY_STEP_STACKS, 0, share, cpu);
	} else if (!governor->no_counters && uses(session, KTALLY_USES_COUNTER)) {
		governor->no_counters = true;
		governor->counters.before = spending->each;
		governor->counters.factor = 0;
		note(session, now, KTALLY_STEP_COUNTERS, 0, share, cpu);
	} else if (governor->gate < GATE_MAX && spending->around <= governor->budget / 2) {
		WRITE_ONCE(governor->gate, wanted_gate(governor, spending));
		note(session, now, KTALLY_STEP_GATE, governor->gate, share, cpu);
		reroute(session);
	} else {
		/*
		 * Being hit alone is too dear, or no gate is high enough. Far below the budget, because what is measured gets the time
		 * that is saved and hits the more often, and because taking probes off may itself take long.
		 */
		governor->keep = governor->budget * 1000 / 4 / max(spending->around > governor->budget / 2 ? spending->around : share, 1U);
		governor->off_share = share;
		governor->off_cpu = cpu;
		governor->taking_off = true;
		irq_work_queue(&governor->irq_work);
	}
}

/* What the last thing taken away would cost now, if it was given back: twice what it seems, and that in a hurry it seemed too little. */
static u32 with(const struct ktally_taken *taken, u32 share)
{
	return taken->factor ? 2 * max(share, 1U) * max(taken->factor, FACTOR_MIN) / 10 : ~0U;
}

/* Gives the last thing back, if what it would then cost is well below the budget. */
static void step_up(struct ktally_session *session, u64 now)
{
	struct ktally_governor *governor = &session->governor;
	u32 limit = HYSTERESIS(governor->budget), share = ktally_governor_share(session), cpu = raw_smp_processor_id();

	if (governor->gate > 1) {
		if (share * 2 >= limit)
			return;
		governor->gave_back = true;
		WRITE_ONCE(governor->gate, governor->gate / 2);
		note(session, now, KTALLY_STEP_GATE, governor->gate, share, cpu);
		reroute(session);
	} else if (governor->no_counters && with(&governor->counters, share) < limit) {
		governor->no_counters = false;
		governor->gave_back = true;
		note(session, now, KTALLY_STEP_COUNTERS, 1, share, cpu);
	} else if (governor->no_stacks && with(&governor->stacks, share) < limit) {
		governor->no_stacks = false;
		governor->gave_back = true;
		note(session, now, KTALLY_STEP_STACKS, 1, share, cpu);
	}
}

/* How many times more a hit took: known when the first window after a step has ended, however many hits that has. */
static void learn(struct ktally_taken *taken, bool taken_away, u64 each)
{
	if (taken_away && !taken->factor)
		taken->factor = clamp_t(u64, div64_u64(taken->before * 10, max_t(u64, each, 1)), 10, 10000);
}

/* A window has ended. */
static void judge(struct ktally_session *session, struct ktally_spending *spending, u64 now)
{
	struct ktally_governor *governor = &session->governor;

	if (!governor->budget)
		return;
	if (spending->share >= HYSTERESIS(governor->budget))
		spending->calm = now;
	if (now - governor->last < SETTLE_NS || test_and_set_bit(0, &governor->lock))
		return;
	learn(&governor->counters, governor->no_counters, spending->each);
	learn(&governor->stacks, governor->no_stacks, spending->each);
	if (spending->share > governor->budget) {
		step_down(session, spending, now);
	} else if (now - spending->calm >= CALM_NS << governor->regrets) {
		spending->calm = now;
		step_up(session, now);
	}
	clear_bit_unlock(0, &governor->lock);
}

/* A hit that something else came into, an interrupt or another guest, stands for 256 that it did not. */
static u64 believable(const struct ktally_probe *probe, u64 ns)
{
	u32 clock_ns = probe->session->governor.clock_ns;

	/* Of the two looks at the clock one is inside. */
	ns -= min_t(u64, ns, clock_ns);
	return min_t(u64, ns, 8 * READ_ONCE(probe->cost) + 64 * clock_ns);
}

static u32 part(u64 spent, u64 elapsed)
{
	return div64_u64(spent * 1000, elapsed);
}

void ktally_governor_charge(struct ktally_probe *probe, struct ktally_spending *spending, u64 now, u64 ns, bool run, u32 gate)
{
	struct ktally_session *session = probe->session;
	u64 around = (u64)(KTALLY_TIMED_MASK + 1) * probe->ops->overhead * session->governor.clock_ns / 10, all = around, elapsed, samples;

	if (run) {
		ns = believable(probe, ns);
		WRITE_ONCE(probe->cost, probe->cost ? (probe->cost * 7 + ns) / 8 : ns);
	}
	/* Few of those that are timed are run, and each for many: what they cost on average makes no waves. */
	if (gate > 1)
		all += probe->cost * (KTALLY_TIMED_MASK + 1) / gate;
	else if (run)
		all += ns * (KTALLY_TIMED_MASK + 1);
	spending->spent += all;
	spending->spent_around += around;
	spending->samples++;
	/* An interrupt in between may have ended the window, later than we are. */
	samples = READ_ONCE(spending->samples);
	elapsed = now - READ_ONCE(spending->since);
	if ((s64)elapsed < (s64)WINDOW_NS || (samples < SAMPLES_MIN && elapsed < WINDOW_MAX_NS))
		return;
	spending->share = part(spending->spent, elapsed);
	spending->around = part(spending->spent_around, elapsed);
	spending->each = div64_u64(spending->spent, max_t(u64, samples, 1));
	spending->since = now;
	spending->spent = 0;
	spending->spent_around = 0;
	spending->samples = 0;
	judge(session, spending, now);
}

static void queue_off(struct irq_work *irq_work)
{
	schedule_work(&container_of(irq_work, struct ktally_governor, irq_work)->work);
}

/* Hits that step at this moment are soon done; it is no lock that anybody waits for in a hit. */
static void note_off(struct ktally_session *session, unsigned int number)
{
	struct ktally_governor *governor = &session->governor;

	while (test_and_set_bit(0, &governor->lock))
		cond_resched();
	note(session, ktime_get_mono_fast_ns(), KTALLY_STEP_PROBE, number, governor->off_share, governor->off_cpu);
	clear_bit_unlock(0, &governor->lock);
}

static u64 hits_of(const struct ktally_session *session, const struct ktally_probe *probe)
{
	struct ktally_probe_count count;

	ktally_session_sum(session, probe->count, (u64 *)&count, sizeof(count) / sizeof(u64));
	return count.hits;
}

/* What each probe spends now: timed hits are too rare to tell of all within a moment, so all hits are counted for a while. */
static u64 look_at_spending(struct ktally_session *session)
{
	u64 clock_ns = session->governor.clock_ns, gate = READ_ONCE(session->governor.gate), hits, each, all = 0;
	struct ktally_probe *probe;
	unsigned int i;

	for (i = 0; i < session->nr_probes; i++)
		session->probes[i]->spent = hits_of(session, session->probes[i]);
	msleep(WINDOW_NS / 1000000);
	for (i = 0; i < session->nr_probes; i++) {
		probe = session->probes[i];
		hits = hits_of(session, probe);
		each = probe->ops->overhead * clock_ns / 10 + div64_u64(probe->cost, gate);
		/* Fewer than there were: a reader cleared them. */
		probe->spent = probe->attached && hits > probe->spent ? (hits - probe->spent) * each : 0;
		all += probe->spent;
	}
	return all;
}

/* The dearest go, until what the others spend is small enough. */
static void take_some_off(struct ktally_session *session)
{
	struct ktally_governor *governor = &session->governor;
	u64 all = look_at_spending(session), keep = div64_u64(all * governor->keep, 1000);
	struct ktally_probe *probe;

	while (all > keep && (probe = dearest(session))) {
		all -= min(all, probe->spent);
		note_off(session, probe->number);
		ktally_session_detach(session, probe);
	}
}

static void take_off(struct work_struct *work)
{
	struct ktally_governor *governor = container_of(work, struct ktally_governor, work);
	struct ktally_session *session = governor->session;

	mutex_lock(&session->lock);
	if (session->state == KTALLY_STATE_RUNNING && governor->taking_off)
		take_some_off(session);
	governor->last = ktime_get_mono_fast_ns();
	governor->taking_off = false;
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
	governor->taking_off = false;
	governor->gave_back = false;
	governor->regrets = 0;
	governor->last = now;
	for_each_possible_cpu(cpu) {
		struct ktally_spending *spending = &per_cpu_ptr(session->hot, cpu)->spending;

		memset(spending, 0, sizeof(*spending));
		spending->since = now;
		spending->calm = now;
	}
	reroute(session);
}

void ktally_governor_quiesce(struct ktally_session *session)
{
	irq_work_sync(&session->governor.irq_work);
	cancel_work_sync(&session->governor.work);
}

/* Of the last window, or of the one at hand if that is longer already: nobody ends it while nothing hits. */
u32 ktally_governor_share(const struct ktally_session *session)
{
	const struct ktally_spending *spending;
	u64 now = ktime_get_mono_fast_ns(), elapsed;
	unsigned int cpu;
	u32 most = 0, share;

	for_each_cpu(cpu, session->cpus) {
		spending = &per_cpu_ptr(session->hot, cpu)->spending;
		elapsed = now - READ_ONCE(spending->since);
		share = READ_ONCE(spending->share);
		if (elapsed > 2 * WINDOW_NS && (s64)elapsed > 0)
			share = part(READ_ONCE(spending->spent), elapsed);
		most = max(most, share);
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
