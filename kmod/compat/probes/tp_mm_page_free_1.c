// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of mm_page_free.
#include "tracepoint.h"
#include <linux/mm.h>
#include <trace/events/kmem.h>

KTALLY_PROBE_TRACEPOINT(mm_page_free, 1);
