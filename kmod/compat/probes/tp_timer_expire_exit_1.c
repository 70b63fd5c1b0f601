// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of timer_expire_exit.
#include "tracepoint.h"
#include <linux/hrtimer.h>
#include <linux/timer.h>
#include <trace/events/timer.h>

KTALLY_PROBE_TRACEPOINT(timer_expire_exit, 1);
