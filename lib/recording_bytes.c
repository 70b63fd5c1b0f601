// SPDX-License-Identifier: LGPL-2.1-or-later
/* Numbers as little-endian bytes, whatever the machine's order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording.h"

static bool need(struct ktally_bytes *bytes, size_t len)
{
	size_t room = bytes->room ? bytes->room : 4096;
	unsigned char *data;

	if (bytes->error)
		return false;
	if (bytes->room - bytes->len >= len)
		return true;
	while (room - bytes->len < len) {
		if (room > SIZE_MAX / 2) {
			bytes->error = -ENOMEM;
			return false;
		}
		room *= 2;
	}
	data = realloc(bytes->data, room);
	if (!data) {
		bytes->error = -ENOMEM;
		return false;
	}
	bytes->data = data;
	bytes->room = room;
	return true;
}

void ktally_put(struct ktally_bytes *bytes, const void *data, size_t len)
{
	if (!len || !need(bytes, len))
		return;
	memcpy(bytes->data + bytes->len, data, len);
	bytes->len += len;
}

static void put_number(struct ktally_bytes *bytes, uint64_t value, unsigned int size)
{
	unsigned char out[8];
	unsigned int i;

	for (i = 0; i < size; i++)
		out[i] = (unsigned char)(value >> 8 * i);
	ktally_put(bytes, out, size);
}

void ktally_put_u32(struct ktally_bytes *bytes, uint32_t value)
{
	put_number(bytes, value, 4);
}

void ktally_put_u64(struct ktally_bytes *bytes, uint64_t value)
{
	put_number(bytes, value, 8);
}

void ktally_put_words(struct ktally_bytes *bytes, const uint64_t *words, size_t nr)
{
	while (nr--)
		put_number(bytes, *words++, 8);
}

void ktally_bytes_clear(struct ktally_bytes *bytes)
{
	free(bytes->data);
	memset(bytes, 0, sizeof(*bytes));
}

static uint64_t get_number(struct ktally_input *in, unsigned int size)
{
	uint64_t value = 0;
	unsigned int i;

	if (in->bad || (size_t)(in->end - in->at) < size) {
		in->bad = true;
		return 0;
	}
	for (i = 0; i < size; i++)
		value |= (uint64_t)in->at[i] << 8 * i;
	in->at += size;
	return value;
}

uint32_t ktally_get_u32(struct ktally_input *in)
{
	return (uint32_t)get_number(in, 4);
}

uint64_t ktally_get_u64(struct ktally_input *in)
{
	return get_number(in, 8);
}

void ktally_get_words(struct ktally_input *in, uint64_t *words, size_t nr)
{
	if (in->bad || (size_t)(in->end - in->at) / 8 < nr) {
		in->bad = true;
		return;
	}
	if (!words) {
		in->at += nr * 8;
		return;
	}
	while (nr--)
		*words++ = get_number(in, 8);
}

uint64_t ktally_get_items(struct ktally_input *in, uint32_t size, uint32_t *stride)
{
	uint64_t nr = ktally_get_u64(in);

	*stride = ktally_get_u32(in);
	if (in->bad || *stride < size || nr > (uint64_t)(in->end - in->at) / *stride) {
		in->bad = true;
		return 0;
	}
	return nr;
}
