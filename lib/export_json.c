// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writes the report as one JSON document of schema ktally/report/1; numbers are unscaled, in the base units of their kind. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "recording.h"
#include "units.h"

#define SCHEMA "ktally/report/1"

static void put_key(struct ktally_json *json, const struct ktally_report *report, const struct ktally_table *table, const struct ktally_row *row)
{
	const struct ktally_schema *schema = &table->schema;
	char name[80], text[1024];
	unsigned int i;

	ktally_json_open(json, "key", '{');
	for (i = 0; i < schema->nr_keys; i++) {
		const struct ktally_field *field = &schema->keys[i];
		const uint64_t *words = row->key + field->word;

		if (ktally_kind_is_stack(field->kind))
			continue;
		ktally_key_label(schema, i, name, sizeof(name));
		if (!ktally_units_plain(field, words, text, sizeof(text))) {
			if (ktally_format_key(report->sym, schema, i, row->key, text, sizeof(text)) < 0)
				text[0] = '\0';
			ktally_json_string(json, name, text);
		} else if (text[0] == '-') {
			ktally_json_s64(json, name, (int64_t)words[0]);
		} else {
			ktally_json_u64(json, name, words[0]);
		}
	}
	ktally_json_close(json, '}');
}

static void put_address(struct ktally_json *json, const char *key, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	ktally_json_string(json, key, text);
}

/* NULL: native code, as most is, or the kernel's, which has a member of its own */
static const char *kind_name(enum ktally_frame_kind kind)
{
	switch (kind) {
	case KTALLY_FRAME_JIT:
		return "jit";
	case KTALLY_FRAME_PYTHON:
		return "python";
	case KTALLY_FRAME_MARK:
		return "mark";
	default:
		return NULL;
	}
}

/* Frames go outermost first, as in folded text; addresses are text: they do not fit the numbers of most readers. */
static void put_frame(struct ktally_json *json, const struct ktally_frame *frame, const char *other)
{
	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "name", frame ? frame->name : other);
	if (frame) {
		ktally_json_string(json, "module", frame->module);
		put_address(json, "address", frame->address);
		if (frame->symbol_address)
			put_address(json, "symbol_address", frame->symbol_address);
		if (frame->build_id && *frame->build_id)
			ktally_json_string(json, "build_id", frame->build_id);
		ktally_json_bool(json, "kernel", frame->kernel);
		if (kind_name(frame->kind))
			ktally_json_string(json, "kind", kind_name(frame->kind));
		if (frame->unnamed || !strcmp(frame->name, "[unknown]"))
			ktally_json_bool(json, "unnamed", true);
		if (frame->guess)
			ktally_json_bool(json, "guess", true);
		if (frame->outer)
			ktally_json_bool(json, "inlined", true);
		if (frame->file && *frame->file)
			ktally_json_string(json, "file", frame->file);
		if (frame->line)
			ktally_json_u64(json, "line", frame->line);
	}
	ktally_json_close(json, '}');
}

/* A bucket is [low, high, count]; an open end is the smallest or largest 64-bit number. */
static void put_buckets(struct ktally_json *json, const struct ktally_column *column, const uint64_t *cells)
{
	int nr = ktally_column_buckets(column), i;
	int64_t lo, hi;

	ktally_json_open(json, "buckets", '[');
	for (i = 0; i < nr; i++) {
		if (!cells[i] || ktally_hist_range(column, i, &lo, &hi))
			continue;
		ktally_json_open(json, NULL, '[');
		ktally_json_s64(json, NULL, lo);
		ktally_json_s64(json, NULL, hi);
		ktally_json_u64(json, NULL, cells[i]);
		ktally_json_close(json, ']');
	}
	ktally_json_close(json, ']');
}

static void put_quantiles(struct ktally_json *json, const struct ktally_schema *schema, const struct ktally_row *row, unsigned int n)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = { { "p50", 0.50 }, { "p90", 0.90 }, { "p99", 0.99 } };
	unsigned int i;

	for (i = 0; i < sizeof(quantiles) / sizeof(quantiles[0]); i++) {
		double value = ktally_row_quantile(schema, row, n, quantiles[i].q);

		if (!isnan(value))
			ktally_json_double(json, quantiles[i].name, value);
	}
}

/* One real hit: the time is that of CLOCK_MONOTONIC. */
static void put_exemplar(struct ktally_json *json, const struct ktally_report *report, const struct ktally_value *value,
			 const struct ktally_exemplar *exemplar, const char *key)
{
	struct ktally_stack_view view = { 0 };
	int nr = ktally_exemplar_stack(report, value, exemplar, &view), i;

	ktally_json_open(json, key, '{');
	ktally_json_s64(json, "value", (int64_t)exemplar->value);
	ktally_json_u64(json, "monotonic_ns", exemplar->time);
	ktally_json_u64(json, "pid", exemplar->image >> 32);
	ktally_json_u64(json, "tid", exemplar->tid);
	ktally_json_u64(json, "cpu", exemplar->cpu);
	if (nr > 0) {
		ktally_json_open(json, "stack", '[');
		for (i = 0; i < nr; i++)
			put_frame(json, view.frames[i], "?");
		ktally_json_close(json, ']');
	}
	ktally_json_close(json, '}');
	ktally_stack_view_clear(&view);
}

static void put_bucket_exemplars(struct ktally_json *json, const struct ktally_report *report, const struct ktally_value *value, const uint64_t *cells)
{
	int nr = ktally_column_buckets(&value->column), i;

	if (!(value->column.flags & KTALLY_COLUMN_EXEMPLARS))
		return;
	ktally_json_open(json, "exemplars", '[');
	for (i = 0; i < nr; i++) {
		const struct ktally_exemplar *exemplar = ktally_cells_exemplar(value, cells, i);

		if (exemplar)
			put_exemplar(json, report, value, exemplar, NULL);
	}
	ktally_json_close(json, ']');
}

static void put_value(struct ktally_json *json, const struct ktally_report *report, const struct ktally_schema *schema, const struct ktally_row *row,
		      unsigned int n)
{
	const struct ktally_value *value = &schema->values[n];
	const uint64_t *cells = ktally_cells(schema, row, n);
	const struct ktally_exemplar *exemplar;
	double mean, stddev;

	ktally_json_open(json, NULL, '{');
	switch (value->column.kind) {
	case KTALLY_COLUMN_COUNT:
		ktally_json_u64(json, "count", row->hits);
		break;
	case KTALLY_COLUMN_HIST:
		put_buckets(json, &value->column, cells);
		put_quantiles(json, schema, row, n);
		put_bucket_exemplars(json, report, value, cells);
		break;
	case KTALLY_COLUMN_EXEMPLAR:
		exemplar = ktally_cells_exemplar(value, cells, 0);
		if (exemplar)
			put_exemplar(json, report, value, exemplar, "exemplar");
		break;
	case KTALLY_COLUMN_AVG:
	case KTALLY_COLUMN_VAR:
		ktally_cells_stats(value, row, cells, &mean, &stddev);
		ktally_json_s64(json, "sum", (int64_t)cells[0]);
		ktally_json_double(json, "mean", mean);
		if (value->column.kind == KTALLY_COLUMN_VAR)
			ktally_json_double(json, "stddev", stddev);
		break;
	default:
		if (!ktally_cells_none(value, cells))
			ktally_json_s64(json, ktally_column_word(value->column.kind), ktally_cells_int(value, cells));
	}
	ktally_json_close(json, '}');
}

static void put_values(struct ktally_json *json, const struct ktally_report *report, const struct ktally_schema *schema, const struct ktally_row *row)
{
	unsigned int i;

	ktally_json_u64(json, "hits", row->hits);
	ktally_json_open(json, "values", '[');
	for (i = 0; i < schema->nr_values; i++)
		put_value(json, report, schema, row, i);
	ktally_json_close(json, ']');
}

struct rows {
	struct ktally_json *json;
	const struct ktally_report *report;
	struct ktally_strtab *names;
};

static void put_row(struct rows *rows, const struct ktally_table *table, const struct ktally_row *row, const struct ktally_path *path)
{
	unsigned int i;

	ktally_json_open(rows->json, NULL, '{');
	put_key(rows->json, rows->report, table, row);
	put_values(rows->json, rows->report, &table->schema, row);
	if (path) {
		ktally_json_open(rows->json, "stack", '[');
		for (i = 0; i < path->nr; i++)
			put_frame(rows->json, path->frames[i], ktally_strtab_get(rows->names, path->steps[i].name));
		ktally_json_close(rows->json, ']');
	}
	ktally_json_close(rows->json, '}');
}

static int put_stack_row(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	(void)err;
	if (!path->other)
		put_row(arg, path->table, path->row, path);
	return 0;
}

static int put_rows(struct rows *rows, const struct ktally_table *table, struct ktally_error *err)
{
	static const struct ktally_weight hits = { .unit = KTALLY_KIND_UINT };
	int ret = 0;
	size_t i;

	ktally_json_open(rows->json, "rows", '[');
	if (ktally_table_has_stack(table))
		ret = ktally_walk_table(rows->report, table, &hits, 0, rows->names, put_stack_row, rows, err);
	else
		for (i = 0; i < table->nr_rows; i++)
			if (table->rows[i].hits)
				put_row(rows, table, &table->rows[i], NULL);
	ktally_json_close(rows->json, ']');
	return ret;
}

static void put_schema(struct ktally_json *json, const struct ktally_schema *schema)
{
	unsigned int i;
	char name[96];

	ktally_json_string(json, "name", schema->name);
	ktally_json_open(json, "keys", '[');
	for (i = 0; i < schema->nr_keys; i++) {
		if (schema->keys[i].kind == KTALLY_KIND_IMAGE)
			continue;
		ktally_json_open(json, NULL, '{');
		ktally_key_label(schema, i, name, sizeof(name));
		ktally_json_string(json, "name", name);
		ktally_json_string(json, "kind", ktally_kind_name(schema->keys[i].kind));
		ktally_json_close(json, '}');
	}
	ktally_json_close(json, ']');
	ktally_json_open(json, "columns", '[');
	for (i = 0; i < schema->nr_values; i++) {
		ktally_json_open(json, NULL, '{');
		ktally_column_label(schema, i, name, sizeof(name));
		ktally_json_string(json, "name", name);
		ktally_json_string(json, "kind", ktally_kind_name(schema->values[i].kind));
		ktally_json_string(json, "aggregate", ktally_column_word(schema->values[i].column.kind));
		ktally_json_close(json, '}');
	}
	ktally_json_close(json, ']');
}

static int put_table(struct rows *rows, const struct ktally_table *table, struct ktally_error *err)
{
	struct ktally_json *json = rows->json;
	int ret;

	ktally_json_open(json, NULL, '{');
	put_schema(json, &table->schema);
	ret = put_rows(rows, table, err);
	ktally_json_open(json, "other", '{');
	if (!table->other.hits)
		ktally_json_u64(json, "hits", 0);
	else
		put_values(json, rows->report, &table->schema, &table->other);
	ktally_json_close(json, '}');
	ktally_json_close(json, '}');
	return ret;
}

static void put_probe(struct ktally_json *json, const struct ktally_accounting *probe)
{
	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "name", probe->name);
	ktally_json_u64(json, "hits", probe->count.hits);
	ktally_json_u64(json, "filtered", probe->count.filtered);
	ktally_json_u64(json, "gated", probe->count.gated);
	ktally_json_u64(json, "folded", probe->count.folded);
	ktally_json_u64(json, "other", probe->count.other);
	ktally_json_u64(json, "recursion", probe->count.recursion);
	ktally_json_u64(json, "nmi", probe->count.nmi);
	ktally_json_u64(json, "fault", probe->count.fault);
	ktally_json_u64(json, "missed", probe->missed);
	ktally_json_bool(json, "closed", probe->closed);
	ktally_json_close(json, '}');
}

static void put_pair(struct ktally_json *json, const struct ktally_pair_accounting *pair)
{
	ktally_json_open(json, NULL, '{');
	ktally_json_string(json, "name", pair->name);
	ktally_json_u64(json, "starts", pair->count.starts);
	ktally_json_u64(json, "ended", pair->count.ended);
	ktally_json_u64(json, "replaced", pair->count.replaced);
	ktally_json_u64(json, "full", pair->count.full);
	ktally_json_u64(json, "abandoned", pair->count.abandoned);
	ktally_json_u64(json, "open", pair->open);
	ktally_json_u64(json, "unmatched", pair->count.unmatched);
	ktally_json_u64(json, "negative", pair->count.negative);
	ktally_json_u64(json, "stayed", pair->count.stayed);
	ktally_json_bool(json, "closed", pair->closed);
	ktally_json_close(json, '}');
}

static const char *step_name(unsigned int kind)
{
	static const char *const names[] = {
		[KTALLY_STEP_STACKS] = "stacks", [KTALLY_STEP_COUNTERS] = "counters", [KTALLY_STEP_GATE] = "gate", [KTALLY_STEP_PROBE] = "probe",
	};

	_Static_assert(sizeof(names) / sizeof(names[0]) == __KTALLY_STEP_END, "every step needs its name");
	return kind < __KTALLY_STEP_END && names[kind] ? names[kind] : "unknown";
}

/* Shares are thousandths of a CPU; a budget of 0: there is no governor. */
static void put_governor(struct ktally_json *json, const struct ktally_snapshot *snap)
{
	unsigned int i;

	ktally_json_open(json, "governor", '{');
	ktally_json_u64(json, "budget", snap->budget);
	ktally_json_u64(json, "share", snap->share);
	ktally_json_open(json, "steps", '[');
	for (i = 0; i < snap->nr_steps; i++) {
		const struct ktally_step *step = &snap->steps[i];

		ktally_json_open(json, NULL, '{');
		ktally_json_u64(json, "monotonic_ns", step->time);
		ktally_json_string(json, "step", step_name(step->kind));
		ktally_json_u64(json, "number", step->number);
		ktally_json_u64(json, "share", step->share);
		ktally_json_u64(json, "cpu", step->cpu);
		ktally_json_close(json, '}');
	}
	ktally_json_close(json, ']');
	ktally_json_close(json, '}');
}

static void put_losses(struct ktally_json *json, const struct ktally_report *report)
{
	char why[8192], *line, *rest;
	bool complete = ktally_report_complete(report, why, sizeof(why));

	ktally_json_bool(json, "complete", complete);
	ktally_json_open(json, "losses", '[');
	for (line = complete ? NULL : strtok_r(why, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		ktally_json_string(json, NULL, line);
	ktally_json_close(json, ']');
}

/* What named containers; absent if none were asked for. */
static void put_cgroups(struct ktally_json *json, const struct ktally_cgroups *cgroups)
{
	const char *mount, *controller;

	if (!cgroups)
		return;
	controller = ktally_cgroups_controller(cgroups, &mount);
	ktally_json_open(json, "cgroups", '{');
	ktally_json_u64(json, "version", *controller ? 1 : 2);
	ktally_json_string(json, "controller", controller);
	ktally_json_string(json, "mount", mount);
	ktally_json_close(json, '}');
}

static void put_unwind(struct ktally_json *json, const struct ktally_unwind_count *unwind)
{
	static const char *const cuts[] = {
		[KTALLY_CUT_NONE] = "", [KTALLY_CUT_DEPTH] = "depth", [KTALLY_CUT_MAPPING] = "mapping", [KTALLY_CUT_TABLE] = "table",
		[KTALLY_CUT_RULE] = "rule", [KTALLY_CUT_FAULT] = "fault", [KTALLY_CUT_LOOP] = "loop",
	};
	unsigned int i;

	_Static_assert(sizeof(cuts) / sizeof(cuts[0]) == __KTALLY_CUT_END, "every reason needs its name");
	ktally_json_open(json, "unwind", '{');
	ktally_json_u64(json, "stacks", unwind->stacks);
	ktally_json_u64(json, "whole", unwind->whole);
	ktally_json_open(json, "cut", '{');
	for (i = KTALLY_CUT_NONE + 1; i < __KTALLY_CUT_END; i++)
		ktally_json_u64(json, cuts[i], unwind->cut[i]);
	ktally_json_close(json, '}');
	ktally_json_u64(json, "by_table", unwind->by_table);
	ktally_json_u64(json, "by_frame", unwind->by_frame);
	ktally_json_u64(json, "guesses", unwind->guesses);
	ktally_json_u64(json, "interp", unwind->interp);
	ktally_json_u64(json, "processes", unwind->processes);
	ktally_json_u64(json, "mappings", unwind->mappings);
	ktally_json_u64(json, "lost", unwind->lost);
	ktally_json_u64(json, "files", unwind->files);
	ktally_json_u64(json, "tables", unwind->tables);
	ktally_json_u64(json, "bytes", unwind->bytes);
	ktally_json_close(json, '}');
}

static void put_accounting(struct ktally_json *json, const struct ktally_report *report)
{
	const struct ktally_ring_accounting *rings = &report->rings;
	unsigned int i;

	ktally_json_open(json, "accounting", '{');
	ktally_json_open(json, "probes", '[');
	for (i = 0; i < report->snapshot->nr_probes; i++)
		put_probe(json, &report->snapshot->probes[i]);
	ktally_json_close(json, ']');
	ktally_json_open(json, "pairs", '[');
	for (i = 0; i < report->snapshot->nr_pairs; i++)
		put_pair(json, &report->snapshot->pairs[i]);
	ktally_json_close(json, ']');
	put_governor(json, report->snapshot);
	ktally_json_open(json, "rings", '{');
	ktally_json_u64(json, "offered", rings->offered);
	ktally_json_u64(json, "reserved", rings->reserved);
	ktally_json_u64(json, "dropped", rings->dropped);
	ktally_json_u64(json, "overwritten", rings->overwritten);
	ktally_json_u64(json, "read", rings->read);
	ktally_json_u64(json, "unread", rings->unread);
	ktally_json_bool(json, "closed", rings->closed);
	ktally_json_close(json, '}');
	put_unwind(json, &report->unwind);
	put_cgroups(json, report->sym ? ktally_symbolizer_get_cgroups(report->sym) : NULL);
	ktally_json_u64(json, "stacks_lost", report->snapshot->stacks_lost);
	put_losses(json, report);
	ktally_json_close(json, '}');
}

static void put_host(struct ktally_json *json, const struct ktally_report *report)
{
	ktally_json_string(json, "schema", SCHEMA);
	ktally_json_string(json, "title", report->title ? report->title : "");
	ktally_json_open(json, "host", '{');
	ktally_json_string(json, "name", report->hostname ? report->hostname : "");
	ktally_json_string(json, "release", report->release ? report->release : "");
	ktally_json_string(json, "machine", report->machine ? report->machine : "");
	ktally_json_close(json, '}');
	if (report->damage)
		ktally_json_string(json, "damage", report->damage);
	ktally_json_u64(json, "time_ns", report->start_real_ns);
	ktally_json_u64(json, "duration_ns", report->duration_ns);
	if (report->start_ns)
		ktally_json_u64(json, "monotonic_ns", report->start_ns);
	if (report->period_ns)
		ktally_json_u64(json, "period_ns", report->period_ns);
}

int ktally_export_json(const struct ktally_report *report, FILE *out, struct ktally_error *err)
{
	struct ktally_json json;
	struct rows rows = { .json = &json, .report = report, .names = ktally_strtab_new() };
	unsigned int i;
	int ret = 0;

	if (!rows.names)
		return ktally_fail(err, -ENOMEM, "no memory for names");
	ktally_json_init(&json, out, false);
	ktally_json_open(&json, NULL, '{');
	put_host(&json, report);
	ktally_json_open(&json, "tables", '[');
	for (i = 0; i < report->snapshot->nr_tables && !ret; i++)
		ret = put_table(&rows, &report->snapshot->tables[i], err);
	ktally_json_close(&json, ']');
	put_accounting(&json, report);
	ktally_json_close(&json, '}');
	fputc('\n', out);
	ktally_strtab_free(rows.names);
	return ret;
}
