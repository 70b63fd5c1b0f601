// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of page_fault_kernel.
#include "tracepoint.h"
#include "trace_exceptions.h"

KTALLY_PROBE_TRACEPOINT(page_fault_kernel, 1);
