// SPDX-License-Identifier: GPL-2.0
// nla_nest_start() sets NLA_F_NESTED: "netlink: make nla_nest_start() add NLA_F_NESTED flag", 5.2.
#include <net/netlink.h>

struct nlattr *probe(struct sk_buff *skb);

struct nlattr *probe(struct sk_buff *skb)
{
	return nla_nest_start_noflag(skb, 1);
}
