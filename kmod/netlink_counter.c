// SPDX-License-Identifier: GPL-2.0
/* The commands about counters: COUNTER_NEW and the dump of COUNTER_GET. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "counter.h"
#include "netlink.h"
#include "session.h"

static struct ktally_counter *counter_from(struct ktally_request *request)
{
	struct ktally_counter_config config = {
		.type		= ktally_attr_u32(request, KTALLY_A_SRC_PERF_TYPE, 0),
		.config		= ktally_attr_u64(request, KTALLY_A_SRC_PERF_CONFIG, 0),
		.config1	= ktally_attr_u64(request, KTALLY_A_SRC_PERF_CONFIG1, 0),
		.config2	= ktally_attr_u64(request, KTALLY_A_SRC_PERF_CONFIG2, 0),
		.flags		= ktally_attr_u32(request, KTALLY_A_SRC_PERF_FLAGS, 0),
	};
	const struct nlattr *label = ktally_attr(request, KTALLY_A_LABEL);
	struct ktally_counter *counter;

	if (!ktally_attr(request, KTALLY_A_SRC_PERF_TYPE) || !ktally_attr(request, KTALLY_A_SRC_PERF_CONFIG))
		return ERR_PTR(ktally_request_refuse(request, -EINVAL, 0,
						     "a counter needs SRC_PERF_TYPE and SRC_PERF_CONFIG"));
	request->at = ktally_attr(request, KTALLY_A_SRC_PERF_CONFIG);
	counter = ktally_counter_new(&config, &request->why);
	if (IS_ERR(counter))
		return counter;
	request->at = NULL;
	if (label && nla_len(label)) {
		counter->label = kmemdup(nla_data(label), nla_len(label), GFP_KERNEL);
		if (!counter->label) {
			ktally_counter_free(counter);
			return ERR_PTR(-ENOMEM);
		}
		counter->label_len = nla_len(label);
	}
	return counter;
}

int ktally_counter_new_cmd(struct ktally_request *request, struct ktally_session *session)
{
	struct ktally_counter *counter = counter_from(request);
	int number;

	if (IS_ERR(counter))
		return PTR_ERR(counter);
	number = ktally_session_add_counter(session, counter, &request->why);
	if (number < 0) {
		ktally_counter_free(counter);
		return number;
	}
	return ktally_reply_numbers(request, KTALLY_A_SESSION, session->id, KTALLY_A_COUNTER, number);
}

static int put_head(struct sk_buff *skb, const struct ktally_session *session, unsigned int n)
{
	const struct ktally_counter *counter = session->counters[n];
	const struct ktally_counter_config *config = &counter->config;

	if (nla_put_u32(skb, KTALLY_A_SESSION, session->id) || nla_put_u32(skb, KTALLY_A_COUNTER, n) ||
	    nla_put_u32(skb, KTALLY_A_SRC_PERF_TYPE, config->type) ||
	    ktally_nla_put_u64(skb, KTALLY_A_SRC_PERF_CONFIG, config->config) ||
	    ktally_nla_put_u64(skb, KTALLY_A_SRC_PERF_CONFIG1, config->config1) ||
	    ktally_nla_put_u64(skb, KTALLY_A_SRC_PERF_CONFIG2, config->config2) ||
	    nla_put_u32(skb, KTALLY_A_SRC_PERF_FLAGS, config->flags) ||
	    (counter->label && nla_put(skb, KTALLY_A_LABEL, counter->label_len, counter->label)))
		return -EMSGSIZE;
	return 0;
}

/* As many values as fit; those of further CPUs follow in another message. */
static int put_values(struct sk_buff *skb, struct ktally_counter *counter, long *next_cpu, bool *more)
{
	struct ktally_counter_value value;
	struct nlattr *attr;
	unsigned int nr;

	*more = false;
	attr = nla_reserve(skb, KTALLY_A_COUNTER_VALUES, 0);
	if (!attr)
		return -EMSGSIZE;
	for (nr = 0; ktally_counter_values(counter, *next_cpu, &value, 1); nr++) {
		if (skb_tailroom(skb) < sizeof(value) || attr->nla_len + sizeof(value) > USHRT_MAX) {
			*more = true;
			return nr ? 0 : -EMSGSIZE;
		}
		memcpy(skb_put(skb, sizeof(value)), &value, sizeof(value));
		attr->nla_len += sizeof(value);
		*next_cpu = value.cpu + 1;
	}
	return 0;
}

/* cb->args: 0: counter, 1: the first CPU that was not told yet. Return: whether there is room for another message */
static bool put_counter(struct sk_buff *skb, struct netlink_callback *cb, struct ktally_session *session)
{
	void *header = ktally_part_begin(skb, cb, KTALLY_CMD_COUNTER_GET);
	bool more;

	if (!header)
		return false;
	if (put_head(skb, session, cb->args[0]) ||
	    put_values(skb, session->counters[cb->args[0]], &cb->args[1], &more)) {
		genlmsg_cancel(skb, header);
		return false;
	}
	genlmsg_end(skb, header);
	if (more)
		return false;
	cb->args[0]++;
	cb->args[1] = 0;
	return true;
}

int ktally_dump_counters(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct ktally_session *session;
	int err = ktally_dump_session(cb, &session);

	if (err)
		return err;
	mutex_lock(&session->lock);
	while (cb->args[0] < session->nr_counters && put_counter(skb, cb, session))
		;
	mutex_unlock(&session->lock);
	ktally_session_put(session);
	return skb->len;
}
