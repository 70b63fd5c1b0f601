/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unwind_cache.h: inside of the cache of unwind tables. */
#ifndef KTALLY_UNWIND_CACHE_H
#define KTALLY_UNWIND_CACHE_H

#include <sys/stat.h>

#include "libktally.h"

#define KTALLY_CACHE_BYTES	(256ULL << 20)	/* of all tables; those not used for longest go */
#define KTALLY_CACHE_FILES	16384
#define KTALLY_CACHE_NAME	96
#define KTALLY_CACHE_TEMP	".new-"		/* begin of the name of what is being written */

/** struct ktally_cache - @folder: open; @seed: secret of this user */
struct ktally_cache {
	int folder;
	uint64_t seed[2];
};
/** ktally_cache_open - make it if there is none. Return: 0 or -errno; -EPERM: others may write there */
int ktally_cache_open(struct ktally_cache *cache);
void ktally_cache_close(struct ktally_cache *cache);
/** ktally_cache_open_file - a file there, if it is of this user alone. Return: a descriptor or -errno */
int ktally_cache_open_file(int folder, const char *name, struct stat *st);
/** ktally_cache_prune - delete what was used longest ago where there is more than @most bytes */
void ktally_cache_prune(const struct ktally_cache *cache, uint64_t most);

/** struct ktally_siphash - SipHash-2-4 of bytes that come in parts */
struct ktally_siphash {
	uint64_t v[4], length, rest;
};
void ktally_siphash_begin(struct ktally_siphash *hash, const uint64_t key[2]);
void ktally_siphash_add(struct ktally_siphash *hash, const void *data, size_t size);
uint64_t ktally_siphash_end(struct ktally_siphash *hash);

#endif /* KTALLY_UNWIND_CACHE_H */
