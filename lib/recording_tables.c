// SPDX-License-Identifier: LGPL-2.1-or-later
/* The numbers of a recording: tables, stacks and records, as they came. */
#include <errno.h>
#include <stdlib.h>

#include "recording_write.h"
#include "stream.h"

unsigned int ktally_row_cells(const struct ktally_schema *schema)
{
	unsigned int i, cells = 0;
	int nr;

	for (i = 0; i < schema->nr_values; i++) {
		nr = ktally_column_cells(&schema->values[i].column);
		cells += nr > 0 ? nr : 0;
	}
	return cells;
}

static void put_schema(struct ktally_recorder *recorder, struct ktally_bytes *bytes, const struct ktally_schema *schema)
{
	unsigned int i;

	ktally_recorder_text(recorder, bytes, schema->name);
	ktally_put_u32(bytes, schema->nr_keys);
	ktally_put_u32(bytes, schema->nr_values);
	ktally_put_u32(bytes, schema->key_words);
	for (i = 0; i < schema->nr_keys; i++) {
		ktally_recorder_text(recorder, bytes, schema->keys[i].name);
		ktally_recorder_text(recorder, bytes, ktally_kind_name(schema->keys[i].kind));
		ktally_put_u32(bytes, schema->keys[i].word);
		ktally_put_u32(bytes, schema->keys[i].words);
	}
	for (i = 0; i < schema->nr_values; i++) {
		const struct ktally_column *column = &schema->values[i].column;

		ktally_recorder_text(recorder, bytes, schema->values[i].name);
		ktally_recorder_text(recorder, bytes, ktally_kind_name(schema->values[i].kind));
		ktally_put_u32(bytes, column->kind);
		ktally_put_u32(bytes, column->hist);
		ktally_put_u32(bytes, column->flags);
		ktally_put_u64(bytes, column->param0);
		ktally_put_u64(bytes, column->param1);
		ktally_put_u64(bytes, column->param2);
	}
}

static void put_table(struct ktally_recorder *recorder, const struct ktally_table *table)
{
	unsigned int cells = ktally_row_cells(&table->schema);
	bool other = table->other.cells || !cells;
	struct ktally_bytes bytes = { 0 };

	put_schema(recorder, &bytes, &table->schema);
	ktally_put_u64(&bytes, table->nr_rows);
	ktally_put_u64(&bytes, table->other.hits);
	ktally_put_u32(&bytes, other ? cells : 0);
	if (other)
		ktally_put_words(&bytes, table->other.cells, cells);
	ktally_recorder_keep(recorder, KTALLY_CHUNK_TABLE, &bytes);
}

void ktally_record_layouts(struct ktally_recorder *recorder)
{
	const struct ktally_snapshot *snapshot = recorder->report->snapshot;
	const struct ktally_stream *stream = recorder->report->stream;
	const struct ktally_schema *schema;
	struct ktally_bytes bytes = { 0 };
	unsigned int i, probe;

	for (i = 0; i < snapshot->nr_tables; i++)
		put_table(recorder, &snapshot->tables[i]);
	for (i = 0; stream && (schema = ktally_stream_layout_at(stream, i, &probe)); i++) {
		ktally_put_u32(&bytes, probe);
		put_schema(recorder, &bytes, schema);
		ktally_recorder_keep(recorder, KTALLY_CHUNK_EMITTER, &bytes);
	}
}

static void write_stacks(struct ktally_recorder *recorder, const struct ktally_stackset *set, unsigned int which)
{
	struct ktally_bytes bytes = { 0 };
	const uint64_t *words;
	unsigned int nr;
	uint64_t id;

	for (id = 1; (words = ktally_stackset_get(set, id, &nr)); id++) {
		if (!bytes.len) {
			ktally_put_u32(&bytes, which);
			ktally_put_u64(&bytes, id);
		}
		ktally_put_u32(&bytes, nr);
		ktally_put_words(&bytes, words, nr);
		if (bytes.len >= KTALLY_CHUNK_BYTES)
			ktally_chunk_put(&recorder->writer, KTALLY_CHUNK_STACKS, &bytes);
	}
	if (bytes.len)
		ktally_chunk_put(&recorder->writer, KTALLY_CHUNK_STACKS, &bytes);
}

void ktally_record_stacks(struct ktally_recorder *recorder)
{
	const struct ktally_report *report = recorder->report;

	if (report->snapshot->stacks)
		write_stacks(recorder, report->snapshot->stacks, 0);
	if (report->stream)
		write_stacks(recorder, ktally_stream_stacks(report->stream), 1);
}

static void write_rows(struct ktally_recorder *recorder, unsigned int n)
{
	const struct ktally_table *table = &recorder->report->snapshot->tables[n];
	unsigned int keys = table->schema.key_words, cells = ktally_row_cells(&table->schema);
	size_t each = (keys + 1 + (size_t)cells) * 8, at_once = KTALLY_CHUNK_BYTES / each + 1, i;
	struct ktally_bytes bytes = { 0 };

	for (i = 0; i < table->nr_rows; i++) {
		const struct ktally_row *row = &table->rows[i];

		if (!(i % at_once)) {
			ktally_put_u32(&bytes, n);
			ktally_put_u64(&bytes, table->nr_rows - i < at_once ? table->nr_rows - i : at_once);
			ktally_put_u32(&bytes, each);
		}
		ktally_put_words(&bytes, row->key, keys);
		ktally_put_u64(&bytes, row->hits);
		ktally_put_words(&bytes, row->cells, cells);
		if (i % at_once == at_once - 1 || i == table->nr_rows - 1)
			ktally_chunk_put(&recorder->writer, KTALLY_CHUNK_ROWS, &bytes);
	}
}

void ktally_record_rows(struct ktally_recorder *recorder)
{
	unsigned int i;

	for (i = 0; i < recorder->report->snapshot->nr_tables; i++)
		write_rows(recorder, i);
}

struct events {
	struct ktally_chunk_writer *writer;
	struct ktally_bytes pending;
};

static int write_event(const struct ktally_emitted *emitted, void *arg)
{
	struct events *events = arg;

	ktally_events_put(events->writer, &events->pending, emitted);
	return events->writer->error;
}

void ktally_record_events(struct ktally_recorder *recorder)
{
	struct events events = { .writer = &recorder->writer };
	int ret;

	if (!recorder->report->stream)
		return;
	ret = ktally_stream_each(recorder->report->stream, write_event, &events);
	if (ret && !recorder->writer.error)
		recorder->error = ret;
	ktally_events_flush(&recorder->writer, &events.pending);
}
