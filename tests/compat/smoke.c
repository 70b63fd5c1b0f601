// SPDX-License-Identifier: GPL-2.0-or-later
/* A module that uses every wrapper of kmod/compat/ once: it loads if all of them do their work. */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>

#include "smoke.h"

unsigned int smoke_failures;

static int __init smoke_init(void)
{
	int err;

	smoke_shims();
	smoke_hits();
	err = smoke_genl_init();
	if (err)
		return err;
	if (smoke_failures) {
		smoke_genl_exit();
		return -EINVAL;
	}
	pr_info("ktally_smoke: all checks passed\n");
	return 0;
}

static void __exit smoke_exit(void)
{
	smoke_genl_exit();
	pr_info("ktally_smoke: unloaded\n");
}

module_init(smoke_init);
module_exit(smoke_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Checks the kernel compatibility layer of ktally");
