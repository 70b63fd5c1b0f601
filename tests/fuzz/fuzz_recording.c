// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzes the reader of recordings, and everything that shows what it read. The input is a file whose check sums are put right, or else all
 * would be refused: chunks are cut out of it by their heads, and written again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "recording.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LENGTH_MAX (1U << 20)

/* The chunk at @data, as it is or, if its flag says so and that works, expanded. Return: bytes of the input it took */
static size_t repeat_chunk(struct ktally_chunk_writer *writer, const uint8_t *data, size_t size)
{
	struct ktally_input in = { .at = data, .end = data + size };
	uint32_t type = ktally_get_u32(&in), flags = ktally_get_u32(&in);
	uint64_t stored = ktally_get_u64(&in);
	struct ktally_bytes bytes = { 0 };

	if (size < 32)
		return size;
	size -= 32;
	if (stored > size)
		stored = size;
	ktally_put(&bytes, data + 32, stored);
	/* Small: it is not compressed again, and the fuzzer sees what it changes. */
	if (!(flags & 2))
		ktally_chunk_put(writer, type, &bytes);
	ktally_bytes_clear(&bytes);
	stored = (stored + 7) & ~7ULL;
	return 32 + (stored < size ? stored : size);
}

static void show(const struct ktally_report *report)
{
	const struct ktally_exporter *exporter;
	struct ktally_error err;
	unsigned int n;
	FILE *out = fopen("/dev/null", "w");

	for (n = 0; out && (exporter = ktally_exporter_at(n)); n++)
		ktally_export(report, exporter, out, &err);
	if (out)
		fclose(out);
}

static int see(const struct ktally_emitted *emitted, void *arg)
{
	*(uint64_t *)arg += emitted->nr_words ? emitted->words[emitted->nr_words - 1] : 0;
	return 0;
}

static void read_back(const char *path)
{
	struct ktally_recording *recording;
	struct ktally_diff_opts opts = { .by = KTALLY_DIFF_KEYS };
	struct ktally_annotation *annotation;
	struct ktally_report *report;
	struct ktally_diff *diff;
	struct ktally_error err;
	uint64_t sum = 0;

	if (ktally_recording_open(&recording, path, NULL, &err))
		return;
	report = ktally_recording_report(recording);
	show(report);
	if (report->stream)
		ktally_stream_each(report->stream, see, &sum);
	for (opts.by = 0; opts.by <= KTALLY_DIFF_KEYS; opts.by++)
		if (!ktally_diff_new(&diff, report, report, &opts, &err))
			ktally_diff_free(diff);
	if (!ktally_annotate(&annotation, report, "main", &err))
		ktally_annotation_free(annotation);
	ktally_recording_close(recording);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];
	struct ktally_chunk_writer writer;
	FILE *file;
	size_t at = 16;

	if (fd < 0) {
		fd = memfd_create("recording", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (ftruncate(fd, 0) || size > LENGTH_MAX || lseek(fd, 0, SEEK_SET))
		return 0;
	file = fdopen(dup(fd), "w");
	if (!file)
		abort();
	if (size && data[0] != 'K') {	/* as it is */
		fwrite(data, 1, size, file);
	} else {
		ktally_recording_begin(&writer, file);
		while (at < size)
			at += repeat_chunk(&writer, data + at, size - at);
		ktally_recording_end(&writer);
	}
	fclose(file);
	read_back(path);
	return 0;
}
