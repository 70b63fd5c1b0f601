// SPDX-License-Identifier: GPL-2.0
// Candidate 2 for the prototype of task_rename.
#include "tracepoint.h"
#include <trace/events/task.h>

KTALLY_PROBE_TRACEPOINT(task_rename, 2);
