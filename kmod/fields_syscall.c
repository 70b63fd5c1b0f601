// SPDX-License-Identifier: GPL-2.0
/* Fields of the tracepoints of system calls. */
#include <linux/sched.h>
#include <asm/syscall.h>
#include "compat/syscall.h"
#include "source_tracepoint.h"

static bool get_arg(const struct ktally_hit *hit, u32 n, u64 *dst, unsigned int words)
{
	u64 args[KTALLY_SYSCALL_ARGS];

	ktally_syscall_args((struct pt_regs *)(unsigned long)hit->args[0], args);
	*dst = args[n];
	return true;
}

static bool get_id(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = (s64)syscall_get_nr(current, (struct pt_regs *)(unsigned long)hit->args[0]);
	return true;
}

static const struct ktally_field enter_fields[] = {
	FIELD_ARG("id", KTALLY_TYPE_INT, 8, 1),
	FIELD_CALL("arg0", KTALLY_TYPE_UINT, 8, 0, get_arg),
	FIELD_CALL("arg1", KTALLY_TYPE_UINT, 8, 1, get_arg),
	FIELD_CALL("arg2", KTALLY_TYPE_UINT, 8, 2, get_arg),
	FIELD_CALL("arg3", KTALLY_TYPE_UINT, 8, 3, get_arg),
	FIELD_CALL("arg4", KTALLY_TYPE_UINT, 8, 4, get_arg),
	FIELD_CALL("arg5", KTALLY_TYPE_UINT, 8, 5, get_arg),
};
KTALLY_FIELDS(sys_enter, enter_fields);

static const struct ktally_field exit_fields[] = {
	FIELD_CALL("id", KTALLY_TYPE_INT, 8, 0, get_id),
	FIELD_ARG("ret", KTALLY_TYPE_INT, 8, 1),
};
KTALLY_FIELDS(sys_exit, exit_fields);
