/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generic netlink by hand, for messages that no library would send. */
#ifndef KTALLY_TESTS_RAW_H
#define KTALLY_TESTS_RAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** struct raw - a socket that knows the family */
struct raw {
	int fd;
	uint16_t family;
	uint32_t group;
	uint32_t seq;
};

/** struct raw_msg - a request being built; what does not fit is left out and @full says so */
struct raw_msg {
	_Alignas(8) unsigned char buf[200000];
	size_t len;
	bool full;
};

/**
 * struct raw_answer - what came back
 * @error: errno of the acknowledgement, 0: done
 * @sentence: of a refusal, or ""
 * @offset: in the request, of what is at fault, 0 if it was not said
 * @session, @number: SESSION, and TABLE or PROBE of the reply
 * @messages: messages of a dump, or 1 for a reply
 */
struct raw_answer {
	int error;
	char sentence[256];
	uint32_t offset;
	uint32_t session, number;
	unsigned int messages;
};

/** raw_open - Return: 0 or -errno */
int raw_open(struct raw *raw);
void raw_close(struct raw *raw);
/** raw_join - receive the family's notifications */
int raw_join(struct raw *raw);
/** raw_begin - an empty request for @cmd; @flags besides NLM_F_REQUEST */
void raw_begin(const struct raw *raw, struct raw_msg *msg, uint8_t cmd, uint16_t flags);
/** raw_put - an attribute */
void raw_put(struct raw_msg *msg, uint16_t type, const void *data, size_t len);
void raw_put_u32(struct raw_msg *msg, uint16_t type, uint32_t value);
void raw_put_u64(struct raw_msg *msg, uint16_t type, uint64_t value);
void raw_put_text(struct raw_msg *msg, uint16_t type, const char *text);
/** raw_bytes - bytes that need not be an attribute */
void raw_bytes(struct raw_msg *msg, const void *data, size_t len);
/** raw_send - send and wait for the acknowledgement or the end of the dump. Return: 0 (see @answer->error) or -errno of the socket */
int raw_send(struct raw *raw, struct raw_msg *msg, struct raw_answer *answer);
/** raw_fire - send and do not wait */
int raw_fire(struct raw *raw, struct raw_msg *msg);
/** raw_notice - wait for a notification. Return: 0, -ETIMEDOUT or -errno; the session and its new state */
int raw_notice(struct raw *raw, uint32_t *session, uint32_t *state, int timeout_ms);

#endif /* KTALLY_TESTS_RAW_H */
