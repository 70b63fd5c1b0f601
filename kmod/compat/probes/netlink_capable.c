// SPDX-License-Identifier: GPL-2.0
// netlink_capable(): "net: Add variants of capable for use on netlink messages", 3.15.
#include <linux/netlink.h>

bool probe(const struct sk_buff *skb);

bool probe(const struct sk_buff *skb)
{
	return netlink_capable(skb, 21);
}
