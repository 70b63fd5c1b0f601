// SPDX-License-Identifier: GPL-2.0
/* The generic netlink family: policy, dispatch, the commands of a session's life, and the death of owners. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include "compat/cred.h"
#include "netlink.h"
#include "session.h"

static const struct nla_policy policy[KTALLY_A_MAX + 1] = {
	[KTALLY_A_SESSION]		= { .type = NLA_U32 },
	[KTALLY_A_NAME]			= { .type = NLA_NUL_STRING, .len = KTALLY_NAME_MAX - 1 },
	[KTALLY_A_FLAGS]		= { .type = NLA_U32 },
	[KTALLY_A_RING_SIZE]		= { .type = NLA_U32 },
	[KTALLY_A_RING_MODE]		= { .type = NLA_U32 },
	[KTALLY_A_RING_WATERMARK]	= { .type = NLA_U32 },
	[KTALLY_A_STACK_ENTRIES]	= { .type = NLA_U32 },
	[KTALLY_A_CPUS]			= { .type = NLA_BINARY, .len = 8192 },
	[KTALLY_A_SCOPE_PIDS]		= { .type = NLA_BINARY, .len = KTALLY_SCOPE_MAX * sizeof(u32) },
	[KTALLY_A_NR_KEYS]		= { .type = NLA_U32 },
	[KTALLY_A_ROWS]			= { .type = NLA_U32 },
	[KTALLY_A_COLUMNS]		= { .type = NLA_BINARY,
					    .len = KTALLY_COLUMNS_MAX * sizeof(struct ktally_column) },
	[KTALLY_A_LABEL]		= { .type = NLA_BINARY, .len = KTALLY_LABEL_MAX },
	[KTALLY_A_SOURCE_KIND]		= { .type = NLA_U32 },
	[KTALLY_A_SRC_NAME]		= { .type = NLA_NUL_STRING, .len = KTALLY_SYMBOL_MAX - 1 },
	[KTALLY_A_SRC_OFFSET]		= { .type = NLA_U64 },
	[KTALLY_A_SRC_PERIOD]		= { .type = NLA_U64 },
	[KTALLY_A_SRC_PERF_TYPE]	= { .type = NLA_U32 },
	[KTALLY_A_SRC_PERF_CONFIG]	= { .type = NLA_U64 },
	[KTALLY_A_SRC_PERF_CONFIG1]	= { .type = NLA_U64 },
	[KTALLY_A_SRC_PERF_CONFIG2]	= { .type = NLA_U64 },
	[KTALLY_A_SRC_PERF_FLAGS]	= { .type = NLA_U32 },
	[KTALLY_A_SRC_PATH]		= { .type = NLA_NUL_STRING, .len = KTALLY_PATH_MAX - 1 },
	[KTALLY_A_SRC_SEMAPHORE]	= { .type = NLA_U64 },
	[KTALLY_A_SCOPE_CGROUP]		= { .type = NLA_U64 },
	[KTALLY_A_SCOPE_CONTROLLER]	= { .type = NLA_NUL_STRING, .len = KTALLY_NAME_MAX - 1 },
	[KTALLY_A_PROGRAM]		= { .type = NLA_BINARY,
					    .len = KTALLY_INSNS_MAX * sizeof(struct ktally_insn) },
	[KTALLY_A_PROGRAM_DATA]		= { .type = NLA_BINARY, .len = KTALLY_DATA_MAX },
	[KTALLY_A_SNAPSHOT_FLAGS]	= { .type = NLA_U32 },
	[KTALLY_A_BUDGET]		= { .type = NLA_U32 },
	[KTALLY_A_SCRATCH_SIZE]		= { .type = NLA_U32 },
	[KTALLY_A_MAPPINGS]		= { .type = NLA_U32 },
	[KTALLY_A_CGROUP_CONTROLLER]	= { .type = NLA_NUL_STRING, .len = KTALLY_NAME_MAX - 1 },
	[KTALLY_A_PAIR_KIND]		= { .type = NLA_U32 },
	[KTALLY_A_PAIR_FLAGS]		= { .type = NLA_U32 },
	[KTALLY_A_NR_SAVED]		= { .type = NLA_U32 },
	[KTALLY_A_PAIR_COUNTERS]	= { .type = NLA_BINARY, .len = KTALLY_PAIR_COUNTERS_MAX * sizeof(u32) },
};

struct ktally_session *ktally_request_session(struct ktally_request *request)
{
	const struct nlattr *id = ktally_attr(request, KTALLY_A_SESSION);
	const struct nlattr *name = ktally_attr(request, KTALLY_A_NAME);
	struct ktally_session *session;

	if (!id == !name)
		return ERR_PTR(ktally_request_refuse(request, -EINVAL, 0,
						     "say which session: by SESSION or by NAME"));
	session = id ? ktally_session_get(nla_get_u32(id)) : ktally_session_get_named(nla_data(name));
	if (!session)
		return ERR_PTR(ktally_request_refuse(request, -ENOENT, id ? KTALLY_A_SESSION : KTALLY_A_NAME,
						     "there is no such session"));
	return session;
}

static struct sk_buff *reply_new(struct ktally_request *request, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = genlmsg_put_reply(skb, request->info, ktally_genl.family, 0,
				    request->info->genlhdr->cmd);
	return skb;
}

static int reply_session(struct ktally_request *request, struct ktally_session *session)
{
	void *header;
	struct sk_buff *skb = reply_new(request, &header);

	if (!skb)
		return -ENOMEM;
	if (ktally_put_session(skb, session)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, request->info);
}

int ktally_reply_numbers(struct ktally_request *request, int type1, u32 value1, int type2, u32 value2)
{
	void *header;
	struct sk_buff *skb = reply_new(request, &header);

	if (!skb)
		return -ENOMEM;
	if (nla_put_u32(skb, type1, value1) || nla_put_u32(skb, type2, value2)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, request->info);
}

/* Tells the multicast group of a change; nobody listening is fine, and so is no memory: the state can be asked for. */
static void notify(struct ktally_session *session)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return;
	header = genlmsg_put(skb, 0, 0, ktally_genl.family, 0, KTALLY_CMD_SESSION_NTF);
	if (!header || nla_put_u32(skb, KTALLY_A_SESSION, session->id) ||
	    (session->config.name[0] && nla_put_string(skb, KTALLY_A_NAME, session->config.name)) ||
	    nla_put_u32(skb, KTALLY_A_STATE, session->state)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	ktally_genl_multicast(&ktally_genl, skb, GFP_KERNEL);
}

static int session_new(struct ktally_request *request)
{
	const struct nlattr *cpus = ktally_attr(request, KTALLY_A_CPUS);
	const struct nlattr *pids = ktally_attr(request, KTALLY_A_SCOPE_PIDS);
	const struct nlattr *controller = ktally_attr(request, KTALLY_A_SCOPE_CONTROLLER);
	struct ktally_scope_config scope = {
		.pids		= pids ? nla_data(pids) : NULL,
		.nr_pids	= pids ? nla_len(pids) / sizeof(u32) : 0,
		.cgroup		= ktally_attr_u64(request, KTALLY_A_SCOPE_CGROUP, 0),
		.controller	= controller ? nla_data(controller) : NULL,
	};
	struct ktally_config config = {
		.flags		= ktally_attr_u32(request, KTALLY_A_FLAGS, 0),
		.ring_size	= ktally_attr_u32(request, KTALLY_A_RING_SIZE, 0),
		.ring_mode	= ktally_attr_u32(request, KTALLY_A_RING_MODE, 0),
		.ring_watermark	= ktally_attr_u32(request, KTALLY_A_RING_WATERMARK, 0),
		.stack_entries	= ktally_attr_u32(request, KTALLY_A_STACK_ENTRIES, 0),
		.scratch_size	= ktally_attr_u32(request, KTALLY_A_SCRATCH_SIZE, 0),
		.mappings	= ktally_attr_u32(request, KTALLY_A_MAPPINGS, 0),
		.budget		= ktally_attr_u32(request, KTALLY_A_BUDGET, KTALLY_BUDGET_DEFAULT),
	};
	struct ktally_session *session;
	void *mask = NULL;
	int err;

	if (ktally_attr(request, KTALLY_A_NAME))
		nla_strscpy(config.name, ktally_attr(request, KTALLY_A_NAME), sizeof(config.name));
	if (ktally_attr(request, KTALLY_A_CGROUP_CONTROLLER))
		nla_strscpy(config.controller, ktally_attr(request, KTALLY_A_CGROUP_CONTROLLER), sizeof(config.controller));
	if (cpus && (!nla_len(cpus) || nla_len(cpus) % sizeof(u64)))
		return ktally_request_refuse(request, -EINVAL, KTALLY_A_CPUS,
					     "the CPU mask is whole words of 64 bits");
	if (pids && (!nla_len(pids) || nla_len(pids) % sizeof(u32)))
		return ktally_request_refuse(request, -EINVAL, KTALLY_A_SCOPE_PIDS,
					     "the scope is whole words of 32 bits, one a process");
	if (!scope.cgroup && (controller || ktally_attr(request, KTALLY_A_SCOPE_CGROUP)))
		return ktally_request_refuse(request, -EINVAL, KTALLY_A_SCOPE_CGROUP,
					     "SCOPE_CGROUP is the inode number of a cgroup's folder, and SCOPE_CONTROLLER goes with it");
	if (cpus) {
		/* Attributes are aligned to 4 bytes only. */
		mask = kmemdup(nla_data(cpus), nla_len(cpus), GFP_KERNEL);
		if (!mask)
			return -ENOMEM;
	}
	session = ktally_session_new(&config, mask, cpus ? nla_len(cpus) / sizeof(u64) : 0, &scope,
				     request->info->snd_portid, &request->why);
	kfree(mask);
	if (IS_ERR(session))
		return PTR_ERR(session);
	err = reply_session(request, session);
	if (err)
		ktally_session_delete(session);
	else
		notify(session);
	ktally_session_put(session);
	return err;
}

static int session_get(struct ktally_request *request, struct ktally_session *session)
{
	return reply_session(request, session);
}

static int session_start(struct ktally_request *request, struct ktally_session *session)
{
	int err = ktally_session_start(session, &request->why);

	if (!err)
		notify(session);
	return err;
}

static int session_stop(struct ktally_request *request, struct ktally_session *session)
{
	int err = ktally_session_stop(session, &request->why);

	if (!err)
		notify(session);
	return err;
}

static int snapshot(struct ktally_request *request, struct ktally_session *session)
{
	u32 flags = ktally_attr_u32(request, KTALLY_A_SNAPSHOT_FLAGS, 0);
	unsigned int quiet;
	struct sk_buff *skb;
	void *header;
	int err;

	if (flags & ~KTALLY_SNAPSHOT_CLEAR)
		return ktally_request_refuse(request, -EINVAL, KTALLY_A_SNAPSHOT_FLAGS,
					     "unknown flag of a snapshot");
	err = ktally_session_flip(session, flags & KTALLY_SNAPSHOT_CLEAR, &quiet, &request->why);
	if (err)
		return err;
	skb = reply_new(request, &header);
	if (!skb)
		return -ENOMEM;
	if (nla_put_u32(skb, KTALLY_A_SESSION, session->id) || nla_put_u32(skb, KTALLY_A_HALF, quiet) ||
	    ktally_nla_put_u64(skb, KTALLY_A_GENERATION, session->generation) ||
	    ktally_nla_put_u64(skb, KTALLY_A_TIME, ktime_get_mono_fast_ns())) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, request->info);
}

static int session_delete(struct ktally_request *request)
{
	struct ktally_session *session = ktally_request_session(request);

	if (IS_ERR(session))
		return PTR_ERR(session);
	ktally_session_delete(session);
	notify(session);
	ktally_session_put(session);
	return 0;
}

/* A row a command: with @run it does all by itself, with @on it is given the session, locked. */
static const struct command {
	bool open;
	int (*run)(struct ktally_request *request);
	int (*on)(struct ktally_request *request, struct ktally_session *session);
} commands[] = {
	[KTALLY_CMD_INFO_GET]		= { .open = true, .run = ktally_info_get },
	[KTALLY_CMD_SESSION_NEW]	= { .run = session_new },
	[KTALLY_CMD_SESSION_GET]	= { .on = session_get },
	[KTALLY_CMD_SESSION_START]	= { .on = session_start },
	[KTALLY_CMD_SESSION_STOP]	= { .on = session_stop },
	[KTALLY_CMD_SESSION_DELETE]	= { .run = session_delete },
	[KTALLY_CMD_TABLE_NEW]		= { .run = ktally_table_new_cmd },
	[KTALLY_CMD_PROBE_NEW]		= { .run = ktally_probe_new_cmd },
	[KTALLY_CMD_SNAPSHOT]		= { .on = snapshot },
	[KTALLY_CMD_PAIR_NEW]		= { .on = ktally_pair_new_cmd },
	[KTALLY_CMD_COUNTER_NEW]	= { .on = ktally_counter_new_cmd },
};

static int run_on_session(struct ktally_request *request, const struct command *command)
{
	struct ktally_session *session = ktally_request_session(request);
	int err;

	if (IS_ERR(session))
		return PTR_ERR(session);
	mutex_lock(&session->lock);
	err = command->on(request, session);
	mutex_unlock(&session->lock);
	ktally_session_put(session);
	return err;
}

/* Kernels without extended acknowledgements get the sentence as a message of its own, ahead of the plain one. */
static void send_sentence(struct genl_info *info, const char *sentence)
{
	struct ktally_request request = { .info = info };
	void *header;
	struct sk_buff *skb = reply_new(&request, &header);

	if (!skb)
		return;
	if (nla_put(skb, KTALLY_A_LABEL, strlen(sentence) + 1, sentence)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, header);
	genlmsg_reply(skb, info);
}

static int run_command(struct ktally_request *request)
{
	const struct command *command = &commands[request->info->genlhdr->cmd];

	if (!command->open && !ktally_capable())
		return ktally_request_refuse(request, -EPERM, 0,
					     "measuring needs CAP_PERFMON, or CAP_SYS_ADMIN where the kernel does not have it");
	return command->run ? command->run(request) : run_on_session(request, command);
}

static int netlink_do(struct sk_buff *skb, struct genl_info *info)
{
	struct ktally_request request = { .info = info };
	int err = ktally_genl_check(&ktally_genl, info);

	if (!err)
		err = run_command(&request);
	if (err && !request.why && err == -ENOMEM)
		request.why = "out of memory";
	if (err && request.why)
		__ktally_refuse(info, request.at, request.why);
	if (err && ktally_refusal(info))
		send_sentence(info, ktally_refusal(info));
	return err;
}

static const struct genl_ops ops[] = {
	{ .cmd = KTALLY_CMD_INFO_GET, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_SOURCE_GET, .dumpit = ktally_dump_sources },
	{ .cmd = KTALLY_CMD_SESSION_NEW, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_SESSION_GET, .doit = netlink_do, .dumpit = ktally_dump_sessions },
	{ .cmd = KTALLY_CMD_SESSION_START, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_SESSION_STOP, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_SESSION_DELETE, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_TABLE_NEW, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_TABLE_GET, .dumpit = ktally_dump_tables },
	{ .cmd = KTALLY_CMD_PROBE_NEW, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_PROBE_GET, .dumpit = ktally_dump_probes },
	{ .cmd = KTALLY_CMD_SNAPSHOT, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_PAIR_NEW, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_PAIR_GET, .dumpit = ktally_dump_pairs },
	{ .cmd = KTALLY_CMD_COUNTER_NEW, .doit = netlink_do },
	{ .cmd = KTALLY_CMD_COUNTER_GET, .dumpit = ktally_dump_counters },
};

static struct genl_family family;

const struct ktally_genl ktally_genl = {
	.family		= &family,
	.name		= KTALLY_GENL_NAME,
	.version	= KTALLY_ABI,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.policy		= policy,
	.max_attr	= KTALLY_A_MAX,
	.group		= KTALLY_GENL_GROUP,
};

static void reap(struct work_struct *work)
{
	ktally_session_reap();
}
static DECLARE_WORK(reap_work, reap);

/* A socket was closed, by its owner or by the owner's death. May not sleep on older kernels. */
static int socket_gone(struct notifier_block *block, unsigned long event, void *data)
{
	struct netlink_notify *notify = data;

	if (event != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC ||
	    !net_eq(notify->net, &init_net) || !notify->portid)
		return NOTIFY_DONE;
	if (ktally_session_orphan(notify->portid))
		schedule_work(&reap_work);
	return NOTIFY_DONE;
}

static struct notifier_block socket_notifier = { .notifier_call = socket_gone };

int ktally_netlink_init(void)
{
	int err = netlink_register_notifier(&socket_notifier);

	if (err)
		return err;
	err = ktally_genl_register(&ktally_genl);
	if (err)
		netlink_unregister_notifier(&socket_notifier);
	return err;
}

void ktally_netlink_uninit(void)
{
	ktally_genl_unregister(&ktally_genl);
	netlink_unregister_notifier(&socket_notifier);
	flush_work(&reap_work);
}
