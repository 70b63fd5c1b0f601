// SPDX-License-Identifier: GPL-2.0
// genl_info.extack: "netlink: pass extended ACK struct to parsing functions", 4.12.
#include <net/genetlink.h>

void probe(struct genl_info *info, const struct nlattr *attr);

void probe(struct genl_info *info, const struct nlattr *attr)
{
	info->extack->_msg = "probe";
	info->extack->bad_attr = attr;
}
