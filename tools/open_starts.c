// SPDX-License-Identifier: GPL-2.0-or-later
/* Starts that found no end: a table for each pair, behind the tables of a snapshot, so that every format shows them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "open_starts.h"
#include "out.h"

/* One more key behind those of the pair. */
static void add_key(struct ktally_schema *schema, const char *name, enum ktally_kind kind)
{
	struct ktally_field *field = &schema->keys[schema->nr_keys++];

	*field = (struct ktally_field){ .kind = kind, .word = schema->key_words++, .words = 1 };
	snprintf(field->name, sizeof(field->name), "%s", name);
}

/* Key and saved words of the pair, whose they are, and the age as a column, by which the oldest comes first. */
static void make_schema(struct ktally_schema *schema, const struct ktally_pair_info *pair)
{
	*schema = pair->schema;
	snprintf(schema->name, sizeof(schema->name), "open: %.120s", pair->schema.name);
	if (pair->kind == KTALLY_PAIR_TASK)
		add_key(schema, "thread", KTALLY_KIND_PID);
	add_key(schema, "started on CPU", KTALLY_KIND_CPU);
	schema->nr_values = 1;
	schema->values[0] = (struct ktally_value){ .name = "=age=max(age)", .kind = KTALLY_KIND_NS, .column = { .kind = KTALLY_COLUMN_MAX } };
}

static void fill_row(const struct ktally_table *table, const struct ktally_pair_info *pair, const struct ktally_open_start *start,
		     struct ktally_row *row, uint64_t *words)
{
	unsigned int own = pair->schema.key_words;

	memcpy(words, start->words, own * sizeof(*words));
	if (pair->kind == KTALLY_PAIR_TASK)
		words[own++] = start->owner - 1;
	words[own] = start->cpu;
	words[table->schema.key_words] = start->age ^ KTALLY_MAX_BIAS;
	*row = (struct ktally_row){ .key = words, .hits = start->weight ? start->weight : 1, .cells = words + table->schema.key_words };
}

static void add_table(struct open_starts *open, const struct ktally_pair_info *pair, const struct ktally_open_start *list, int nr)
{
	struct ktally_table *table = &open->snapshot.tables[open->snapshot.nr_tables++];
	uint64_t *words;
	unsigned int stride;
	int n;

	memset(table, 0, sizeof(*table));
	make_schema(&table->schema, pair);
	stride = table->schema.key_words + 1;
	words = out_realloc(NULL, (nr * stride + 1) * sizeof(*words));
	table->rows = out_realloc(NULL, (nr + 1) * sizeof(*table->rows));
	table->nr_rows = nr;
	for (n = 0; n < nr; n++)
		fill_row(table, pair, &list[n], &table->rows[n], words + n * stride);
	open->words[open->nr_own++] = words;
}

int open_starts_read(struct open_starts **out, struct ktally_client *client, struct ktally_device *dev, uint32_t session,
		     const struct ktally_snapshot *snapshot, struct ktally_error *err)
{
	struct ktally_pair_info *pairs = NULL;
	struct ktally_open_start *list = NULL;
	struct open_starts *open;
	int nr_pairs = ktally_client_pairs(client, session, &pairs, err), n, nr = 0;

	if (nr_pairs < 0)
		return nr_pairs;
	open = out_realloc(NULL, sizeof(*open));
	memset(open, 0, sizeof(*open));
	open->snapshot = *snapshot;
	open->snapshot.tables = out_realloc(NULL, (snapshot->nr_tables + nr_pairs + 1) * sizeof(*snapshot->tables));
	memcpy(open->snapshot.tables, snapshot->tables, snapshot->nr_tables * sizeof(*snapshot->tables));
	open->words = out_realloc(NULL, (nr_pairs + 1) * sizeof(*open->words));
	for (n = 0; n < nr_pairs && nr >= 0; n++) {
		nr = ktally_open_starts(dev, &pairs[n], snapshot->stacks, &list, err);
		if (nr >= 0)
			add_table(open, &pairs[n], list, nr);
		free(list);
		list = NULL;
	}
	free(pairs);
	if (nr < 0)
		open_starts_free(open);
	else
		*out = open;
	return nr < 0 ? nr : 0;
}

void open_starts_free(struct open_starts *open)
{
	unsigned int n, first;

	if (!open)
		return;
	first = open->snapshot.nr_tables - open->nr_own;
	for (n = 0; n < open->nr_own; n++) {
		free(open->words[n]);
		free(open->snapshot.tables[first + n].rows);
	}
	free(open->words);
	free(open->snapshot.tables);
	free(open);
}
