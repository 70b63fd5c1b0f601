// SPDX-License-Identifier: LGPL-2.1-or-later
/* The generic netlink socket: opening it, sending a request, understanding a refusal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netlink/genl/ctrl.h>

#include "client.h"

/* Older headers lack these; the kernel that lacks them refuses the option, which is no error. */
#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif
#ifndef NETLINK_CAP_ACK
#define NETLINK_CAP_ACK 10
#endif
#ifndef NETLINK_EXT_ACK
#define NETLINK_EXT_ACK 11
#endif
#define FLAG_CAPPED 0x100
#define FLAG_ACK_TLVS 0x200
#define ACK_MSG 1
#define ACK_OFFS 2
#define RECEIVE_BUFFER (1 << 20)

static struct nla_policy policy[KTALLY_A_MAX + 1] = {
	[KTALLY_A_ABI] = { .type = NLA_U32 },
	[KTALLY_A_FEATURES] = { .type = NLA_U64 },
	[KTALLY_A_NR_CPUS] = { .type = NLA_U32 },
	[KTALLY_A_RELEASE] = { .type = NLA_STRING },
	[KTALLY_A_NR_SESSIONS] = { .type = NLA_U32 },
	[KTALLY_A_SESSION] = { .type = NLA_U32 },
	[KTALLY_A_NAME] = { .type = NLA_STRING },
	[KTALLY_A_STATE] = { .type = NLA_U32 },
	[KTALLY_A_FLAGS] = { .type = NLA_U32 },
	[KTALLY_A_PORTID] = { .type = NLA_U32 },
	[KTALLY_A_RING_SIZE] = { .type = NLA_U32 },
	[KTALLY_A_RING_MODE] = { .type = NLA_U32 },
	[KTALLY_A_RING_WATERMARK] = { .type = NLA_U32 },
	[KTALLY_A_STACK_ENTRIES] = { .type = NLA_U32 },
	[KTALLY_A_NR_TABLES] = { .type = NLA_U32 },
	[KTALLY_A_NR_PROBES] = { .type = NLA_U32 },
	[KTALLY_A_MEMORY] = { .type = NLA_U64 },
	[KTALLY_A_MISSED] = { .type = NLA_U64 },
	[KTALLY_A_TABLE] = { .type = NLA_U32 },
	[KTALLY_A_NR_KEYS] = { .type = NLA_U32 },
	[KTALLY_A_ROWS] = { .type = NLA_U32 },
	[KTALLY_A_PROBE] = { .type = NLA_U32 },
	[KTALLY_A_SOURCE_KIND] = { .type = NLA_U32 },
	[KTALLY_A_SRC_NAME] = { .type = NLA_STRING },
	[KTALLY_A_SRC_OFFSET] = { .type = NLA_U64 },
	[KTALLY_A_SRC_PERIOD] = { .type = NLA_U64 },
	[KTALLY_A_SRC_PERF_TYPE] = { .type = NLA_U32 },
	[KTALLY_A_SRC_PERF_CONFIG] = { .type = NLA_U64 },
	[KTALLY_A_COUNT] = { .minlen = sizeof(struct ktally_probe_count) },
	[KTALLY_A_HALF] = { .type = NLA_U32 },
	[KTALLY_A_GENERATION] = { .type = NLA_U64 },
	[KTALLY_A_TIME] = { .type = NLA_U64 },
	[KTALLY_A_AVAILABLE] = { .type = NLA_U32 },
	[KTALLY_A_FIELDS] = { .type = NLA_NESTED },
	[KTALLY_A_FIELD] = { .type = NLA_NESTED },
	[KTALLY_A_FIELD_NAME] = { .type = NLA_STRING },
	[KTALLY_A_FIELD_TYPE] = { .type = NLA_U32 },
	[KTALLY_A_FIELD_SIZE] = { .type = NLA_U32 },
	[KTALLY_A_SRC_PATH] = { .type = NLA_STRING },
	[KTALLY_A_SRC_SEMAPHORE] = { .type = NLA_U64 },
	[KTALLY_A_SRC_PERF_CONFIG1] = { .type = NLA_U64 },
	[KTALLY_A_SRC_PERF_CONFIG2] = { .type = NLA_U64 },
	[KTALLY_A_SRC_PERF_FLAGS] = { .type = NLA_U32 },
	[KTALLY_A_SCOPE_CGROUP] = { .type = NLA_U64 },
	[KTALLY_A_SCOPE_CONTROLLER] = { .type = NLA_STRING },
	[KTALLY_A_CGROUP_CONTROLLER] = { .type = NLA_STRING },
	[KTALLY_A_BUDGET] = { .type = NLA_U32 },
	[KTALLY_A_SHARE] = { .type = NLA_U32 },
	[KTALLY_A_SCRATCH_SIZE] = { .type = NLA_U32 },
	[KTALLY_A_PAIR] = { .type = NLA_U32 },
	[KTALLY_A_PAIR_KIND] = { .type = NLA_U32 },
	[KTALLY_A_PAIR_FLAGS] = { .type = NLA_U32 },
	[KTALLY_A_NR_SAVED] = { .type = NLA_U32 },
	[KTALLY_A_PAIR_COUNT] = { .minlen = sizeof(struct ktally_pair_count) },
	[KTALLY_A_NR_PAIRS] = { .type = NLA_U32 },
	[KTALLY_A_COUNTER] = { .type = NLA_U32 },
	[KTALLY_A_NR_COUNTERS] = { .type = NLA_U32 },
	[KTALLY_A_COST] = { .type = NLA_U64 },
};

/* State of one request while its replies come in. */
struct exchange {
	ktally_reply_fn reply;
	void *arg;
	struct ktally_refusal *refusal;
	int ret;
	bool done;
};

int ktally_parse_nested(struct nlattr **attrs, struct nlattr *nest)
{
	return nla_parse_nested(attrs, KTALLY_A_MAX, nest, policy) < 0 ? -EBADMSG : 0;
}

struct nl_msg *ktally_request_new(struct ktally_client *client, uint8_t cmd, int flags, size_t payload)
{
	struct nl_msg *msg = nlmsg_alloc_size(NLMSG_HDRLEN + GENL_HDRLEN + payload + 64);

	if (!msg)
		return NULL;
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, client->family, 0, flags, cmd, KTALLY_ABI)) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

/* The instruction at byte @offset of our message, if that lies inside the program attribute. */
static void find_attr(struct ktally_refusal *refusal, struct nlmsghdr *sent, uint32_t offset)
{
	struct nlattr *attr;
	int rest;

	nlmsg_for_each_attr(attr, sent, GENL_HDRLEN, rest) {
		uint32_t at = (char *)attr - (char *)sent, data = (char *)nla_data(attr) - (char *)sent;

		if (offset < at || offset >= at + nla_total_size(nla_len(attr)))
			continue;
		refusal->attr = nla_type(attr);
		if (refusal->attr == KTALLY_A_PROGRAM && offset >= data)
			refusal->insn = (offset - data) / sizeof(struct ktally_insn);
		return;
	}
}

/* The sentence and the offset follow the echo of our message, which is whole because we asked for no cap. */
static void read_refusal(struct ktally_refusal *refusal, struct nlmsgerr *error)
{
	struct nlmsghdr *head = (struct nlmsghdr *)((char *)error - NLMSG_HDRLEN);
	size_t skip = sizeof(*error), size = nlmsg_datalen(head);
	struct nlattr *attr;
	bool capped = head->nlmsg_flags & FLAG_CAPPED;
	int rest;

	refusal->code = error->error;
	if (!(head->nlmsg_flags & FLAG_ACK_TLVS))
		return;
	if (!capped) {
		if (error->msg.nlmsg_len < NLMSG_HDRLEN || error->msg.nlmsg_len - NLMSG_HDRLEN > size - sizeof(*error))
			return;
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - NLMSG_HDRLEN;
	}
	if (skip >= size)
		return;
	nla_for_each_attr(attr, (struct nlattr *)((char *)error + skip), (int)(size - skip), rest) {
		if (nla_type(attr) == ACK_MSG)
			nla_strlcpy(refusal->sentence, attr, sizeof(refusal->sentence));
		else if (nla_type(attr) == ACK_OFFS && nla_len(attr) >= 4 && !capped)
			find_attr(refusal, &error->msg, nla_get_u32(attr));
	}
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *error, void *arg)
{
	struct exchange *exchange = arg;

	(void)from;
	exchange->ret = error->error > 0 ? -EPROTO : error->error;
	exchange->done = true;
	read_refusal(exchange->refusal, error);
	return NL_STOP;
}

/* Where acknowledgements have no place for a sentence (before Linux 4.12) the module sends it ahead of them: a label and nothing else. */
static bool is_sentence(struct nlattr **attrs)
{
	unsigned int type;

	for (type = 0; type <= KTALLY_A_MAX; type++)
		if (attrs[type] && type != KTALLY_A_LABEL)
			return false;
	return attrs[KTALLY_A_LABEL];
}

static int on_valid(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[KTALLY_A_MAX + 1];
	struct exchange *exchange = arg;

	if (exchange->ret)
		return NL_OK;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, attrs, KTALLY_A_MAX, policy) < 0)
		exchange->ret = -EBADMSG;
	else if (is_sentence(attrs))
		nla_strlcpy(exchange->refusal->sentence, attrs[KTALLY_A_LABEL], sizeof(exchange->refusal->sentence));
	else if (exchange->reply)
		exchange->ret = exchange->reply(attrs, exchange->arg);
	return NL_OK;
}

static int on_ack(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;

	(void)msg;
	exchange->done = true;
	return NL_STOP;
}

/* The end of a dump carries the dump's own error. */
static int on_finish(struct nl_msg *msg, void *arg)
{
	struct exchange *exchange = arg;
	struct nlmsghdr *head = nlmsg_hdr(msg);
	int code = 0;

	if (nlmsg_datalen(head) >= (int)sizeof(code))
		memcpy(&code, nlmsg_data(head), sizeof(code));
	if (code < 0 && !exchange->ret)
		exchange->ret = code;
	exchange->done = true;
	return NL_STOP;
}

static int from_libnl(int code)
{
	switch (-code) {
	case NLE_DUMP_INTR:
		return -EINTR;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_PROTO_MISMATCH:
	case NLE_AF_NOSUPPORT:
		return -EPROTONOSUPPORT;
	default:
		return -EIO;
	}
}

static int receive(struct ktally_client *client, struct exchange *exchange)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	bool interrupted = false;
	int ret = 0;

	if (!cb)
		return -ENOMEM;
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, exchange);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_valid, exchange);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_ack, exchange);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_finish, exchange);
	while (!exchange->done) {
		ret = nl_recvmsgs(client->sock, cb);
		if (ret == -NLE_DUMP_INTR)
			interrupted = true;
		else if (ret < 0)
			break;
	}
	nl_cb_put(cb);
	if (exchange->ret)
		return exchange->ret;
	if (interrupted)
		return -EINTR;
	return ret < 0 && !exchange->done ? from_libnl(ret) : 0;
}

int ktally_request(struct ktally_client *client, struct nl_msg *msg, ktally_reply_fn reply, void *arg, struct ktally_refusal *refusal)
{
	struct ktally_refusal unused;
	struct exchange exchange = { .reply = reply, .arg = arg, .refusal = refusal ? refusal : &unused };
	int ret;

	memset(exchange.refusal, 0, sizeof(*exchange.refusal));
	exchange.refusal->insn = -1;
	if (!(nlmsg_hdr(msg)->nlmsg_flags & NLM_F_DUMP))
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	ret = nl_send_auto(client->sock, msg);
	nlmsg_free(msg);
	if (ret < 0)
		return from_libnl(ret);
	return receive(client, &exchange);
}

int ktally_request_fail(struct ktally_error *err, int code, const struct ktally_refusal *refusal, const char *what)
{
	if (refusal && refusal->sentence[0])
		return ktally_fail(err, code, "%s: %s", what, refusal->sentence);
	if (code == -EPERM || code == -EACCES)
		return ktally_fail(err, code, "%s: this needs CAP_PERFMON (CAP_SYS_ADMIN before Linux 5.8); run it as root", what);
	if (code == -EBADMSG)
		return ktally_fail(err, code, "%s: the module's answer cannot be understood; module and program differ in version", what);
	if (code == -EINTR)
		return ktally_fail(err, code, "%s: sessions change faster than they can be listed; try again", what);
	return ktally_fail(err, code, "%s: the kernel says: %s", what, strerror(-code));
}

static int connect_family(struct ktally_client *client, struct ktally_error *err)
{
	int ret, on = 1, off = 0;

	client->sock = nl_socket_alloc();
	if (!client->sock)
		return ktally_fail(err, -ENOMEM, "out of memory");
	ret = genl_connect(client->sock);
	if (ret < 0)
		return ktally_fail(err, from_libnl(ret), "cannot open a generic netlink socket: %s", nl_geterror(ret));
	client->family = genl_ctrl_resolve(client->sock, KTALLY_GENL_NAME);
	if (client->family == -NLE_OBJ_NOTFOUND)
		return ktally_fail(err, -ENOENT, "ktally.ko is not loaded: run `modprobe ktally`, or insmod it from where it was built");
	if (client->family < 0)
		return ktally_fail(err, from_libnl(client->family), "cannot look the module up over netlink: %s",
				   nl_geterror(client->family));
	/* Not every kernel knows the two options; without them refusals come without a sentence. */
	setsockopt(nl_socket_get_fd(client->sock), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(nl_socket_get_fd(client->sock), SOL_NETLINK, NETLINK_CAP_ACK, &off, sizeof(off));
	nl_socket_set_buffer_size(client->sock, RECEIVE_BUFFER, 0);
	return 0;
}

int ktally_client_open(struct ktally_client **out, struct ktally_error *err)
{
	struct ktally_client *client = calloc(1, sizeof(*client));
	struct ktally_info info;
	int ret;

	if (!client)
		return ktally_fail(err, -ENOMEM, "out of memory");
	ret = connect_family(client, err);
	if (!ret)
		ret = ktally_client_info(client, &info, err);
	if (!ret && info.abi != KTALLY_ABI)
		ret = ktally_fail(err, -EPROTO, "the loaded ktally.ko speaks version %u of the protocol, this program version %u: "
				  "load the module that belongs to this program", info.abi, KTALLY_ABI);
	if (ret) {
		ktally_client_close(client);
		return ret;
	}
	*out = client;
	return 0;
}

void ktally_client_close(struct ktally_client *client)
{
	if (!client)
		return;
	if (client->sock)
		nl_socket_free(client->sock);
	free(client);
}
