/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The parts of the text report, one file each: tables, profiles, accounting.
 */
#ifndef KTALLY_EXPORT_TEXT_H
#define KTALLY_EXPORT_TEXT_H

#include "libktally.h"

/** ktally_text_table - one table: its rows in columns, bars and stacks below each */
int ktally_text_table(const struct ktally_report *report, const struct ktally_table *table, FILE *out, struct ktally_error *err);
/** ktally_text_profile - self and total samples of each function, the list that `pprof -top` shows */
int ktally_text_profile(const struct ktally_report *report, const struct ktally_table *table, FILE *out, struct ktally_error *err);
/** ktally_text_accounting - what became of every hit and record, and what was lost */
void ktally_text_accounting(const struct ktally_report *report, FILE *out);
/** ktally_text_hits - hits of a table, the other row included */
uint64_t ktally_text_hits(const struct ktally_table *table);

#endif
