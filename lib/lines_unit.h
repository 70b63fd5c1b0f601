/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of lines: the functions of one compilation unit. */
#ifndef KTALLY_LINES_UNIT_H
#define KTALLY_LINES_UNIT_H

#include <elfutils/libdw.h>

#include "lines.h"

/** struct ktally_range - code from @low to @high belongs to the entry @die */
struct ktally_range {
	uint64_t low, high;
	Dwarf_Off die;
};

/** struct ktally_ranges - sorted by ktally_ranges_sort() */
struct ktally_ranges {
	struct ktally_range *list;
	size_t nr, room;
};

/** ktally_ranges_add - all code of @die. Return: 0 (also if it has none), -ENOMEM */
int ktally_ranges_add(struct ktally_ranges *ranges, Dwarf_Die *die);
void ktally_ranges_sort(struct ktally_ranges *ranges);
/** ktally_ranges_find - the smallest piece that @address lies in, NULL if there is none */
const struct ktally_range *ktally_ranges_find(const struct ktally_ranges *ranges, uint64_t address);

/** ktally_unit_functions - the functions of the unit @cu. Return: 0, -ENOMEM */
int ktally_unit_functions(struct ktally_ranges *functions, Dwarf_Die *cu);
/**
 * ktally_unit_inlines - @function and what is inlined there at @address, outermost first
 * @dies: KTALLY_PLACES_MAX of them
 * Return: how many, at least 1
 */
unsigned int ktally_unit_inlines(const Dwarf_Die *function, uint64_t address, Dwarf_Die *dies);

#endif /* KTALLY_LINES_UNIT_H */
