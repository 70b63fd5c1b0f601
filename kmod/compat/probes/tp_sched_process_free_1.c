// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of sched_process_free.
#include "tracepoint.h"
#include <trace/events/sched.h>

KTALLY_PROBE_TRACEPOINT(sched_process_free, 1);
