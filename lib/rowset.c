// SPDX-License-Identifier: LGPL-2.1-or-later
/* Merges rows of equal keys, cell by cell as each kind of column wants it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "rowset.h"

int ktally_rowset_init(struct ktally_rowset *set, unsigned int nr_keys, const struct ktally_column *columns, unsigned int nr_columns)
{
	unsigned int i;
	int cells;

	memset(set, 0, sizeof(*set));
	if (nr_keys > KTALLY_KEYS_MAX || nr_columns > KTALLY_COLUMNS_MAX)
		return -EINVAL;
	set->nr_keys = nr_keys;
	set->nr_columns = nr_columns;
	set->row_words = nr_keys + 1;
	for (i = 0; i < nr_columns; i++) {
		set->columns[i] = columns[i];
		cells = ktally_column_cells(&columns[i]);
		if (cells < 0)
			return cells;
		set->row_words += cells;
	}
	set->room = 64;
	set->nr_slots = 128;
	set->words = malloc(set->room * set->row_words * sizeof(uint64_t));
	set->slots = calloc(set->nr_slots, sizeof(*set->slots));
	if (!set->words || !set->slots) {
		ktally_rowset_clear(set);
		return -ENOMEM;
	}
	memset(set->words, 0, set->row_words * sizeof(uint64_t));
	set->nr = 1;
	return 0;
}

void ktally_rowset_clear(struct ktally_rowset *set)
{
	free(set->words);
	free(set->slots);
	memset(set, 0, sizeof(*set));
}

static size_t first_slot(const struct ktally_rowset *set, const uint64_t *key)
{
	return ktally_hash_words(key, set->nr_keys) & (set->nr_slots - 1);
}

static int grow(struct ktally_rowset *set)
{
	size_t room = set->room * 2, nr_slots = room * 2, i, at;
	uint64_t *words;
	uint32_t *slots;

	if (room > UINT32_MAX / 4)
		return -ENOMEM;
	words = realloc(set->words, room * set->row_words * sizeof(uint64_t));
	if (!words)
		return -ENOMEM;
	set->words = words;
	slots = calloc(nr_slots, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(set->slots);
	set->slots = slots;
	set->nr_slots = nr_slots;
	set->room = room;
	for (i = 1; i < set->nr; i++) {
		for (at = first_slot(set, words + i * set->row_words); slots[at]; at = (at + 1) & (nr_slots - 1))
			;
		slots[at] = i;
	}
	return 0;
}

static uint64_t *find_or_add(struct ktally_rowset *set, const uint64_t *key)
{
	size_t key_size = set->nr_keys * sizeof(*key), at;
	uint64_t *row;

	if (set->nr == set->room && grow(set))
		return NULL;
	for (at = first_slot(set, key); set->slots[at]; at = (at + 1) & (set->nr_slots - 1)) {
		row = set->words + (size_t)set->slots[at] * set->row_words;
		if (!memcmp(row, key, key_size))
			return row;
	}
	set->slots[at] = set->nr;
	row = set->words + set->nr++ * set->row_words;
	memset(row, 0, set->row_words * sizeof(*row));
	memcpy(row, key, key_size);
	return row;
}

static void merge_sums(uint64_t *to, const uint64_t *from, unsigned int cells)
{
	unsigned int i;

	for (i = 0; i < cells; i++)
		to[i] += from[i];
}

/* Of a row's largest value there is one; of the hits in a bucket the latest tells most. */
static void merge_exemplar(uint64_t *to_cells, const uint64_t *from_cells, bool largest)
{
	const struct ktally_exemplar *from = (const void *)from_cells;
	struct ktally_exemplar *to = (void *)to_cells;
	bool better = from->time > to->time;

	if (!from->time)
		return;
	if (largest && to->time && from->value != to->value)
		better = (int64_t)from->value > (int64_t)to->value;
	if (better)
		*to = *from;
}

static void merge_hist(const struct ktally_column *column, uint64_t *to, const uint64_t *from)
{
	unsigned int buckets = ktally_hist_buckets(column), i;

	merge_sums(to, from, buckets);
	if (!(column->flags & KTALLY_COLUMN_EXEMPLARS))
		return;
	for (i = 0, to += buckets, from += buckets; i < buckets; i++, to += KTALLY_EXEMPLAR_CELLS, from += KTALLY_EXEMPLAR_CELLS)
		merge_exemplar(to, from, false);
}

/* Biased MIN and MAX are both "the greater stored number wins", and 0 is "none". */
static void merge_column(const struct ktally_column *column, unsigned int cells, uint64_t *to, const uint64_t *from)
{
	switch (column->kind) {
	case KTALLY_COLUMN_MIN:
	case KTALLY_COLUMN_MAX:
		if (from[0] > to[0])
			to[0] = from[0];
		break;
	case KTALLY_COLUMN_VAR:
		to[0] += from[0];
		to[1] += from[1];
		to[2] += from[2] + (to[1] < from[1]);
		break;
	case KTALLY_COLUMN_HIST:
		merge_hist(column, to, from);
		break;
	case KTALLY_COLUMN_EXEMPLAR:
		merge_exemplar(to, from, true);
		break;
	default:
		merge_sums(to, from, cells);
	}
}

int ktally_rowset_merge(struct ktally_rowset *set, const uint64_t *key, const uint64_t *values)
{
	uint64_t *row = key ? find_or_add(set, key) : set->words;
	unsigned int i, cells;

	if (!row)
		return -ENOMEM;
	row += set->nr_keys;
	*row++ += *values++;
	for (i = 0; i < set->nr_columns; i++) {
		cells = ktally_column_cells(&set->columns[i]);
		merge_column(&set->columns[i], cells, row, values);
		row += cells;
		values += cells;
	}
	return 0;
}
