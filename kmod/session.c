// SPDX-License-Identifier: GPL-2.0
/* Sessions: making them, adding their parts, and the end of them; session_run.c has what is between. */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "counter.h"
#include "mappings.h"
#include "session.h"
#include "session_memory.h"
#include "source.h"

DEFINE_MUTEX(ktally_sessions_lock);
LIST_HEAD(ktally_sessions);

/* Changes of the list also hold this, so that ktally_session_orphan() can walk it where it may not sleep. */
static DEFINE_SPINLOCK(list_lock);
static u32 last_id;

void ktally_probe_homeless(struct ktally_probe *probe)
{
	struct ktally_session *session = probe->session;

	/* Not news: the session is about to start, or was stopped, or its owner left this CPU out. */
	if (!READ_ONCE(session->running) || session->cpus_chosen ||
	    cpumask_test_cpu(raw_smp_processor_id(), session->cpus))
		return;
	atomic64_inc(&session->missed);
}

static int check_name(const struct ktally_config *config, const char **why)
{
	const char *c;

	if (!(config->flags & KTALLY_SESSION_PINNED) != !config->name[0]) {
		*why = "a pinned session has a name, and only a pinned one has";
		return -EINVAL;
	}
	for (c = config->name; *c; c++) {
		if (!isalnum(*c) && !strchr("-_.", *c)) {
			*why = "a session's name has letters, digits, '-', '_' and '.'";
			return -EINVAL;
		}
	}
	if (isdigit(config->name[0])) {
		*why = "a session's name does not begin with a digit: numbers are ids";
		return -EINVAL;
	}
	return 0;
}

static int check_config(struct ktally_config *config, const char **why)
{
	if (config->flags & ~KTALLY_SESSION_PINNED) {
		*why = "unknown flag of a session";
		return -EINVAL;
	}
	if (config->ring_size && (!is_power_of_2(config->ring_size) || config->ring_size < KTALLY_RING_MIN ||
				  config->ring_size > KTALLY_RING_MAX)) {
		*why = "the size of a ring is a power of two from 4096 to 268435456";
		return -EINVAL;
	}
	if (config->ring_mode > KTALLY_RING_MODE_MAX) {
		*why = "a ring discards (0) or overwrites (1)";
		return -EINVAL;
	}
	if (config->ring_watermark > config->ring_size) {
		*why = "the watermark is larger than the ring";
		return -EINVAL;
	}
	if (config->scratch_size && (!is_power_of_2(config->scratch_size) || config->scratch_size < KTALLY_RING_MIN ||
				     config->scratch_size > KTALLY_SCRATCH_MAX)) {
		*why = "the size of a scratch ring is a power of two from 4096 to 131072";
		return -EINVAL;
	}
	if (!config->ring_watermark)
		config->ring_watermark = config->ring_size / 2;
	if (config->stack_entries > KTALLY_STACKS_MAX) {
		*why = "a session keeps at most 1048576 stacks per CPU";
		return -E2BIG;
	}
	return check_name(config, why);
}

static int choose_cpus(struct ktally_session *session, const u64 *words, unsigned int nr_words,
		       const char **why)
{
	unsigned int cpu;

	cpumask_copy(session->cpus, cpu_present_mask);
	if (!words)
		return 0;
	session->cpus_chosen = true;
	cpumask_clear(session->cpus);
	for (cpu = 0; cpu < nr_words * 64; cpu++) {
		if (!(words[cpu / 64] & 1ULL << cpu % 64))
			continue;
		if (cpu >= nr_cpu_ids || !cpu_present(cpu)) {
			*why = "a CPU of the mask does not exist here";
			return -ENXIO;
		}
		cpumask_set_cpu(cpu, session->cpus);
	}
	if (cpumask_empty(session->cpus)) {
		*why = "the CPU mask is empty";
		return -EINVAL;
	}
	return 0;
}

static struct ktally_session *find_named(const char *name)
{
	struct ktally_session *session;

	list_for_each_entry(session, &ktally_sessions, list)
		if (!strcmp(session->config.name, name))
			return session;
	return NULL;
}

static int list_in(struct ktally_session *session, const char **why)
{
	int err = 0;

	mutex_lock(&ktally_sessions_lock);
	if (session->config.name[0] && find_named(session->config.name)) {
		*why = "a session of that name exists";
		err = -EEXIST;
	} else if (!++last_id) {
		*why = "all session ids are used up: reload the module";
		last_id--;
		err = -EOVERFLOW;
	} else {
		session->id = last_id;
		kref_get(&session->ref);
		spin_lock_bh(&list_lock);
		list_add_tail(&session->list, &ktally_sessions);
		spin_unlock_bh(&list_lock);
	}
	mutex_unlock(&ktally_sessions_lock);
	return err;
}

static struct ktally_session *session_alloc(void)
{
	struct ktally_session *session;

	if (!try_module_get(THIS_MODULE))
		return NULL;
	session = kzalloc(sizeof(*session), GFP_KERNEL);
	if (!session)
		goto err_put_module;
	if (!zalloc_cpumask_var(&session->cpus, GFP_KERNEL))
		goto err_free;
	session->hot = alloc_percpu(struct ktally_hot);
	if (!session->hot)
		goto err_free_cpus;
	kref_init(&session->ref);
	INIT_LIST_HEAD(&session->list);
	mutex_init(&session->lock);
	init_waitqueue_head(&session->wait);
	atomic64_set(&session->missed, 0);
	return session;

err_free_cpus:
	free_cpumask_var(session->cpus);
err_free:
	kfree(session);
err_put_module:
	module_put(THIS_MODULE);
	return NULL;
}

static int choose_hierarchy(struct ktally_session *session, const char **why)
{
	const char *name = session->config.controller;

	session->controller = KTALLY_CGROUP_UNIFIED;
	if (!name[0])
		return 0;
	session->controller = KTALLY_CGROUP_V1 ? ktally_cgroup_controller(name) : -EOPNOTSUPP;
	if (session->controller == -EOPNOTSUPP)
		*why = "this kernel's cgroups have no numbers";
	else if (session->controller < 0)
		*why = "this kernel has no cgroup controller of that name (see /proc/cgroups)";
	if (session->controller < 0)
		return session->controller;
	if (ktally_cgroup_is_v1(session->controller))
		return 0;
	*why = "that cgroup controller has no hierarchy of version 1 here (see /proc/cgroups)";
	return -ENODEV;
}

struct ktally_session *ktally_session_new(const struct ktally_config *config, const u64 *cpus,
					  unsigned int nr_words, const struct ktally_scope_config *scope,
					  u32 portid, const char **why)
{
	struct ktally_session *session = session_alloc();
	int err;

	if (!session)
		return ERR_PTR(-ENOMEM);
	session->config = *config;
	session->portid = config->flags & KTALLY_SESSION_PINNED ? 0 : portid;
	err = check_config(&session->config, why);
	if (!err)
		err = choose_cpus(session, cpus, nr_words, why);
	if (!err)
		err = ktally_governor_init(session, config->budget, why);
	if (!err)
		err = ktally_scope_init(&session->scope, scope, why);
	if (!err)
		err = choose_hierarchy(session, why);
	if (!err && config->mappings) {
		session->mappings = ktally_mappings_new(config->mappings, &session->wait, why);
		err = PTR_ERR_OR_ZERO(session->mappings);
		if (err)
			session->mappings = NULL;
	}
	if (!err)
		err = list_in(session, why);
	if (err) {
		ktally_session_put(session);
		return ERR_PTR(err);
	}
	return session;
}

struct ktally_session *ktally_session_get(u32 id)
{
	struct ktally_session *session, *found = NULL;

	mutex_lock(&ktally_sessions_lock);
	list_for_each_entry(session, &ktally_sessions, list)
		if (session->id == id)
			found = session;
	if (found)
		kref_get(&found->ref);
	mutex_unlock(&ktally_sessions_lock);
	return found;
}

struct ktally_session *ktally_session_get_named(const char *name)
{
	struct ktally_session *found = NULL;

	mutex_lock(&ktally_sessions_lock);
	if (name[0])
		found = find_named(name);
	if (found)
		kref_get(&found->ref);
	mutex_unlock(&ktally_sessions_lock);
	return found;
}

/* Retires kind by kind, so that a kind can wait once for all of its probes. */
static void retire_all(struct ktally_probe **probes, unsigned int nr)
{
	struct ktally_probe **some = kcalloc(nr + 1, sizeof(*some), GFP_KERNEL | __GFP_NOFAIL);
	const struct ktally_source_ops *ops;
	unsigned int i, kind, found;

	for (kind = 0; kind < __KTALLY_SOURCE_END; kind++) {
		ops = ktally_source_find(kind);
		if (!ops || !ops->retire)
			continue;
		for (i = found = 0; i < nr; i++)
			if (probes[i]->ops == ops && probes[i]->ready)
				some[found++] = probes[i];
		if (found)
			ops->retire(some, found);
	}
	kfree(some);
}

static void free_probes(struct ktally_probe **probes, unsigned int nr)
{
	unsigned int i;

	retire_all(probes, nr);
	for (i = 0; i < nr; i++) {
		if (probes[i]->ready)
			probes[i]->ops->uninit(probes[i]);
		ktally_program_free(probes[i]->program);
		kfree(probes[i]->label);
		kfree(probes[i]->path);
		kfree(probes[i]);
	}
}

void ktally_probe_free(struct ktally_probe *probe)
{
	free_probes(&probe, 1);
}

static void session_free(struct kref *ref)
{
	struct ktally_session *session = container_of(ref, struct ktally_session, ref);
	unsigned int i;

	free_probes(session->probes, session->nr_probes);
	kfree(session->probes);
	ktally_scope_uninit(&session->scope);
	ktally_session_free_memory(session);
	ktally_mappings_free(session->mappings);
	if (session->governor.session)
		ktally_governor_quiesce(session);
	for (i = 0; i < session->nr_tables; i++)
		ktally_table_free(session->tables[i]);
	for (i = 0; i < session->nr_pairs; i++)
		ktally_pair_free(session->pairs[i]);
	for (i = 0; i < session->nr_counters; i++)
		ktally_counter_free(session->counters[i]);
	free_percpu(session->hot);
	free_cpumask_var(session->cpus);
	kfree(session);
	module_put(THIS_MODULE);
}

void ktally_session_put(struct ktally_session *session)
{
	kref_put(&session->ref, session_free);
}

static int check_new(const struct ktally_session *session, const char **why)
{
	/* A start that failed has laid out the memory all the same, and a reader may be looking at it. */
	if (session->state == KTALLY_STATE_NEW && !session->areas)
		return 0;
	*why = "the session was started: its parts can be added only before that";
	return -EBUSY;
}

int ktally_session_add_table(struct ktally_session *session, struct ktally_table *table, const char **why)
{
	int err = check_new(session, why);

	if (err)
		return err;
	if (session->nr_tables == KTALLY_TABLES_MAX) {
		*why = "a session has at most 32 tables";
		return -E2BIG;
	}
	session->tables[session->nr_tables] = table;
	return session->nr_tables++;
}

int ktally_session_add_probe(struct ktally_session *session, struct ktally_probe *probe, const char **why)
{
	struct ktally_probe **probes;
	int err = check_new(session, why);

	if (err)
		return err;
	if (session->nr_probes == KTALLY_PROBES_MAX) {
		*why = "a session has at most 1024 probes";
		return -E2BIG;
	}
	probes = krealloc(session->probes, (session->nr_probes + 1) * sizeof(*probes), GFP_KERNEL);
	if (!probes)
		return -ENOMEM;
	session->probes = probes;
	probe->session = session;
	probe->hot = session->hot;
	probe->scope = ktally_scope_is_all(&session->scope) ? NULL : &session->scope;
	probe->number = session->nr_probes;
	probes[session->nr_probes] = probe;
	return session->nr_probes++;
}

int ktally_session_add_pair(struct ktally_session *session, struct ktally_pair *pair, const char **why)
{
	int err = check_new(session, why);

	if (err)
		return err;
	if (session->nr_pairs == KTALLY_PAIRS_MAX) {
		*why = "a session has at most 32 pairs";
		return -E2BIG;
	}
	session->pairs[session->nr_pairs] = pair;
	return session->nr_pairs++;
}

int ktally_session_add_counter(struct ktally_session *session, struct ktally_counter *counter, const char **why)
{
	int err = check_new(session, why);

	if (err)
		return err;
	if (session->nr_counters == KTALLY_COUNTERS_MAX) {
		*why = "a session has at most 32 counters";
		return -E2BIG;
	}
	session->counters[session->nr_counters] = counter;
	return session->nr_counters++;
}

void ktally_session_delete(struct ktally_session *session)
{
	const char *why;
	bool listed;

	mutex_lock(&ktally_sessions_lock);
	spin_lock_bh(&list_lock);
	listed = !list_empty(&session->list);
	list_del_init(&session->list);
	spin_unlock_bh(&list_lock);
	mutex_unlock(&ktally_sessions_lock);
	if (!listed)
		return;
	mutex_lock(&session->lock);
	if (session->state == KTALLY_STATE_RUNNING)
		ktally_session_stop(session, &why);
	session->state = KTALLY_STATE_DEAD;
	mutex_unlock(&session->lock);
	wake_up_all(&session->wait);
	ktally_session_put(session);
}

bool ktally_session_orphan(u32 portid)
{
	struct ktally_session *session;
	bool found = false;

	spin_lock_bh(&list_lock);
	list_for_each_entry(session, &ktally_sessions, list) {
		if (session->portid == portid) {
			session->orphan = true;
			found = true;
		}
	}
	spin_unlock_bh(&list_lock);
	return found;
}

static struct ktally_session *next_orphan(void)
{
	struct ktally_session *session, *found = NULL;

	mutex_lock(&ktally_sessions_lock);
	list_for_each_entry(session, &ktally_sessions, list) {
		if (session->orphan) {
			found = session;
			kref_get(&found->ref);
			break;
		}
	}
	mutex_unlock(&ktally_sessions_lock);
	return found;
}

void ktally_session_reap(void)
{
	struct ktally_session *session;

	while ((session = next_orphan())) {
		ktally_session_delete(session);
		ktally_session_put(session);
	}
}
