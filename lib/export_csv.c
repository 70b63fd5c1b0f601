// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes all tables as one CSV file (RFC 4180) under one header that is the union of their columns:
 * [table] other, keys, [stack], hits, values, [hist, lo, hi, count].
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "export_folded.h"
#include "units.h"
#include "utf8.h"

/* Names of the header; a line is one optional text for each. */
struct csv {
	const struct ktally_report *report;
	FILE *out;
	struct ktally_strtab *strings;	/* for walks; the header's names have an own one */
	struct ktally_strtab *header;	/* column n is number n + 1 */
	char **line;
	uint32_t width;
	bool tables, stacks, hists;
	int error;
};

static const char *const fixed[] = { "table", "other", "stack", "hits", "hist", "lo", "hi", "count" };

static bool is_fixed(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (!strcmp(fixed[i], name))
			return true;
	return false;
}

static void key_name(const struct ktally_schema *schema, unsigned int n, char *buf, size_t size)
{
	char label[80];

	ktally_key_label(schema, n, label, sizeof(label));
	snprintf(buf, size, is_fixed(label) ? "%s_key" : "%s", label);
}

/* Name of value column @n, or of a number made from it: "mean(delta)". */
static void value_name(const struct ktally_schema *schema, unsigned int n, const char *stat, char *buf, size_t size)
{
	char label[96];

	ktally_column_label(schema, n, label, sizeof(label));
	if (stat)	/* "var(delta)_2" becomes "mean(delta)_2" */
		snprintf(buf, size, "%s%s", stat, label + strcspn(label, "("));
	else
		snprintf(buf, size, is_fixed(label) ? "%s_value" : "%s", label);
}

/* ---- one line ---- */

static void put_cell(FILE *out, const char *text)
{
	char *clean;

	if (!text || !*text)
		return;
	clean = ktally_utf8_clean(text, 0, 0);
	if (clean && !strpbrk(clean, ",\"") && *clean != ' ' && clean[strlen(clean) - 1] != ' ') {
		fputs(clean, out);
	} else if (clean) {
		fputc('"', out);
		for (text = clean; *text; text++)
			fputs(*text == '"' ? "\"\"" : (char [2]){ *text, '\0' }, out);
		fputc('"', out);
	}
	free(clean);
}

static void set_cell(struct csv *csv, const char *column, const char *text)
{
	uint32_t id = ktally_strtab_add(csv->header, column);

	if (id >= csv->width) {		/* only when the header's memory ran out */
		csv->error = -ENOMEM;
		return;
	}
	free(csv->line[id]);
	csv->line[id] = strdup(text);
	if (!csv->line[id])
		csv->error = -ENOMEM;
}

static void end_line(struct csv *csv)
{
	uint32_t i;

	for (i = 1; i < csv->width; i++) {
		if (i > 1)
			fputc(',', csv->out);
		put_cell(csv->out, csv->line[i]);
		free(csv->line[i]);
		csv->line[i] = NULL;
	}
	fputs("\r\n", csv->out);
}

/* ---- header ---- */

static void add_values(struct csv *csv, const struct ktally_schema *schema)
{
	unsigned int i;
	char name[96];

	for (i = 0; i < schema->nr_values; i++) {
		const struct ktally_value *value = &schema->values[i];

		if (value->column.kind == KTALLY_COLUMN_HIST) {
			csv->hists = true;
		} else if (value->column.kind == KTALLY_COLUMN_VAR) {
			value_name(schema, i, "mean", name, sizeof(name));
			ktally_strtab_add(csv->header, name);
			value_name(schema, i, "stddev", name, sizeof(name));
			ktally_strtab_add(csv->header, name);
		} else if (!ktally_column_below(&value->column)) {
			value_name(schema, i, NULL, name, sizeof(name));
			ktally_strtab_add(csv->header, name);
		}
	}
}

static void add_keys(struct csv *csv, const struct ktally_schema *schema)
{
	unsigned int i;
	char name[96];

	for (i = 0; i < schema->nr_keys; i++) {
		if (ktally_kind_is_stack(schema->keys[i].kind)) {
			csv->stacks = true;
			continue;
		}
		key_name(schema, i, name, sizeof(name));
		ktally_strtab_add(csv->header, name);
	}
}

static int make_header(struct csv *csv)
{
	const struct ktally_snapshot *snapshot = csv->report->snapshot;
	uint32_t i;

	csv->tables = snapshot->nr_tables > 1;
	if (csv->tables)
		ktally_strtab_add(csv->header, "table");
	ktally_strtab_add(csv->header, "other");
	for (i = 0; i < snapshot->nr_tables; i++)
		add_keys(csv, &snapshot->tables[i].schema);
	if (csv->stacks)
		ktally_strtab_add(csv->header, "stack");
	ktally_strtab_add(csv->header, "hits");
	for (i = 0; i < snapshot->nr_tables; i++)
		add_values(csv, &snapshot->tables[i].schema);
	for (i = 4; i < 8 && csv->hists; i++)
		ktally_strtab_add(csv->header, fixed[i]);
	csv->width = ktally_strtab_count(csv->header);
	csv->line = calloc(csv->width, sizeof(*csv->line));
	if (!csv->line || ktally_strtab_error(csv->header))
		return -ENOMEM;
	for (i = 1; i < csv->width; i++) {
		fputs(i > 1 ? "," : "", csv->out);
		put_cell(csv->out, ktally_strtab_get(csv->header, i));
	}
	fputs("\r\n", csv->out);
	return 0;
}

/* ---- rows ---- */

static void set_stack(struct csv *csv, const struct ktally_path *path)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned int i;

	if (!out) {
		csv->error = -ENOMEM;
		return;
	}
	for (i = 0; i < path->nr; i++) {
		fputs(i ? ";" : "", out);
		ktally_folded_put(out, ktally_strtab_get(csv->strings, path->steps[i].name), path->steps[i].class);
	}
	if (fclose(out))
		csv->error = -ENOMEM;
	else
		set_cell(csv, "stack", text);
	free(text);
}

static void set_key(struct csv *csv, const struct ktally_table *table, const struct ktally_row *row, bool other, const struct ktally_path *path)
{
	const struct ktally_schema *schema = &table->schema;
	char name[96], text[1024];
	unsigned int i;

	if (csv->tables)
		set_cell(csv, "table", schema->name);
	set_cell(csv, "other", other ? "1" : "0");
	for (i = 0; i < schema->nr_keys && !other; i++) {
		const uint64_t *words = row->key + schema->keys[i].word;

		if (ktally_kind_is_stack(schema->keys[i].kind))
			continue;
		key_name(schema, i, name, sizeof(name));
		if (ktally_units_plain(&schema->keys[i], words, text, sizeof(text)) ||
		    ktally_format_key(csv->report->sym, schema, i, row->key, text, sizeof(text)) >= 0)
			set_cell(csv, name, text);
	}
	if (path && !other)
		set_stack(csv, path);
}

static void set_value(struct csv *csv, const struct ktally_schema *schema, unsigned int i, const struct ktally_row *row)
{
	const struct ktally_value *value = &schema->values[i];
	const uint64_t *cells = ktally_cells(schema, row, i);
	double mean, stddev;
	char name[96], text[64];

	switch (value->column.kind) {
	case KTALLY_COLUMN_COUNT:
	case KTALLY_COLUMN_HIST:
	case KTALLY_COLUMN_EXEMPLAR:
		return;
	case KTALLY_COLUMN_AVG:
	case KTALLY_COLUMN_VAR:
		ktally_cells_stats(value, row, cells, &mean, &stddev);
		value_name(schema, i, value->column.kind == KTALLY_COLUMN_VAR ? "mean" : NULL, name, sizeof(name));
		snprintf(text, sizeof(text), "%.15g", mean);
		set_cell(csv, name, text);
		if (value->column.kind == KTALLY_COLUMN_AVG)
			return;
		value_name(schema, i, "stddev", name, sizeof(name));
		snprintf(text, sizeof(text), "%.15g", stddev);
		set_cell(csv, name, text);
		return;
	default:
		if (ktally_cells_none(value, cells))
			return;
		value_name(schema, i, NULL, name, sizeof(name));
		snprintf(text, sizeof(text), "%" PRId64, ktally_cells_int(value, cells));
		set_cell(csv, name, text);
	}
}

static void put_bucket(struct csv *csv, const struct ktally_schema *schema, unsigned int column, unsigned int n, uint64_t count)
{
	int64_t lo, hi;
	char text[96];

	if (ktally_hist_range(&schema->values[column].column, n, &lo, &hi))
		return;
	ktally_column_label(schema, column, text, sizeof(text));
	set_cell(csv, "hist", text);
	snprintf(text, sizeof(text), "%" PRId64, lo);
	set_cell(csv, "lo", lo == INT64_MIN ? "" : text);
	snprintf(text, sizeof(text), "%" PRId64, hi);
	set_cell(csv, "hi", hi == INT64_MAX ? "" : text);
	snprintf(text, sizeof(text), "%" PRIu64, count);
	set_cell(csv, "count", text);
	end_line(csv);
}

static void put_row(struct csv *csv, const struct ktally_table *table, const struct ktally_row *row, bool other, const struct ktally_path *path)
{
	const struct ktally_schema *schema = &table->schema;
	unsigned int v;
	char text[32];
	int i, nr;

	set_key(csv, table, row, other, path);
	snprintf(text, sizeof(text), "%" PRIu64, row->hits);
	set_cell(csv, "hits", text);
	for (v = 0; v < schema->nr_values; v++)
		set_value(csv, schema, v, row);
	end_line(csv);
	for (v = 0; v < schema->nr_values; v++) {
		const uint64_t *cells = ktally_cells(schema, row, v);

		nr = ktally_column_buckets(&schema->values[v].column);
		for (i = 0; i < nr; i++) {
			if (!cells[i])
				continue;
			set_key(csv, table, row, other, path);
			put_bucket(csv, schema, v, i, cells[i]);
		}
	}
}

static int put_stack_row(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	(void)err;
	put_row(arg, path->table, path->row, path->other, path);
	return 0;
}

static int put_table(struct csv *csv, const struct ktally_table *table, struct ktally_error *err)
{
	static const struct ktally_weight hits = { .unit = KTALLY_KIND_UINT };
	size_t i;

	if (ktally_table_has_stack(table))
		return ktally_walk_table(csv->report, table, &hits, 0, csv->strings, put_stack_row, csv, err);
	for (i = 0; i < table->nr_rows; i++)
		if (table->rows[i].hits)
			put_row(csv, table, &table->rows[i], false, NULL);
	if (table->other.hits)
		put_row(csv, table, &table->other, true, NULL);
	return 0;
}

int ktally_export_csv(const struct ktally_report *report, FILE *out, struct ktally_error *err)
{
	struct csv csv = { .report = report, .out = out };
	unsigned int i;
	int ret = -ENOMEM;

	csv.strings = ktally_strtab_new();
	csv.header = ktally_strtab_new();
	if (csv.strings && csv.header)
		ret = make_header(&csv);
	if (ret)
		ktally_fail(err, ret, "no memory for the columns of the CSV file");
	for (i = 0; i < report->snapshot->nr_tables && !ret; i++)
		ret = put_table(&csv, &report->snapshot->tables[i], err);
	if (!ret && csv.error)
		ret = ktally_fail(err, csv.error, "no memory for the cells of the CSV file");
	for (i = 0; csv.line && i < csv.width; i++)
		free(csv.line[i]);
	free(csv.line);
	ktally_strtab_free(csv.strings);
	ktally_strtab_free(csv.header);
	return ret;
}
