/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family: what its files share, and its begin and end. */
#ifndef _KTALLY_NETLINK_H
#define _KTALLY_NETLINK_H

#include <net/genetlink.h>
#include <linux/ktally_netlink.h>
#include "compat/genl.h"

struct ktally_session;

int ktally_netlink_init(void);
void ktally_netlink_uninit(void);

extern const struct ktally_genl ktally_genl;

/**
 * struct ktally_request - one command at work
 * @info: the request
 * @why: sentence of a refusal, or NULL
 * @at: attribute (or instruction inside one) to point at, or NULL
 */
struct ktally_request {
	struct genl_info *info;
	const char *why;
	const void *at;
};

/** ktally_attr() - attribute of the request, or NULL */
static inline const struct nlattr *ktally_attr(const struct ktally_request *request, int type)
{
	return request->info->attrs[type];
}

/** ktally_attr_u32() - its value, or @absent */
static inline u32 ktally_attr_u32(const struct ktally_request *request, int type, u32 absent)
{
	return ktally_attr(request, type) ? nla_get_u32(ktally_attr(request, type)) : absent;
}

/** ktally_attr_u64() - its value, or @absent */
static inline u64 ktally_attr_u64(const struct ktally_request *request, int type, u64 absent)
{
	return ktally_attr(request, type) ? nla_get_u64(ktally_attr(request, type)) : absent;
}

/** ktally_request_refuse() - fill in a refusal; Return: @err */
static inline int ktally_request_refuse(struct ktally_request *request, int err, int type, const char *why)
{
	request->why = why;
	request->at = type ? ktally_attr(request, type) : NULL;
	return err;
}

/** ktally_request_session() - the session that SESSION or NAME says, with a reference; or ERR_PTR() */
struct ktally_session *ktally_request_session(struct ktally_request *request);

/** ktally_reply_numbers() - answer with one or two u32 attributes */
int ktally_reply_numbers(struct ktally_request *request, int type1, u32 value1, int type2, u32 value2);

/** ktally_request_label() - copy of LABEL, if there is one; Return: 0 or -ENOMEM */
int ktally_request_label(struct ktally_request *request, u8 **label, unsigned int *len);

/** ktally_dump_parts() - dump what a session has @number() of, one message each */
int ktally_dump_parts(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		      unsigned int (*number)(const struct ktally_session *),
		      int (*put)(struct sk_buff *, const struct ktally_session *, unsigned int));

/* Commands: netlink_new.c */
int ktally_table_new_cmd(struct ktally_request *request);
int ktally_probe_new_cmd(struct ktally_request *request);

/* Pairs: netlink_pair.c */
int ktally_pair_new_cmd(struct ktally_request *request, struct ktally_session *session);
int ktally_dump_pairs(struct sk_buff *skb, struct netlink_callback *cb);

/* Counters: netlink_counter.c */
int ktally_counter_new_cmd(struct ktally_request *request, struct ktally_session *session);
int ktally_dump_counters(struct sk_buff *skb, struct netlink_callback *cb);

/* Answers: netlink_get.c */
/** ktally_part_begin() - head of a message of a dump, or NULL: no room */
void *ktally_part_begin(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd);
/** ktally_dump_session() - the session that a dump asks about, with a reference. Return: 0 or -errno, told to the caller */
int ktally_dump_session(struct netlink_callback *cb, struct ktally_session **session);
int ktally_put_session(struct sk_buff *skb, struct ktally_session *session);
int ktally_info_get(struct ktally_request *request);
int ktally_dump_sources(struct sk_buff *skb, struct netlink_callback *cb);
int ktally_dump_sessions(struct sk_buff *skb, struct netlink_callback *cb);
int ktally_dump_tables(struct sk_buff *skb, struct netlink_callback *cb);
int ktally_dump_probes(struct sk_buff *skb, struct netlink_callback *cb);

#endif /* _KTALLY_NETLINK_H */
