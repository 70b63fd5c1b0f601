// SPDX-License-Identifier: LGPL-2.1-or-later
/* One table of the text report: top rows in aligned columns, with their stacks and histograms below them. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "export_text.h"
#include "grid.h"
#include "units.h"
#include "utf8.h"

#define ROWS_PLAIN	50	/* rows shown of a table whose rows are one line each */
#define ROWS_TALL	20	/* ... that have stacks or histograms below them */
#define BAR_WIDTH	40
#define GAP_LINES	6	/* more empty buckets in a row than that are shown as one line */

struct text {
	const struct ktally_report *report;
	const struct ktally_table *table;
	FILE *out;
	uint64_t total;
	bool stacks, hists;
};

uint64_t ktally_text_hits(const struct ktally_table *table)
{
	uint64_t hits = table->other.hits;
	size_t i;

	for (i = 0; i < table->nr_rows; i++)
		hits += table->rows[i].hits;
	return hits;
}

/* ---- cells ---- */

static bool is_text(enum ktally_kind kind)
{
	return kind == KTALLY_KIND_STRING || kind == KTALLY_KIND_SYSCALL || kind == KTALLY_KIND_KSYM || kind == KTALLY_KIND_USYM ||
	       kind == KTALLY_KIND_STATE || kind == KTALLY_KIND_ERRNO || kind == KTALLY_KIND_CONTAINER || kind == KTALLY_KIND_POD;
}

/* Of the ids of containers people see as much as their own tools show. */
static void shorten_id(char *text)
{
	if (strspn(text, "0123456789abcdef") == 64 && !text[64])
		text[12] = '\0';
}

static const char *hits_name(const struct ktally_report *report)
{
	return report->hits ? report->hits : report->period_ns ? "samples" : "hits";
}

/* Quantiles that stand for a histogram where bars would be too tall. */
static const struct {
	const char *name;
	double q;
} quantiles[] = { { "p50", 0.50 }, { "p99", 0.99 } };
#define NR_QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

static void add_quantile_columns(const struct ktally_schema *schema, unsigned int n, struct ktally_grid *grid)
{
	char bare[64], name[96];
	unsigned int i, hists = 0;

	for (i = 0; i < schema->nr_values; i++)
		hists += schema->values[i].column.kind == KTALLY_COLUMN_HIST;
	ktally_column_bare(&schema->values[n], bare, sizeof(bare));
	for (i = 0; i < NR_QUANTILES; i++) {
		snprintf(name, sizeof(name), hists > 1 ? "%s(%s)" : "%s", quantiles[i].name, bare);
		ktally_grid_column(grid, name, true);
	}
}

static void add_quantiles(const struct ktally_schema *schema, const struct ktally_row *row, unsigned int n, struct ktally_grid *grid)
{
	char text[64];
	unsigned int i;

	for (i = 0; i < NR_QUANTILES; i++) {
		double value = ktally_row_quantile(schema, row, n, quantiles[i].q);

		if (isnan(value))
			snprintf(text, sizeof(text), "-");
		else
			ktally_units_scaled(schema->values[n].kind, rint(value), text, sizeof(text));
		ktally_grid_cell(grid, text);
	}
}

static void add_columns(const struct text *text, struct ktally_grid *grid)
{
	const struct ktally_schema *schema = &text->table->schema;
	unsigned int i;
	char name[96];

	for (i = 0; i < schema->nr_keys; i++) {
		if (ktally_kind_is_stack(schema->keys[i].kind))
			continue;
		ktally_key_label(schema, i, name, sizeof(name));
		ktally_grid_column(grid, name, !is_text(schema->keys[i].kind));
	}
	ktally_grid_column(grid, hits_name(text->report), true);
	ktally_grid_column(grid, "%", true);
	for (i = 0; i < schema->nr_values; i++) {
		const struct ktally_value *value = &schema->values[i];

		if (value->column.kind == KTALLY_COLUMN_HIST && text->report->quantiles)
			add_quantile_columns(schema, i, grid);
		if (ktally_column_below(&value->column))
			continue;
		ktally_column_label(schema, i, name, sizeof(name));
		if (value->column.kind == KTALLY_COLUMN_VAR)	/* "var(" becomes "avg(" and its deviation beside it */
			memcpy(name, "avg", 3);
		ktally_grid_column(grid, name, true);
		if (value->column.kind == KTALLY_COLUMN_VAR)
			ktally_grid_column(grid, "+-", true);
	}
}

static void add_value(const struct ktally_value *value, const struct ktally_row *row, const uint64_t *cells, struct ktally_grid *grid)
{
	double mean, stddev;
	char text[64];

	switch (value->column.kind) {
	case KTALLY_COLUMN_COUNT:
	case KTALLY_COLUMN_HIST:
	case KTALLY_COLUMN_EXEMPLAR:
		return;
	case KTALLY_COLUMN_AVG:
	case KTALLY_COLUMN_VAR:
		ktally_cells_stats(value, row, cells, &mean, &stddev);
		ktally_units_scaled(value->kind, mean, text, sizeof(text));
		ktally_grid_cell(grid, text);
		if (value->column.kind == KTALLY_COLUMN_AVG)
			return;
		ktally_units_scaled(value->kind, stddev, text, sizeof(text));
		ktally_grid_cell(grid, text);
		return;
	default:
		if (ktally_cells_none(value, cells))
			snprintf(text, sizeof(text), "-");
		else
			ktally_units_int(value->kind, ktally_cells_int(value, cells), text, sizeof(text));
		ktally_grid_cell(grid, text);
	}
}

static void add_row(const struct text *text, const struct ktally_row *row, bool other, struct ktally_grid *grid)
{
	const struct ktally_schema *schema = &text->table->schema;
	const char *name = "*other*";
	char cell[1024];
	unsigned int i;

	for (i = 0; i < schema->nr_keys; i++) {
		if (ktally_kind_is_stack(schema->keys[i].kind))
			continue;
		if (other)
			snprintf(cell, sizeof(cell), "%s", name);
		else if (ktally_format_key(text->report->sym, schema, i, row->key, cell, sizeof(cell)) < 0)
			snprintf(cell, sizeof(cell), "?");
		if (!other && (schema->keys[i].kind == KTALLY_KIND_CONTAINER || schema->keys[i].kind == KTALLY_KIND_POD))
			shorten_id(cell);
		ktally_grid_cell(grid, cell);
		name = "";
	}
	snprintf(cell, sizeof(cell), "%" PRIu64, row->hits);
	ktally_grid_cell(grid, cell);
	snprintf(cell, sizeof(cell), "%.2f", text->total ? 100.0 * row->hits / text->total : 0);
	ktally_grid_cell(grid, cell);
	for (i = 0; i < schema->nr_values; i++) {
		if (schema->values[i].column.kind == KTALLY_COLUMN_HIST && text->report->quantiles)
			add_quantiles(schema, row, i, grid);
		add_value(&schema->values[i], row, ktally_cells(schema, row, i), grid);
	}
}

/* ---- below a row ---- */

struct stack_text {
	struct ktally_strtab *names;
	FILE *out;
};

/* Where it is in the machine's memory; of what is inlined, and of an interpreter's code, that says nothing. */
static void put_offset(FILE *out, const struct ktally_frame *frame)
{
	if (frame->outer || frame->kind == KTALLY_FRAME_PYTHON || frame->kind == KTALLY_FRAME_MARK)
		return;
	if (frame->symbol_address && frame->symbol_address <= frame->address)
		fprintf(out, "+0x%" PRIx64, frame->address - frame->symbol_address);
	else
		fprintf(out, " 0x%" PRIx64, frame->address);
}

static void put_source(FILE *out, const struct ktally_frame *frame)
{
	char *file = ktally_utf8_clean(frame->file && *frame->file ? frame->file : "", 0, 0);

	if (file && *file && frame->line)
		fprintf(out, " %s:%u", file, frame->line);
	else if (file && *file)
		fprintf(out, " %s", file);
	free(file);
}

static void put_frame(FILE *out, const struct ktally_frame *frame, const char *other)
{
	char *name = ktally_utf8_clean(frame ? frame->name : other, 0, 0);
	char *module = ktally_utf8_clean(frame ? frame->module : "", 0, 0);

	if (name && module) {
		fprintf(out, "        %s%s", frame && frame->guess ? KTALLY_GUESS_MARK : "", name);
		if (frame)
			put_offset(out, frame);
		if (frame && frame->outer)
			fputs(" (inlined)", out);
		else if (*module)
			fprintf(out, *module == '[' ? " %s" : " (%s)", module);
		if (frame)
			put_source(out, frame);
		fputc('\n', out);
	}
	free(name);
	free(module);
}

/* Innermost first, as kernel logs and debuggers list them. */
static int put_frames(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	const struct stack_text *text = arg;
	unsigned int i;

	(void)err;
	if (path->other)
		return 0;
	for (i = path->nr; i--;)
		put_frame(text->out, path->frames[i], ktally_strtab_get(text->names, path->steps[i].name));
	return 0;
}

static int put_stack(const struct text *text, const struct ktally_row *row, struct ktally_error *err)
{
	static const struct ktally_weight hits = { .unit = KTALLY_KIND_UINT };
	struct stack_text stack = { .names = ktally_strtab_new(), .out = text->out };
	struct ktally_table one = *text->table;
	int ret;

	if (!stack.names)
		return ktally_fail(err, -ENOMEM, "no memory for the names of a stack");
	one.rows = (struct ktally_row *)row;
	one.nr_rows = 1;
	one.other.hits = 0;
	ret = ktally_walk_table(text->report, &one, &hits, 0, stack.names, put_frames, &stack, err);
	ktally_strtab_free(stack.names);
	return ret;
}

static void bucket_label(const struct ktally_value *value, unsigned int n, char *buf, size_t size)
{
	char from[40], to[40];
	int64_t lo, hi;

	if (ktally_hist_range(&value->column, n, &lo, &hi)) {
		snprintf(buf, size, "bucket %u", n);
		return;
	}
	ktally_units_bound(value->kind, lo, from, sizeof(from));
	ktally_units_bound(value->kind, hi, to, sizeof(to));
	if (hi == lo + 1)
		snprintf(buf, size, "[%s]", from);
	else
		snprintf(buf, size, "%s%s, %s)", lo == INT64_MIN ? "(" : "[", from, to);
}

static void put_bar(FILE *out, uint64_t count, uint64_t most)
{
	unsigned int n = (double)count / most * BAR_WIDTH + 0.5, i;

	fputc('|', out);
	for (i = 0; i < BAR_WIDTH; i++)
		fputc(i < n ? '@' : ' ', out);
	fputs("|\n", out);
}

static int empty_buckets(const uint64_t *cells, int from, int last)
{
	int nr = 0;

	while (from + nr <= last && !cells[from + nr])
		nr++;
	return nr;
}

/* Buckets from the first to the last that is not empty: a gap is part of the picture, if it is not too long. */
static void put_hist(const struct text *text, const struct ktally_row *row, unsigned int column)
{
	const struct ktally_value *value = &text->table->schema.values[column];
	const uint64_t *cells = ktally_cells(&text->table->schema, row, column);
	int nr = ktally_column_buckets(&value->column), first = -1, last = -1, i, width = 0;
	uint64_t most = 0;
	char label[96];

	for (i = 0; i < nr; i++) {
		if (!cells[i])
			continue;
		first = first < 0 ? i : first;
		last = i;
		most = cells[i] > most ? cells[i] : most;
	}
	if (first < 0)
		return;
	for (i = first; i <= last; i++) {
		bucket_label(value, i, label, sizeof(label));
		width = (int)strlen(label) > width ? (int)strlen(label) : width;
	}
	ktally_column_label(&text->table->schema, column, label, sizeof(label));
	fprintf(text->out, "    %s\n", label);
	for (i = first; i <= last; i++) {
		int gap = empty_buckets(cells, i, last);

		if (gap > GAP_LINES) {
			fprintf(text->out, "        ... %d empty\n", gap);
			i += gap;
		}
		bucket_label(value, i, label, sizeof(label));
		fprintf(text->out, "        %-*s %10" PRIu64 " ", width, label, cells[i]);
		put_bar(text->out, cells[i], most);
	}
}

/* "slowest(lat): 12.3 ms, 1.234567 s after the start, process 12, thread 13, CPU 1", and its stack. */
static int put_exemplar(const struct text *text, unsigned int column, const struct ktally_exemplar *exemplar, struct ktally_error *err)
{
	const struct ktally_schema *schema = &text->table->schema;
	const struct ktally_value *value = &schema->values[column];
	uint64_t start = text->report->start_ns, time = exemplar->time;
	struct ktally_stack_view view = { 0 };
	char number[64], bare[64];
	int nr, i;

	ktally_column_bare(value, bare, sizeof(bare));
	ktally_units_int(value->kind, (int64_t)exemplar->value, number, sizeof(number));
	fprintf(text->out, "        %s of %s: at %.6f s%s, process %" PRIu64 ", thread %u, CPU %u\n", number, bare,
		(start && time >= start ? time - start : time) / 1e9, start && time >= start ? "" : " of the monotonic clock",
		(uint64_t)exemplar->image >> 32, exemplar->tid, exemplar->cpu);
	nr = ktally_exemplar_stack(text->report, value, exemplar, &view);
	for (i = nr; i-- > 0;)
		put_frame(text->out, view.frames[i], "?");
	ktally_stack_view_clear(&view);
	return nr == -ENOMEM ? ktally_fail(err, nr, "no memory for the stack of an exemplar") : 0;
}

static int put_exemplars(const struct text *text, const struct ktally_row *row, unsigned int column, struct ktally_error *err)
{
	const struct ktally_value *value = &text->table->schema.values[column];
	const uint64_t *cells = ktally_cells(&text->table->schema, row, column);
	int nr = value->column.kind == KTALLY_COLUMN_HIST ? ktally_column_buckets(&value->column) : 1, i, ret = 0;
	bool told = false;

	for (i = nr; i-- > 0 && !ret;) {
		const struct ktally_exemplar *exemplar = ktally_cells_exemplar(value, cells, i);

		if (!exemplar)
			continue;
		if (!told)
			fprintf(text->out, value->column.kind == KTALLY_COLUMN_HIST ? "    one of each bucket\n" : "    the largest\n");
		told = true;
		ret = put_exemplar(text, column, exemplar, err);
	}
	return ret;
}

static bool has_exemplars(const struct ktally_column *column)
{
	return column->kind == KTALLY_COLUMN_EXEMPLAR || (column->kind == KTALLY_COLUMN_HIST && column->flags & KTALLY_COLUMN_EXEMPLARS);
}

static int put_below(const struct text *text, const struct ktally_row *row, bool other, struct ktally_error *err)
{
	const struct ktally_schema *schema = &text->table->schema;
	unsigned int i;
	int ret = 0;

	if (text->stacks && !other)
		ret = put_stack(text, row, err);
	for (i = 0; i < schema->nr_values && !ret; i++)
		if (schema->values[i].column.kind == KTALLY_COLUMN_HIST && !text->report->quantiles)
			put_hist(text, row, i);
	for (i = 0; i < schema->nr_values && !ret; i++)
		if (has_exemplars(&schema->values[i].column))
			ret = put_exemplars(text, row, i, err);
	if (text->stacks || text->hists)
		fputc('\n', text->out);
	return ret;
}

/* ---- the table ---- */

static int sort_column(const struct ktally_schema *schema)
{
	unsigned int i;

	for (i = 0; i < schema->nr_values; i++)
		if (!ktally_column_below(&schema->values[i].column))
			return i;
	return -1;
}

static int put_rows(const struct text *text, const struct ktally_table *sorted, struct ktally_error *err)
{
	size_t limit = text->stacks || text->hists ? ROWS_TALL : ROWS_PLAIN, shown, i;
	bool other = text->table->other.hits != 0;
	struct ktally_grid grid = { 0 };
	uint64_t hidden = 0;
	int ret = 0;

	if (text->report->top)
		limit = text->report->top;
	shown = sorted->nr_rows < limit ? sorted->nr_rows : limit;
	add_columns(text, &grid);
	for (i = 0; i < sorted->nr_rows; i++) {
		if (i < shown)
			add_row(text, &sorted->rows[i], false, &grid);
		else
			hidden += sorted->rows[i].hits;
	}
	if (other)
		add_row(text, &text->table->other, true, &grid);
	ktally_grid_put(&grid, 0, 4, text->out);
	for (i = 0; i < shown && !ret; i++) {
		ktally_grid_put(&grid, i + 1, 4, text->out);
		ret = put_below(text, &sorted->rows[i], false, err);
	}
	if (shown < sorted->nr_rows)
		fprintf(text->out, "    ... and %zu more rows with %" PRIu64 " hits (json and csv have all)\n", sorted->nr_rows - shown, hidden);
	if (other) {
		ktally_grid_put(&grid, shown + 1, 4, text->out);
		fprintf(text->out, "    *other*: keys that found no room in the table; give it more rows (rows=)\n");
		put_below(text, &text->table->other, true, err);
	}
	if (!ret && grid.error)
		ret = ktally_fail(err, grid.error, "cannot lay out table %s: %s", text->table->schema.name, strerror(-grid.error));
	ktally_grid_free(&grid);
	return ret;
}

int ktally_text_table(const struct ktally_report *report, const struct ktally_table *table, FILE *out, struct ktally_error *err)
{
	struct text text = { .report = report, .table = table, .out = out, .total = ktally_text_hits(table) };
	struct ktally_table sorted = *table;
	unsigned int i;
	int ret;

	text.stacks = ktally_table_has_stack(table);
	for (i = 0; i < table->schema.nr_values; i++)
		text.hists |= has_exemplars(&table->schema.values[i].column) ||
			      (table->schema.values[i].column.kind == KTALLY_COLUMN_HIST && !report->quantiles);
	if (!text.total) {
		fprintf(out, "    nothing was seen\n");
		return 0;
	}
	sorted.rows = malloc((table->nr_rows + 1) * sizeof(*sorted.rows));
	if (!sorted.rows)
		return ktally_fail(err, -ENOMEM, "no memory to sort %zu rows", table->nr_rows);
	sorted.nr_rows = 0;
	for (i = 0; i < table->nr_rows; i++)
		if (table->rows[i].hits)
			sorted.rows[sorted.nr_rows++] = table->rows[i];
	if (!report->sorted)
		ktally_table_sort(&sorted, sort_column(&table->schema));
	ret = put_rows(&text, &sorted, err);
	free(sorted.rows);
	return ret;
}
