// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes rows of 'ktally stat' from counters that were read whole, or from the table of what each task had at its switches. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "stat.h"

double stat_value(const struct stat_cell *cell)
{
	if (isnan(cell->value) || (cell->enabled && !cell->running))
		return NAN;
	return cell->running && cell->running < cell->enabled ? cell->value * cell->enabled / cell->running : cell->value;
}

static struct stat_row *row_of(struct stat_rows *rows, uint64_t key, const char *comm)
{
	struct stat_row *row;
	unsigned int n, c;

	for (n = 0; n < rows->nr; n++)
		if (rows->rows[n].key == key && !strcmp(rows->rows[n].comm, comm))
			return &rows->rows[n];
	if (!(rows->nr & (rows->nr - 1)))
		rows->rows = out_realloc(rows->rows, (rows->nr ? rows->nr * 2 : 1) * sizeof(*rows->rows));
	row = &rows->rows[rows->nr++];
	memset(row, 0, sizeof(*row));
	row->key = key;
	snprintf(row->comm, sizeof(row->comm), "%s", comm);
	for (c = 0; c < KTALLY_COUNTERS_MAX; c++)
		row->cells[c].value = NAN;
	return row;
}

static void add(struct stat_cell *cell, double value, uint64_t enabled, uint64_t running)
{
	cell->value = isnan(cell->value) ? value : cell->value + value;
	cell->enabled += enabled;
	cell->running += running;
}

/* Session counters have the order of those that the machine has. */
static void gather_counters(const struct stat *stat, const struct ktally_counter_info *counters, int nr, struct stat_rows *rows)
{
	unsigned int c, v, at = 0;

	if (stat->by == STAT_TOTAL)
		row_of(rows, 0, "");
	for (c = 0; c < stat->set.nr; c++) {
		if (stat->set.items[c].missing[0] || (int)at >= nr)
			continue;
		for (v = 0; v < counters[at].nr_values; v++) {
			const struct ktally_counter_value *value = &counters[at].values[v];

			add(&row_of(rows, stat->by == STAT_CPU ? value->cpu : 0, "")->cells[c], value->value, value->enabled, value->running);
		}
		at++;
	}
}

static void add_row(const struct stat *stat, const struct ktally_table *table, const struct ktally_row *from, struct stat_rows *rows)
{
	const struct ktally_schema *schema = &table->schema;
	const struct ktally_field *key = schema->nr_keys ? &schema->keys[0] : NULL;
	char comm[20] = "";
	struct stat_row *row;
	unsigned int c, v = 0;

	if (!from->hits)
		return;
	if (stat->by == STAT_PROCESS && from->key)
		memcpy(comm, from->key + schema->keys[1].word, 16);
	if (stat->by == STAT_PROCESS && !from->key)
		snprintf(comm, sizeof(comm), "*other*");
	row = row_of(rows, key && from->key ? from->key[key->word] : 0, comm);
	for (c = 0; c < stat->set.nr; c++) {
		if (stat->set.items[c].missing[0])
			continue;
		while (v < schema->nr_values && schema->values[v].column.kind != KTALLY_COLUMN_SUM)
			v++;
		if (v < schema->nr_values)
			add(&row->cells[c], ktally_cells_int(&schema->values[v], ktally_cells(schema, from, v)), 0, 0);
		v++;
	}
}

static void gather_table(const struct stat *stat, const struct ktally_table *table, struct stat_rows *rows)
{
	struct ktally_row other = table->other;
	size_t n;

	if (stat->by == STAT_TOTAL)
		row_of(rows, 0, "");
	for (n = 0; n < table->nr_rows; n++)
		add_row(stat, table, &table->rows[n], rows);
	other.key = NULL;
	add_row(stat, table, &other, rows);
}

void stat_gather(const struct stat *stat, const struct ktally_snapshot *snapshot, const struct ktally_counter_info *counters, int nr_counters,
		 struct stat_rows *rows)
{
	memset(rows, 0, sizeof(*rows));
	if (!stat->by_switch)
		gather_counters(stat, counters, nr_counters, rows);
	else if (snapshot->nr_tables)
		gather_table(stat, &snapshot->tables[0], rows);
}

void stat_subtract(struct stat_rows *rows, const struct stat_rows *before, unsigned int nr_counters)
{
	struct stat_rows old = *before;
	unsigned int n, c, kept = 0;

	for (n = 0; n < rows->nr; n++) {
		struct stat_row *row = &rows->rows[n], *last = NULL;
		bool any = false;
		unsigned int o;

		for (o = 0; o < old.nr && !last; o++)
			if (old.rows[o].key == row->key && !strcmp(old.rows[o].comm, row->comm))
				last = &old.rows[o];
		for (c = 0; c < nr_counters; c++) {
			if (last && !isnan(last->cells[c].value)) {
				row->cells[c].value -= last->cells[c].value;
				row->cells[c].enabled -= last->cells[c].enabled;
				row->cells[c].running -= last->cells[c].running;
			}
			any |= row->cells[c].value > 0 || row->cells[c].enabled;
		}
		if (any)
			rows->rows[kept++] = *row;
	}
	rows->nr = kept;
}

static int by_key(const void *a, const void *b)
{
	const struct stat_row *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static int by_first(const void *a, const void *b, void *arg)
{
	unsigned int c = *(unsigned int *)arg;
	double x = stat_value(&((const struct stat_row *)a)->cells[c]), y = stat_value(&((const struct stat_row *)b)->cells[c]);

	if (isnan(x) || isnan(y))
		return isnan(x) - isnan(y);
	return x < y ? 1 : x > y ? -1 : by_key(a, b);
}

void stat_sort(const struct stat *stat, struct stat_rows *rows)
{
	unsigned int c;

	if (stat->by == STAT_CPU) {
		qsort(rows->rows, rows->nr, sizeof(*rows->rows), by_key);
		return;
	}
	for (c = 0; c < stat->set.nr && stat->set.items[c].missing[0]; c++)
		;
	if (c < stat->set.nr && rows->nr)
		qsort_r(rows->rows, rows->nr, sizeof(*rows->rows), by_first, &c);
}
