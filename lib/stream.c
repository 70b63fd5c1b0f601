// SPDX-License-Identifier: LGPL-2.1-or-later
/* Keeps the records of a measurement in a file without a name, in the chunks of a recording, until a recording takes them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording.h"
#include "stream.h"

#define WORDS_MAX 256U

struct layout {
	unsigned int probe;
	struct ktally_schema schema;
};

/* @own: @file is the stream's; else that of a recording, whose records lie between @begin and @end */
struct ktally_stream {
	FILE *file;
	bool own;
	off_t begin, end;
	struct ktally_stackset *stacks;
	struct layout *layouts;
	unsigned int nr_layouts;
	struct ktally_bytes pending;
	struct ktally_chunk_writer writer;
	int error;
};

static int open_nameless(const char *folder)
{
	char path[KTALLY_PATH_MAX];
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof(path), "%s/.ktally-XXXXXX", folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

static struct ktally_stream *new_stream(FILE *file)
{
	struct ktally_stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->file = file;
	stream->stacks = ktally_stackset_new();
	if (stream->stacks)
		return stream;
	free(stream);
	return NULL;
}

int ktally_stream_new(struct ktally_stream **out, const char *folder, struct ktally_error *err)
{
	const char *tmp = getenv("TMPDIR");
	FILE *file = NULL;
	int fd, ret;

	if (!folder)
		folder = tmp && *tmp ? tmp : "/tmp";
	fd = open_nameless(folder);
	if (fd >= 0)
		file = fdopen(fd, "w+");
	if (!file) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return ktally_fail(err, ret, "no file can be made in %s to keep records in: %s", folder, strerror(-ret));
	}
	*out = new_stream(file);
	if (!*out) {
		fclose(file);
		return ktally_fail(err, -ENOMEM, "out of memory");
	}
	(*out)->own = true;
	(*out)->writer.out = file;
	return 0;
}

struct ktally_stream *ktally_stream_of(FILE *file, off_t begin, off_t end)
{
	struct ktally_stream *stream = new_stream(file);

	if (stream) {
		stream->begin = begin;
		stream->end = end;
	}
	return stream;
}

void ktally_stream_between(struct ktally_stream *stream, off_t begin, off_t end)
{
	stream->begin = begin;
	stream->end = end;
}

void ktally_stream_free(struct ktally_stream *stream)
{
	if (!stream)
		return;
	if (stream->own)
		fclose(stream->file);
	ktally_stackset_free(stream->stacks);
	ktally_bytes_clear(&stream->pending);
	free(stream->layouts);
	free(stream);
}

int ktally_stream_layout(struct ktally_stream *stream, unsigned int probe, const struct ktally_schema *schema)
{
	struct layout *layouts;

	if (ktally_stream_schema(stream, probe))
		return -EEXIST;
	layouts = realloc(stream->layouts, (stream->nr_layouts + 1) * sizeof(*layouts));
	if (!layouts)
		return -ENOMEM;
	stream->layouts = layouts;
	layouts[stream->nr_layouts++] = (struct layout){ probe, *schema };
	return 0;
}

const struct ktally_schema *ktally_stream_schema(const struct ktally_stream *stream, unsigned int probe)
{
	unsigned int i;

	for (i = 0; i < stream->nr_layouts; i++)
		if (stream->layouts[i].probe == probe)
			return &stream->layouts[i].schema;
	return NULL;
}

const struct ktally_schema *ktally_stream_layout_at(const struct ktally_stream *stream, unsigned int n, unsigned int *probe)
{
	if (n >= stream->nr_layouts)
		return NULL;
	*probe = stream->layouts[n].probe;
	return &stream->layouts[n].schema;
}

struct ktally_stackset *ktally_stream_stacks(const struct ktally_stream *stream)
{
	return stream->stacks;
}

/* ---- records as bytes: their number, then each ---- */

void ktally_events_put(struct ktally_chunk_writer *writer, struct ktally_bytes *pending, const struct ktally_emitted *emitted)
{
	if (!pending->len)
		ktally_put_u64(pending, 0);
	ktally_put_u64(pending, emitted->time);
	ktally_put_u32(pending, emitted->cpu);
	ktally_put_u32(pending, emitted->probe);
	ktally_put_u32(pending, emitted->pid);
	ktally_put_u32(pending, emitted->tid);
	ktally_put_u32(pending, emitted->nr_words);
	ktally_put_u32(pending, 0);
	ktally_put_words(pending, emitted->words, emitted->nr_words);
	if (!pending->error && !++pending->data[0] && !++pending->data[1])	/* the number in front, 24 bits of it */
		pending->data[2]++;
	if (pending->len >= KTALLY_CHUNK_BYTES)
		ktally_events_flush(writer, pending);
}

void ktally_events_flush(struct ktally_chunk_writer *writer, struct ktally_bytes *pending)
{
	if (pending->len || pending->error)
		ktally_chunk_put(writer, KTALLY_CHUNK_EVENTS, pending);
}

int ktally_events_each(const struct ktally_chunk *chunk, int (*fn)(const struct ktally_emitted *emitted, void *arg), void *arg)
{
	struct ktally_input in = { .at = chunk->data, .end = chunk->data + chunk->len };
	uint64_t nr = ktally_get_u64(&in), words[WORDS_MAX];
	struct ktally_emitted emitted = { .words = words };
	int ret = 0;

	while (nr-- && !ret && !in.bad) {
		emitted.time = ktally_get_u64(&in);
		emitted.cpu = ktally_get_u32(&in);
		emitted.probe = ktally_get_u32(&in);
		emitted.pid = ktally_get_u32(&in);
		emitted.tid = ktally_get_u32(&in);
		emitted.nr_words = ktally_get_u32(&in);
		ktally_get_u32(&in);
		if (emitted.nr_words > WORDS_MAX)
			return -EBADMSG;
		ktally_get_words(&in, words, emitted.nr_words);
		if (!in.bad)
			ret = fn ? fn(&emitted, arg) : 0;
	}
	return ret ? ret : in.bad ? -EBADMSG : 0;
}

int ktally_stream_add(struct ktally_stream *stream, const struct ktally_emitted *emitted)
{
	if (emitted->nr_words > WORDS_MAX)
		return -E2BIG;
	if (!stream->error) {
		ktally_events_put(&stream->writer, &stream->pending, emitted);
		stream->error = stream->writer.error ? stream->writer.error : stream->pending.error;
	}
	return stream->error;
}

static int flush_own(struct ktally_stream *stream)
{
	if (!stream->own || stream->error)
		return stream->error;
	ktally_events_flush(&stream->writer, &stream->pending);
	stream->error = stream->writer.error;
	if (!stream->error && fflush(stream->file))
		stream->error = -errno;
	stream->end = ftello(stream->file);
	return stream->error;
}

int ktally_stream_each(struct ktally_stream *stream, int (*fn)(const struct ktally_emitted *emitted, void *arg), void *arg)
{
	struct ktally_chunk chunk = { 0 };
	const char *why;
	int ret = flush_own(stream);

	if (!ret && fseeko(stream->file, stream->begin, SEEK_SET))
		ret = -errno;
	while (!ret && ftello(stream->file) < stream->end) {
		ret = ktally_chunk_next(stream->file, &chunk, &why);
		if (!ret && chunk.type == KTALLY_CHUNK_EVENTS)
			ret = ktally_events_each(&chunk, fn, arg);
	}
	ktally_chunk_clear(&chunk);
	if (stream->own && fseeko(stream->file, stream->end, SEEK_SET) && !ret)
		ret = -errno;
	return ret;
}
