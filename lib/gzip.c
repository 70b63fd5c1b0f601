// SPDX-License-Identifier: LGPL-2.1-or-later
/* Compresses a stream into a file with zlib. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "gzip.h"

#define GZIP_WRAPPER 16

int ktally_gzip_begin(struct ktally_gzip *gzip, FILE *out)
{
	memset(gzip, 0, sizeof(*gzip));
	if (deflateInit2(&gzip->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP_WRAPPER, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	gzip->out = out;
	return 0;
}

static void deflate_all(struct ktally_gzip *gzip, int flush)
{
	unsigned char chunk[16384];
	size_t have;

	do {
		gzip->stream.next_out = chunk;
		gzip->stream.avail_out = sizeof(chunk);
		if (deflate(&gzip->stream, flush) == Z_STREAM_ERROR) {
			gzip->error = -EIO;
			return;
		}
		have = sizeof(chunk) - gzip->stream.avail_out;
		if (fwrite(chunk, 1, have, gzip->out) != have) {
			gzip->error = errno ? -errno : -EIO;
			return;
		}
	} while (!gzip->stream.avail_out);
}

void ktally_gzip_put(struct ktally_gzip *gzip, const void *data, size_t len)
{
	const unsigned char *at = data;

	while (len && !gzip->error) {
		unsigned int now = len > UINT_MAX ? UINT_MAX : len;

		gzip->stream.next_in = (unsigned char *)at;
		gzip->stream.avail_in = now;
		deflate_all(gzip, Z_NO_FLUSH);
		at += now;
		len -= now;
	}
}

int ktally_gzip_end(struct ktally_gzip *gzip)
{
	if (!gzip->error)
		deflate_all(gzip, Z_FINISH);
	return gzip->error;
}

void ktally_gzip_free(struct ktally_gzip *gzip)
{
	if (gzip->out)
		deflateEnd(&gzip->stream);
	gzip->out = NULL;
}
