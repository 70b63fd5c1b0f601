// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes a recording: the report with its raw addresses and all names, to be read later and elsewhere. The format is ktally-recording(5). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "recording_write.h"

void ktally_recorder_keep(struct ktally_recorder *recorder, uint32_t type, struct ktally_bytes *bytes)
{
	struct ktally_pending *pending = calloc(1, sizeof(*pending));

	if (!pending || bytes->error) {
		recorder->error = recorder->error ? recorder->error : -ENOMEM;
		ktally_bytes_clear(bytes);
		free(pending);
		return;
	}
	pending->type = type;
	pending->bytes = *bytes;
	memset(bytes, 0, sizeof(*bytes));
	*recorder->last = pending;
	recorder->last = &pending->next;
}

void ktally_recorder_text(struct ktally_recorder *recorder, struct ktally_bytes *bytes, const char *text)
{
	ktally_put_u32(bytes, ktally_strtab_add(recorder->strings, text ? text : ""));
}

static void put_clocks(struct ktally_bytes *bytes, const struct ktally_clocks *clocks)
{
	ktally_put_u64(bytes, clocks->monotonic);
	ktally_put_u64(bytes, clocks->realtime);
	ktally_put_u64(bytes, clocks->boottime);
}

static void record_host(struct ktally_recorder *recorder)
{
	const struct ktally_report *report = recorder->report;
	const struct ktally_host *host = report->host;
	struct ktally_bytes bytes = { 0 }, clocks = { 0 };

	ktally_recorder_text(recorder, &bytes, report->hostname);
	ktally_recorder_text(recorder, &bytes, report->release);
	ktally_recorder_text(recorder, &bytes, report->machine);
	ktally_recorder_text(recorder, &bytes, host ? host->boot_id : "");
	ktally_recorder_text(recorder, &bytes, host ? host->kernel_id : "");
	ktally_put_u32(&bytes, host ? host->cpus : 0);
	ktally_recorder_keep(recorder, KTALLY_CHUNK_HOST, &bytes);
	if (!host)
		return;
	ktally_put_u64(&clocks, 2);
	ktally_put_u32(&clocks, 24);
	put_clocks(&clocks, &host->clocks[0]);
	put_clocks(&clocks, &host->clocks[1]);
	ktally_recorder_keep(recorder, KTALLY_CHUNK_CLOCKS, &clocks);
}

static void record_session(struct ktally_recorder *recorder)
{
	const struct ktally_report *report = recorder->report;
	const struct ktally_snapshot *snapshot = report->snapshot;
	const struct ktally_ring_accounting *rings = &report->rings;
	struct ktally_bytes bytes = { 0 };

	ktally_recorder_text(recorder, &bytes, report->title);
	ktally_recorder_text(recorder, &bytes, report->hits);
	ktally_put_u32(&bytes, (report->sorted ? KTALLY_SESSION_SORTED : 0) | (report->quantiles ? KTALLY_SESSION_QUANTILES : 0) |
		       (report->functions ? KTALLY_SESSION_FUNCTIONS : 0) | (report->hits ? KTALLY_SESSION_HITS : 0) |
		       (rings->closed ? KTALLY_SESSION_RINGS_CLOSED : 0));
	ktally_put_u32(&bytes, report->top);
	ktally_put_u64(&bytes, report->start_real_ns);
	ktally_put_u64(&bytes, report->duration_ns);
	ktally_put_u64(&bytes, report->period_ns);
	ktally_put_u64(&bytes, report->start_ns);
	ktally_put_u64(&bytes, snapshot->time);
	ktally_put_u64(&bytes, snapshot->stacks_lost);
	ktally_put_u32(&bytes, snapshot->budget);
	ktally_put_u32(&bytes, snapshot->share);
	ktally_put_u64(&bytes, rings->offered);
	ktally_put_u64(&bytes, rings->reserved);
	ktally_put_u64(&bytes, rings->dropped);
	ktally_put_u64(&bytes, rings->overwritten);
	ktally_put_u64(&bytes, rings->read);
	ktally_put_u64(&bytes, rings->unread);
	ktally_recorder_keep(recorder, KTALLY_CHUNK_SESSION, &bytes);
}

static void record_probes(struct ktally_recorder *recorder)
{
	const struct ktally_snapshot *snapshot = recorder->report->snapshot;
	struct ktally_bytes bytes = { 0 };
	unsigned int i;

	ktally_put_u64(&bytes, snapshot->nr_probes);
	ktally_put_u32(&bytes, KTALLY_PROBE_BYTES);
	for (i = 0; i < snapshot->nr_probes; i++) {
		const struct ktally_accounting *acc = &snapshot->probes[i];
		const struct ktally_probe_count *count = &acc->count;

		ktally_recorder_text(recorder, &bytes, acc->name);
		ktally_put_u32(&bytes, acc->closed);
		ktally_put_words(&bytes, (const uint64_t[]){ count->hits, count->filtered, count->gated, count->folded, count->other, count->recursion,
							      count->nmi, count->fault, acc->missed }, 9);
	}
	ktally_recorder_keep(recorder, KTALLY_CHUNK_PROBES, &bytes);
}

static void record_pairs(struct ktally_recorder *recorder)
{
	const struct ktally_snapshot *snapshot = recorder->report->snapshot;
	struct ktally_bytes bytes = { 0 };
	unsigned int i;

	ktally_put_u64(&bytes, snapshot->nr_pairs);
	ktally_put_u32(&bytes, KTALLY_PAIR_BYTES);
	for (i = 0; i < snapshot->nr_pairs; i++) {
		const struct ktally_pair_accounting *acc = &snapshot->pairs[i];
		const struct ktally_pair_count *count = &acc->count;

		ktally_recorder_text(recorder, &bytes, acc->name);
		ktally_put_u32(&bytes, acc->closed);
		ktally_put_words(&bytes, (const uint64_t[]){ count->starts, count->ended, count->replaced, count->full, count->abandoned,
							      count->unmatched, count->negative, count->stayed, acc->open }, 9);
	}
	ktally_recorder_keep(recorder, KTALLY_CHUNK_PAIRS, &bytes);
}

static void record_steps(struct ktally_recorder *recorder)
{
	const struct ktally_snapshot *snapshot = recorder->report->snapshot;
	struct ktally_bytes bytes = { 0 };
	unsigned int i;

	ktally_put_u64(&bytes, snapshot->nr_steps);
	ktally_put_u32(&bytes, KTALLY_STEP_BYTES);
	for (i = 0; i < snapshot->nr_steps; i++) {
		const struct ktally_step *step = &snapshot->steps[i];

		ktally_put_u64(&bytes, step->time);
		ktally_put_u32(&bytes, step->kind);
		ktally_put_u32(&bytes, step->number);
		ktally_put_u32(&bytes, step->share);
		ktally_put_u32(&bytes, step->cpu);
	}
	ktally_recorder_keep(recorder, KTALLY_CHUNK_STEPS, &bytes);
}

/* All of the structure is u64s. */
static void record_unwind(struct ktally_recorder *recorder)
{
	struct ktally_bytes bytes = { 0 };
	uint64_t words[sizeof(struct ktally_unwind_count) / 8];

	memcpy(words, &recorder->report->unwind, sizeof(words));
	ktally_put_words(&bytes, words, sizeof(words) / sizeof(words[0]));
	ktally_recorder_keep(recorder, KTALLY_CHUNK_UNWIND, &bytes);
}

/* Texts come first, for all others refer to them. */
static void write_texts(struct ktally_recorder *recorder)
{
	uint32_t nr = ktally_strtab_count(recorder->strings), i;
	struct ktally_bytes bytes = { 0 };

	for (i = 0; i < nr; i++) {
		const char *text = ktally_strtab_get(recorder->strings, i);

		ktally_put(&bytes, text, strlen(text) + 1);
		if (bytes.len >= KTALLY_CHUNK_BYTES)
			ktally_chunk_put(&recorder->writer, KTALLY_CHUNK_STRINGS, &bytes);
	}
	ktally_chunk_put(&recorder->writer, KTALLY_CHUNK_STRINGS, &bytes);
}

static int write_all(struct ktally_recorder *recorder, FILE *out)
{
	struct ktally_pending *pending;
	int ret;

	if (!recorder->error)
		recorder->error = ktally_strtab_error(recorder->strings);
	if (recorder->error)
		return recorder->error;
	ktally_recording_begin(&recorder->writer, out);
	write_texts(recorder);
	for (pending = recorder->first; pending; pending = pending->next)
		ktally_chunk_put(&recorder->writer, pending->type, &pending->bytes);
	ktally_record_stacks(recorder);
	ktally_record_rows(recorder);
	ktally_record_events(recorder);
	ret = ktally_recording_end(&recorder->writer);
	return recorder->error ? recorder->error : ret;
}

int ktally_export_recording(const struct ktally_report *report, FILE *out, struct ktally_error *err)
{
	struct ktally_recorder recorder = { .report = report, .strings = ktally_strtab_new(), .last = &recorder.first };
	struct ktally_pending *pending;
	int ret;

	if (!recorder.strings)
		return ktally_fail(err, -ENOMEM, "no memory for names");
	record_host(&recorder);
	record_session(&recorder);
	record_probes(&recorder);
	record_pairs(&recorder);
	record_steps(&recorder);
	record_unwind(&recorder);
	ktally_record_layouts(&recorder);
	ktally_record_names(&recorder);
	ret = write_all(&recorder, out);
	while ((pending = recorder.first)) {
		recorder.first = pending->next;
		ktally_bytes_clear(&pending->bytes);
		free(pending);
	}
	ktally_strtab_free(recorder.strings);
	return ret ? ktally_fail(err, ret, "cannot write the recording: %s", strerror(-ret)) : 0;
}
