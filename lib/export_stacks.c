// SPDX-License-Identifier: LGPL-2.1-or-later
/* Turns the rows of tables with stacks into weighted paths of frames, for every exporter that draws or lists stacks. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "demangle.h"
#include "export.h"
#include "units.h"
#include "utf8.h"

#define PATH_FRAMES_MAX (2 * KTALLY_STACK_DEPTH_MAX + 8)

bool ktally_kind_is_stack(enum ktally_kind kind)
{
	return kind == KTALLY_KIND_KSTACK || kind == KTALLY_KIND_USTACK || kind == KTALLY_KIND_IMAGE;
}

bool ktally_table_has_stack(const struct ktally_table *table)
{
	unsigned int i;

	for (i = 0; i < table->schema.nr_keys; i++)
		if (table->schema.keys[i].kind == KTALLY_KIND_KSTACK || table->schema.keys[i].kind == KTALLY_KIND_USTACK)
			return true;
	return false;
}

bool ktally_table_whole(const struct ktally_table *table)
{
	return !table->schema.nr_keys;
}

void ktally_key_label(const struct ktally_schema *schema, unsigned int n, char *buf, size_t size)
{
	unsigned int i, same = 1;

	for (i = 0; i < n; i++)
		same += !strcmp(schema->keys[i].name, schema->keys[n].name);
	if (same == 1)
		snprintf(buf, size, "%s", schema->keys[n].name);
	else
		snprintf(buf, size, "%s_%u", schema->keys[n].name, same);
}

/* ---- weight ---- */

static int sum_column(const struct ktally_schema *schema)
{
	unsigned int i;

	for (i = 0; i < schema->nr_values; i++) {
		const struct ktally_value *value = &schema->values[i];

		if (value->kind != KTALLY_KIND_NS && value->kind != KTALLY_KIND_BYTES)
			continue;
		if (value->column.kind == KTALLY_COLUMN_SUM || value->column.kind == KTALLY_COLUMN_AVG ||
		    value->column.kind == KTALLY_COLUMN_VAR)
			return i;
	}
	return -1;
}

static void weigh_hits(const struct ktally_report *report, struct ktally_weight *weight)
{
	weight->unit = KTALLY_KIND_UINT;
	snprintf(weight->name, sizeof(weight->name), report->period_ns ? "samples" : "hits");
}

void ktally_weight_choose(const struct ktally_report *report, struct ktally_weight *weight)
{
	const struct ktally_snapshot *snapshot = report->snapshot;
	bool found = false;
	unsigned int i;
	int column;

	weigh_hits(report, weight);
	for (i = 0; i < snapshot->nr_tables && !report->period_ns; i++) {
		const struct ktally_schema *schema = &snapshot->tables[i].schema;

		if (!ktally_table_has_stack(&snapshot->tables[i]))
			continue;
		column = sum_column(schema);
		if (column < 0 || (found && schema->values[column].kind != weight->unit)) {
			weigh_hits(report, weight);
			return;
		}
		if (!found) {
			weight->unit = schema->values[column].kind;
			ktally_column_bare(&schema->values[column], weight->name, sizeof(weight->name));
		}
		found = true;
	}
}

static int row_weight(const struct ktally_table *table, const struct ktally_row *row, const struct ktally_weight *weight,
		      uint64_t *result, struct ktally_error *err)
{
	const uint64_t *cells;
	int column;

	*result = row->hits;
	if (weight->unit == KTALLY_KIND_UINT)
		return 0;
	column = sum_column(&table->schema);
	cells = ktally_cells(&table->schema, row, column);
	*result = cells[0];
	if ((int64_t)cells[0] >= 0)
		return 0;
	return ktally_fail(err, -ERANGE, "column %s of %s has a negative sum, which has no width in a picture of stacks; filter negative values out, or count hits instead of %s",
			   weight->name, table->schema.name, weight->name);
}

/* ---- names ---- */

/* The file that tells functions of one name apart: of Python that of the source. */
static const char *file_of(const struct ktally_frame *frame)
{
	return frame->kind == KTALLY_FRAME_PYTHON && *frame->file ? frame->file : frame->module;
}

/*
 * What has no name of its own is named after its file: "[libfoo.so]", "<module> (app.py)". What may not belong to the stack is marked.
 */
static uint32_t frame_name(struct ktally_strtab *names, const struct ktally_frame *frame)
{
	const char *file = file_of(frame), *base = strrchr(file, '/');
	const char *mark = frame->guess ? KTALLY_GUESS_MARK : "", *name = frame->name;
	char text[KTALLY_DEMANGLED_MAX + 8];
	uint32_t id;
	char *clean;

	base = base ? base + 1 : file;
	if (frame->kind == KTALLY_FRAME_PYTHON && *name == '<')
		snprintf(text, sizeof(text), "%s%s (%s)", mark, name, base);
	else if (!strcmp(name, "[unknown]") && *base)
		snprintf(text, sizeof(text), *base == '[' ? "%s%s" : "%s[%s]", mark, base);
	else
		snprintf(text, sizeof(text), "%s%s", mark, name);
	clean = ktally_utf8_clean(text, 0, 0);
	id = ktally_strtab_add(names, clean ? clean : "[no memory]");
	free(clean);
	return id;
}

static uint32_t clean_name(struct ktally_strtab *names, const char *text)
{
	char *clean = ktally_utf8_clean(text, 0, 0);
	uint32_t id = ktally_strtab_add(names, clean ? clean : "[no memory]");

	free(clean);
	return id;
}

static enum ktally_frame_class frame_class(const struct ktally_frame *frame)
{
	if (!frame->kernel)
		return frame->outer ? KTALLY_CLASS_INLINED : KTALLY_CLASS_USER;
	return *frame->module && strcmp(frame->module, "[kernel]") ? KTALLY_CLASS_MODULE : KTALLY_CLASS_KERNEL;
}

/* ---- paths ---- */

struct walk {
	const struct ktally_report *report;
	const struct ktally_weight *weight;
	struct ktally_strtab *names;
	struct ktally_stack_view view;
	struct ktally_path path;
	unsigned int flags, room;
	bool many;
};

static void add_note(struct walk *walk, enum ktally_frame_class class, const char *text)
{
	struct ktally_path *path = &walk->path;
	struct ktally_call_step *step = &path->steps[path->nr];

	step->name = clean_name(walk->names, text);
	step->module = 0;
	step->class = class;
	path->frames[path->nr++] = NULL;
}

static void add_frame(struct walk *walk, const struct ktally_frame *frame)
{
	struct ktally_path *path = &walk->path;
	struct ktally_call_step *step = &path->steps[path->nr];

	if (!frame->address) {	/* stands for a stack that is not there */
		add_note(walk, KTALLY_CLASS_NOTE, frame->name);
		return;
	}
	step->name = frame_name(walk->names, frame);
	step->module = clean_name(walk->names, file_of(frame));
	step->class = frame_class(frame);
	path->frames[path->nr++] = frame;
}

static int need_room(struct walk *walk, unsigned int frames)
{
	unsigned int room = frames + 8;
	void *p;

	if (room <= walk->room)
		return 0;
	p = realloc(walk->path.steps, room * sizeof(*walk->path.steps));
	if (!p)
		return -ENOMEM;
	walk->path.steps = p;
	p = realloc(walk->path.frames, room * sizeof(*walk->path.frames));
	if (!p)
		return -ENOMEM;
	walk->path.frames = p;
	walk->room = room;
	return 0;
}

static void add_roots(struct walk *walk)
{
	const struct ktally_path *path = &walk->path;
	const struct ktally_schema *schema = &path->table->schema;
	unsigned int i;
	char comm[256];

	if (walk->many)
		add_note(walk, KTALLY_CLASS_NOTE, schema->name);
	for (i = 0; i < schema->nr_keys && !path->other; i++) {
		const struct ktally_field *key = &schema->keys[i];

		if (key->kind != KTALLY_KIND_STRING || strcmp(key->name, "comm"))
			continue;
		if (ktally_format_field(walk->report->sym, key, path->row->key, comm, sizeof(comm)) < 0)
			snprintf(comm, sizeof(comm), "[bad comm]");
		add_note(walk, KTALLY_CLASS_PROCESS, comm);
		break;
	}
}

static int add_stack(struct walk *walk)
{
	const struct ktally_path *path = &walk->path;
	struct ktally_stack_view *view = &walk->view;
	unsigned int i;
	int ret;

	ret = ktally_row_stack(walk->report, path->table, path->row, view);
	if (ret < 0)
		return ret;
	if (need_room(walk, view->nr))
		return -ENOMEM;
	for (i = 0; i < view->nr; i++)
		add_frame(walk, view->frames[i]);
	return 0;
}

static int walk_row(struct walk *walk, const struct ktally_row *row, bool other, ktally_path_fn fn, void *arg, struct ktally_error *err)
{
	struct ktally_path *path = &walk->path;
	int ret;

	if (!row->hits)
		return 0;
	path->row = row;
	path->other = other;
	path->nr = 0;
	ret = row_weight(path->table, row, walk->weight, &path->weight, err);
	if (ret)
		return ret;
	if (walk->flags & KTALLY_WALK_ROOTS)
		add_roots(walk);
	if (other)
		add_note(walk, KTALLY_CLASS_NOTE, "[other: the table was full]");
	else
		ret = add_stack(walk);
	if (!ret)
		ret = ktally_strtab_error(walk->names);
	if (ret)
		return ktally_fail(err, ret, "cannot lay out the stacks of %s: %s", path->table->schema.name, strerror(-ret));
	return fn(path, arg, err);
}

static int walk_table(struct walk *walk, const struct ktally_table *table, ktally_path_fn fn, void *arg, struct ktally_error *err)
{
	size_t i;
	int ret = 0;

	walk->path.table = table;
	for (i = 0; i < table->nr_rows && !ret; i++)
		ret = walk_row(walk, &table->rows[i], false, fn, arg, err);
	return ret ? ret : walk_row(walk, &table->other, true, fn, arg, err);
}

static int walk_begin(struct walk *walk, struct ktally_error *err)
{
	if (!walk->report->sym)
		return ktally_fail(err, -EINVAL, "the report has stacks but no symbolizer to name their frames");
	if (!need_room(walk, PATH_FRAMES_MAX))
		return 0;
	return ktally_fail(err, -ENOMEM, "no memory for a stack of %d frames", PATH_FRAMES_MAX);
}

static void walk_end(struct walk *walk)
{
	ktally_stack_view_clear(&walk->view);
	free(walk->path.steps);
	free(walk->path.frames);
}

int ktally_walk_table(const struct ktally_report *report, const struct ktally_table *table, const struct ktally_weight *weight,
		      unsigned int flags, struct ktally_strtab *names, ktally_path_fn fn, void *arg, struct ktally_error *err)
{
	struct walk walk = { .report = report, .weight = weight, .names = names, .flags = flags };
	int ret = walk_begin(&walk, err);

	if (!ret)
		ret = walk_table(&walk, table, fn, arg, err);
	walk_end(&walk);
	return ret;
}

int ktally_walk_stacks(const struct ktally_report *report, const struct ktally_weight *weight, unsigned int flags,
		       struct ktally_strtab *names, ktally_path_fn fn, void *arg, struct ktally_error *err)
{
	struct walk walk = { .report = report, .weight = weight, .names = names, .flags = flags };
	const struct ktally_snapshot *snapshot = report->snapshot;
	unsigned int i, with = 0;
	int ret = walk_begin(&walk, err);

	for (i = 0; i < snapshot->nr_tables; i++)
		with += ktally_table_has_stack(&snapshot->tables[i]);
	walk.many = with > 1;
	for (i = 0; i < snapshot->nr_tables && !ret; i++)
		if (ktally_table_has_stack(&snapshot->tables[i]))
			ret = walk_table(&walk, &snapshot->tables[i], fn, arg, err);
	walk_end(&walk);
	return ret;
}

static int add_to_tree(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	int ret = ktally_calltree_add(arg, path->steps, path->nr, path->weight);

	if (ret)
		return ktally_fail(err, ret, "cannot merge the stacks of %s: %s", path->table->schema.name, strerror(-ret));
	return 0;
}

int ktally_build_calltree(const struct ktally_report *report, const struct ktally_weight *weight, struct ktally_calltree **tree,
			  struct ktally_strtab **names, struct ktally_error *err)
{
	int ret = -ENOMEM;

	*tree = ktally_calltree_new();
	*names = ktally_strtab_new();
	if (*tree && *names) {
		ret = ktally_walk_stacks(report, weight, KTALLY_WALK_ROOTS, *names, add_to_tree, *tree, err);
		if (!ret)
			ret = ktally_calltree_sort(*tree, *names);
	}
	if (!ret)
		return 0;
	ktally_calltree_free(*tree);
	ktally_strtab_free(*names);
	*tree = NULL;
	*names = NULL;
	if (ret == -ENOMEM)
		ktally_fail(err, ret, "no memory for the tree of stacks");
	return ret;
}
