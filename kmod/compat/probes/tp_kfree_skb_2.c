// SPDX-License-Identifier: GPL-2.0
// Candidate 2 for the prototype of kfree_skb.
#include "tracepoint.h"
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <trace/events/skb.h>

KTALLY_PROBE_TRACEPOINT(kfree_skb, 2);
