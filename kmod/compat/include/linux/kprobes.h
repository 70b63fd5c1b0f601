/* SPDX-License-Identifier: GPL-2.0 */
/* get_kretprobe() and NOKPROBE_SYMBOL() on kernels that lack them, and where a kretprobe returns to. */
#ifndef _KTALLY_SHIM_LINUX_KPROBES_H
#define _KTALLY_SHIM_LINUX_KPROBES_H

#include_next <linux/kprobes.h>

/* "kprobes: Introduce NOKPROBE_SYMBOL() macro for blacklist", 3.16. Before, none was a module's. */
#ifndef NOKPROBE_SYMBOL
#define NOKPROBE_SYMBOL(function)
#endif

/* "kprobes: Remove kretprobe hash", 5.11. */
#ifndef KTALLY_HAVE_GET_KRETPROBE
static inline struct kretprobe *get_kretprobe(struct kretprobe_instance *instance)
{
	return instance->rp;
}
#endif

/**
 * ktally_kretprobe_returns() - let the registers of a return say where it goes
 * @instance: the handler's
 * @regs: the handler's
 *
 * The kernel does so itself since "kprobes: Setup instruction pointer in __kretprobe_trampoline_handler", 5.15; before they
 * point at the trampoline, where no stack begins. Nothing reads the word after the handler.
 * Context: in the handler.
 */
static inline void ktally_kretprobe_returns(struct kretprobe_instance *instance, struct pt_regs *regs)
{
#ifndef KTALLY_HAVE_KRETPROBE_RETADDR
	instruction_pointer_set(regs, (unsigned long)instance->ret_addr);
#endif
}

#endif /* _KTALLY_SHIM_LINUX_KPROBES_H */
