// SPDX-License-Identifier: GPL-2.0
// return_instance.stack: "uprobes: Export 'struct return_instance', introduce arch_uretprobe_is_alive()", 4.3, and RHEL 7.
#include <linux/sched.h>
#include <linux/uprobes.h>

unsigned long probe(void);

unsigned long probe(void)
{
	struct return_instance *instance = current->utask->return_instances;

	return instance->chained ? instance->next->stack : instance->orig_ret_vaddr;
}
