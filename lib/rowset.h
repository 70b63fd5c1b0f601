/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of one table, merged by key. */
#ifndef KTALLY_ROWSET_H
#define KTALLY_ROWSET_H

#include "libktally.h"

/** struct ktally_rowset - a hash table of rows; one row is key words, hits, cells, as in a mapped half */
struct ktally_rowset {
	unsigned int nr_keys, nr_columns;
	struct ktally_column columns[KTALLY_COLUMNS_MAX];
	unsigned int row_words;
	uint64_t *words;	/* rows one behind the other; row 0 is the other row */
	size_t nr, room;	/* rows */
	uint32_t *slots;	/* row number, 0 is free */
	size_t nr_slots;	/* a power of two */
};

/** ktally_rowset_init - with an empty other row. Return: 0, -EINVAL (bad columns), -ENOMEM */
int ktally_rowset_init(struct ktally_rowset *set, unsigned int nr_keys, const struct ktally_column *columns, unsigned int nr_columns);
void ktally_rowset_clear(struct ktally_rowset *set);
/** ktally_rowset_merge - add @values (hits and cells) to the row of @key; @key NULL is the other row. Return: 0, -ENOMEM */
int ktally_rowset_merge(struct ktally_rowset *set, const uint64_t *key, const uint64_t *values);

#endif /* KTALLY_ROWSET_H */
