/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The mappings, locations and functions of a profile.proto: each distinct one has a number, from 1 on.
 */
#ifndef KTALLY_PPROF_TABLES_H
#define KTALLY_PPROF_TABLES_H

#include "libktally.h"
#include "protobuf.h"
#include "strtab.h"

struct ktally_pprof_tables;

/** ktally_pprof_tables_new - @strings is borrowed: names are its numbers */
struct ktally_pprof_tables *ktally_pprof_tables_new(struct ktally_strtab *strings);
void ktally_pprof_tables_free(struct ktally_pprof_tables *tables);
/** ktally_pprof_string - number of @text, made valid UTF-8 first; out of memory is left in the string table's error */
uint32_t ktally_pprof_string(struct ktally_pprof_tables *tables, const char *text);
/**
 * ktally_pprof_location - number of a place in memory
 * @frames: what is there: a function, before it those that are inlined into it, innermost first; a single NULL: a name without an address
 * @names: what they are shown as
 * Return: number or -ENOMEM
 */
int64_t ktally_pprof_location(struct ktally_pprof_tables *tables, const struct ktally_frame *const *frames, const uint32_t *names, unsigned int nr);
void ktally_pprof_put_mappings(const struct ktally_pprof_tables *tables, struct ktally_pb *pb, unsigned int field);
void ktally_pprof_put_locations(const struct ktally_pprof_tables *tables, struct ktally_pb *pb, unsigned int field);
void ktally_pprof_put_functions(const struct ktally_pprof_tables *tables, struct ktally_pb *pb, unsigned int field);

#endif
