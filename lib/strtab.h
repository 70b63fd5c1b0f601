/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Distinct strings under dense numbers: equal strings have equal numbers, number 0 is "".
 */
#ifndef KTALLY_STRTAB_H
#define KTALLY_STRTAB_H

#include <stddef.h>
#include <stdint.h>

struct ktally_strtab;

/** ktally_strtab_new - Return: the table, or NULL when memory ran out */
struct ktally_strtab *ktally_strtab_new(void);
void ktally_strtab_free(struct ktally_strtab *tab);
/** ktally_strtab_add - the number of @text, which is copied if it is new; 0 with ktally_strtab_error() set when memory ran out */
uint32_t ktally_strtab_add(struct ktally_strtab *tab, const char *text);
/** ktally_strtab_get - the string of number @id; belongs to the table, valid until it is freed */
const char *ktally_strtab_get(const struct ktally_strtab *tab, uint32_t id);
/** ktally_strtab_count - numbers handed out: 0 .. count - 1 */
uint32_t ktally_strtab_count(const struct ktally_strtab *tab);
/** ktally_strtab_error - 0, or -ENOMEM if any add failed */
int ktally_strtab_error(const struct ktally_strtab *tab);

#endif
