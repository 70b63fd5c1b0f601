// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of system calls: those the build's headers know, and newer ones, whose numbers are the same everywhere. */
#include <asm/unistd.h>

#include "libktally.h"

static const char *const names[] = {
#include "syscall_names.h"
};

#define NEWER_FIRST 451
static const char *const newer[] = {
	"cachestat", "fchmodat2", "map_shadow_stack", "futex_wake", "futex_wait", "futex_requeue", "statmount", "listmount",
	"lsm_get_self_attr", "lsm_set_self_attr", "lsm_list_modules", "mseal", "setxattrat", "getxattrat", "listxattrat",
	"removexattrat", "open_tree_attr", "file_getattr", "file_setattr",
};

const char *ktally_syscall_name(long nr)
{
	const long known = sizeof(names) / sizeof(*names), later = sizeof(newer) / sizeof(*newer);

	if (nr >= 0 && nr < known && names[nr])
		return names[nr];
	if (nr >= NEWER_FIRST && nr < NEWER_FIRST + later)
		return newer[nr - NEWER_FIRST];
	return NULL;
}
