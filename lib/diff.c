// SPDX-License-Identifier: LGPL-2.1-or-later
/* Compares two reports: by function, by stack, or by the keys of their tables. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "diff.h"
#include "export_folded.h"

/* Rows by the number of their name. */
struct differ {
	struct ktally_diff *diff;
	struct ktally_strtab *names, *steps;
	struct ktally_diff_row *rows;
	uint64_t *last_path;
	uint32_t cap;
	uint64_t path;
	unsigned int side;
};

static struct ktally_diff_row *row_of(struct differ *differ, uint32_t name)
{
	uint32_t cap = differ->cap ? differ->cap : 1024;
	struct ktally_diff_row *rows;
	uint64_t *last_path;

	while (cap <= name)
		cap *= 2;
	if (cap != differ->cap) {
		rows = realloc(differ->rows, cap * sizeof(*rows));
		if (!rows)
			return NULL;
		memset(rows + differ->cap, 0, (cap - differ->cap) * sizeof(*rows));
		differ->rows = rows;
		last_path = realloc(differ->last_path, cap * sizeof(*last_path));
		if (!last_path)
			return NULL;
		memset(last_path + differ->cap, 0, (cap - differ->cap) * sizeof(*last_path));
		differ->last_path = last_path;
		differ->cap = cap;
	}
	differ->rows[name].name = ktally_strtab_get(differ->names, name);
	if (!differ->rows[name].module)
		differ->rows[name].module = "";
	return &differ->rows[name];
}

static int count_functions(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	struct differ *differ = arg;
	struct ktally_diff_row *row = NULL;
	unsigned int i;

	differ->path++;
	differ->diff->total[differ->side] += path->weight;
	for (i = 0; i < path->nr; i++) {
		row = row_of(differ, path->steps[i].name);
		if (!row)
			return ktally_fail(err, -ENOMEM, "out of memory");
		if (!*row->module)
			row->module = ktally_strtab_get(differ->names, path->steps[i].module);
		if (differ->last_path[path->steps[i].name] != differ->path)	/* recursion counts once */
			row->total[differ->side] += path->weight;
		differ->last_path[path->steps[i].name] = differ->path;
	}
	if (row)
		row->self[differ->side] += path->weight;
	return 0;
}

static int count_stacks(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	struct differ *differ = arg;
	struct ktally_diff_row *row = NULL;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned int i;

	for (i = 0; out && i < path->nr; i++) {
		ktally_folded_put(out, ktally_strtab_get(differ->steps, path->steps[i].name), path->steps[i].class);
		if (i + 1 < path->nr)
			fputc(';', out);
	}
	if (out && !fclose(out))
		row = row_of(differ, ktally_strtab_add(differ->names, text));
	free(text);
	if (!row)
		return ktally_fail(err, -ENOMEM, "out of memory");
	differ->diff->total[differ->side] += path->weight;
	row->self[differ->side] += path->weight;
	row->total[differ->side] += path->weight;
	return 0;
}

/* ---- by keys ---- */

static bool is_wanted(const char *keys, const char *name)
{
	size_t len = strlen(name);
	const char *at;

	for (at = keys; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, name, len) && (!at[len] || at[len] == ','))
			return true;
	return !keys;
}

/* "comm=bash, cpu=3"; with several tables their name in front. */
static char *key_text(const struct ktally_report *report, const struct ktally_table *table, const struct ktally_row *row, const char *keys, bool other)
{
	char label[80], value[1024], *text = NULL;
	const char *between = "";
	size_t size;
	FILE *out = open_memstream(&text, &size);
	unsigned int i;

	if (!out)
		return NULL;
	if (report->snapshot->nr_tables > 1)
		fprintf(out, "%s: ", table->schema.name);
	for (i = 0; i < table->schema.nr_keys && !other; i++) {
		ktally_key_label(&table->schema, i, label, sizeof(label));
		if (ktally_kind_is_stack(table->schema.keys[i].kind) || !is_wanted(keys, label))
			continue;
		if (ktally_format_key(report->sym, &table->schema, i, row->key, value, sizeof(value)) < 0)
			value[0] = 0;
		fprintf(out, "%s%s=%s", between, label, value);
		between = ", ";
	}
	if (!*between)
		fputs(other ? "[other: the table was full]" : "[all]", out);
	fclose(out);
	return text;
}

static bool has_key(const struct ktally_report *report, const char *name, size_t len)
{
	unsigned int t, i;
	char label[80];

	for (t = 0; t < report->snapshot->nr_tables; t++) {
		const struct ktally_schema *schema = &report->snapshot->tables[t].schema;

		for (i = 0; i < schema->nr_keys; i++) {
			ktally_key_label(schema, i, label, sizeof(label));
			if (strlen(label) == len && !strncmp(label, name, len) && !ktally_kind_is_stack(schema->keys[i].kind))
				return true;
		}
	}
	return false;
}

/* Every key that was asked for must be in both. */
static int check_keys(const struct ktally_report *report, const char *keys, const char *which, struct ktally_error *err)
{
	size_t len;

	for (; keys; keys = keys[len] ? keys + len + 1 : NULL) {
		len = strcspn(keys, ",");
		if (!has_key(report, keys, len))
			return ktally_fail(err, -ENOENT, "no table of the %s has a key '%.*s'", which, (int)len, keys);
	}
	return 0;
}

static int count_row(struct differ *differ, const struct ktally_report *report, const struct ktally_table *table, const struct ktally_row *row,
		     const char *keys, bool other)
{
	struct ktally_diff_row *found = NULL;
	char *text;

	if (!row->hits)
		return 0;
	text = key_text(report, table, row, keys, other);
	if (text)
		found = row_of(differ, ktally_strtab_add(differ->names, text));
	free(text);
	if (!found)
		return -ENOMEM;
	differ->diff->total[differ->side] += row->hits;
	found->self[differ->side] += row->hits;
	found->total[differ->side] += row->hits;
	return 0;
}

static int count_keys(struct differ *differ, const struct ktally_report *report, const char *keys, struct ktally_error *err)
{
	unsigned int t;
	size_t r;
	int ret = check_keys(report, keys, differ->side ? "second" : "first", err);

	if (ret)
		return ret;
	for (t = 0; t < report->snapshot->nr_tables && !ret; t++) {
		const struct ktally_table *table = &report->snapshot->tables[t];

		for (r = 0; r < table->nr_rows && !ret; r++)
			ret = count_row(differ, report, table, &table->rows[r], keys, false);
		if (!ret)
			ret = count_row(differ, report, table, &table->other, keys, true);
	}
	return ret ? ktally_fail(err, ret, "out of memory") : 0;
}

/* ---- */

static int count_side(struct differ *differ, const struct ktally_report *report, const struct ktally_diff_opts *opts, const struct ktally_weight *weight,
		      struct ktally_error *err)
{
	switch (opts->by) {
	case KTALLY_DIFF_FUNCTIONS:
		return ktally_walk_stacks(report, weight, 0, differ->names, count_functions, differ, err);
	case KTALLY_DIFF_STACKS:
		return ktally_walk_stacks(report, weight, KTALLY_WALK_ROOTS, differ->steps, count_stacks, differ, err);
	default:
		return count_keys(differ, report, opts->keys, err);
	}
}

static bool has_stacks(const struct ktally_report *report)
{
	unsigned int t;

	for (t = 0; t < report->snapshot->nr_tables; t++)
		if (ktally_table_has_stack(&report->snapshot->tables[t]))
			return true;
	return false;
}

/* The largest change of what a row itself has comes first, then that of the total. */
static int by_change(const void *a, const void *b)
{
	const struct ktally_diff_row *x = a, *y = b;
	double dx = fabs(x->self[1] - x->self[0]), dy = fabs(y->self[1] - y->self[0]);

	if (dx == dy) {
		dx = fabs(x->total[1] - x->total[0]);
		dy = fabs(y->total[1] - y->total[0]);
	}
	return dx < dy ? 1 : dx > dy ? -1 : strcmp(x->name, y->name);
}

static void finish(struct differ *differ)
{
	struct ktally_diff *diff = differ->diff;
	uint32_t i;

	for (i = 0; i < differ->cap; i++) {
		struct ktally_diff_row row = differ->rows[i];

		if (!row.name || (!row.total[0] && !row.total[1]))
			continue;
		row.self[0] *= diff->factor;
		row.total[0] *= diff->factor;
		differ->rows[diff->nr++] = row;
	}
	diff->rows = differ->rows;
	differ->rows = NULL;
	if (diff->nr)
		qsort(diff->rows, diff->nr, sizeof(*diff->rows), by_change);
}

static int compare(struct differ *differ, const struct ktally_report *before, const struct ktally_report *after, const struct ktally_diff_opts *opts,
		   struct ktally_error *err)
{
	struct ktally_weight weight = { .unit = KTALLY_KIND_UINT, .name = "hits" };
	struct ktally_diff *diff = differ->diff;
	int ret = 0;

	if (before->period_ns && after->period_ns)
		snprintf(weight.name, sizeof(weight.name), "samples");
	if (opts->by != KTALLY_DIFF_KEYS && (!has_stacks(before) || !has_stacks(after)))
		return ktally_fail(err, -ENODATA, "the %s of them has no stacks; compare their rows with --by key", has_stacks(before) ? "second" : "first");
	if (opts->by != KTALLY_DIFF_KEYS)
		ret = ktally_diff_weight(before, after, &weight, err);
	if (!ret)
		ret = count_side(differ, before, opts, &weight, err);
	differ->side = 1;
	if (!ret)
		ret = count_side(differ, after, opts, &weight, err);
	if (!ret)
		ret = ktally_strtab_error(differ->names) ? ktally_fail(err, -ENOMEM, "out of memory") : 0;
	if (!ret)
		ret = ktally_diff_factor(before, after, diff->total, opts->scale, &diff->factor, err);
	diff->unit = weight.unit;
	snprintf(diff->unit_name, sizeof(diff->unit_name), "%s", weight.name);
	if (!ret)
		finish(differ);
	return ret;
}

int ktally_diff_new(struct ktally_diff **out, const struct ktally_report *before, const struct ktally_report *after, const struct ktally_diff_opts *opts,
		    struct ktally_error *err)
{
	struct differ differ = { .diff = calloc(1, sizeof(*differ.diff)), .names = ktally_strtab_new(), .steps = ktally_strtab_new() };
	int ret;

	*out = NULL;
	ret = differ.diff && differ.names && differ.steps ? compare(&differ, before, after, opts, err) : ktally_fail(err, -ENOMEM, "out of memory");
	free(differ.rows);
	free(differ.last_path);
	ktally_strtab_free(differ.steps);
	if (ret) {
		free(differ.diff);
		ktally_strtab_free(differ.names);
		return ret;
	}
	differ.diff->names = differ.names;
	*out = differ.diff;
	return 0;
}

void ktally_diff_free(struct ktally_diff *diff)
{
	if (!diff)
		return;
	free(diff->rows);
	ktally_strtab_free(diff->names);
	free(diff);
}
