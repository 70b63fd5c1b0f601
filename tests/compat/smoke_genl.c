// SPDX-License-Identifier: GPL-2.0-or-later
/* A generic netlink family that refuses, answers and dumps; smoke-genl.py talks to it. */
#include <linux/errno.h>
#include <net/genetlink.h>

#include "compat/cred.h"
#include "compat/genl.h"
#include "smoke.h"

enum { ATTR_NUMBER = 1, ATTR_NAME, ATTR_LIST, ATTR_REFUSAL, ATTR_MAX = ATTR_REFUSAL };
enum { CMD_ECHO = 1, CMD_LIST };

static struct genl_family family;

static const struct nla_policy policy[ATTR_MAX + 1] = {
	[ATTR_NUMBER] = { .type = NLA_U64 },
	[ATTR_NAME] = { .type = NLA_NUL_STRING, .len = 7 },
	[ATTR_LIST] = { .type = NLA_NESTED },
};

static const struct nla_policy list_policy[2] = {
	[1] = { .type = NLA_U32 },
};

static int do_echo(struct sk_buff *skb, struct genl_info *info);
static int dump_list(struct sk_buff *skb, struct netlink_callback *cb);

static const struct genl_ops ops[] = {
	{ .cmd = CMD_ECHO, .doit = do_echo },
	{ .cmd = CMD_LIST, .dumpit = dump_list },
};

static const struct ktally_genl genl = {
	.family = &family,
	.name = "ktally_smoke",
	.version = 1,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.policy = policy,
	.max_attr = ATTR_MAX,
	.group = "events",
};

static int put_answer(struct sk_buff *msg, struct genl_info *info)
{
	struct nlattr *nest;
	char name[8] = "none";

	if (info->attrs[ATTR_NAME] && nla_strscpy(name, info->attrs[ATTR_NAME], sizeof(name)) < 0)
		return -EINVAL;
	if (ktally_nla_put_u64(msg, ATTR_NUMBER, nla_get_u64(info->attrs[ATTR_NUMBER]) + 1) ||
	    nla_put_string(msg, ATTR_NAME, name))
		return -EMSGSIZE;
	nest = nla_nest_start(msg, ATTR_LIST);
	if (!nest || nla_put_u32(msg, 1, 7))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int do_echo(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *inner[ARRAY_SIZE(list_policy)];
	struct sk_buff *msg;
	void *header;
	int err = ktally_genl_check(&genl, info);

	if (!err && info->attrs[ATTR_LIST])
		err = ktally_genl_parse_nested(inner, 1, info->attrs[ATTR_LIST], list_policy, info);
	if (err)
		return err;
	if (!ktally_skb_capable(skb)) {
		ktally_refuse(info, NULL, "may not");
		return -EPERM;
	}
	if (!info->attrs[ATTR_NUMBER]) {
		ktally_refuse(info, info->attrs[ATTR_NAME], "needs a number");
		pr_info("ktally_smoke: kept: %s\n", ktally_refusal(info) ? : "nothing");
		return -EINVAL;
	}
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	header = genlmsg_put(msg, info->snd_portid, info->snd_seq, &family, 0, CMD_ECHO);
	err = header ? put_answer(msg, info) : -EMSGSIZE;
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	genlmsg_end(msg, header);
	/* Nobody listens, and that is all that can be checked of it here. */
	ktally_genl_multicast(&genl, skb_get(msg), GFP_KERNEL);
	return genlmsg_reply(msg, info);
}

static int dump_list(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct nlattr *attrs[ATTR_MAX + 1];
	int err = ktally_genl_dump_attrs(&genl, cb, attrs);
	u64 end = attrs[ATTR_NUMBER] ? nla_get_u64(attrs[ATTR_NUMBER]) : 3;

	if (err)
		return err;
	if (end > 1000) {
		ktally_refuse_dump(cb, attrs[ATTR_NUMBER], "too many");
		return -ERANGE;
	}
	for (; cb->args[0] < (long)end; cb->args[0]++) {
		void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					   &family, NLM_F_MULTI, CMD_LIST);

		if (!header)
			break;
		if (ktally_nla_put_u64(skb, ATTR_NUMBER, cb->args[0])) {
			genlmsg_cancel(skb, header);
			break;
		}
		genlmsg_end(skb, header);
	}
	return skb->len;
}

int smoke_genl_init(void)
{
	return ktally_genl_register(&genl);
}

void smoke_genl_exit(void)
{
	ktally_genl_unregister(&genl);
}
