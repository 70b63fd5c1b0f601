// SPDX-License-Identifier: GPL-2.0
// genl_family.policy: "genetlink: make policy common to family", 5.2.
#include <net/genetlink.h>

void probe(struct genl_family *family, const struct nla_policy *policy);

void probe(struct genl_family *family, const struct nla_policy *policy)
{
	family->policy = policy;
}
