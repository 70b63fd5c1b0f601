/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hashing of word arrays, for the library's own hash tables. */
#ifndef KTALLY_HASH_H
#define KTALLY_HASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t ktally_hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
	return hash ^ (hash >> 32);
}

static inline uint64_t ktally_hash_words(const uint64_t *words, size_t nr)
{
	uint64_t hash = 0x9e3779b97f4a7c15ULL ^ nr;

	while (nr--)
		hash = ktally_hash_word(hash, *words++);
	return hash;
}

#endif /* KTALLY_HASH_H */
