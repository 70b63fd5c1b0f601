// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of softirq_exit.
#include "tracepoint.h"
#include <linux/interrupt.h>
#include <trace/events/irq.h>

KTALLY_PROBE_TRACEPOINT(softirq_exit, 1);
