// SPDX-License-Identifier: LGPL-2.1-or-later
/* A table that is filled here and not in the kernel: records are added up whose keys only their reader can make. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rowset.h"

struct ktally_gather {
	struct ktally_table table;
	struct ktally_rowset rows;
};

static void set_schema(struct ktally_schema *schema, const struct ktally_schema *record)
{
	unsigned int i;

	*schema = *record;
	for (i = 0; i < schema->nr_keys; i++) {
		if (schema->keys[i].kind != KTALLY_KIND_UDUMP)
			continue;
		schema->keys[i].kind = KTALLY_KIND_USTACK;
		snprintf(schema->keys[i].name, sizeof(schema->keys[i].name), "ustack");
	}
	schema->nr_values = 1;
	schema->values[0] = (struct ktally_value){ .name = "count", .kind = KTALLY_KIND_UINT, .column = { .kind = KTALLY_COLUMN_COUNT } };
}

int ktally_gather_new(struct ktally_gather **out, const struct ktally_schema *record)
{
	struct ktally_gather *gather = calloc(1, sizeof(*gather));
	int ret;

	if (!gather)
		return -ENOMEM;
	set_schema(&gather->table.schema, record);
	ret = ktally_rowset_init(&gather->rows, record->key_words, &gather->table.schema.values[0].column, 1);
	if (ret) {
		free(gather);
		return ret;
	}
	*out = gather;
	return 0;
}

void ktally_gather_free(struct ktally_gather *gather)
{
	if (!gather)
		return;
	ktally_rowset_clear(&gather->rows);
	free(gather->table.rows);
	free(gather);
}

int ktally_gather_add(struct ktally_gather *gather, const uint64_t *words)
{
	const uint64_t one = 1;

	return ktally_rowset_merge(&gather->rows, words, &one);
}

const struct ktally_table *ktally_gather_table(struct ktally_gather *gather)
{
	const struct ktally_rowset *set = &gather->rows;
	struct ktally_table *table = &gather->table;
	struct ktally_row *rows = realloc(table->rows, set->nr * sizeof(*rows));
	size_t i;

	if (!rows)
		return NULL;
	table->rows = rows;
	table->nr_rows = set->nr - 1;
	table->other = (struct ktally_row){ .key = set->words, .hits = 0, .cells = set->words + set->nr_keys + 1 };
	for (i = 1; i < set->nr; i++) {
		const uint64_t *words = set->words + i * set->row_words;

		rows[i - 1] = (struct ktally_row){ .key = words, .hits = words[set->nr_keys], .cells = words + set->nr_keys + 1 };
	}
	return table;
}
