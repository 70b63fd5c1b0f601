// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of sys_enter.
#include "tracepoint.h"
#include <trace/events/syscalls.h>

KTALLY_PROBE_TRACEPOINT(sys_enter, 1);
