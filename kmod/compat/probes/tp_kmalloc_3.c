// SPDX-License-Identifier: GPL-2.0
// Candidate 3 for the prototype of kmalloc.
#include "tracepoint.h"
#include <linux/mm.h>
#include <trace/events/kmem.h>

KTALLY_PROBE_TRACEPOINT(kmalloc, 3);
