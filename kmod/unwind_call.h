/* SPDX-License-Identifier: GPL-2.0 */
/* Tells whether an address is one that a call returns to: what confirms a frame that was found by a frame pointer. */
#ifndef _KTALLY_UNWIND_CALL_H
#define _KTALLY_UNWIND_CALL_H

#include <linux/types.h>

/**
 * ktally_follows_call() - whether the instruction before a user address is a call
 *
 * Context: any, between pagefault_disable() and pagefault_enable().
 */
bool ktally_follows_call(unsigned long ip);

#endif /* _KTALLY_UNWIND_CALL_H */
