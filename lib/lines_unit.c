// SPDX-License-Identifier: LGPL-2.1-or-later
/* The functions of a compilation unit, and what is inlined into them. Entries of damaged files may lead backwards: none is followed. */
#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

#include "lines_unit.h"

#define RANGES_MAX	(16U << 20)
#define DEPTH_MAX	64U
/* Entries that a search for what is inlined looks at, at most. */
#define LOOKS_MAX	200000U
/* How many pieces before an address are asked whether they reach over it. */
#define NESTING		64U

static int add_range(struct ktally_ranges *ranges, uint64_t low, uint64_t high, Dwarf_Off die)
{
	size_t room = ranges->room ? ranges->room * 2 : 64;
	struct ktally_range *list;

	/* Code that the linker left out is at 0. */
	if (low >= high || !low)
		return 0;
	if (ranges->nr >= RANGES_MAX)
		return -ENOMEM;
	if (ranges->nr == ranges->room) {
		list = realloc(ranges->list, room * sizeof(*list));
		if (!list)
			return -ENOMEM;
		ranges->list = list;
		ranges->room = room;
	}
	ranges->list[ranges->nr++] = (struct ktally_range){ low, high, die };
	return 0;
}

int ktally_ranges_add(struct ktally_ranges *ranges, Dwarf_Die *die)
{
	Dwarf_Addr base, low, high;
	ptrdiff_t at = 0;
	size_t nr = 0;
	int ret = 0;

	while (!ret && nr++ < RANGES_MAX && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0)
		ret = add_range(ranges, low, high, dwarf_dieoffset(die));
	return ret;
}

static int by_low(const void *left, const void *right)
{
	const struct ktally_range *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return a->high > b->high ? -1 : a->high < b->high;
}

void ktally_ranges_sort(struct ktally_ranges *ranges)
{
	if (ranges->nr)
		qsort(ranges->list, ranges->nr, sizeof(*ranges->list), by_low);
}

const struct ktally_range *ktally_ranges_find(const struct ktally_ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->nr, mid;
	unsigned int tries;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (ranges->list[mid].low <= address)
			low = mid + 1;
		else
			high = mid;
	}
	for (tries = 0; low && tries < NESTING; tries++)
		if (address < ranges->list[--low].high)
			return &ranges->list[low];
	return NULL;
}

/* To the next entry of the same level. Return: there is one */
static bool next(Dwarf_Die *die)
{
	Dwarf_Off before = dwarf_dieoffset(die);

	return !dwarf_siblingof(die, die) && dwarf_dieoffset(die) > before;
}

int ktally_unit_functions(struct ktally_ranges *functions, Dwarf_Die *cu)
{
	Dwarf_Die path[DEPTH_MAX];
	Dwarf_Off last = dwarf_dieoffset(cu);
	unsigned int depth = 0;
	int ret = 0;

	if (dwarf_child(cu, &path[0]))
		return 0;
	while (!ret && dwarf_dieoffset(&path[depth]) > last) {
		last = dwarf_dieoffset(&path[depth]);
		if (dwarf_tag(&path[depth]) == DW_TAG_subprogram)
			ret = ktally_ranges_add(functions, &path[depth]);
		if (depth + 1 < DEPTH_MAX && dwarf_haschildren(&path[depth]) == 1 && !dwarf_child(&path[depth], &path[depth + 1])) {
			depth++;
			continue;
		}
		while (!next(&path[depth]))
			if (!depth--)
				goto out;
	}
out:
	ktally_ranges_sort(functions);
	return ret;
}

static bool is_scope(Dwarf_Die *die)
{
	switch (dwarf_tag(die)) {
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
	case DW_TAG_try_block:
	case DW_TAG_catch_block:
		return true;
	default:
		return false;
	}
}

/* The scope among the children of @die that @address lies in. */
static bool inner_scope(Dwarf_Die *die, uint64_t address, Dwarf_Die *inner, unsigned int *looks)
{
	if (dwarf_child(die, inner))
		return false;
	do {
		if (++*looks > LOOKS_MAX)
			return false;
		if (is_scope(inner) && dwarf_haspc(inner, address) > 0)
			return true;
	} while (next(inner));
	return false;
}

unsigned int ktally_unit_inlines(const Dwarf_Die *function, uint64_t address, Dwarf_Die *dies)
{
	unsigned int nr = 1, looks = 0, depth = 0;
	Dwarf_Die at = *function, inner;

	dies[0] = at;
	while (nr < KTALLY_PLACES_MAX && depth++ < 4 * DEPTH_MAX && inner_scope(&at, address, &inner, &looks)) {
		if (dwarf_dieoffset(&inner) <= dwarf_dieoffset(&at))
			break;
		if (dwarf_tag(&inner) == DW_TAG_inlined_subroutine)
			dies[nr++] = inner;
		at = inner;
	}
	return nr;
}
