/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sessions: a question being asked. Owns tables, rings, stack stores and probes.
 *
 * Life: NEW (described) -> RUNNING <-> STOPPED -> DEAD. Memory is taken at the first start and kept until the last
 * reference goes: a reader that still maps a deleted session reads what it last held.
 *
 * Locks, outer to inner: ktally_sessions_lock (the list), session->lock (all of one session), hotplug_lock (hotplug.c).
 */
#ifndef _KTALLY_SESSION_H
#define _KTALLY_SESSION_H

#include <linux/cpumask.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/wait.h>
#include <linux/ktally.h>
#include <linux/ktally_netlink.h>
#include "governor.h"
#include "pair.h"
#include "probe.h"
#include "ring.h"
#include "scope.h"
#include "table.h"

struct ktally_counter;
struct ktally_mappings;

/**
 * struct ktally_config - what a session is made from, checked by ktally_session_new()
 * @name: "" unless pinned
 * @flags: KTALLY_SESSION_*
 * @ring_size: bytes per CPU, 0: no ring
 * @ring_mode: enum ktally_ring_mode
 * @ring_watermark: bytes, 0: half the ring
 * @stack_entries: 0: no stack store
 * @scratch_size: bytes per CPU, 0: no scratch ring
 * @mappings: room for mappings of processes, 0: user stacks by frame pointers
 * @budget: of the governor, thousandths of a CPU, 0: none
 * @controller: of the cgroup hierarchy that KTALLY_CTX_CGROUP is about, "": version 2
 */
struct ktally_config {
	char name[KTALLY_NAME_MAX];
	u32 flags;
	u32 ring_size;
	u32 ring_mode;
	u32 ring_watermark;
	u32 stack_entries;
	u32 scratch_size;
	u32 mappings;
	u32 budget;
	char controller[KTALLY_NAME_MAX];
};

/**
 * struct ktally_area - memory that can be mapped
 * @memory: from vmalloc_user(), or NULL
 * @length: bytes, whole pages
 * @offset: what mmap calls it by
 */
struct ktally_area {
	void *memory;
	u64 length;
	u64 offset;
};

/* Areas of one CPU, in this order; the halves first. */
enum {
	KTALLY_AREA_HALF0,
	KTALLY_AREA_HALF1,
	KTALLY_AREA_RING,
	KTALLY_AREA_CONSUMER,
	KTALLY_AREA_STACKS,
	KTALLY_AREAS,
};

/**
 * struct ktally_session - one session
 *
 * @ref: references: the list, open files, a command at work
 * @list: in the list of sessions
 * @id: never 0, never used again
 * @portid: netlink port of the owner, 0 if pinned
 * @orphan: the owner's socket is gone
 * @config: what it was made from
 * @shows_kernel: a program may store kernel addresses: readers must be allowed to see these
 * @cpus: where it counts
 * @cpus_chosen: whether the owner chose them
 * @scope: which processes count
 * @mappings: of processes, or NULL
 * @controller: what config.controller is, as ktally_cgroup_id() takes it
 *
 * @lock: protects what follows
 * @state: enum ktally_state
 * @running: hits that find no half on their CPU are news
 * @missed: number of these
 * @tables: by number
 * @probes: by number
 * @pairs: by number
 * @counters: by number
 * @governor: keeps it within its budget
 * @hot: per-CPU
 * @areas: KTALLY_AREAS of each CPU, NULL before the first start
 * @ready: they are there, and stay
 * @memory: bytes of all areas
 * @generation: of the half that is quiet now
 * @active: the half that is not
 * @half_length: bytes of a half
 * @wait: readers in poll
 */
struct ktally_session {
	struct kref ref;
	struct list_head list;
	u32 id;
	u32 portid;
	bool orphan;
	bool shows_kernel;
	struct ktally_config config;
	cpumask_var_t cpus;
	bool cpus_chosen;
	struct ktally_scope scope;
	struct ktally_mappings *mappings;
	int controller;

	struct mutex lock;
	u32 state;
	bool running;
	atomic64_t missed;
	unsigned int nr_tables;
	struct ktally_table *tables[KTALLY_TABLES_MAX];
	unsigned int nr_probes;
	struct ktally_probe **probes;
	unsigned int nr_pairs;
	struct ktally_pair *pairs[KTALLY_PAIRS_MAX];
	unsigned int nr_counters;
	struct ktally_counter *counters[KTALLY_COUNTERS_MAX];
	struct ktally_governor governor;
	struct ktally_hot __percpu *hot;
	struct ktally_area *areas;
	bool ready;
	u64 memory;
	u64 generation;
	unsigned int active;
	u64 half_length;
	wait_queue_head_t wait;
};

extern struct mutex ktally_sessions_lock;
extern struct list_head ktally_sessions;	/* protected by ktally_sessions_lock */

/**
 * ktally_session_new() - make a session and put it on the list
 * @config: checked here
 * @cpus: bit mask of @nr_words words, or NULL for all
 * @nr_words: see @cpus
 * @scope: which processes count
 * @portid: of the owner
 * @why: out: a sentence when refused
 *
 * Return: the session with a reference for the caller, or ERR_PTR().
 * Context: process.
 */
struct ktally_session *ktally_session_new(const struct ktally_config *config, const u64 *cpus,
					  unsigned int nr_words, const struct ktally_scope_config *scope,
					  u32 portid, const char **why);

/** ktally_session_get() - by id; NULL if there is none, else with a reference. Context: process. */
struct ktally_session *ktally_session_get(u32 id);
/** ktally_session_get_named() - by name. */
struct ktally_session *ktally_session_get_named(const char *name);
/** ktally_session_put() - give a reference back. Context: process, may free the session. */
void ktally_session_put(struct ktally_session *session);

/** ktally_session_add_table() - Return: its number or -errno; takes @table over on success. Context: session locked. */
int ktally_session_add_table(struct ktally_session *session, struct ktally_table *table, const char **why);
/** ktally_session_add_probe() - Return: its number or -errno; takes @probe over on success. Context: session locked. */
int ktally_session_add_probe(struct ktally_session *session, struct ktally_probe *probe, const char **why);
/** ktally_session_add_counter() - Return: its number or -errno; takes @counter over on success. Context: session locked. */
int ktally_session_add_counter(struct ktally_session *session, struct ktally_counter *counter, const char **why);
/** ktally_session_add_pair() - Return: its number or -errno; takes @pair over on success. Context: session locked. */
int ktally_session_add_pair(struct ktally_session *session, struct ktally_pair *pair, const char **why);
/** ktally_session_detach() - take one probe of a running session off. Context: process, session locked. */
void ktally_session_detach(struct ktally_session *session, struct ktally_probe *probe);
/** ktally_probe_free() - of a probe that is not attached. Context: process. */
void ktally_probe_free(struct ktally_probe *probe);

/** ktally_session_start(), _stop() - Context: process, session locked. */
int ktally_session_start(struct ktally_session *session, const char **why);
int ktally_session_stop(struct ktally_session *session, const char **why);

/**
 * ktally_session_delete() - take it off the list, stop it, and let readers know
 *
 * Context: process, not locked. The caller's reference stays.
 */
void ktally_session_delete(struct ktally_session *session);

/**
 * ktally_session_flip() - swap the halves on all CPUs
 * @clear: zero the half that becomes active
 * @quiet: out: the half that is quiet now
 *
 * On return no handler is inside the quiet half: a handler runs with preemption off, or above it, from where it picks
 * up the pointer to where it is done, and ktally_synchronize() waits for all of these.
 * Context: process, session locked.
 */
int ktally_session_flip(struct ktally_session *session, bool clear, unsigned int *quiet, const char **why);

/** ktally_session_sum() - @words words at @offset of every half, summed over CPUs and halves. Context: session locked. */
void ktally_session_sum(const struct ktally_session *session, u64 offset, u64 *sum, unsigned int words);

/** ktally_session_area() - area @which of @cpu, or NULL if there is none. Context: session was started once. */
struct ktally_area *ktally_session_area(const struct ktally_session *session, unsigned int cpu,
					unsigned int which);

/** ktally_session_reap() - delete the sessions whose owner is gone. Context: process. */
void ktally_session_reap(void);
/** ktally_session_orphan() - the socket @portid is gone; Return: whether there is something to reap. Context: any but NMI. */
bool ktally_session_orphan(u32 portid);

#endif /* _KTALLY_SESSION_H */
