// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of irq_handler_exit.
#include "tracepoint.h"
#include <linux/interrupt.h>
#include <trace/events/irq.h>

KTALLY_PROBE_TRACEPOINT(irq_handler_exit, 1);
