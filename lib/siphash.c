// SPDX-License-Identifier: LGPL-2.1-or-later
/* siphash.c: SipHash-2-4, a hash that cannot be foretold without its key. */
#include <string.h>

#include "unwind_cache.h"

static inline uint64_t rotate(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static inline void sip_round(uint64_t *v)
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

static inline void word(struct ktally_siphash *hash, uint64_t m)
{
	hash->v[3] ^= m;
	sip_round(hash->v);
	sip_round(hash->v);
	hash->v[0] ^= m;
}

void ktally_siphash_begin(struct ktally_siphash *hash, const uint64_t key[2])
{
	hash->v[0] = key[0] ^ 0x736f6d6570736575ULL;
	hash->v[1] = key[1] ^ 0x646f72616e646f6dULL;
	hash->v[2] = key[0] ^ 0x6c7967656e657261ULL;
	hash->v[3] = key[1] ^ 0x7465646279746573ULL;
	hash->length = hash->rest = 0;
}

void ktally_siphash_add(struct ktally_siphash *hash, const void *data, size_t size)
{
	const uint8_t *at = data;
	uint64_t m;

	for (; size; size--) {
		if (!(hash->length & 7)) {
			for (; size >= 8; size -= 8, at += 8) {
				memcpy(&m, at, 8);
				word(hash, m);
				hash->length += 8;
			}
			if (!size)
				return;
		}
		hash->rest |= (uint64_t)*at++ << (8 * (hash->length++ & 7));
		if (!(hash->length & 7)) {
			word(hash, hash->rest);
			hash->rest = 0;
		}
	}
}

uint64_t ktally_siphash_end(struct ktally_siphash *hash)
{
	unsigned int i;

	word(hash, hash->length << 56 | hash->rest);
	hash->v[2] ^= 0xff;
	for (i = 0; i < 4; i++)
		sip_round(hash->v);
	return hash->v[0] ^ hash->v[1] ^ hash->v[2] ^ hash->v[3];
}
