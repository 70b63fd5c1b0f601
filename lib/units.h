/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Numbers for people, scaled by what they mean, and plain numbers for machines.
 */
#ifndef KTALLY_UNITS_H
#define KTALLY_UNITS_H

#include "libktally.h"

/** ktally_units_scaled - "12.3 us", "4.00 KiB", "17", "0x1f": @value as its kind is shown, three digits where it is scaled */
void ktally_units_scaled(enum ktally_kind kind, double value, char *buf, size_t size);
/** ktally_units_int - the same for a whole number: not scaled kinds are exact */
void ktally_units_int(enum ktally_kind kind, int64_t value, char *buf, size_t size);
/** ktally_units_bound - bound of a histogram bucket: like ktally_units_int, and exact multiples of 1024 as 4K, 2M; open ends as "..." */
void ktally_units_bound(enum ktally_kind kind, int64_t value, char *buf, size_t size);
/** ktally_units_plain - a key or record field as a decimal number. Return: false if it is no number: use ktally_format_field */
bool ktally_units_plain(const struct ktally_field *field, const uint64_t *words, char *buf, size_t size);
/**
 * ktally_column_label - "sum(bytes)": name of value column @n with what is kept of it, unique in its table: a second "hist(x)" is
 * "hist(x)_2"
 */
void ktally_column_label(const struct ktally_schema *schema, unsigned int n, char *buf, size_t size);
/** ktally_column_buckets - buckets of a HIST column, 0 of others */
int ktally_column_buckets(const struct ktally_column *column);
/** ktally_column_below - the column is no number: text shows it below its row (or not at all) */
bool ktally_column_below(const struct ktally_column *column);
/** ktally_column_bare - what goes into the column, "bytes" for "sum(bytes)" */
void ktally_column_bare(const struct ktally_value *value, char *buf, size_t size);
/** ktally_column_word - "count", "sum", ..., "exemplar" */
const char *ktally_column_word(unsigned int column_kind);
/** ktally_cells_none - a MIN or MAX that never saw a value */
bool ktally_cells_none(const struct ktally_value *value, const uint64_t *cells);

#endif
