// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of workqueue_execute_end.
#include "tracepoint.h"
#include <linux/workqueue.h>
#include <trace/events/workqueue.h>

KTALLY_PROBE_TRACEPOINT(workqueue_execute_end, 1);
