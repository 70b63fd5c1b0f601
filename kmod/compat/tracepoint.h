/* SPDX-License-Identifier: GPL-2.0 */
/* Finds tracepoints by name and attaches typed handlers to them. */
#ifndef _KTALLY_COMPAT_TRACEPOINT_H
#define _KTALLY_COMPAT_TRACEPOINT_H

#include <linux/types.h>

/**
 * ktally_tp_register() - have a handler called at every hit of a tracepoint
 * @name: the tracepoint, without its system: "sched_switch"
 * @fn: a function declared with KTALLY_TP_PROTO(), the only one that is safe
 * @data: its first argument
 *
 * Return: 0, -ENOENT if the kernel has no such tracepoint, -EEXIST if already registered with
 * the same @data, -ENOMEM.
 * Context: process, may sleep.
 */
int ktally_tp_register(const char *name, void *fn, void *data);

/**
 * ktally_tp_unregister() - the opposite of ktally_tp_register() with the same arguments
 * @name: the tracepoint
 * @fn: its handler
 * @data: its first argument
 *
 * A handler may still run on return: ktally_tp_synchronize() before freeing what it uses.
 * Context: process, may sleep.
 */
void ktally_tp_unregister(const char *name, void *fn, void *data);

/**
 * ktally_tp_exists() - whether the kernel itself (not a module) has a tracepoint
 * @name: the tracepoint
 *
 * Before 3.15 there is no list to look in: a name is then believed, and registering it is
 * harmless but silent. Names come from KTALLY_TP_EVENTS(), whose headers this kernel has.
 * Context: process.
 */
bool ktally_tp_exists(const char *name);

/**
 * ktally_tp_synchronize() - wait until no unregistered handler runs any more
 *
 * Context: process, sleeps.
 */
void ktally_tp_synchronize(void);

#endif /* _KTALLY_COMPAT_TRACEPOINT_H */
