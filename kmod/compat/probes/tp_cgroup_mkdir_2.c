// SPDX-License-Identifier: GPL-2.0
// Candidate 2 for the prototype of cgroup_mkdir.
#include "tracepoint.h"
#include <trace/events/cgroup.h>

KTALLY_PROBE_TRACEPOINT(cgroup_mkdir, 2);
