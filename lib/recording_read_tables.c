// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads the numbers of a recording: tables, their rows, stacks, the layout of records. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "recording_read.h"
#include "recording_write.h"
#include "stream.h"

#define KEY_WORDS_MAX 64U
#define DEPTH_MAX 4096U		/* words of a stack: more than any module gives */

static void read_name(struct ktally_recording *recording, struct ktally_input *in, char *name, size_t size)
{
	snprintf(name, size, "%s", ktally_recording_text(recording, in, true));
}

static int read_key(struct ktally_recording *recording, struct ktally_input *in, struct ktally_field *field, unsigned int key_words)
{
	read_name(recording, in, field->name, sizeof(field->name));
	field->kind = ktally_recording_kind(recording, in);
	field->word = ktally_get_u32(in);
	field->words = ktally_get_u32(in);
	if (in->bad || !field->words || field->word >= key_words || field->words > key_words - field->word)
		return -EBADMSG;
	if (field->kind == KTALLY_KIND_END)	/* of a later version */
		field->kind = field->words > 1 ? KTALLY_KIND_STRING : KTALLY_KIND_HEX;
	return field->words > (field->kind == KTALLY_KIND_STRING ? KTALLY_STRING_MAX / 8 : 1) ? -EBADMSG : 0;
}

static int read_value(struct ktally_recording *recording, struct ktally_input *in, struct ktally_value *value)
{
	uint32_t kind, hist;

	read_name(recording, in, value->name, sizeof(value->name));
	value->kind = ktally_recording_kind(recording, in);
	if (value->kind == KTALLY_KIND_END)
		value->kind = KTALLY_KIND_INT;
	kind = ktally_get_u32(in);
	hist = ktally_get_u32(in);
	value->column.flags = ktally_get_u32(in);
	value->column.param0 = (int64_t)ktally_get_u64(in);
	value->column.param1 = (int64_t)ktally_get_u64(in);
	value->column.param2 = (int64_t)ktally_get_u64(in);
	if (in->bad || kind > KTALLY_COLUMN_MAX_KIND || hist > KTALLY_HIST_MAX)
		return -EBADMSG;
	value->column.kind = (uint16_t)kind;
	value->column.hist = (uint16_t)hist;
	return ktally_column_cells(&value->column) < 0 ? -EBADMSG : 0;
}

static int read_schema(struct ktally_recording *recording, struct ktally_input *in, struct ktally_schema *schema)
{
	unsigned int i;
	int ret = 0;

	read_name(recording, in, schema->name, sizeof(schema->name));
	schema->nr_keys = ktally_get_u32(in);
	schema->nr_values = ktally_get_u32(in);
	schema->key_words = ktally_get_u32(in);
	if (in->bad || schema->nr_keys > KTALLY_KEYS_MAX * 2 || schema->nr_values > KTALLY_COLUMNS_MAX || schema->key_words > KEY_WORDS_MAX)
		return -EBADMSG;
	for (i = 0; i < schema->nr_keys && !ret; i++)
		ret = read_key(recording, in, &schema->keys[i], schema->key_words);
	for (i = 0; i < schema->nr_values && !ret; i++)
		ret = read_value(recording, in, &schema->values[i]);
	return ret;
}

int ktally_read_table(struct ktally_recording *recording, struct ktally_input *in)
{
	struct ktally_snapshot *snapshot = &recording->snapshot;
	struct ktally_recorded_table *recorded = &recording->tables[snapshot->nr_tables];
	struct ktally_table table = { 0 }, *tables;
	unsigned int cells, stored;
	int ret;

	if (snapshot->nr_tables == sizeof(recording->tables) / sizeof(recording->tables[0]))
		return -EBADMSG;
	ret = read_schema(recording, in, &table.schema);
	if (ret)
		return ret;
	cells = ktally_row_cells(&table.schema);
	recorded->told = ktally_get_u64(in);
	table.other.hits = ktally_get_u64(in);
	stored = ktally_get_u32(in);
	if (in->bad || (stored && stored != cells))
		return -EBADMSG;
	recorded->other = calloc(table.schema.key_words + (size_t)cells + 1, sizeof(uint64_t));
	ret = ktally_recording_block(recording, recorded->other);
	if (ret)
		return ret;
	table.other.key = recorded->other;
	table.other.cells = recorded->other + table.schema.key_words;
	ktally_get_words(in, recorded->other + table.schema.key_words, stored);
	if (in->bad)
		return -EBADMSG;
	tables = realloc(snapshot->tables, (snapshot->nr_tables + 1) * sizeof(*tables));
	if (!tables)
		return -ENOMEM;
	tables[snapshot->nr_tables++] = table;
	snapshot->tables = tables;
	return 0;
}

static int need_rows(struct ktally_table *table, struct ktally_recorded_table *recorded, uint64_t more)
{
	size_t room = recorded->room ? recorded->room : 64;
	struct ktally_row *rows;

	if (more > SIZE_MAX / sizeof(*rows) / 4 - table->nr_rows)
		return -ENOMEM;
	while (room < table->nr_rows + more)
		room *= 2;
	if (room == recorded->room)
		return 0;
	rows = realloc(table->rows, room * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	table->rows = rows;
	recorded->room = room;
	return 0;
}

int ktally_read_rows(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t n = ktally_get_u32(in), stride, keys, words;
	struct ktally_table *table;
	uint64_t nr, *data;
	int ret;

	if (in->bad || n >= recording->snapshot.nr_tables)
		return -EBADMSG;
	table = &recording->snapshot.tables[n];
	keys = table->schema.key_words;
	words = keys + 1 + ktally_row_cells(&table->schema);
	nr = ktally_get_items(in, words * 8, &stride);
	if (in->bad || stride != words * 8 || nr > recording->tables[n].told - table->nr_rows)
		return -EBADMSG;
	ret = need_rows(table, &recording->tables[n], nr);
	if (ret)
		return ret;
	data = malloc(nr * stride + 1);
	ret = ktally_recording_block(recording, data);
	if (ret)
		return ret;
	ktally_get_words(in, data, nr * words);
	for (; nr; nr--, data += words)
		table->rows[table->nr_rows++] = (struct ktally_row){ .key = data, .hits = data[keys], .cells = data + keys + 1 };
	return 0;
}

static int need_stream(struct ktally_recording *recording)
{
	if (!recording->report.stream)
		recording->report.stream = ktally_stream_of(recording->file, 0, 0);
	return recording->report.stream ? 0 : -ENOMEM;
}

/* Stacks are all different, so the set gives them the numbers that they have in the file. */
int ktally_read_stacks(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t which = ktally_get_u32(in), nr;
	uint64_t id = ktally_get_u64(in), words[DEPTH_MAX];
	struct ktally_stackset *set = recording->snapshot.stacks;
	int64_t got;

	if (in->bad || which > 1)
		return -EBADMSG;
	if (which && need_stream(recording))
		return -ENOMEM;
	if (which)
		set = ktally_stream_stacks(recording->report.stream);
	for (; in->at < in->end; id++) {
		nr = ktally_get_u32(in);
		if (in->bad || !nr || nr > DEPTH_MAX)
			return -EBADMSG;
		ktally_get_words(in, words, nr);
		if (in->bad)
			return -EBADMSG;
		got = ktally_stackset_add(set, words, nr);
		if (got < 0)
			return (int)got;
		if ((uint64_t)got != id)
			return -EBADMSG;
	}
	return 0;
}

int ktally_read_emitter(struct ktally_recording *recording, struct ktally_input *in)
{
	struct ktally_schema schema = { 0 };
	uint32_t probe = ktally_get_u32(in);
	int ret = read_schema(recording, in, &schema);

	if (!ret)
		ret = need_stream(recording);
	if (!ret)
		ret = ktally_stream_layout(recording->report.stream, probe, &schema);
	return ret == -EEXIST ? -EBADMSG : ret;
}
