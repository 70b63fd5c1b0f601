// SPDX-License-Identifier: GPL-2.0
/* The commands about pairs: PAIR_NEW and the dump of PAIR_GET. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "netlink.h"
#include "pair.h"
#include "session.h"

static struct ktally_pair *pair_from(struct ktally_request *request, struct ktally_session *session)
{
	const struct nlattr *counters = ktally_attr(request, KTALLY_A_PAIR_COUNTERS);
	struct ktally_pair_config config = {
		.kind		= ktally_attr_u32(request, KTALLY_A_PAIR_KIND, 0),
		.flags		= ktally_attr_u32(request, KTALLY_A_PAIR_FLAGS, 0),
		.nr_keys	= ktally_attr_u32(request, KTALLY_A_NR_KEYS, 0),
		.nr_saved	= ktally_attr_u32(request, KTALLY_A_NR_SAVED, 0),
		.capacity	= ktally_attr_u32(request, KTALLY_A_ROWS, 0),
		.nr_counters	= counters ? nla_len(counters) / sizeof(u32) : 0,
	};
	struct ktally_pair *pair;
	int err;

	if (counters && (nla_len(counters) % sizeof(u32) || config.nr_counters > KTALLY_PAIR_COUNTERS_MAX))
		return ERR_PTR(ktally_request_refuse(request, -EINVAL, KTALLY_A_PAIR_COUNTERS,
						     "PAIR_COUNTERS is up to 8 numbers of counters, 32 bits each"));
	if (counters)
		memcpy(config.numbers, nla_data(counters), config.nr_counters * sizeof(u32));
	pair = ktally_pair_new(session, &config, &request->why);
	if (IS_ERR(pair))
		return pair;
	err = ktally_request_label(request, &pair->label, &pair->label_len);
	if (err) {
		ktally_pair_free(pair);
		return ERR_PTR(err);
	}
	return pair;
}

int ktally_pair_new_cmd(struct ktally_request *request, struct ktally_session *session)
{
	struct ktally_pair *pair = pair_from(request, session);
	int number;

	if (IS_ERR(pair))
		return PTR_ERR(pair);
	number = ktally_session_add_pair(session, pair, &request->why);
	if (number < 0) {
		ktally_pair_free(pair);
		return number;
	}
	return ktally_reply_numbers(request, KTALLY_A_SESSION, session->id, KTALLY_A_PAIR, number);
}

static int put_pair(struct sk_buff *skb, const struct ktally_session *session, unsigned int n)
{
	const struct ktally_pair *pair = session->pairs[n];
	struct ktally_pair_count count;

	ktally_session_sum(session, pair->count, (u64 *)&count, sizeof(count) / sizeof(u64));
	if (nla_put_u32(skb, KTALLY_A_SESSION, session->id) || nla_put_u32(skb, KTALLY_A_PAIR, n) ||
	    nla_put_u32(skb, KTALLY_A_PAIR_KIND, pair->kind) || nla_put_u32(skb, KTALLY_A_PAIR_FLAGS, pair->flags) ||
	    nla_put_u32(skb, KTALLY_A_NR_KEYS, pair->nr_keys) || nla_put_u32(skb, KTALLY_A_NR_SAVED, pair->nr_saved) ||
	    nla_put_u32(skb, KTALLY_A_ROWS, pair->capacity) ||
	    (pair->nr_counters &&
	     nla_put(skb, KTALLY_A_PAIR_COUNTERS, pair->nr_counters * sizeof(u32), pair->numbers)) ||
	    nla_put(skb, KTALLY_A_PAIR_COUNT, sizeof(count), &count) ||
	    (pair->label && nla_put(skb, KTALLY_A_LABEL, pair->label_len, pair->label)))
		return -EMSGSIZE;
	return 0;
}

static unsigned int nr_pairs(const struct ktally_session *session)
{
	return session->nr_pairs;
}

int ktally_dump_pairs(struct sk_buff *skb, struct netlink_callback *cb)
{
	return ktally_dump_parts(skb, cb, KTALLY_CMD_PAIR_GET, nr_pairs, put_pair);
}
