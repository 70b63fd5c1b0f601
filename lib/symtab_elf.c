// SPDX-License-Identifier: LGPL-2.1-or-later
/* Functions of one ELF file, sorted: adding, finding. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "symtab.h"

/* How many symbols before an address are asked whether they reach over it: functions nest rarely, and not deep. */
#define NESTING 16

int ktally_elf_add(struct ktally_elf *elf, uint64_t start, uint64_t end, uint8_t rank, const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix), need = len + suffix_len + 1, room;
	struct ktally_elf_symbol *symbols;
	char *names;

	if (elf->nr == elf->room) {
		room = elf->room ? elf->room * 2 : 512;
		symbols = realloc(elf->symbols, room * sizeof(*symbols));
		if (!symbols)
			return -ENOMEM;
		elf->symbols = symbols;
		elf->room = room;
	}
	if (need > elf->names_room - elf->names_len) {
		room = elf->names_room * 2 + need + 16384;
		if (room > UINT32_MAX)
			return -ENOMEM;
		names = realloc(elf->names, room);
		if (!names)
			return -ENOMEM;
		elf->names = names;
		elf->names_room = room;
	}
	elf->symbols[elf->nr++] = (struct ktally_elf_symbol){ start, end, (uint32_t)elf->names_len, rank };
	memcpy(elf->names + elf->names_len, name, len);
	memcpy(elf->names + elf->names_len + len, suffix, suffix_len + 1);
	elf->names_len += need;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct ktally_elf_symbol *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->rank != b->rank)
		return a->rank > b->rank ? -1 : 1;
	if (a->end != b->end)
		return a->end > b->end ? -1 : 1;
	return a->name < b->name ? -1 : a->name > b->name;
}

/* A symbol of no size was given the end of its section: it ends where the next one begins. */
void ktally_elf_sort(struct ktally_elf *elf)
{
	size_t i, kept = 0;

	if (!elf->nr)
		return;
	qsort(elf->symbols, elf->nr, sizeof(*elf->symbols), compare);
	for (i = 0; i < elf->nr; i++)
		if (!kept || elf->symbols[kept - 1].start != elf->symbols[i].start)
			elf->symbols[kept++] = elf->symbols[i];
	elf->nr = kept;
	for (i = 0; i + 1 < kept; i++)
		if (!(elf->symbols[i].rank & 0x80) && elf->symbols[i].end > elf->symbols[i + 1].start)
			elf->symbols[i].end = elf->symbols[i + 1].start;
}

bool ktally_elf_address(const struct ktally_elf *elf, uint64_t offset, uint64_t *vaddr)
{
	unsigned int i;

	for (i = 0; i < elf->nr_segments; i++) {
		const struct ktally_elf_segment *segment = &elf->segments[i];

		if (offset >= segment->offset && offset - segment->offset < segment->size) {
			*vaddr = offset - segment->offset + segment->vaddr;
			return true;
		}
	}
	return false;
}

const char *ktally_elf_find(const struct ktally_elf *elf, uint64_t vaddr, uint64_t *start)
{
	size_t low = 0, high = elf->nr, mid;
	unsigned int tries;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (elf->symbols[mid].start <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	for (tries = 0; low && tries < NESTING; tries++) {
		const struct ktally_elf_symbol *symbol = &elf->symbols[--low];

		if (vaddr < symbol->end) {
			*start = symbol->start;
			return elf->names + symbol->name;
		}
	}
	return NULL;
}

void ktally_elf_free(struct ktally_elf *elf)
{
	if (!elf)
		return;
	free(elf->symbols);
	free(elf->names);
	free(elf->segments);
	free(elf);
}
