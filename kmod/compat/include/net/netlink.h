/* SPDX-License-Identifier: GPL-2.0 */
/* nla_strscpy() and the nesting flag on kernels that lack them. */
#ifndef _KTALLY_SHIM_NET_NETLINK_H
#define _KTALLY_SHIM_NET_NETLINK_H

#include_next <net/netlink.h>

/* "treewide: rename nla_strlcpy to nla_strscpy", 5.11, which also made it return an error. */
#ifndef KTALLY_HAVE_NLA_STRSCPY
static inline ssize_t nla_strscpy(char *to, const struct nlattr *attr, size_t size)
{
	size_t length = nla_strlcpy(to, attr, size);

	return length < size ? (ssize_t)length : -E2BIG;
}
#endif

/*
 * "netlink: make nla_nest_start() add NLA_F_NESTED flag", 5.2. What we send says that it is
 * nested on every kernel. (The macro names itself, which the preprocessor leaves alone.)
 */
#ifndef KTALLY_HAVE_NLA_NEST_FLAG
#define nla_nest_start(skb, type)	nla_nest_start(skb, (type) | NLA_F_NESTED)
#endif

#endif /* _KTALLY_SHIM_NET_NETLINK_H */
