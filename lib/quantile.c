// SPDX-License-Identifier: LGPL-2.1-or-later
/* Quantiles of a histogram column. */
#include <math.h>
#include <string.h>

#include "units.h"

/* The place in bucket @n that the part @inside (0..1) of its hits lie below; an open bucket is as wide as its one end. */
static double place(const struct ktally_column *column, unsigned int n, double inside)
{
	int64_t lo, hi;

	if (ktally_hist_range(column, n, &lo, &hi))
		return NAN;
	if (lo == INT64_MIN)
		return hi;
	if (hi == INT64_MAX)
		return lo;
	if (hi == lo + 1)
		return lo;
	return lo + ((double)hi - lo) * inside;
}

static double from_buckets(const struct ktally_column *column, const uint64_t *cells, double q)
{
	int nr = ktally_column_buckets(column), i;
	double total = 0, below = 0;

	for (i = 0; i < nr; i++)
		total += cells[i];
	for (i = 0; i < nr; i++) {
		if (cells[i] && below + cells[i] >= q * total)
			return place(column, i, (q * total - below) / cells[i]);
		below += cells[i];
	}
	return NAN;
}

/* What is known exactly bounds what is known by its bucket. */
static double clamp(const struct ktally_schema *schema, const struct ktally_row *row, unsigned int v, double value)
{
	char name[64], other[64];
	unsigned int i;

	ktally_column_bare(&schema->values[v], name, sizeof(name));
	for (i = 0; i < schema->nr_values; i++) {
		const struct ktally_value *bound = &schema->values[i];
		const uint64_t *cells = ktally_cells(schema, row, i);
		bool max = bound->column.kind == KTALLY_COLUMN_MAX;

		if ((!max && bound->column.kind != KTALLY_COLUMN_MIN) || ktally_cells_none(bound, cells))
			continue;
		ktally_column_bare(bound, other, sizeof(other));
		if (strcmp(name, other))
			continue;
		if (max ? value > ktally_cells_int(bound, cells) : value < ktally_cells_int(bound, cells))
			value = ktally_cells_int(bound, cells);
	}
	return value;
}

double ktally_row_quantile(const struct ktally_schema *schema, const struct ktally_row *row, unsigned int v, double q)
{
	const struct ktally_column *column = &schema->values[v].column;
	double value;

	if (column->kind != KTALLY_COLUMN_HIST)
		return NAN;
	value = from_buckets(column, ktally_cells(schema, row, v), q);
	return isnan(value) ? value : clamp(schema, row, v, value);
}
