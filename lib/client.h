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

/** struct ktally_list - a growing array of replies; set @size to the bytes of one */
struct ktally_list {
	void *items;
	size_t size;
	unsigned int nr;
};
/** ktally_list_add - a new zeroed item at the end. NULL: -ENOMEM */
void *ktally_list_add(struct ktally_list *list);
/** ktally_list_reset - the ktally_dump() @reset of a list of items that own nothing */
void ktally_list_reset(void *list);
/**
 * ktally_dump - all replies to a dump; a dump that the kernel had to interrupt begins again, with @arg emptied by @reset
 * @session: 0: not of one session
 */
int ktally_dump(struct ktally_client *client, uint8_t cmd, uint32_t session, ktally_reply_fn reply, void *arg, void (*reset)(void *arg),
		const char *what, struct ktally_error *err);

/** ktally_counter_new - add @counter to a session. client_counter.c */
int ktally_counter_new(struct ktally_client *client, uint32_t session, const struct ktally_counter_plan *counter, struct ktally_error *err);

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
