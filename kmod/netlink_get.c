// SPDX-License-Identifier: GPL-2.0
/* The answers of the family: what the module is, which sources there are, what sessions are made of. */
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/utsname.h>
#include "compat/cred.h"
#include "compat/features.h"
#include "mappings.h"
#include "netlink.h"
#include "session.h"
#include "source.h"
#include "unwind.h"

static int put_governor(struct sk_buff *skb, struct ktally_session *session)
{
	struct ktally_step *steps = kmalloc_array(KTALLY_STEPS_KEPT, sizeof(*steps), GFP_KERNEL);
	unsigned int nr = steps ? ktally_governor_steps(session, steps) : 0;
	int err = steps ? 0 : -ENOMEM;

	if (!err && (nla_put_u32(skb, KTALLY_A_BUDGET, session->governor.budget) ||
		     nla_put_u32(skb, KTALLY_A_SHARE, ktally_governor_share(session)) ||
		     (nr && nla_put(skb, KTALLY_A_STEPS, nr * sizeof(*steps), steps))))
		err = -EMSGSIZE;
	kfree(steps);
	return err;
}

/* What walks found, and what is known of mappings. Walkers are there once the session has its memory. */
static int put_unwind(struct sk_buff *skb, struct ktally_session *session)
{
	struct ktally_unwind_count count;
	unsigned int cpu;

	if (nla_put_u32(skb, KTALLY_A_MAPPINGS, session->config.mappings))
		return -EMSGSIZE;
	if (!session->mappings)
		return 0;
	count = session->mappings->count;
	/* Pairs with ktally_session_alloc(). */
	if (smp_load_acquire(&session->ready))
		for_each_cpu(cpu, session->cpus)
			ktally_walker_add(per_cpu_ptr(session->hot, cpu)->walker, &count);
	return nla_put(skb, KTALLY_A_UNWIND_COUNT, sizeof(count), &count);
}

int ktally_put_session(struct sk_buff *skb, struct ktally_session *session)
{
	const struct ktally_config *config = &session->config;

	if (nla_put_u32(skb, KTALLY_A_SESSION, session->id) ||
	    (config->name[0] && nla_put_string(skb, KTALLY_A_NAME, config->name)) ||
	    nla_put_u32(skb, KTALLY_A_STATE, READ_ONCE(session->state)) ||
	    nla_put_u32(skb, KTALLY_A_FLAGS, config->flags) ||
	    nla_put_u32(skb, KTALLY_A_RING_SIZE, config->ring_size) ||
	    nla_put_u32(skb, KTALLY_A_RING_MODE, config->ring_mode) ||
	    nla_put_u32(skb, KTALLY_A_RING_WATERMARK, config->ring_watermark) ||
	    nla_put_u32(skb, KTALLY_A_STACK_ENTRIES, config->stack_entries) ||
	    nla_put_u32(skb, KTALLY_A_NR_TABLES, READ_ONCE(session->nr_tables)) ||
	    nla_put_u32(skb, KTALLY_A_NR_PROBES, READ_ONCE(session->nr_probes)) ||
	    nla_put_u32(skb, KTALLY_A_PORTID, session->portid) ||
	    ktally_nla_put_u64(skb, KTALLY_A_MEMORY, READ_ONCE(session->memory)) ||
	    nla_put_u32(skb, KTALLY_A_NR_PAIRS, READ_ONCE(session->nr_pairs)) ||
	    nla_put_u32(skb, KTALLY_A_NR_COUNTERS, READ_ONCE(session->nr_counters)) ||
	    nla_put_u32(skb, KTALLY_A_SCRATCH_SIZE, config->scratch_size) ||
	    (config->controller[0] && nla_put_string(skb, KTALLY_A_CGROUP_CONTROLLER, config->controller)) ||
	    ktally_nla_put_u64(skb, KTALLY_A_MISSED, atomic64_read(&session->missed)))
		return -EMSGSIZE;
	return put_unwind(skb, session) ? -EMSGSIZE : put_governor(skb, session);
}

int ktally_info_get(struct ktally_request *request)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	struct list_head *at;
	u32 sessions = 0;
	void *header;

	if (!skb)
		return -ENOMEM;
	mutex_lock(&ktally_sessions_lock);
	list_for_each(at, &ktally_sessions)
		sessions++;
	mutex_unlock(&ktally_sessions_lock);
	header = genlmsg_put_reply(skb, request->info, ktally_genl.family, 0, KTALLY_CMD_INFO_GET);
	if (!header || nla_put_u32(skb, KTALLY_A_ABI, KTALLY_ABI) ||
	    ktally_nla_put_u64(skb, KTALLY_A_FEATURES, ktally_features()) ||
	    nla_put_u32(skb, KTALLY_A_NR_CPUS, nr_cpu_ids) ||
	    nla_put_string(skb, KTALLY_A_RELEASE, init_utsname()->release) ||
	    nla_put_u32(skb, KTALLY_A_NR_SESSIONS, sessions)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, request->info);
}

void *ktally_part_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd)
{
	return genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, ktally_genl.family,
			   NLM_F_MULTI, cmd);
}

static int put_field(struct sk_buff *skb, const struct ktally_field *field)
{
	struct nlattr *nest = nla_nest_start(skb, KTALLY_A_FIELD);

	if (!nest || nla_put_string(skb, KTALLY_A_FIELD_NAME, field->name) ||
	    nla_put_u32(skb, KTALLY_A_FIELD_TYPE, field->type) ||
	    nla_put_u32(skb, KTALLY_A_FIELD_SIZE, field->size))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_source(struct sk_buff *skb, const struct ktally_source_entry *entry)
{
	struct nlattr *nest;
	unsigned int i;

	if (nla_put_u32(skb, KTALLY_A_SOURCE_KIND, entry->kind) ||
	    nla_put_string(skb, KTALLY_A_SRC_NAME, entry->name) ||
	    nla_put_u32(skb, KTALLY_A_AVAILABLE, entry->available))
		return -EMSGSIZE;
	nest = nla_nest_start(skb, KTALLY_A_FIELDS);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < entry->fields->nr; i++)
		if (put_field(skb, &entry->fields->list[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

int ktally_dump_sources(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[KTALLY_A_MAX + 1];
	struct ktally_source_entry entry;
	int err = ktally_genl_dump_attrs(&ktally_genl, cb, attrs);
	void *header;

	if (err)
		return err;
	for (; ktally_source_entry(cb->args[0], &entry); cb->args[0]++) {
		header = ktally_part_begin(skb, cb, KTALLY_CMD_SOURCE_GET);
		if (!header)
			break;
		if (put_source(skb, &entry)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
	}
	return skb->len;
}

static bool may_dump(struct netlink_callback *cb)
{
	if (ktally_skb_capable(cb->skb))
		return true;
	ktally_refuse_dump(cb, NULL, "measuring needs CAP_PERFMON, or CAP_SYS_ADMIN where the kernel does not have it");
	return false;
}

int ktally_dump_sessions(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[KTALLY_A_MAX + 1];
	int err = ktally_genl_dump_attrs(&ktally_genl, cb, attrs);
	struct ktally_session *session;
	void *header;

	if (err)
		return err;
	if (!may_dump(cb))
		return -EPERM;
	/* Ids grow along the list: the last one shown is the place to go on from, whatever came or went since. */
	mutex_lock(&ktally_sessions_lock);
	list_for_each_entry(session, &ktally_sessions, list) {
		if (session->id <= cb->args[0])
			continue;
		header = ktally_part_begin(skb, cb, KTALLY_CMD_SESSION_GET);
		if (!header)
			break;
		if (ktally_put_session(skb, session)) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
		cb->args[0] = session->id;
	}
	mutex_unlock(&ktally_sessions_lock);
	return skb->len;
}

static int put_table(struct sk_buff *skb, const struct ktally_session *session, unsigned int n)
{
	const struct ktally_table *table = session->tables[n];

	if (nla_put_u32(skb, KTALLY_A_SESSION, session->id) || nla_put_u32(skb, KTALLY_A_TABLE, n) ||
	    nla_put_u32(skb, KTALLY_A_NR_KEYS, table->nr_keys) ||
	    nla_put_u32(skb, KTALLY_A_ROWS, table->capacity - !!table->nr_keys) ||
	    nla_put(skb, KTALLY_A_COLUMNS, table->nr_columns * sizeof(struct ktally_column), table->requested) ||
	    (table->label && nla_put(skb, KTALLY_A_LABEL, table->label_len, table->label)))
		return -EMSGSIZE;
	return 0;
}

static int put_probe(struct sk_buff *skb, const struct ktally_session *session, unsigned int n)
{
	const struct ktally_probe *probe = session->probes[n];
	struct ktally_probe_count count;

	ktally_session_sum(session, probe->count, (u64 *)&count, sizeof(count) / sizeof(u64));
	if (nla_put_u32(skb, KTALLY_A_SESSION, session->id) || nla_put_u32(skb, KTALLY_A_PROBE, n) ||
	    nla_put_u32(skb, KTALLY_A_SOURCE_KIND, probe->ops->kind) ||
	    (probe->name[0] && nla_put_string(skb, KTALLY_A_SRC_NAME, probe->name)) ||
	    ktally_nla_put_u64(skb, KTALLY_A_SRC_OFFSET, probe->offset) ||
	    ktally_nla_put_u64(skb, KTALLY_A_SRC_PERIOD, probe->period) ||
	    nla_put_u32(skb, KTALLY_A_SRC_PERF_TYPE, probe->perf_type) ||
	    ktally_nla_put_u64(skb, KTALLY_A_SRC_PERF_CONFIG, probe->perf_config) ||
	    ktally_nla_put_u64(skb, KTALLY_A_SRC_PERF_CONFIG1, probe->perf_config1) ||
	    ktally_nla_put_u64(skb, KTALLY_A_SRC_PERF_CONFIG2, probe->perf_config2) ||
	    nla_put_u32(skb, KTALLY_A_SRC_PERF_FLAGS, probe->perf_flags) ||
	    (probe->path && nla_put_string(skb, KTALLY_A_SRC_PATH, probe->path)) ||
	    (probe->path && ktally_nla_put_u64(skb, KTALLY_A_SRC_SEMAPHORE, probe->semaphore)) ||
	    nla_put(skb, KTALLY_A_COUNT, sizeof(count), &count) ||
	    ktally_nla_put_u64(skb, KTALLY_A_MISSED, probe->ops->missed ? probe->ops->missed(probe) : 0) ||
	    ktally_nla_put_u64(skb, KTALLY_A_COST, READ_ONCE(probe->cost)) ||
	    (probe->label && nla_put(skb, KTALLY_A_LABEL, probe->label_len, probe->label)))
		return -EMSGSIZE;
	return 0;
}

int ktally_dump_session(struct netlink_callback *cb, struct ktally_session **session)
{
	struct nlattr *attrs[KTALLY_A_MAX + 1];
	int err = ktally_genl_dump_attrs(&ktally_genl, cb, attrs);

	if (err)
		return err;
	if (!may_dump(cb))
		return -EPERM;
	if (!attrs[KTALLY_A_SESSION]) {
		ktally_refuse_dump(cb, NULL, "say which session: SESSION");
		return -EINVAL;
	}
	*session = ktally_session_get(nla_get_u32(attrs[KTALLY_A_SESSION]));
	if (!*session) {
		ktally_refuse_dump(cb, attrs[KTALLY_A_SESSION], "there is no such session");
		return -ENOENT;
	}
	return 0;
}

/* Dumps what a session has by number, from cb->args[0] on. */
int ktally_dump_parts(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		      unsigned int (*number)(const struct ktally_session *),
		      int (*put)(struct sk_buff *, const struct ktally_session *, unsigned int))
{
	struct ktally_session *session;
	int err = ktally_dump_session(cb, &session);
	unsigned int nr;
	void *header;

	if (err)
		return err;
	mutex_lock(&session->lock);
	nr = number(session);
	for (; cb->args[0] < nr; cb->args[0]++) {
		header = ktally_part_begin(skb, cb, cmd);
		if (!header)
			break;
		if (put(skb, session, cb->args[0])) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
	}
	mutex_unlock(&session->lock);
	ktally_session_put(session);
	return skb->len;
}

static unsigned int nr_tables(const struct ktally_session *session)
{
	return session->nr_tables;
}

static unsigned int nr_probes(const struct ktally_session *session)
{
	return session->nr_probes;
}

int ktally_dump_tables(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ktally_dump_parts(skb, cb, KTALLY_CMD_TABLE_GET, nr_tables, put_table);
}

int ktally_dump_probes(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ktally_dump_parts(skb, cb, KTALLY_CMD_PROBE_GET, nr_probes, put_probe);
}
