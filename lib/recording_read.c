// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads a recording and makes a report of it, up to where it is damaged. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "recording_read.h"
#include "stream.h"

#define STRINGS_MAX (1U << 28)

const char *ktally_recording_text(struct ktally_recording *recording, struct ktally_input *in, bool shown)
{
	uint32_t n = ktally_get_u32(in);
	char *at;

	if (in->bad || n >= recording->nr_strings) {
		in->bad = true;
		return "";
	}
	for (at = recording->strings[n]; shown && *at; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			*at = '?';
	return recording->strings[n];
}

enum ktally_kind ktally_recording_kind(struct ktally_recording *recording, struct ktally_input *in)
{
	const char *name = ktally_recording_text(recording, in, false);
	unsigned int kind;

	for (kind = 0; kind < KTALLY_KIND_END; kind++)
		if (!strcmp(name, ktally_kind_name(kind)))
			break;
	return kind;
}

int ktally_recording_block(struct ktally_recording *recording, void *data)
{
	struct ktally_block *block = data ? malloc(sizeof(*block)) : NULL;

	if (!block) {
		free(data);
		return -ENOMEM;
	}
	block->data = data;
	block->next = recording->blocks;
	recording->blocks = block;
	return 0;
}

/* The texts stay where they were read to. */
static int read_strings(struct ktally_recording *recording, struct ktally_chunk *chunk)
{
	char *at = (char *)chunk->data, *end = at + chunk->len;
	size_t room;
	char **strings;
	int ret;

	if (!chunk->len || end[-1])
		return -EBADMSG;
	ret = ktally_recording_block(recording, chunk->data);
	chunk->data = NULL;
	for (; !ret && at < end; at += strlen(at) + 1) {
		if (recording->nr_strings == recording->room_strings) {
			room = recording->room_strings ? recording->room_strings * 2 : 1024;
			strings = room < STRINGS_MAX ? realloc(recording->strings, room * sizeof(*strings)) : NULL;
			if (!strings)
				return -ENOMEM;
			recording->strings = strings;
			recording->room_strings = room;
		}
		recording->strings[recording->nr_strings++] = at;
	}
	return ret;
}

static int read_host(struct ktally_recording *recording, struct ktally_input *in)
{
	struct ktally_report *report = &recording->report;
	struct ktally_host *host = &recording->host;

	report->hostname = ktally_recording_text(recording, in, true);
	report->release = ktally_recording_text(recording, in, true);
	report->machine = ktally_recording_text(recording, in, true);
	snprintf(host->hostname, sizeof(host->hostname), "%s", report->hostname);
	snprintf(host->release, sizeof(host->release), "%s", report->release);
	snprintf(host->machine, sizeof(host->machine), "%s", report->machine);
	snprintf(host->boot_id, sizeof(host->boot_id), "%s", ktally_recording_text(recording, in, true));
	snprintf(host->kernel_id, sizeof(host->kernel_id), "%s", ktally_recording_text(recording, in, true));
	host->cpus = ktally_get_u32(in);
	if (*host->boot_id || host->cpus)
		report->host = host;
	return 0;
}

static int read_clocks(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t stride;
	uint64_t nr = ktally_get_items(in, 24, &stride), i;

	for (i = 0; i < nr && i < 2; i++, in->at += stride) {
		struct ktally_input item = { .at = in->at, .end = in->at + stride };

		recording->host.clocks[i].monotonic = ktally_get_u64(&item);
		recording->host.clocks[i].realtime = ktally_get_u64(&item);
		recording->host.clocks[i].boottime = ktally_get_u64(&item);
	}
	return 0;
}

static int read_session(struct ktally_recording *recording, struct ktally_input *in)
{
	struct ktally_report *report = &recording->report;
	struct ktally_snapshot *snapshot = &recording->snapshot;
	struct ktally_ring_accounting *rings = &report->rings;
	uint32_t flags;

	report->title = ktally_recording_text(recording, in, true);
	report->hits = ktally_recording_text(recording, in, true);
	flags = ktally_get_u32(in);
	report->sorted = flags & KTALLY_SESSION_SORTED;
	report->quantiles = flags & KTALLY_SESSION_QUANTILES;
	report->functions = flags & KTALLY_SESSION_FUNCTIONS;
	if (!(flags & KTALLY_SESSION_HITS))
		report->hits = NULL;
	rings->closed = flags & KTALLY_SESSION_RINGS_CLOSED;
	report->top = ktally_get_u32(in);
	report->start_real_ns = ktally_get_u64(in);
	report->duration_ns = ktally_get_u64(in);
	report->period_ns = ktally_get_u64(in);
	report->start_ns = ktally_get_u64(in);
	snapshot->time = ktally_get_u64(in);
	snapshot->stacks_lost = ktally_get_u64(in);
	snapshot->budget = ktally_get_u32(in);
	snapshot->share = ktally_get_u32(in);
	rings->offered = ktally_get_u64(in);
	rings->reserved = ktally_get_u64(in);
	rings->dropped = ktally_get_u64(in);
	rings->overwritten = ktally_get_u64(in);
	rings->read = ktally_get_u64(in);
	rings->unread = ktally_get_u64(in);
	recording->session = !in->bad;
	return 0;
}

static int read_probes(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t stride;
	uint64_t nr = ktally_get_items(in, KTALLY_PROBE_BYTES, &stride), i, words[9];

	if (nr > KTALLY_PROBES_MAX || recording->snapshot.probes)
		return -EBADMSG;
	recording->snapshot.probes = calloc(nr + 1, sizeof(*recording->snapshot.probes));
	if (!recording->snapshot.probes)
		return -ENOMEM;
	for (i = 0; i < nr; i++, in->at += stride) {
		struct ktally_input item = { .at = in->at, .end = in->at + stride };
		struct ktally_accounting *acc = &recording->snapshot.probes[i];

		snprintf(acc->name, sizeof(acc->name), "%s", ktally_recording_text(recording, &item, true));
		acc->closed = ktally_get_u32(&item);
		ktally_get_words(&item, words, 9);
		if (item.bad)
			return -EBADMSG;
		acc->count = (struct ktally_probe_count){ .hits = words[0], .filtered = words[1], .gated = words[2], .folded = words[3],
							  .other = words[4], .recursion = words[5], .nmi = words[6], .fault = words[7] };
		acc->missed = words[8];
		recording->snapshot.nr_probes++;
	}
	return 0;
}

static int read_pairs(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t stride;
	uint64_t nr = ktally_get_items(in, KTALLY_PAIR_BYTES, &stride), i, words[9];

	if (nr > KTALLY_PAIRS_MAX || recording->snapshot.pairs)
		return -EBADMSG;
	recording->snapshot.pairs = calloc(nr + 1, sizeof(*recording->snapshot.pairs));
	if (!recording->snapshot.pairs)
		return -ENOMEM;
	for (i = 0; i < nr; i++, in->at += stride) {
		struct ktally_input item = { .at = in->at, .end = in->at + stride };
		struct ktally_pair_accounting *acc = &recording->snapshot.pairs[i];

		snprintf(acc->name, sizeof(acc->name), "%s", ktally_recording_text(recording, &item, true));
		acc->closed = ktally_get_u32(&item);
		ktally_get_words(&item, words, 9);
		if (item.bad)
			return -EBADMSG;
		acc->count = (struct ktally_pair_count){ .starts = words[0], .ended = words[1], .replaced = words[2], .full = words[3],
							 .abandoned = words[4], .unmatched = words[5], .negative = words[6], .stayed = words[7] };
		acc->open = words[8];
		recording->snapshot.nr_pairs++;
	}
	return 0;
}

static int read_steps(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t stride;
	uint64_t nr = ktally_get_items(in, KTALLY_STEP_BYTES, &stride), i;

	if (nr > KTALLY_STEPS_KEPT)
		return -EBADMSG;
	for (i = 0; i < nr; i++, in->at += stride) {
		struct ktally_input item = { .at = in->at, .end = in->at + stride };
		struct ktally_step *step = &recording->snapshot.steps[i];

		step->time = ktally_get_u64(&item);
		step->kind = ktally_get_u32(&item);
		step->number = ktally_get_u32(&item);
		step->share = ktally_get_u32(&item);
		step->cpu = ktally_get_u32(&item);
	}
	recording->snapshot.nr_steps = nr;
	return 0;
}

/* There may be more numbers than we know, or fewer. */
static int read_unwind(struct ktally_recording *recording, struct ktally_input *in)
{
	uint64_t words[sizeof(struct ktally_unwind_count) / 8] = { 0 };
	size_t nr = (in->end - in->at) / 8;

	ktally_get_words(in, words, nr < sizeof(words) / 8 ? nr : sizeof(words) / 8);
	memcpy(&recording->report.unwind, words, sizeof(words));
	return 0;
}

static int read_events(struct ktally_recording *recording, const struct ktally_chunk *chunk, off_t begin, off_t end)
{
	int ret = ktally_events_each(chunk, NULL, NULL);

	if (ret)
		return ret;
	if (!recording->events_end)
		recording->events_begin = begin;
	recording->events_end = end;
	return 0;
}

/* A row a chunk; what is not here is of a later version, and skipped. */
static const struct {
	uint32_t type;
	int (*read)(struct ktally_recording *recording, struct ktally_input *in);
} readers[] = {
	{ KTALLY_CHUNK_HOST, read_host },
	{ KTALLY_CHUNK_CLOCKS, read_clocks },
	{ KTALLY_CHUNK_SESSION, read_session },
	{ KTALLY_CHUNK_PROBES, read_probes },
	{ KTALLY_CHUNK_PAIRS, read_pairs },
	{ KTALLY_CHUNK_STEPS, read_steps },
	{ KTALLY_CHUNK_UNWIND, read_unwind },
	{ KTALLY_CHUNK_TEXTS, ktally_read_texts },
	{ KTALLY_CHUNK_STACKS, ktally_read_stacks },
	{ KTALLY_CHUNK_FRAMES, ktally_read_frames },
	{ KTALLY_CHUNK_MAPPINGS, ktally_read_mappings },
	{ KTALLY_CHUNK_PROCESSES, ktally_read_processes },
	{ KTALLY_CHUNK_TABLE, ktally_read_table },
	{ KTALLY_CHUNK_ROWS, ktally_read_rows },
	{ KTALLY_CHUNK_EMITTER, ktally_read_emitter },
};

static int read_chunk(struct ktally_recording *recording, struct ktally_chunk *chunk, off_t begin, off_t end)
{
	struct ktally_input in = { .at = chunk->data, .end = chunk->data + chunk->len };
	size_t i;
	int ret = 0;

	if (chunk->type == KTALLY_CHUNK_STRINGS)
		return read_strings(recording, chunk);
	if (chunk->type == KTALLY_CHUNK_EVENTS)
		return read_events(recording, chunk, begin, end);
	for (i = 0; i < sizeof(readers) / sizeof(readers[0]); i++)
		if (readers[i].type == chunk->type)
			ret = readers[i].read(recording, &in);
	return ret ? ret : in.bad ? -EBADMSG : 0;
}

static void damaged(struct ktally_recording *recording, off_t at, const char *why)
{
	snprintf(recording->damage, sizeof(recording->damage), "recording: damaged at byte %lld: %s; what follows there is missing", (long long)at, why);
	recording->report.damage = recording->damage;
}

/* Return: 0, also when it is damaged; -ENOMEM, -EIO */
static int read_chunks(struct ktally_recording *recording)
{
	struct ktally_chunk chunk = { 0 };
	const char *why = "";
	off_t begin, end;
	int ret;

	do {
		begin = ftello(recording->file);
		ret = ktally_chunk_next(recording->file, &chunk, &why);
		end = ftello(recording->file);
		if (ret || chunk.type == KTALLY_CHUNK_END)
			break;
		ret = read_chunk(recording, &chunk, begin, end);
		why = "a chunk does not hold what it should";
	} while (!ret);
	ktally_chunk_clear(&chunk);
	if (ret == -ENODATA)
		why = "it ends too early";
	if (ret == -ENODATA || ret == -EBADMSG)
		damaged(recording, begin, why);
	return ret == -ENODATA || ret == -EBADMSG ? 0 : ret;
}

static int finish(struct ktally_recording *recording, struct ktally_error *err)
{
	unsigned int i;

	if (!recording->session)
		return ktally_fail(err, -EBADMSG, "%s, before anything that could be shown",
				   recording->report.damage ? recording->report.damage : "the recording has no session");
	for (i = 0; i < recording->snapshot.nr_tables && !recording->report.damage; i++)
		if (recording->snapshot.tables[i].nr_rows != recording->tables[i].told)
			damaged(recording, ftello(recording->file), "rows are missing");
	if (recording->report.stream)
		ktally_stream_between(recording->report.stream, recording->events_begin, recording->events_end);
	if (!recording->report.hostname)
		recording->report.hostname = recording->report.release = recording->report.machine = "";
	return 0;
}

/* What comes through a pipe cannot be read twice. */
static FILE *copy_to_file(FILE *from)
{
	FILE *to = tmpfile();
	char chunk[65536];
	size_t got;

	while (to && (got = fread(chunk, 1, sizeof(chunk), from)))
		if (fwrite(chunk, 1, got, to) != got) {
			fclose(to);
			to = NULL;
		}
	if (to)
		rewind(to);
	return to;
}

static int open_file(struct ktally_recording *recording, const char *path, struct ktally_error *err)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int ret = -errno;

	if (file && fseeko(file, 0, SEEK_CUR)) {
		recording->file = copy_to_file(file);
		ret = -errno;
		if (file != stdin)
			fclose(file);
		file = recording->file;
	}
	recording->file = file;
	return file ? 0 : ktally_fail(err, ret ? ret : -EIO, "'%s' cannot be read: %s", path, strerror(ret ? -ret : EIO));
}

static int make_symbolizer(struct ktally_recording *recording, const char *symfs, struct ktally_error *err)
{
	recording->procs = ktally_processes_new_recorded(symfs);
	recording->snapshot.stacks = ktally_stackset_new();
	if (recording->procs)
		recording->report.sym = ktally_symbolizer_new_recorded(recording->procs);
	if (!recording->report.sym || !recording->snapshot.stacks)
		return ktally_fail(err, -ENOMEM, "out of memory");
	return 0;
}

int ktally_recording_open(struct ktally_recording **out, const char *path, const char *symfs, struct ktally_error *err)
{
	struct ktally_recording *recording = calloc(1, sizeof(*recording));
	struct ktally_error why = { .pos = -1 };
	int ret;

	*out = NULL;
	if (!recording)
		return ktally_fail(err, -ENOMEM, "out of memory");
	ret = open_file(recording, path, &why);
	if (!ret)
		ret = make_symbolizer(recording, symfs, &why);
	if (!ret) {
		recording->report.snapshot = &recording->snapshot;
		ret = ktally_recording_check(recording->file, &why);
		if (!ret)
			ret = read_chunks(recording);
		if (ret && !*why.text)
			ktally_fail(&why, ret, "cannot be read: %s", strerror(-ret));
		if (!ret)
			ret = finish(recording, &why);
		if (ret) {
			ktally_recording_close(recording);
			return ktally_fail(err, ret, "'%s': %s", path, why.text);
		}
		*out = recording;
		return 0;
	}
	ktally_recording_close(recording);
	return ktally_fail(err, ret, "%s", why.text);
}

void ktally_recording_close(struct ktally_recording *recording)
{
	struct ktally_block *block;
	unsigned int i;

	if (!recording)
		return;
	if (recording->file && recording->file != stdin)
		fclose(recording->file);
	ktally_stream_free(recording->report.stream);
	ktally_symbolizer_free(recording->report.sym);
	ktally_processes_free(recording->procs);
	ktally_stackset_free(recording->snapshot.stacks);
	for (i = 0; i < recording->snapshot.nr_tables; i++)
		free(recording->snapshot.tables[i].rows);
	free(recording->snapshot.tables);
	free(recording->snapshot.probes);
	free(recording->snapshot.pairs);
	while ((block = recording->blocks)) {
		recording->blocks = block->next;
		free(block->data);
		free(block);
	}
	free(recording->strings);
	free(recording->frames);
	free(recording->depths);
	free(recording);
}

struct ktally_report *ktally_recording_report(struct ktally_recording *recording)
{
	return &recording->report;
}

struct ktally_snapshot *ktally_recording_snapshot(struct ktally_recording *recording)
{
	return &recording->snapshot;
}
