// SPDX-License-Identifier: GPL-2.0
// nla_strscpy(): "treewide: rename nla_strlcpy to nla_strscpy", 5.11.
#include <net/netlink.h>

long probe(char *to, const struct nlattr *attr);

long probe(char *to, const struct nlattr *attr)
{
	return nla_strscpy(to, attr, 8);
}
