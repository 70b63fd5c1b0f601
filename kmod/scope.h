/* SPDX-License-Identifier: GPL-2.0 */
/* The scope of a session: which processes count, and their children to come. */
#ifndef _KTALLY_SCOPE_H
#define _KTALLY_SCOPE_H

#include <linux/types.h>

/**
 * struct ktally_scope - a set of processes that grows with their children
 * @pids: bit map by process id
 * @followed: whether fork and exit are followed
 */
struct ktally_scope {
	unsigned long *pids;
	bool followed;
};

/**
 * ktally_scope_init() - a scope of @nr processes
 * @scope: to fill
 * @pids: their ids
 * @nr: at least 1
 * @why: out: a sentence when refused
 *
 * Children are followed from here on, whether the session runs or not.
 * Context: process.
 */
int ktally_scope_init(struct ktally_scope *scope, const u32 *pids, unsigned int nr, const char **why);

/** ktally_scope_uninit() - on return nothing reads or writes the scope; fine if it was never begun. Context: process. */
void ktally_scope_uninit(struct ktally_scope *scope);

#endif /* _KTALLY_SCOPE_H */
