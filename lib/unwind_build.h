/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unwind_build.h: builds a table of how to unwind a file (struct ktally_unwind_table) from what describes its functions, in whatever order
 * that comes. All offsets are in the file.
 *
 *	piece(start, end), row(offset, rule) ...; the next piece; ... layer(); what knows less; ... finish()
 */
#ifndef KTALLY_UNWIND_BUILD_H
#define KTALLY_UNWIND_BUILD_H

#include <libelf.h>

#include "libktally.h"

struct ktally_unwind_build;

/** ktally_unwind_build_new - for code of @machine: EM_X86_64 or EM_AARCH64. NULL: no memory */
struct ktally_unwind_build *ktally_unwind_build_new(uint32_t machine);
void ktally_unwind_build_free(struct ktally_unwind_build *build);
/** ktally_unwind_build_machine - as it was made for */
uint32_t ktally_unwind_build_machine(const struct ktally_unwind_build *build);
/**
 * ktally_unwind_build_piece - begin a function, at offsets @start to @end; rows that follow are of it
 * Of pieces that overlap, the one that starts later has the code from there on; of two that start at once the one that came first.
 * Return: 0; 1: an earlier layer describes @start already: rows are ignored until the next piece; -EINVAL: it has no length; -ENOMEM; -E2BIG
 */
int ktally_unwind_build_piece(struct ktally_unwind_build *build, uint64_t start, uint64_t end);
/**
 * ktally_unwind_build_row - from @offset on, to the next row or the end of the piece, @rule holds
 * @offset: not below that of the row before; of two rows at the same one the last counts. Code before the first row is unknown
 * @rule: copied; what its kinds do not use may hold anything
 * Return: 0; -EINVAL: not in the piece, or descending; -ENOMEM; -E2BIG
 */
int ktally_unwind_build_row(struct ktally_unwind_build *build, uint64_t offset, const struct ktally_unwind_rule *rule);
/** ktally_unwind_build_unknown - the whole of the piece that was begun last is not understood: counted, its code gets KTALLY_CFA_UNKNOWN */
int ktally_unwind_build_unknown(struct ktally_unwind_build *build);
/** ktally_unwind_build_skip - count the piece that was begun last as not understood in part; its rows stay */
void ktally_unwind_build_skip(struct ktally_unwind_build *build);
/** ktally_unwind_build_lost - count a function that was described, but where it is was not understood */
void ktally_unwind_build_lost(struct ktally_unwind_build *build);
/** ktally_unwind_build_layer - what comes from here on only describes code that has no description yet */
void ktally_unwind_build_layer(struct ktally_unwind_build *build);
/** ktally_unwind_build_pieces - how many there are; @skipped: of these not understood; may be NULL */
uint64_t ktally_unwind_build_pieces(const struct ktally_unwind_build *build, uint64_t *skipped);

/**
 * ktally_unwind_gap_fn - told of code that nothing describes, in ascending order
 * It may begin pieces in there. Return: 0; 1: there is no code there, only padding; -errno ends it all
 */
typedef int (*ktally_unwind_gap_fn)(void *arg, struct ktally_unwind_build *build, uint64_t start, uint64_t end);
/** ktally_unwind_build_gaps - call @fn for each gap between @start and @end, as a layer of its own. Return: 0 or -errno */
int ktally_unwind_build_gaps(struct ktally_unwind_build *build, uint64_t start, uint64_t end, ktally_unwind_gap_fn fn, void *arg);
/**
 * ktally_unwind_build_finish - the table, malloc'ed; only ktally_unwind_build_free() may follow
 * Return: 0; -ENODATA: there is no row; -E2BIG; -ENOMEM
 */
int ktally_unwind_build_finish(struct ktally_unwind_build *build, struct ktally_unwind_table **table, size_t *size);

/** ktally_unwind_check - a table of @size bytes is as the header says: sorted, all in bounds. Return: 0 or -EBADMSG */
int ktally_unwind_check(const struct ktally_unwind_table *table, size_t size);

/**
 * ktally_go_unwind - add the functions of a Go binary, from its pclntab
 * Return: 0; -ENODATA: it is none; or an error of the builder
 */
int ktally_go_unwind(Elf *elf, struct ktally_unwind_build *build);

#endif /* KTALLY_UNWIND_BUILD_H */
