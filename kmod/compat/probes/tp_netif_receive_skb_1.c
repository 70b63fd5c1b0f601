// SPDX-License-Identifier: GPL-2.0
// Candidate 1 for the prototype of netif_receive_skb.
#include "tracepoint.h"
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <trace/events/net.h>

KTALLY_PROBE_TRACEPOINT(netif_receive_skb, 1);
