// SPDX-License-Identifier: GPL-2.0-or-later
/* Generic netlink by hand, for messages that no library would send. */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ktally_netlink.h>

#include "raw.h"

#define ATTR_MAX 64

struct attrs {
	const struct nlattr *at[ATTR_MAX];
};

static void parse(struct attrs *attrs, const void *data, size_t len)
{
	const unsigned char *p = data;

	memset(attrs, 0, sizeof(*attrs));
	while (len >= NLA_HDRLEN) {
		const struct nlattr *attr = (const void *)p;
		unsigned int type = attr->nla_type & NLA_TYPE_MASK;

		if (attr->nla_len < NLA_HDRLEN || attr->nla_len > len)
			return;
		if (type < ATTR_MAX)
			attrs->at[type] = attr;
		if ((size_t)NLA_ALIGN(attr->nla_len) >= len)
			return;
		p += NLA_ALIGN(attr->nla_len);
		len -= NLA_ALIGN(attr->nla_len);
	}
}

static uint32_t get_u32(const struct attrs *attrs, unsigned int type)
{
	uint32_t value = 0;

	if (attrs->at[type] && attrs->at[type]->nla_len >= NLA_HDRLEN + sizeof(value))
		memcpy(&value, attrs->at[type] + 1, sizeof(value));
	return value;
}

static void get_text(const struct attrs *attrs, unsigned int type, char *text, size_t size)
{
	if (attrs->at[type])
		snprintf(text, size, "%.*s", attrs->at[type]->nla_len - NLA_HDRLEN, (const char *)(attrs->at[type] + 1));
}

void raw_bytes(struct raw_msg *msg, const void *data, size_t len)
{
	if (msg->len + len + 8 > sizeof(msg->buf)) {
		msg->full = true;
		return;
	}
	memcpy(msg->buf + msg->len, data, len);
	msg->len += len;
	while (msg->len & 3)
		msg->buf[msg->len++] = 0;
}

void raw_put(struct raw_msg *msg, uint16_t type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + len) };

	raw_bytes(msg, &attr, sizeof(attr));
	raw_bytes(msg, data, len);
}

void raw_put_u32(struct raw_msg *msg, uint16_t type, uint32_t value)
{
	raw_put(msg, type, &value, sizeof(value));
}

void raw_put_u64(struct raw_msg *msg, uint16_t type, uint64_t value)
{
	raw_put(msg, type, &value, sizeof(value));
}

void raw_put_text(struct raw_msg *msg, uint16_t type, const char *text)
{
	raw_put(msg, type, text, strlen(text) + 1);
}

static void begin(struct raw_msg *msg, uint16_t type, uint8_t cmd, uint8_t version, uint16_t flags)
{
	struct nlmsghdr *head = (void *)msg->buf;
	struct genlmsghdr *genl = (void *)(msg->buf + NLMSG_HDRLEN);

	memset(msg->buf, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	head->nlmsg_type = type;
	head->nlmsg_flags = NLM_F_REQUEST | flags;
	genl->cmd = cmd;
	genl->version = version;
	msg->len = NLMSG_HDRLEN + GENL_HDRLEN;
	msg->full = false;
}

void raw_begin(const struct raw *raw, struct raw_msg *msg, uint8_t cmd, uint16_t flags)
{
	begin(msg, raw->family, cmd, KTALLY_ABI, flags);
}

int raw_fire(struct raw *raw, struct raw_msg *msg)
{
	struct nlmsghdr *head = (void *)msg->buf;

	if (msg->full)
		return -EMSGSIZE;
	head->nlmsg_len = msg->len;
	head->nlmsg_seq = ++raw->seq;
	if (!(head->nlmsg_flags & NLM_F_DUMP))
		head->nlmsg_flags |= NLM_F_ACK;
	return send(raw->fd, msg->buf, msg->len, 0) < 0 ? -errno : 0;
}

/* The attributes of an acknowledgement stand behind what it returns of the request. */
static void take_error(const struct nlmsghdr *head, struct raw_answer *answer)
{
	const struct nlmsgerr *error = (const void *)((const char *)head + NLMSG_HDRLEN);
	size_t skip = NLMSG_HDRLEN + sizeof(*error);
	struct attrs attrs;

	answer->error = -error->error;
	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(head->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
	if (skip >= head->nlmsg_len)
		return;
	parse(&attrs, (const char *)head + skip, head->nlmsg_len - skip);
	get_text(&attrs, NLMSGERR_ATTR_MSG, answer->sentence, sizeof(answer->sentence));
	answer->offset = get_u32(&attrs, NLMSGERR_ATTR_OFFS);
}

static void take_done(const struct nlmsghdr *head, struct raw_answer *answer)
{
	int code = 0;
	struct attrs attrs;

	if (head->nlmsg_len < NLMSG_HDRLEN + sizeof(code))
		return;
	memcpy(&code, (const char *)head + NLMSG_HDRLEN, sizeof(code));
	answer->error = -code;
	if (!(head->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	parse(&attrs, (const char *)head + NLMSG_HDRLEN + sizeof(code), head->nlmsg_len - NLMSG_HDRLEN - sizeof(code));
	get_text(&attrs, NLMSGERR_ATTR_MSG, answer->sentence, sizeof(answer->sentence));
}

/* What stands in for an acknowledgement with attributes on kernels that have none: a message of a label and nothing else. */
static bool is_sentence(const struct attrs *attrs)
{
	unsigned int type;

	for (type = 0; type < ATTR_MAX; type++)
		if (attrs->at[type] && type != KTALLY_A_LABEL)
			return false;
	return attrs->at[KTALLY_A_LABEL];
}

static void take_reply(const struct nlmsghdr *head, struct raw_answer *answer)
{
	struct attrs attrs = { 0 };

	if (head->nlmsg_len >= NLMSG_HDRLEN + GENL_HDRLEN)
		parse(&attrs, (const char *)head + NLMSG_HDRLEN + GENL_HDRLEN, head->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
	if (is_sentence(&attrs)) {
		get_text(&attrs, KTALLY_A_LABEL, answer->sentence, sizeof(answer->sentence));
		return;
	}
	answer->messages++;
	answer->session = get_u32(&attrs, KTALLY_A_SESSION);
	answer->number = get_u32(&attrs, attrs.at[KTALLY_A_TABLE] ? KTALLY_A_TABLE : KTALLY_A_PROBE);
}

/* One datagram. Return: 1 the end was in it, 0 there is more, -errno */
static int receive(struct raw *raw, struct raw_answer *answer)
{
	_Alignas(8) char buf[65536];
	struct nlmsghdr *head = (void *)buf;
	ssize_t left = recv(raw->fd, buf, sizeof(buf), 0);

	if (left < 0)
		return -errno;
	for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
		if (head->nlmsg_seq != raw->seq)
			continue;
		if (head->nlmsg_type == NLMSG_ERROR) {
			take_error(head, answer);
			return 1;
		}
		if (head->nlmsg_type == NLMSG_DONE) {
			take_done(head, answer);
			return 1;
		}
		take_reply(head, answer);
	}
	return 0;
}

int raw_send(struct raw *raw, struct raw_msg *msg, struct raw_answer *answer)
{
	struct timeval limit = { .tv_sec = 20 };
	int ret = raw_fire(raw, msg);

	memset(answer, 0, sizeof(*answer));
	setsockopt(raw->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	while (!ret)
		ret = receive(raw, answer);
	return ret < 0 ? ret : 0;
}

static uint32_t first_group(const struct nlattr *groups)
{
	const struct nlattr *group = groups + 1;
	struct attrs attrs;

	if (groups->nla_len < 2 * NLA_HDRLEN)
		return 0;
	parse(&attrs, group + 1, group->nla_len - NLA_HDRLEN);
	return get_u32(&attrs, CTRL_ATTR_MCAST_GRP_ID);
}

static int resolve(struct raw *raw)
{
	static struct raw_msg msg;
	_Alignas(8) char buf[8192];
	struct nlmsghdr *head = (void *)buf;
	struct attrs attrs;
	ssize_t got;
	int ret;

	begin(&msg, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	raw_put_text(&msg, CTRL_ATTR_FAMILY_NAME, KTALLY_GENL_NAME);
	head->nlmsg_flags = 0;
	ret = raw_fire(raw, &msg);
	if (ret)
		return ret;
	got = recv(raw->fd, buf, sizeof(buf), 0);
	if (got < 0)
		return -errno;
	if (head->nlmsg_type == NLMSG_ERROR)
		return -ENOENT;
	parse(&attrs, buf + NLMSG_HDRLEN + GENL_HDRLEN, got - NLMSG_HDRLEN - GENL_HDRLEN);
	if (!attrs.at[CTRL_ATTR_FAMILY_ID] || !attrs.at[CTRL_ATTR_MCAST_GROUPS])
		return -EBADMSG;
	raw->family = *(const uint16_t *)(attrs.at[CTRL_ATTR_FAMILY_ID] + 1);
	raw->group = first_group(attrs.at[CTRL_ATTR_MCAST_GROUPS]);
	recv(raw->fd, buf, sizeof(buf), 0);	/* the acknowledgement */
	return 0;
}

int raw_open(struct raw *raw)
{
	struct sockaddr_nl self = { .nl_family = AF_NETLINK };
	int on = 1, ret;

	memset(raw, 0, sizeof(*raw));
	raw->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (raw->fd < 0)
		return -errno;
	setsockopt(raw->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	ret = bind(raw->fd, (struct sockaddr *)&self, sizeof(self)) < 0 ? -errno : resolve(raw);
	if (ret)
		raw_close(raw);
	return ret;
}

void raw_close(struct raw *raw)
{
	if (raw->fd >= 0)
		close(raw->fd);
	raw->fd = -1;
}

int raw_join(struct raw *raw)
{
	return setsockopt(raw->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &raw->group, sizeof(raw->group)) < 0 ? -errno : 0;
}

int raw_notice(struct raw *raw, uint32_t *session, uint32_t *state, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = raw->fd, .events = POLLIN };
	_Alignas(8) char buf[8192];
	struct attrs attrs;
	ssize_t got;

	if (poll(&poll_fd, 1, timeout_ms) <= 0)
		return -ETIMEDOUT;
	got = recv(raw->fd, buf, sizeof(buf), 0);
	if (got < (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN))
		return got < 0 ? -errno : -EBADMSG;
	if (((struct genlmsghdr *)(buf + NLMSG_HDRLEN))->cmd != KTALLY_CMD_SESSION_NTF)
		return -EBADMSG;
	parse(&attrs, buf + NLMSG_HDRLEN + GENL_HDRLEN, got - NLMSG_HDRLEN - GENL_HDRLEN);
	*session = get_u32(&attrs, KTALLY_A_SESSION);
	*state = attrs.at[KTALLY_A_STATE] ? get_u32(&attrs, KTALLY_A_STATE) : UINT32_MAX;
	return 0;
}
