// SPDX-License-Identifier: GPL-2.0
/* Fields of the tracepoints of the network: packets and their end. */
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include "source_tracepoint.h"

static bool get_device_name(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	const struct sk_buff *skb = (void *)(unsigned long)hit->args[0];

	memset(dst, 0, words * sizeof(u64));
	if (skb->dev)
		memcpy(dst, skb->dev->name, strnlen(skb->dev->name, min_t(size_t, IFNAMSIZ, words * sizeof(u64))));
	return true;
}

static bool get_protocol(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = ntohs(((const struct sk_buff *)(unsigned long)hit->args[0])->protocol);
	return true;
}

static const struct ktally_field xmit_fields[] = {
	FIELD_ARG("skbaddr", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_ARG("len", KTALLY_TYPE_UINT, 4, 3),
	FIELD_ARG("rc", KTALLY_TYPE_INT, 4, 1),
	{ .name = "name", .type = KTALLY_TYPE_STRING, .how = KTALLY_FIELD_TEXT, .arg = 2, .size = IFNAMSIZ,
	  .offset = offsetof(struct net_device, name) },
};
KTALLY_FIELDS(net_dev_xmit, xmit_fields);

static const struct ktally_field receive_fields[] = {
	FIELD_ARG("skbaddr", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_MEMBER("len", KTALLY_TYPE_UINT, 0, sk_buff, len),
	FIELD_CALL("name", KTALLY_TYPE_STRING, IFNAMSIZ, 0, get_device_name),
};
KTALLY_FIELDS(netif_receive_skb, receive_fields);

static const struct ktally_field kfree_skb_fields[] = {
	FIELD_ARG("skbaddr", KTALLY_TYPE_KPTR, 8, 0),
	FIELD_ARG("location", KTALLY_TYPE_KPTR, 8, 1),
	FIELD_CALL("protocol", KTALLY_TYPE_UINT, 2, 0, get_protocol),
#if KTALLY_TP_HAVE(kfree_skb) >= 1 && KTALLY_TP_HAVE(kfree_skb) <= 3
	FIELD_ARG("reason", KTALLY_TYPE_UINT, 4, 2),
#endif
};
KTALLY_FIELDS(kfree_skb, kfree_skb_fields);

static const struct ktally_field consume_skb_fields[] = {
	FIELD_ARG("skbaddr", KTALLY_TYPE_KPTR, 8, 0),
#if KTALLY_TP_HAVE(consume_skb) == 1
	FIELD_ARG("location", KTALLY_TYPE_KPTR, 8, 1),
#endif
};
KTALLY_FIELDS(consume_skb, consume_skb_fields);
