// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of net_dev_xmit.
#include "tracepoint.h"
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <trace/events/net.h>

KTALLY_PROBE_TRACEPOINT(net_dev_xmit, 1);
