// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of kmem_cache_alloc.
#include "tracepoint.h"
#include <linux/mm.h>
#include <trace/events/kmem.h>

KTALLY_PROBE_TRACEPOINT(kmem_cache_alloc, 1);
