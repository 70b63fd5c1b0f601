/* SPDX-License-Identifier: GPL-2.0 */
/* Registers and a piece of the stack of the current task, for who unwinds them elsewhere. */
#ifndef _KTALLY_USER_RECORD_H
#define _KTALLY_USER_RECORD_H

#include <linux/types.h>

struct ktally_hit;
struct ktally_hot;
struct ktally_probe;

/**
 * ktally_user_record() - KTALLY_OP_USER
 * @probe: whose hit
 * @hot: the session's memory on this CPU
 * @hit: of what
 * @size: bytes of the stack at most
 *
 * Return: the id of the record; 0 if there is none.
 * Context: inside a handler (ktally_enter()), any context.
 */
u64 ktally_user_record(const struct ktally_probe *probe, const struct ktally_hot *hot, const struct ktally_hit *hit, u32 size);

#endif /* _KTALLY_USER_RECORD_H */
