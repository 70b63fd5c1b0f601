// SPDX-License-Identifier: LGPL-2.1-or-later
/* Encodes protocol buffer messages by appending; the length of a nested message is patched in when it ends. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "protobuf.h"

#define WIRE_VARINT	0U
#define WIRE_LENGTH	2U
#define VARINT_MAX	10

void ktally_pb_reset(struct ktally_pb *pb)
{
	pb->len = 0;
}

void ktally_pb_free(struct ktally_pb *pb)
{
	free(pb->data);
	memset(pb, 0, sizeof(*pb));
}

static unsigned char *room(struct ktally_pb *pb, size_t more)
{
	size_t cap = pb->cap ? pb->cap : 256;
	unsigned char *data;

	if (pb->error)
		return NULL;
	while (cap - pb->len < more)
		cap *= 2;
	if (cap != pb->cap) {
		data = realloc(pb->data, cap);
		if (!data) {
			pb->error = -ENOMEM;
			return NULL;
		}
		pb->data = data;
		pb->cap = cap;
	}
	return pb->data + pb->len;
}

static unsigned int put_varint(unsigned char *to, uint64_t value)
{
	unsigned int n = 0;

	while (value >= 0x80) {
		to[n++] = (value & 0x7f) | 0x80;
		value >>= 7;
	}
	to[n++] = value;
	return n;
}

static void varint(struct ktally_pb *pb, uint64_t value)
{
	unsigned char *to = room(pb, VARINT_MAX);

	if (to)
		pb->len += put_varint(to, value);
}

static void tag(struct ktally_pb *pb, unsigned int field, unsigned int wire)
{
	varint(pb, (uint64_t)field << 3 | wire);
}

void ktally_pb_u64(struct ktally_pb *pb, unsigned int field, uint64_t value)
{
	if (!value)
		return;
	tag(pb, field, WIRE_VARINT);
	varint(pb, value);
}

void ktally_pb_string(struct ktally_pb *pb, unsigned int field, const char *text, size_t len)
{
	unsigned char *to;

	tag(pb, field, WIRE_LENGTH);
	varint(pb, len);
	to = room(pb, len);
	if (to && len) {
		memcpy(to, text, len);
		pb->len += len;
	}
}

void ktally_pb_packed(struct ktally_pb *pb, unsigned int field, const uint64_t *values, size_t nr)
{
	size_t mark, i;

	if (!nr)
		return;
	mark = ktally_pb_begin(pb, field);
	for (i = 0; i < nr; i++)
		varint(pb, values[i]);
	ktally_pb_end(pb, mark);
}

size_t ktally_pb_begin(struct ktally_pb *pb, unsigned int field)
{
	tag(pb, field, WIRE_LENGTH);
	return pb->len;
}

void ktally_pb_end(struct ktally_pb *pb, size_t mark)
{
	unsigned char length[VARINT_MAX];
	unsigned int n;

	if (!room(pb, VARINT_MAX))
		return;
	n = put_varint(length, pb->len - mark);
	memmove(pb->data + mark + n, pb->data + mark, pb->len - mark);
	memcpy(pb->data + mark, length, n);
	pb->len += n;
}
