// SPDX-License-Identifier: GPL-2.0
/* The module: brings up its parts in order, and takes them down backwards. */
#include <linux/init.h>
#include <linux/module.h>
#include "chardev.h"
#include "hotplug.h"
#include "netlink.h"
#include "percpu.h"

static int __init ktally_init(void)
{
	int err = ktally_percpu_init();

	if (err)
		return err;
	err = ktally_hotplug_init();
	if (err)
		goto err_percpu;
	err = ktally_chardev_init();
	if (err)
		goto err_hotplug;
	err = ktally_netlink_init();
	if (err)
		goto err_chardev;
	return 0;

err_chardev:
	ktally_chardev_uninit();
err_hotplug:
	ktally_hotplug_uninit();
err_percpu:
	ktally_percpu_uninit();
	return err;
}

/* Every session holds the module, so none is left here. */
static void __exit ktally_exit(void)
{
	ktally_netlink_uninit();
	ktally_chardev_uninit();
	ktally_hotplug_uninit();
	ktally_percpu_uninit();
}

module_init(ktally_init);
module_exit(ktally_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("ktally: in-kernel measurement with tables and rings, without BPF");
MODULE_VERSION("0.1.0");
