// SPDX-License-Identifier: LGPL-2.1-or-later
/* The names of a recording: everything an exporter of the same report would ask the symbolizer, and what the addresses were mapped to. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "recording_write.h"
#include "stream.h"
#include "symtab.h"

#define FRAMES_AT_ONCE 8192U

/* Values that only the measured machine knows the words for. */
static bool kind_is_told(enum ktally_kind kind)
{
	return kind == KTALLY_KIND_SYSCALL || kind == KTALLY_KIND_ERRNO || kind == KTALLY_KIND_CONTAINER || kind == KTALLY_KIND_POD;
}

/* An array as a chunk; @items are emptied. */
static void keep_items(struct ktally_recorder *recorder, uint32_t type, uint64_t nr, uint32_t stride, struct ktally_bytes *items)
{
	struct ktally_bytes bytes = { 0 };

	ktally_put_u64(&bytes, nr);
	ktally_put_u32(&bytes, stride);
	ktally_put(&bytes, items->data, items->error ? 0 : items->len);
	bytes.error = bytes.error ? bytes.error : items->error;
	ktally_recorder_keep(recorder, type, &bytes);
	ktally_bytes_clear(items);
}

/* ---- texts of values, and asking for all addresses ---- */

struct asking {
	struct ktally_recorder *recorder;
	struct ktally_bytes texts;
	struct ktally_stackset *seen;	/* kinds and values, images and stacks: each is asked once */
	uint64_t nr_seen, nr_texts;
	int error;
};

/* Whether this is the first time. */
static bool fresh(struct asking *asking, uint64_t a, uint64_t b)
{
	int64_t id = ktally_stackset_add(asking->seen, (const uint64_t[]){ a, b }, 2);

	if (id < 0)
		asking->error = (int)id;
	if (id <= (int64_t)asking->nr_seen)
		return false;
	asking->nr_seen = id;
	return true;
}

static void ask_field(struct asking *asking, const struct ktally_schema *schema, unsigned int n, const uint64_t *words)
{
	const struct ktally_field *field = &schema->keys[n];
	uint64_t value = words[field->word];
	char text[1024];

	if (field->kind == KTALLY_KIND_KSYM || field->kind == KTALLY_KIND_USYM)
		ktally_format_key(asking->recorder->report->sym, schema, n, words, text, sizeof(text));
	if (!kind_is_told(field->kind) || !fresh(asking, field->kind, value))
		return;
	if (ktally_format_key(asking->recorder->report->sym, schema, n, words, text, sizeof(text)) < 0)
		return;
	ktally_recorder_text(asking->recorder, &asking->texts, ktally_kind_name(field->kind));
	ktally_recorder_text(asking->recorder, &asking->texts, text);
	ktally_put_u64(&asking->texts, value);
	asking->nr_texts++;
}

static void ask_fields(struct asking *asking, const struct ktally_schema *schema, const uint64_t *words)
{
	unsigned int n;

	for (n = 0; n < schema->nr_keys; n++)
		ask_field(asking, schema, n, words);
}

static void ask_exemplars(struct asking *asking, const struct ktally_value *value, const uint64_t *cells, struct ktally_stack_view *view)
{
	int buckets = value->column.kind == KTALLY_COLUMN_EXEMPLAR ? 1 : ktally_hist_buckets(&value->column), i;

	for (i = 0; i < buckets; i++) {
		const struct ktally_exemplar *exemplar = ktally_cells_exemplar(value, cells, i);

		if (exemplar)
			ktally_exemplar_stack(asking->recorder->report, value, exemplar, view);
	}
}

static void ask_row(struct asking *asking, const struct ktally_table *table, const struct ktally_row *row, bool other, struct ktally_stack_view *view)
{
	const struct ktally_schema *schema = &table->schema;
	unsigned int v;

	if (!other) {
		ask_fields(asking, schema, row->key);
		if (asking->recorder->report->sym)
			ktally_row_stack(asking->recorder->report, table, row, view);
	}
	for (v = 0; v < schema->nr_values && asking->recorder->report->sym; v++)
		ask_exemplars(asking, &schema->values[v], row->hits ? ktally_cells(schema, row, v) : NULL, view);
}

static void ask_tables(struct asking *asking)
{
	const struct ktally_snapshot *snapshot = asking->recorder->report->snapshot;
	struct ktally_stack_view view = { 0 };
	unsigned int i;
	size_t r;

	for (i = 0; i < snapshot->nr_tables; i++) {
		const struct ktally_table *table = &snapshot->tables[i];

		for (r = 0; r < table->nr_rows; r++)
			ask_row(asking, table, &table->rows[r], false, &view);
		if (table->other.cells)
			ask_row(asking, table, &table->other, true, &view);
	}
	ktally_stack_view_clear(&view);
}

static uint64_t image_of(const struct ktally_schema *schema, const uint64_t *words)
{
	unsigned int i;

	for (i = 0; i < schema->nr_keys; i++)
		if (schema->keys[i].kind == KTALLY_KIND_IMAGE)
			return words[schema->keys[i].word];
	return 0;
}

/* A line of a trace shows each word of a stack, where a table shows frames: both are asked for. */
static void ask_stack(struct asking *asking, bool kernel, uint64_t image, uint64_t id)
{
	struct ktally_symbolizer *sym = asking->recorder->report->sym;
	struct ktally_stack_view view = { 0 };
	const uint64_t *words;
	unsigned int nr, i;

	words = ktally_stackset_get(ktally_stream_stacks(asking->recorder->report->stream), id, &nr);
	if (!sym || !words || !fresh(asking, kernel ? UINT64_MAX : image, id))
		return;
	for (i = 0; i < nr; i++) {
		if (kernel)
			ktally_symbolize_kernel(sym, words[i], i > 0);
		else
			ktally_symbolize_user(sym, image, words[i], i > 0);
	}
	if (kernel)
		ktally_view_kernel(&view, sym, words, nr);
	else
		ktally_view_user(&view, sym, image, words, nr);
	ktally_stack_view_clear(&view);
}

static int ask_event(const struct ktally_emitted *emitted, void *arg)
{
	struct asking *asking = arg;
	const struct ktally_schema *schema = ktally_stream_schema(asking->recorder->report->stream, emitted->probe);
	unsigned int i;

	for (i = 0; schema && i < schema->nr_keys; i++)
		if (schema->keys[i].word + schema->keys[i].words > emitted->nr_words)
			return 0;
	for (i = 0; schema && i < schema->nr_keys; i++) {
		const struct ktally_field *field = &schema->keys[i];

		if (field->kind == KTALLY_KIND_KSTACK)
			ask_stack(asking, true, 0, emitted->words[field->word]);
		else if (field->kind == KTALLY_KIND_USTACK || field->kind == KTALLY_KIND_UDUMP)
			ask_stack(asking, false, image_of(schema, emitted->words), emitted->words[field->word]);
		else
			ask_field(asking, schema, i, emitted->words);
	}
	return asking->error;
}

/* ---- frames ---- */

struct list {
	struct ktally_recorded_frame *items;
	size_t nr, room;
};

static int add_item(const struct ktally_recorded_frame *frame, void *arg)
{
	struct list *list = arg;
	size_t room = list->room ? list->room * 2 : 1024;
	struct ktally_recorded_frame *items;

	if (list->nr == list->room) {
		items = realloc(list->items, room * sizeof(*items));
		if (!items)
			return -ENOMEM;
		list->items = items;
		list->room = room;
	}
	list->items[list->nr++] = *frame;
	return 0;
}

static int by_word(const void *a, const void *b)
{
	const struct ktally_recorded_frame *x = a, *y = b;

	if (x->kernel != y->kernel)
		return x->kernel ? 1 : -1;
	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	if (x->word != y->word)
		return x->word < y->word ? -1 : 1;
	return (int)x->caller - (int)y->caller;
}

struct frames {
	struct ktally_recorder *recorder;
	struct ktally_bytes bytes;
	uint32_t nr, in_chunk;
};

static void flush_frames(struct frames *frames)
{
	if (frames->in_chunk)
		keep_items(frames->recorder, KTALLY_CHUNK_FRAMES, frames->in_chunk, KTALLY_FRAME_BYTES, &frames->bytes);
	frames->in_chunk = 0;
}

/* What a frame is inlined into comes before it. Return: its number, from 1 */
static uint32_t put_frame(struct frames *frames, const struct ktally_recorded_frame *recorded, const struct ktally_frame *frame, unsigned int depth)
{
	uint32_t outer = frame->outer && depth < 255 ? put_frame(frames, NULL, frame->outer, depth + 1) : 0, flags = 0;
	struct ktally_bytes *bytes = &frames->bytes;

	if (recorded)
		flags = KTALLY_FRAME_LOOKED_UP | (recorded->kernel ? KTALLY_FRAME_OF_KERNEL : 0) | (recorded->caller ? KTALLY_FRAME_CALLER : 0);
	flags |= (frame->kernel ? KTALLY_FRAME_IN_KERNEL : 0) | (frame->guess ? KTALLY_FRAME_GUESS : 0);
	flags |= frame->unnamed ? KTALLY_FRAME_UNNAMED : 0;
	ktally_put_u64(bytes, recorded && !recorded->kernel ? recorded->image : 0);
	ktally_put_u64(bytes, recorded ? recorded->word : 0);
	ktally_put_u64(bytes, frame->address);
	ktally_put_u64(bytes, frame->symbol_address);
	ktally_put_u64(bytes, frame->map_start);
	ktally_put_u64(bytes, frame->map_end);
	ktally_put_u64(bytes, frame->map_offset);
	ktally_recorder_text(frames->recorder, bytes, frame->name);
	ktally_recorder_text(frames->recorder, bytes, frame->module);
	ktally_recorder_text(frames->recorder, bytes, frame->build_id);
	ktally_recorder_text(frames->recorder, bytes, frame->file);
	ktally_put_u32(bytes, frame->line);
	ktally_put_u32(bytes, outer);
	ktally_put_u32(bytes, frame->kind);
	ktally_put_u32(bytes, flags);
	if (++frames->in_chunk == FRAMES_AT_ONCE)
		flush_frames(frames);
	return ++frames->nr;
}

/* ---- mappings ---- */

struct maps {
	struct ktally_recorder *recorder;
	struct ktally_processes *procs;
	const struct list *list;
	struct ktally_strtab *paths;	/* "DEVICE:INODE:PATH" */
	char (*ids)[KTALLY_BUILD_ID_TEXT];	/* by number in @paths */
	uint32_t nr_ids;
	struct ktally_bytes bytes, names;
	uint64_t image, nr, nr_names;
};

/* Each file is looked at once, whoever mapped it. */
static const char *build_id_of(struct maps *maps, const struct ktally_map *map)
{
	char key[KTALLY_PATH_MAX + 64], (*ids)[KTALLY_BUILD_ID_TEXT];
	uint32_t id;
	int fd;

	if (map->build_id)
		return map->build_id;
	if (map->path[0] != '/' || ktally_processes_recorded(maps->procs))
		return "";
	snprintf(key, sizeof(key), "%x:%x:%llx:%s", map->dev_major, map->dev_minor, (unsigned long long)map->inode, map->path);
	id = ktally_strtab_add(maps->paths, key);
	if (id < maps->nr_ids)
		return maps->ids[id];
	ids = realloc(maps->ids, (id + 1) * sizeof(*ids));
	if (!ids)
		return "";
	memset(ids[maps->nr_ids], 0, (id + 1 - maps->nr_ids) * sizeof(*ids));
	maps->ids = ids;
	maps->nr_ids = id + 1;
	fd = ktally_processes_open(maps->procs, map, (uint32_t)(maps->image >> 32));
	if (fd >= 0) {
		ktally_file_build_id(fd, ids[id]);
		close(fd);
	}
	return ids[id];
}

static int put_map(const struct ktally_map *map, void *arg)
{
	struct maps *maps = arg;

	ktally_put_u64(&maps->bytes, maps->image);
	ktally_put_u64(&maps->bytes, map->start);
	ktally_put_u64(&maps->bytes, map->end);
	ktally_put_u64(&maps->bytes, map->offset);
	ktally_put_u64(&maps->bytes, map->inode);
	ktally_put_u32(&maps->bytes, map->dev_major);
	ktally_put_u32(&maps->bytes, map->dev_minor);
	ktally_recorder_text(maps->recorder, &maps->bytes, map->path);
	ktally_recorder_text(maps->recorder, &maps->bytes, build_id_of(maps, map));
	ktally_put_u32(&maps->bytes, map->deleted ? KTALLY_MAPPING_DELETED : 0);
	maps->nr++;
	return 0;
}

static void put_process(struct maps *maps)
{
	const char *comm = ktally_processes_comm(maps->procs, maps->image);

	if (!comm)
		return;
	ktally_put_u64(&maps->names, maps->image);
	ktally_recorder_text(maps->recorder, &maps->names, comm);
	ktally_put_u32(&maps->names, 0);
	maps->nr_names++;
}

static void put_maps(struct ktally_recorder *recorder, const struct list *list)
{
	struct maps maps = { .recorder = recorder, .list = list, .procs = ktally_symbolizer_processes(recorder->report->sym) };
	size_t i;

	maps.paths = ktally_strtab_new();
	if (!maps.paths)
		recorder->error = -ENOMEM;
	for (i = 0; maps.procs && maps.paths && i < list->nr; i++) {
		if (list->items[i].kernel || (i && list->items[i].image == list->items[i - 1].image))
			continue;
		maps.image = list->items[i].image;
		ktally_processes_each(maps.procs, maps.image, put_map, &maps);
		put_process(&maps);
	}
	keep_items(recorder, KTALLY_CHUNK_MAPPINGS, maps.nr, KTALLY_MAPPING_BYTES, &maps.bytes);
	keep_items(recorder, KTALLY_CHUNK_PROCESSES, maps.nr_names, KTALLY_PROCESS_BYTES, &maps.names);
	ktally_strtab_free(maps.paths);
	free(maps.ids);
}

static void put_frames(struct ktally_recorder *recorder)
{
	struct frames frames = { .recorder = recorder };
	struct list list = { 0 };
	size_t i;
	int ret = ktally_symbolizer_each(recorder->report->sym, add_item, &list);

	if (list.nr)
		qsort(list.items, list.nr, sizeof(*list.items), by_word);
	for (i = 0; i < list.nr; i++)
		put_frame(&frames, &list.items[i], list.items[i].frame, 0);
	flush_frames(&frames);
	put_maps(recorder, &list);
	free(list.items);
	recorder->error = recorder->error ? recorder->error : ret;
}

void ktally_record_names(struct ktally_recorder *recorder)
{
	struct asking asking = { .recorder = recorder, .seen = ktally_stackset_new() };
	int ret = 0;

	if (!asking.seen) {
		recorder->error = -ENOMEM;
		return;
	}
	ask_tables(&asking);
	if (recorder->report->stream)
		ret = ktally_stream_each(recorder->report->stream, ask_event, &asking);
	ktally_stackset_free(asking.seen);
	keep_items(recorder, KTALLY_CHUNK_TEXTS, asking.nr_texts, KTALLY_TEXT_BYTES, &asking.texts);
	if (!recorder->error)
		recorder->error = ret ? ret : asking.error;
	if (recorder->report->sym)
		put_frames(recorder);
}
