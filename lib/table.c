// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads the columns of a merged table's rows, and sorts them. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"

const uint64_t *ktally_cells(const struct ktally_schema *schema, const struct ktally_row *row, unsigned int v)
{
	const uint64_t *cells = row->cells;
	unsigned int i;
	int nr;

	if (v >= schema->nr_values || schema->values[v].column.kind == KTALLY_COLUMN_COUNT)
		return NULL;
	for (i = 0; i < v; i++) {
		nr = ktally_column_cells(&schema->values[i].column);
		if (nr < 0)
			return NULL;
		cells += nr;
	}
	return cells;
}

/* n * sum(x^2) - sum(x)^2 exactly where 128 bits hold it: floating point would cancel away small deviations of big values. */
static double spread(uint64_t n, int64_t sum, unsigned __int128 squares)
{
	const unsigned __int128 most = ~(unsigned __int128)0;
	unsigned __int128 left, right, abs = sum < 0 ? -(unsigned __int128)sum : (unsigned __int128)sum;

	right = abs * abs;
	if (squares <= most / n) {
		left = squares * n;
		return left > right ? (double)(left - right) : 0;
	}
	return (double)((long double)squares * n - (long double)right);
}

void ktally_cells_stats(const struct ktally_value *value, const struct ktally_row *row, const uint64_t *cells, double *mean, double *stddev)
{
	double d;

	*mean = 0;
	*stddev = 0;
	if (!cells || !row->hits || (value->column.kind != KTALLY_COLUMN_AVG && value->column.kind != KTALLY_COLUMN_VAR))
		return;
	*mean = (double)((long double)(int64_t)cells[0] / row->hits);
	if (value->column.kind != KTALLY_COLUMN_VAR)
		return;
	d = spread(row->hits, (int64_t)cells[0], (unsigned __int128)cells[2] << 64 | cells[1]);
	*stddev = d > 0 ? sqrt(d) / (double)row->hits : 0;
}

int64_t ktally_cells_int(const struct ktally_value *value, const uint64_t *cells)
{
	switch (value->column.kind) {
	case KTALLY_COLUMN_MIN:
		return (int64_t)(cells[0] ^ KTALLY_MIN_BIAS);
	case KTALLY_COLUMN_MAX:
		return (int64_t)(cells[0] ^ KTALLY_MAX_BIAS);
	default:
		return (int64_t)cells[0];
	}
}

const struct ktally_exemplar *ktally_cells_exemplar(const struct ktally_value *value, const uint64_t *cells, unsigned int bucket)
{
	const struct ktally_exemplar *exemplars = NULL;
	int buckets = ktally_hist_buckets(&value->column);

	if (!cells)
		return NULL;
	if (value->column.kind == KTALLY_COLUMN_EXEMPLAR && !bucket)
		exemplars = (const void *)cells;
	else if (buckets > 0 && bucket < (unsigned int)buckets && value->column.flags & KTALLY_COLUMN_EXEMPLARS)
		exemplars = (const struct ktally_exemplar *)(cells + buckets) + bucket;
	return exemplars && exemplars->time ? exemplars : NULL;
}

static int compare_field(const struct ktally_field *field, const uint64_t *a, const uint64_t *b)
{
	unsigned int i;
	int ret;

	if (field->kind == KTALLY_KIND_STRING)
		return memcmp(a + field->word, b + field->word, field->words * sizeof(*a));
	for (i = field->word; i < field->word + field->words; i++) {
		if (a[i] == b[i])
			continue;
		ret = a[i] < b[i] ? -1 : 1;
		return field->kind == KTALLY_KIND_INT && (a[i] ^ b[i]) >> 63 ? -ret : ret;
	}
	return 0;
}

static int compare_keys(const struct ktally_schema *schema, const struct ktally_row *a, const struct ktally_row *b)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < schema->nr_keys && !ret; i++)
		ret = compare_field(&schema->keys[i], a->key, b->key);
	return ret;
}

static double row_mean(const struct ktally_value *value, const struct ktally_row *row, const uint64_t *cells)
{
	double mean, stddev;

	ktally_cells_stats(value, row, cells, &mean, &stddev);
	return mean;
}

/* Rows without one come last. */
static int compare_exemplars(const struct ktally_exemplar *a, const struct ktally_exemplar *b)
{
	if (!a || !b)
		return a ? -1 : b ? 1 : 0;
	return (int64_t)a->value < (int64_t)b->value ? 1 : (int64_t)a->value > (int64_t)b->value ? -1 : 0;
}

/* > 0 if @a belongs behind @b. A histogram's buckets sum up to the hits, so it sorts by these. */
static int compare_value(const struct ktally_schema *schema, int v, const struct ktally_row *a, const struct ktally_row *b)
{
	const struct ktally_value *value = v >= 0 && (unsigned int)v < schema->nr_values ? &schema->values[v] : NULL;
	const uint64_t *ca = value ? ktally_cells(schema, a, v) : NULL, *cb = value ? ktally_cells(schema, b, v) : NULL;
	int64_t ia, ib;
	double ma, mb;

	if (!ca || !cb || value->column.kind == KTALLY_COLUMN_HIST)
		return a->hits < b->hits ? 1 : a->hits > b->hits ? -1 : 0;
	if (value->column.kind == KTALLY_COLUMN_EXEMPLAR)
		return compare_exemplars(ktally_cells_exemplar(value, ca, 0), ktally_cells_exemplar(value, cb, 0));
	if (value->column.kind == KTALLY_COLUMN_AVG || value->column.kind == KTALLY_COLUMN_VAR) {
		ma = row_mean(value, a, ca);
		mb = row_mean(value, b, cb);
		return ma < mb ? 1 : ma > mb ? -1 : 0;
	}
	ia = ktally_cells_int(value, ca);
	ib = ktally_cells_int(value, cb);
	return ia < ib ? 1 : ia > ib ? -1 : 0;
}

struct order {
	const struct ktally_schema *schema;
	int column;
};

static int compare_rows(const void *a, const void *b, void *arg)
{
	const struct order *order = arg;
	int ret = 0;

	if (order->column >= -1)
		ret = compare_value(order->schema, order->column, a, b);
	return ret ? ret : compare_keys(order->schema, a, b);
}

void ktally_table_sort(struct ktally_table *table, int column)
{
	struct order order = { &table->schema, column };

	if (table->nr_rows > 1)
		qsort_r(table->rows, table->nr_rows, sizeof(*table->rows), compare_rows, &order);
}
