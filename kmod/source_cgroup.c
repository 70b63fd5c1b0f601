// SPDX-License-Identifier: GPL-2.0
/*
 * Cgroup source: the groups of the session's hierarchy by number and path, as records in the ring, so that a container
 * that is gone by the time of the report has a name.
 *
 * A group is told when it is made, where the kernel has a tracepoint there. For those that were made before, or on a
 * kernel without it, each thread that starts a program or ends tells of its own, once.
 */
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "compat/cgroup.h"
#include "compat/trace_protos.h"
#include "compat/tracepoint.h"
#include "percpu.h"
#include "ring.h"
#include "session.h"
#include "source.h"

#define TOLD_BITS 9

/**
 * struct teller - what one probe of this source remembers
 * @told: numbers of groups that were told, by hash; one that lost its place is told again
 */
struct teller {
	u64 told[1 << TOLD_BITS];
};

static bool tell(struct ktally_probe *probe, struct ktally_hot *hot, struct cgroup *group, u64 id)
{
	char *path = (char *)ktally_scratch();
	struct ktally_group *body;
	u32 len;

	/* No use to try again. */
	if (ktally_cgroup_path(group, path, KTALLY_PATH_MAX))
		return true;
	len = ALIGN(strlen(path) + 1, 8);
	body = (void *)ktally_probe_record(probe, hot->ring, KTALLY_RECORD_CGROUP, sizeof(*body) + len, current);
	if (!body)
		return false;
	body->id = id;
	memset(body->path + len - 8, 0, 8);
	strcpy(body->path, path);
	ktally_ring_commit(hot->ring);
	/* In a ring that overwrites it will be gone. */
	return probe->session->config.ring_mode != KTALLY_RING_OVERWRITE;
}

/* Once, and again if there was no room. With the RCU read lock. */
static void tell_once(struct ktally_probe *probe, struct cgroup *group)
{
	struct teller *teller = probe->source;
	u64 id = ktally_cgroup_number(group), *told = &teller->told[hash_64(id, TOLD_BITS)];
	struct ktally_hot *hot;
	unsigned int outer;
	void *half;

	if (!id || READ_ONCE(*told) == id)
		return;
	preempt_disable_notrace();
	half = ktally_probe_begin(probe, &hot, &outer);
	if (half) {
		if (tell(probe, hot, group, id))
			WRITE_ONCE(*told, id);
		ktally_probe_end(probe, half, outer, KTALLY_COUNTED(folded));
	}
	preempt_enable_notrace();
}

static void tell_own(struct ktally_probe *probe)
{
	struct cgroup *group;

	if (probe->scope && !ktally_scope_has(probe->scope, current))
		return;
	rcu_read_lock();
	group = ktally_cgroup_of(probe->session->controller);
	if (group)
		tell_once(probe, group);
	rcu_read_unlock();
}

static void group_made(KTALLY_TP_PROTO(cgroup_mkdir))
{
	struct ktally_probe *probe = data;
	u64 args[KTALLY_TP_ARGS_MAX];
	struct cgroup *made;

	KTALLY_TP_FILL(cgroup_mkdir, args);
	made = (void *)(unsigned long)args[0];
	rcu_read_lock();
	if (ktally_cgroup_is_of(made, probe->session->controller))
		tell_once(probe, made);
	rcu_read_unlock();
}

static void group_exec(KTALLY_TP_PROTO(sched_process_exec))
{
	tell_own(data);
}

static void group_exit(KTALLY_TP_PROTO(sched_process_exit))
{
	tell_own(data);
}

/* The tracepoints of this source; @must: not without it. */
static const struct {
	const char *tracepoint;
	void *handler;
	bool have, must;
} followed[] = {
	{ "sched_process_exec", group_exec, KTALLY_TP_HAVE(sched_process_exec), true },
	{ "sched_process_exit", group_exit, KTALLY_TP_HAVE(sched_process_exit), true },
	{ "cgroup_mkdir", group_made, KTALLY_TP_HAVE(cgroup_mkdir), false },
};

static bool is_there(unsigned int n)
{
	return followed[n].have && ktally_tp_exists(followed[n].tracepoint);
}

static int cgroup_source_init(struct ktally_probe *probe, const char **why)
{
	unsigned int i;

	if (!KTALLY_CGROUP_PATH) {
		*why = "this kernel tells no module the paths of cgroups";
		return -EOPNOTSUPP;
	}
	if (!probe->session->config.ring_size) {
		*why = "records of cgroups go to a ring: make the session with RING_SIZE";
		return -EINVAL;
	}
	if (!KTALLY_CGROUP_V2 && probe->session->controller == KTALLY_CGROUP_UNIFIED) {
		*why = "this kernel has no cgroups of version 2: make the session with CGROUP_CONTROLLER";
		return -EOPNOTSUPP;
	}
	for (i = 0; i < ARRAY_SIZE(followed); i++) {
		if (!followed[i].must || is_there(i))
			continue;
		*why = "this kernel lacks a tracepoint of process life";
		return -EOPNOTSUPP;
	}
	probe->source = kzalloc(sizeof(struct teller), GFP_KERNEL);
	return probe->source ? 0 : -ENOMEM;
}

static void cgroup_source_uninit(struct ktally_probe *probe)
{
	kfree(probe->source);
}

static void unfollow(struct ktally_probe *probe, unsigned int nr)
{
	while (nr--)
		if (is_there(nr))
			ktally_tp_unregister(followed[nr].tracepoint, followed[nr].handler, probe);
}

/* Each start tells anew: nobody may have read what the last one told. */
static int cgroup_source_attach(struct ktally_probe *probe)
{
	unsigned int i;
	int err;

	memset(probe->source, 0, sizeof(struct teller));
	for (i = 0; i < ARRAY_SIZE(followed); i++) {
		err = is_there(i) ? ktally_tp_register(followed[i].tracepoint, followed[i].handler, probe) : 0;
		if (!err)
			continue;
		unfollow(probe, i);
		ktally_tp_synchronize();
		return err;
	}
	return 0;
}

static void cgroup_source_detach(struct ktally_probe **probes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		unfollow(probes[i], ARRAY_SIZE(followed));
	ktally_tp_synchronize();
}

static const struct ktally_fields *cgroup_source_fields(const struct ktally_probe *probe)
{
	return &ktally_no_fields;
}

const struct ktally_source_ops ktally_source_cgroup = {
	.kind		= KTALLY_SOURCE_CGROUP,
	.program	= false,
	.init		= cgroup_source_init,
	.uninit		= cgroup_source_uninit,
	.fields		= cgroup_source_fields,
	.attach		= cgroup_source_attach,
	.detach		= cgroup_source_detach,
};
