/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Append-only protocol buffer encoder: fields are written in order into one growing buffer; nothing is read back.
 */
#ifndef KTALLY_PROTOBUF_H
#define KTALLY_PROTOBUF_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct ktally_pb - a message being written; zero it to begin
 * @error: 0, or -ENOMEM once memory ran out: later calls do nothing, so that one look at the end is enough
 */
struct ktally_pb {
	unsigned char *data;
	size_t len, cap;
	int error;
};

/** ktally_pb_reset - empty the message, keep the memory */
void ktally_pb_reset(struct ktally_pb *pb);
void ktally_pb_free(struct ktally_pb *pb);
/** ktally_pb_u64 - a varint field; the default value 0 is left out, as proto3 does */
void ktally_pb_u64(struct ktally_pb *pb, unsigned int field, uint64_t value);
/** ktally_pb_string - a string or bytes field of @len bytes, also when empty */
void ktally_pb_string(struct ktally_pb *pb, unsigned int field, const char *text, size_t len);
/** ktally_pb_packed - a packed repeated varint field; left out when @nr is 0 */
void ktally_pb_packed(struct ktally_pb *pb, unsigned int field, const uint64_t *values, size_t nr);
/** ktally_pb_begin - open a nested message. Return: a mark for ktally_pb_end */
size_t ktally_pb_begin(struct ktally_pb *pb, unsigned int field);
/** ktally_pb_end - close it: its length goes before its bytes */
void ktally_pb_end(struct ktally_pb *pb, size_t mark);

#endif
