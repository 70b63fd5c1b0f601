// SPDX-License-Identifier: GPL-2.0
// genl_family.ops: "genetlink: make all genl_ops users const", 3.13.
#include <net/genetlink.h>

int probe(struct genl_family *family, const struct genl_ops *ops,
	  const struct genl_multicast_group *groups);

int probe(struct genl_family *family, const struct genl_ops *ops,
	  const struct genl_multicast_group *groups)
{
	family->ops = ops;
	family->n_ops = 1;
	family->mcgrps = groups;
	family->n_mcgrps = 1;
	return genl_register_family(family);
}
