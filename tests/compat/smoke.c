// SPDX-License-Identifier: GPL-2.0-or-later
/* A module that uses every wrapper of kmod/compat/ once: it loads if all of them do their work. */
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

#include "compat/cpuhp.h"
#include "smoke.h"

unsigned int smoke_failures;

/* How many CPUs went and came, for smoke-guest to read after it took one away. */
static unsigned int cpu_events[2];
module_param_array(cpu_events, uint, NULL, 0444);

static int cpu_gone(unsigned int cpu)
{
	cpu_events[0]++;
	return 0;
}

static int cpu_came(unsigned int cpu)
{
	cpu_events[1]++;
	return 0;
}

static int __init smoke_init(void)
{
	int err;

	smoke_shims();
	smoke_hits();
	if (smoke_failures)
		return -EINVAL;
	err = ktally_cpuhp_init(cpu_came, cpu_gone);
	if (err)
		return err;
	err = smoke_genl_init();
	if (err)
		goto err_exit_cpuhp;
	pr_info("ktally_smoke: all checks passed\n");
	return 0;

err_exit_cpuhp:
	ktally_cpuhp_exit();
	return err;
}

static void __exit smoke_exit(void)
{
	smoke_genl_exit();
	ktally_cpuhp_exit();
	pr_info("ktally_smoke: unloaded\n");
}

module_init(smoke_init);
module_exit(smoke_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Checks the kernel compatibility layer of ktally");
