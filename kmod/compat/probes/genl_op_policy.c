// SPDX-License-Identifier: GPL-2.0
// genl_ops.policy: gone in 5.2, back in 5.10.
#include <net/genetlink.h>

void probe(struct genl_ops *op, const struct nla_policy *policy);

void probe(struct genl_ops *op, const struct nla_policy *policy)
{
	op->policy = policy;
}
