/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A stream of bytes compressed into a file as gzip; the same input gives the same output (no name, no time inside).
 */
#ifndef KTALLY_GZIP_H
#define KTALLY_GZIP_H

#include <stdio.h>
#include <zlib.h>

/** struct ktally_gzip - @error: 0 or -errno of the first failure: later calls do nothing */
struct ktally_gzip {
	z_stream stream;
	FILE *out;
	int error;
};

int ktally_gzip_begin(struct ktally_gzip *gzip, FILE *out);	/* 0 or -ENOMEM */
void ktally_gzip_put(struct ktally_gzip *gzip, const void *data, size_t len);
int ktally_gzip_end(struct ktally_gzip *gzip);			/* writes what is left. 0 or -errno of anything that failed */
void ktally_gzip_free(struct ktally_gzip *gzip);

#endif
