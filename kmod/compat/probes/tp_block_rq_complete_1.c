// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of block_rq_complete.
#include "tracepoint.h"
#include <linux/blkdev.h>
#include <trace/events/block.h>

KTALLY_PROBE_TRACEPOINT(block_rq_complete, 1);
