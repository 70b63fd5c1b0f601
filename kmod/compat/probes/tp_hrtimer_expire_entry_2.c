// SPDX-License-Identifier: GPL-2.0
// Candidate 2 for the prototype of hrtimer_expire_entry.
#include "tracepoint.h"
#include <linux/hrtimer.h>
#include <linux/timer.h>
#include <trace/events/timer.h>

KTALLY_PROBE_TRACEPOINT(hrtimer_expire_entry, 2);
