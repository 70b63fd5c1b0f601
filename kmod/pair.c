// SPDX-License-Identifier: GPL-2.0
/* Pairs: their shape, and the way of a start and of its end through the places. */
#include <linux/err.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include "compat/clock.h"
#include "compat/sync.h"
#include "counter.h"
#include "governor.h"
#include "pair_entry.h"
#include "session.h"

static int check_shape(const struct ktally_pair_config *config, const char **why)
{
	bool task = config->kind == KTALLY_PAIR_TASK, nest = config->flags & KTALLY_PAIR_NEST;

	*why = "PAIR_KIND is missing, or no kind of pair that this module has";
	if (!config->kind || config->kind > KTALLY_PAIR_MAX)
		return -EINVAL;
	*why = "unknown flag of a pair";
	if (config->flags & ~(KTALLY_PAIR_ONCPU | KTALLY_PAIR_NEST))
		return -EINVAL;
	*why = "only a pair by thread nests and knows the time on a CPU";
	if (config->flags && !task)
		return -EINVAL;
	*why = "a pair by key has 1 to 8 key words, one that nests has 1, others have none";
	if (config->kind == KTALLY_PAIR_KEY ? !config->nr_keys || config->nr_keys > KTALLY_PAIR_KEYS_MAX :
	    config->nr_keys != nest)
		return -EINVAL;
	*why = "a start saves at most 8 words";
	if (config->nr_saved > KTALLY_PAIR_SAVED_MAX)
		return -E2BIG;
	*why = "a pair has room for 1 to 4194304 open starts";
	if (!config->capacity || config->capacity > KTALLY_PAIR_ENTRIES_MAX)
		return -ERANGE;
	*why = "counters of two CPUs cannot be subtracted: only a pair by thread or by CPU has counters";
	if (config->nr_counters && config->kind == KTALLY_PAIR_KEY)
		return -EINVAL;
	return 0;
}

static int check_counters(const struct ktally_session *session, const struct ktally_pair_config *config, const char **why)
{
	unsigned int i;

	for (i = 0; i < config->nr_counters; i++) {
		*why = "the session has no counter of that number";
		if (config->numbers[i] >= session->nr_counters)
			return -ENOENT;
		*why = "a pair's counters must be pinned";
		if (!ktally_counter_pinned(session->counters[config->numbers[i]]))
			return -EINVAL;
	}
	return 0;
}

static u32 places(const struct ktally_pair *pair)
{
	if (pair->kind == KTALLY_PAIR_CPU)
		return nr_cpu_ids;
	/* Twice as many as wanted, so that windows hardly fill up; the last window goes over the end. */
	return (1U << (64 - pair->shift)) + KTALLY_PAIR_WINDOW;
}

static void shape(struct ktally_pair *pair, const struct ktally_pair_config *config)
{
	unsigned int i, oncpu = !!(config->flags & KTALLY_PAIR_ONCPU), nest = !!(config->flags & KTALLY_PAIR_NEST);

	pair->kind = config->kind;
	pair->flags = config->flags;
	pair->nr_keys = config->nr_keys;
	pair->nr_saved = config->nr_saved;
	pair->capacity = config->capacity;
	pair->nr_counters = config->nr_counters;
	pair->nr_clocks = oncpu + config->nr_counters;
	for (i = 0; i < config->nr_counters; i++) {
		pair->numbers[i] = config->numbers[i];
		pair->counters[oncpu + i] = pair->session->counters[config->numbers[i]];
	}
	pair->plain = pair->kind == KTALLY_PAIR_TASK && !pair->flags && !pair->nr_clocks;
	pair->nr_results = 1 + oncpu + 2 * nest + config->nr_counters + config->nr_saved;
	pair->frame_size = FRAME_KEYS + pair->nr_keys + pair->nr_saved + nest + pair->nr_clocks;
	pair->entry_size = sizeof(struct ktally_open) + pair_depth(pair) * pair->frame_size * sizeof(u64) +
			   pair->nr_clocks * sizeof(struct pair_clock);
	pair->shift = 64 - (ilog2(roundup_pow_of_two(config->capacity)) + 1);
	pair->length = PAGE_ALIGN(sizeof(struct ktally_pairs) + (u64)places(pair) * pair->entry_size);
}

struct ktally_pair *ktally_pair_new(struct ktally_session *session, const struct ktally_pair_config *config, const char **why)
{
	struct ktally_pair *pair;
	int err = check_shape(config, why);

	if (!err)
		err = check_counters(session, config, why);
	if (err)
		return ERR_PTR(err);
	*why = "out of memory";
	pair = kzalloc(sizeof(*pair), GFP_KERNEL);
	if (!pair)
		return ERR_PTR(-ENOMEM);
	pair->session = session;
	shape(pair, config);
	return pair;
}

void ktally_pair_free_memory(struct ktally_pair *pair)
{
	vfree(pair->memory);
	pair->memory = NULL;
	pair->entries = NULL;
}

void ktally_pair_free(struct ktally_pair *pair)
{
	ktally_pair_free_memory(pair);
	kfree(pair->label);
	kfree(pair);
}

int ktally_pair_alloc(struct ktally_pair *pair)
{
	struct ktally_pairs *head = vmalloc_user(pair->length);

	if (!head)
		return -ENOMEM;
	head->magic = KTALLY_PAIRS_MAGIC;
	head->kind = pair->kind;
	head->flags = pair->flags;
	head->nr_keys = pair->nr_keys;
	head->nr_saved = pair->nr_saved;
	head->nr_counters = pair->nr_counters;
	head->capacity = places(pair);
	head->entry_size = pair->entry_size;
	head->frame_size = pair->frame_size * sizeof(u64);
	head->entries_offset = sizeof(*head);
	pair->entries = (void *)head + sizeof(*head);
	pair->memory = head;
	pair->factor = ktally_tick_factor();
	ktally_vmalloc_sync();
	return 0;
}

/* What a clock shows that cannot be read now: the governor took counters away, or there is none on this CPU. */
#define NO_CLOCK (~0ULL)

static bool clock_read(const struct ktally_pair *pair, unsigned int n, u64 *now)
{
	if (!pair->counters[n]) {
		*now = ktime_get_mono_fast_ns();
		return true;
	}
	return !pair->session->governor.no_counters && ktally_counter_read(pair->counters[n], now);
}

/* What the clocks of a place show now. */
static noinline void clocks_read(const struct ktally_pair *pair, struct ktally_open *entry, u64 *values)
{
	struct pair_clock *clocks = pair_clocks(pair, entry);
	unsigned int i;
	u64 now;

	for (i = 0; i < pair->nr_clocks; i++)
		values[i] = clock_read(pair, i, &now) ? clocks[i].sum + now - clocks[i].since : NO_CLOCK;
}

/* A difference to something that was not read is none. */
static u64 clock_difference(u64 now, u64 then)
{
	return now == NO_CLOCK || then == NO_CLOCK ? 0 : now - then;
}

/* A place for this thread, which has none yet. Its own interrupts would take a second one. */
static noinline struct ktally_open *task_claim(struct ktally_pair *pair, u64 owner)
{
	struct ktally_open *entry = pair_entry(pair, ktally_table_hash(owner) >> pair->shift), *found;
	struct pair_clock *clocks;
	unsigned long flags;
	unsigned int n;

	/* Where it is going, nobody would tell us that it is gone. */
	if (in_nmi() || current->flags & PF_EXITING)
		return NULL;
	local_irq_save(flags);
	/* An interrupt may have been faster than we. */
	found = pair_owner_entry(pair, owner);
	if (found)
		goto out;
	for (n = 0; n < KTALLY_PAIR_WINDOW && !found; n++, entry = (void *)entry + pair->entry_size) {
		/* Full barrier: what its last owner wrote is done. */
		if (!READ_ONCE(entry->owner) && !cmpxchg(&entry->owner, 0, owner))
			found = entry;
	}
	if (found) {
		clocks = pair_clocks(pair, found);
		for (n = 0; n < pair->nr_clocks; n++) {
			clocks[n].sum = 0;
			clocks[n].since = 0;
			clock_read(pair, n, &clocks[n].since);
		}
	}
out:
	local_irq_restore(flags);
	return found;
}

/* The place of whoever is here, taken; idle threads share their number and have none. */
static __always_inline struct ktally_open *own_entry(struct ktally_pair *pair, bool claim)
{
	struct ktally_open *entry;
	u64 owner;

	if (pair->kind == KTALLY_PAIR_CPU) {
		entry = pair_entry(pair, raw_smp_processor_id());
		entry->owner = raw_smp_processor_id() + 1;
	} else {
		owner = (u64)current->pid + 1;
		entry = pair_owner_entry(pair, owner);
		if (unlikely(!entry) && claim && owner != 1)
			entry = task_claim(pair, owner);
		if (unlikely(!entry))
			return NULL;
	}
	return pair_take(entry) ? entry : NULL;
}

static __always_inline void frame_fill(const struct ktally_pair *pair, struct ktally_open *entry, u64 *frame, const u64 *key,
				       const u64 *saved, u64 weight)
{
	unsigned int i;
	u64 *to = frame + FRAME_KEYS;

	for (i = 0; i < pair->nr_keys; i++)
		*to++ = key[i];
	for (i = 0; i < pair->nr_saved; i++)
		*to++ = saved[i];
	if (unlikely(pair->flags & KTALLY_PAIR_NEST))
		*to++ = 0;
	frame[FRAME_WEIGHT] = weight;
	entry->cpu = raw_smp_processor_id();
	if (unlikely(pair->nr_clocks))
		clocks_read(pair, entry, to);
	/* Last, so that our own work is not part of what is measured. */
	frame[FRAME_TIME] = ktally_ticks(pair->factor);
}

static __always_inline bool key_same(const struct ktally_pair *pair, const u64 *frame, const u64 *key)
{
	unsigned int i;

	for (i = 0; i < pair->nr_keys; i++)
		if (frame[FRAME_KEYS + i] != key[i])
			return false;
	return true;
}

static u64 key_hash(const struct ktally_pair *pair, const u64 *key)
{
	u64 hash = 0;
	unsigned int i;

	for (i = 0; i < pair->nr_keys; i++) {
		hash = (hash ^ key[i]) * KTALLY_HASH_FACTOR;
		hash ^= hash >> 29;
	}
	return hash | 1;
}

/* The place of a key, locked; with @claim a free one if it has none. */
static struct ktally_open *key_entry(struct ktally_pair *pair, const u64 *key, bool claim)
{
	u64 tag = key_hash(pair, key), want = tag;
	struct ktally_open *first = pair_entry(pair, ktally_table_hash(tag) >> pair->shift), *entry;
	unsigned int n;

again:
	for (n = 0, entry = first; n < KTALLY_PAIR_WINDOW; n++, entry = (void *)entry + pair->entry_size) {
		if (READ_ONCE(entry->owner) != want || !pair_lock(entry))
			continue;
		if (entry->owner == want && (!want || key_same(pair, entry->frames, key)))
			goto found;
		pair_give(entry);
	}
	if (!claim || !want)
		return NULL;
	want = 0;
	goto again;

found:
	entry->owner = tag;
	return entry;
}

static void start_in(struct ktally_pair *pair, struct ktally_open *entry, void *half, const u64 *key, const u64 *saved,
		     u64 weight, bool first)
{
	if (entry->depth) {
		PAIR_COUNT(pair, half, replaced);
		if (first)
			return;
	}
	frame_fill(pair, entry, entry->frames, key, saved, weight);
	entry->depth = 1;
}

static void start_inside(struct ktally_pair *pair, struct ktally_open *entry, void *half, const u64 *key, const u64 *saved,
			 u64 weight)
{
	if (entry->depth == KTALLY_PAIR_DEPTH) {
		PAIR_COUNT(pair, half, full);
		return;
	}
	frame_fill(pair, entry, pair_frame(pair, entry, entry->depth), key, saved, weight);
	entry->depth++;
}

/* The place of whoever or whatever it is, taken, or NULL. Of a key, which is anybody's, with interrupts off. */
static __always_inline struct ktally_open *entry_get(struct ktally_pair *pair, const u64 *key, bool claim, unsigned long *flags)
{
	struct ktally_open *entry;

	if (likely(pair->kind != KTALLY_PAIR_KEY))
		return own_entry(pair, claim);
	local_irq_save(*flags);
	entry = key_entry(pair, key, claim);
	if (!entry)
		local_irq_restore(*flags);
	return entry;
}

/* Gives it back; a key without an open start has no place. */
static __always_inline void entry_put(struct ktally_pair *pair, struct ktally_open *entry, unsigned long flags)
{
	bool shared = pair->kind == KTALLY_PAIR_KEY;

	if (unlikely(shared) && !entry->depth)
		WRITE_ONCE(entry->owner, 0);
	pair_give(entry);
	if (unlikely(shared))
		local_irq_restore(flags);
}

void ktally_pair_start(struct ktally_pair *pair, void *half, const u64 *key, const u64 *saved, u64 weight, bool first)
{
	unsigned long flags = 0;
	struct ktally_open *entry = entry_get(pair, key, true, &flags);

	PAIR_COUNT(pair, half, starts);
	if (unlikely(!entry)) {
		PAIR_COUNT(pair, half, full);
		return;
	}
	if (unlikely(pair->flags & KTALLY_PAIR_NEST))
		start_inside(pair, entry, half, key, saved, weight);
	else
		start_in(pair, entry, half, key, saved, weight, first);
	entry_put(pair, entry, flags);
}

void ktally_pair_cancel(struct ktally_pair *pair, void *half, const u64 *key)
{
	unsigned long flags = 0;
	struct ktally_open *entry = entry_get(pair, key, false, &flags);

	if (!entry)
		return;
	for (; entry->depth; entry->depth--)
		PAIR_COUNT(pair, half, abandoned);
	entry_put(pair, entry, flags);
}

/* The frame that an end closes. Those inside it were left behind: their ends never came. */
static u64 *frame_find(struct ktally_pair *pair, struct ktally_open *entry, void *half, const u64 *key)
{
	unsigned int at = entry->depth;

	if (likely(!(pair->flags & KTALLY_PAIR_NEST)))
		return at ? entry->frames : NULL;
	while (at && !key_same(pair, pair_frame(pair, entry, at - 1), key))
		at--;
	if (!at)
		return NULL;
	for (; entry->depth > at; entry->depth--)
		PAIR_COUNT(pair, half, abandoned);
	return pair_frame(pair, entry, at - 1);
}

/* Self time and caller; what this took is not the caller's own. */
static u64 *nest_results(struct ktally_pair *pair, struct ktally_open *entry, u64 *frame, u64 total, u64 *to)
{
	u64 inner = *frame_inner(pair, frame), *around = NULL;

	*to++ = total > inner ? total - inner : 0;
	if (entry->depth > 1) {
		around = pair_frame(pair, entry, entry->depth - 2);
		*frame_inner(pair, around) += total;
	}
	*to++ = around ? around[FRAME_KEYS] : 0;
	return to;
}

static noinline u64 *rare_results(struct ktally_pair *pair, struct ktally_open *entry, u64 *frame, u64 *results)
{
	u64 now[KTALLY_PAIR_COUNTERS_MAX + 1], *then = frame_clocks(pair, frame), *to = results + 1;
	unsigned int i = 0;

	if (pair->nr_clocks)
		clocks_read(pair, entry, now);
	if (pair->flags & KTALLY_PAIR_ONCPU) {
		/* Both are read a little outside of the interval. */
		*to++ = min(now[0] - then[0], results[0]);
		i = 1;
	}
	if (pair->flags & KTALLY_PAIR_NEST)
		to = nest_results(pair, entry, frame, results[0], to);
	for (; i < pair->nr_clocks; i++)
		*to++ = clock_difference(now[i], then[i]);
	return to;
}

static bool end_in(struct ktally_pair *pair, struct ktally_open *entry, void *half, u64 now, const u64 *key, u64 *results,
		   u64 *weight, bool stay)
{
	u64 *frame = frame_find(pair, entry, half, key), *to = results + 1, *saved;
	unsigned int i;
	bool usable;

	if (unlikely(!frame)) {
		PAIR_COUNT(pair, half, unmatched);
		return false;
	}
	usable = likely((s64)(now - frame[FRAME_TIME]) >= 0);
	results[0] = ktally_ticks_to_ns(now - frame[FRAME_TIME], pair->factor);
	*weight = frame[FRAME_WEIGHT];
	if (unlikely(pair->nr_clocks || pair->flags & KTALLY_PAIR_NEST))
		to = rare_results(pair, entry, frame, results);
	saved = frame + FRAME_KEYS + pair->nr_keys;
	for (i = 0; i < pair->nr_saved; i++)
		to[i] = saved[i];
	if (unlikely(!usable))
		PAIR_COUNT(pair, half, negative);
	if (unlikely(stay) && usable) {
		PAIR_COUNT(pair, half, stayed);
		return true;
	}
	entry->depth--;
	PAIR_COUNT(pair, half, ended);
	return usable;
}

bool ktally_pair_end(struct ktally_pair *pair, void *half, const u64 *key, u64 *results, u64 *weight, bool stay)
{
	/* First, so that our own work is not part of what is measured. */
	u64 now = ktally_ticks(pair->factor);
	struct ktally_open *entry = NULL;
	unsigned long flags = 0;
	bool ended;

	/* Without taking anything: an end whose start was not wanted is to cost little. */
	if (likely(pair->kind != KTALLY_PAIR_KEY) || pair_owner_entry(pair, key_hash(pair, key)))
		entry = entry_get(pair, key, false, &flags);
	if (unlikely(!entry)) {
		PAIR_COUNT(pair, half, unmatched);
		return false;
	}
	ended = end_in(pair, entry, half, now, key, results, weight, stay);
	entry_put(pair, entry, flags);
	return ended;
}

void ktally_pair_begin(struct ktally_pair *pair, void *half)
{
	struct ktally_open *entry;
	u32 n;

	pair->factor = ktally_tick_factor();
	pair->memory->factor = pair->factor;
	pair->memory->ticks = ktally_ticks(pair->factor);
	pair->memory->time = ktime_get_mono_fast_ns();
	for (n = 0; n < places(pair); n++) {
		entry = pair_entry(pair, n);
		for (; entry->depth; entry->depth--)
			PAIR_COUNT(pair, half, abandoned);
		entry->owner = 0;
	}
}

u64 ktally_pair_open(const struct ktally_pair *pair)
{
	u64 open = 0;
	u32 n;

	for (n = 0; pair->memory && n < places(pair); n++)
		open += READ_ONCE(pair_entry(pair, n)->depth);
	return open;
}
