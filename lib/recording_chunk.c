// SPDX-License-Identifier: LGPL-2.1-or-later
/* A recording as a file: its head, and chunks that are compressed and carry a check sum. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "recording.h"

#define HEAD_BYTES	16	/* magic, version, flags */
#define CHUNK_HEAD	32	/* type, flags, stored bytes, bytes, check sum of the stored bytes, check sum of this head */
#define COMPRESSED	(1U << 0)
#define WORTH_IT	128	/* bytes: less is not tried */

static void put_out(struct ktally_chunk_writer *writer, const void *data, size_t len)
{
	if (writer->error || !len)
		return;
	errno = 0;
	if (fwrite(data, 1, len, writer->out) != len)
		writer->error = errno ? -errno : -EIO;
}

void ktally_recording_begin(struct ktally_chunk_writer *writer, FILE *out)
{
	struct ktally_bytes head = { 0 };

	*writer = (struct ktally_chunk_writer){ .out = out };
	ktally_put(&head, KTALLY_RECORDING_MAGIC, 8);
	ktally_put_u32(&head, KTALLY_RECORDING_VERSION);
	ktally_put_u32(&head, 0);
	writer->error = head.error;
	put_out(writer, head.data, head.len);
	ktally_bytes_clear(&head);
}

/* Return: the compressed bytes, or NULL where they would not be fewer. */
static unsigned char *compressed(const struct ktally_bytes *bytes, uLongf *len)
{
	unsigned char *data;

	if (bytes->len < WORTH_IT)
		return NULL;
	*len = compressBound(bytes->len);
	data = malloc(*len);
	if (data && compress2(data, len, bytes->data, bytes->len, Z_DEFAULT_COMPRESSION) == Z_OK && *len < bytes->len)
		return data;
	free(data);
	return NULL;
}

static uint32_t check_sum(const void *data, size_t len)
{
	return (uint32_t)crc32_z(0, data, len);
}

static void put_head(struct ktally_chunk_writer *writer, uint32_t type, uint32_t flags, const void *data, size_t stored, size_t len)
{
	struct ktally_bytes head = { 0 };

	ktally_put_u32(&head, type);
	ktally_put_u32(&head, flags);
	ktally_put_u64(&head, stored);
	ktally_put_u64(&head, len);
	ktally_put_u32(&head, check_sum(data, stored));
	if (!head.error)
		ktally_put_u32(&head, check_sum(head.data, head.len));
	writer->error = writer->error ? writer->error : head.error;
	put_out(writer, head.data, head.len);
	ktally_bytes_clear(&head);
}

void ktally_chunk_put(struct ktally_chunk_writer *writer, uint32_t type, struct ktally_bytes *bytes)
{
	static const unsigned char nothing[8];
	unsigned char *data = NULL;
	uLongf stored = 0;

	if (bytes->error && !writer->error)
		writer->error = bytes->error;
	if (!writer->error) {
		data = compressed(bytes, &stored);
		if (!data)
			stored = bytes->len;
		put_head(writer, type, data ? COMPRESSED : 0, data ? data : bytes->data ? bytes->data : nothing, stored, bytes->len);
		put_out(writer, data ? data : bytes->data, stored);
		put_out(writer, nothing, -stored & 7);
		writer->chunks++;
	}
	free(data);
	ktally_bytes_clear(bytes);
}

int ktally_recording_end(struct ktally_chunk_writer *writer)
{
	struct ktally_bytes bytes = { 0 };

	ktally_put_u64(&bytes, writer->chunks);
	ktally_chunk_put(writer, KTALLY_CHUNK_END, &bytes);
	return writer->error;
}

/* ---- reading ---- */

int ktally_recording_check(FILE *file, struct ktally_error *err)
{
	unsigned char head[HEAD_BYTES];
	struct ktally_input in = { .at = head + 8, .end = head + sizeof(head) };
	uint32_t version;

	errno = 0;
	if (fread(head, 1, sizeof(head), file) != sizeof(head) && ferror(file))
		return ktally_fail(err, errno ? -errno : -EIO, "cannot be read: %s", strerror(errno ? errno : EIO));
	if (feof(file) || memcmp(head, KTALLY_RECORDING_MAGIC, 8))
		return ktally_fail(err, -ENOEXEC, "this is no recording; those of ktally record begin with %s", KTALLY_RECORDING_MAGIC);
	version = ktally_get_u32(&in);
	if (version != KTALLY_RECORDING_VERSION)
		return ktally_fail(err, -EPROTO, "a recording of version %u, and this program reads version %u; use a newer ktally", version,
				   KTALLY_RECORDING_VERSION);
	return 0;
}

static int read_bytes(FILE *file, unsigned char **data, size_t len, const char **why)
{
	size_t room = len < KTALLY_CHUNK_BYTES ? len : KTALLY_CHUNK_BYTES, have = 0, got;
	unsigned char *bigger;

	/* As it comes: a length that lies costs no memory. */
	*data = NULL;
	do {
		bigger = realloc(*data, room + 1);
		if (!bigger)
			return -ENOMEM;
		*data = bigger;
		errno = 0;
		got = fread(*data + have, 1, room - have, file);
		have += got;
		if (have < room) {
			*why = "it ends in the middle of a chunk";
			return ferror(file) ? errno ? -errno : -EIO : -EBADMSG;
		}
		room = len - have < have ? len : have * 2;
	} while (have < len);
	return 0;
}

static int expand(struct ktally_chunk *chunk, uint64_t len, const char **why)
{
	unsigned char *data = malloc(len + 1);
	uLongf got = len;

	if (!data)
		return -ENOMEM;
	if (uncompress(data, &got, chunk->data, chunk->len) != Z_OK || got != len) {
		free(data);
		*why = "a chunk cannot be decompressed";
		return -EBADMSG;
	}
	free(chunk->data);
	chunk->data = data;
	chunk->len = len;
	return 0;
}

static int read_body(FILE *file, struct ktally_chunk *chunk, uint32_t flags, uint64_t stored, uint64_t len, uint32_t sum, const char **why)
{
	unsigned char pad[8];
	size_t padding = -stored & 7;
	int ret = read_bytes(file, &chunk->data, stored, why);

	chunk->len = stored;
	if (ret)
		return ret;
	if (check_sum(chunk->data, stored) != sum) {
		*why = "the check sum of a chunk is wrong";
		return -EBADMSG;
	}
	if (fread(pad, 1, padding, file) != padding) {
		*why = "it ends in the middle of a chunk";
		return -EBADMSG;
	}
	if (flags & COMPRESSED)
		return expand(chunk, len, why);
	*why = "a chunk has another length than it says";
	return len == stored ? 0 : -EBADMSG;
}

int ktally_chunk_next(FILE *file, struct ktally_chunk *chunk, const char **why)
{
	unsigned char head[CHUNK_HEAD];
	struct ktally_input in = { .at = head, .end = head + sizeof(head) };
	uint64_t stored, len;
	uint32_t flags, sum;
	size_t got;
	int ret;

	ktally_chunk_clear(chunk);
	errno = 0;
	got = fread(head, 1, sizeof(head), file);
	if (got != sizeof(head)) {
		*why = "it ends in the middle of a chunk";
		return ferror(file) ? errno ? -errno : -EIO : got ? -EBADMSG : -ENODATA;
	}
	chunk->type = ktally_get_u32(&in);
	flags = ktally_get_u32(&in);
	stored = ktally_get_u64(&in);
	len = ktally_get_u64(&in);
	sum = ktally_get_u32(&in);
	if (ktally_get_u32(&in) != check_sum(head, sizeof(head) - 4)) {
		*why = "the head of a chunk is damaged";
		return -EBADMSG;
	}
	if (stored > KTALLY_CHUNK_MAX || len > KTALLY_CHUNK_MAX || (flags & ~COMPRESSED)) {
		*why = "a chunk is longer than any may be, or of a kind that is not known";
		return -EBADMSG;
	}
	ret = read_body(file, chunk, flags, stored, len, sum, why);
	if (ret)
		ktally_chunk_clear(chunk);
	return ret;
}

void ktally_chunk_clear(struct ktally_chunk *chunk)
{
	free(chunk->data);
	memset(chunk, 0, sizeof(*chunk));
}
