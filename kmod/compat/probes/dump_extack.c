// SPDX-License-Identifier: GPL-2.0
// netlink_callback.extack: "netlink: Pass extack to dump handlers", 4.20.
#include <linux/netlink.h>

void probe(struct netlink_callback *cb, const struct nlattr *attr);

void probe(struct netlink_callback *cb, const struct nlattr *attr)
{
	cb->extack->_msg = "probe";
	cb->extack->bad_attr = attr;
}
