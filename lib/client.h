/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a client: one generic netlink socket, requests on it, and what the kernel said when it refused one. */
#ifndef KTALLY_CLIENT_H
#define KTALLY_CLIENT_H

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "libktally.h"

struct ktally_client {
	struct nl_sock *sock;
	int family;
};

/** struct ktally_refusal - @insn: number of the offending instruction, -1 if the kernel did not point inside a program */
struct ktally_refusal {
	int code;
	char sentence[256];
	uint16_t attr;
	int insn;
};

/**
 * ktally_reply_fn - takes one message of a reply or dump
 * @attrs: indexed by enum ktally_attr, lengths checked
 * Return: 0 or -errno, which ends the request
 */
typedef int (*ktally_reply_fn)(struct nlattr **attrs, void *arg);

/** ktally_request_new - a message for @cmd with room for @payload bytes of attributes. NULL: -ENOMEM */
struct nl_msg *ktally_request_new(struct ktally_client *client, uint8_t cmd, int flags, size_t payload);
/**
 * ktally_request - send @msg (given up in any case) and hand every reply to @reply
 * Dumps that the kernel marks as interrupted are not repeated here: -EINTR.
 * Return: 0 or -errno; @refusal (may be NULL) then says what the kernel said
 */
int ktally_request(struct ktally_client *client, struct nl_msg *msg, ktally_reply_fn reply, void *arg, struct ktally_refusal *refusal);
/** ktally_request_fail - the sentence of a failed request: "@what: what the kernel said" */
int ktally_request_fail(struct ktally_error *err, int code, const struct ktally_refusal *refusal, const char *what);
/** ktally_parse_nested - attributes of a nest by the family's policy; attrs has KTALLY_A_MAX + 1 entries */
int ktally_parse_nested(struct nlattr **attrs, struct nlattr *nest);

static inline uint32_t ktally_get_u32(struct nlattr **attrs, int type)
{
	return attrs[type] ? nla_get_u32(attrs[type]) : 0;
}

static inline uint64_t ktally_get_u64(struct nlattr **attrs, int type)
{
	return attrs[type] ? nla_get_u64(attrs[type]) : 0;
}

/* Copies at most @size - 1 bytes; a missing attribute gives "". */
static inline void ktally_get_text(struct nlattr **attrs, int type, char *buf, size_t size)
{
	buf[0] = 0;
	if (attrs[type])
		nla_strlcpy(buf, attrs[type], size);
}

#endif /* KTALLY_CLIENT_H */
