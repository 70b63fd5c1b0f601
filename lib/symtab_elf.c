// SPDX-License-Identifier: LGPL-2.1-or-later
/* Functions of one ELF file, sorted: adding, sorting, finding, naming. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_load.h"
#include "symtab.h"

/* How many addresses before one are asked whether their symbol reaches over it: functions nest rarely, and not deep. */
#define NESTING 16
#define ALIASES_MAX 8

/* Name of a hit: offset, table, whether it gets a suffix. */
#define NAME(symbol) ((symbol)->name | (uint64_t)(symbol)->table << 32 | (uint64_t)(symbol)->plt << 35)
#define NAME_TABLE(name) ((name) >> 32 & 7)
#define NAME_PLT(name) ((name) >> 35 & 1)

_Static_assert(sizeof(struct ktally_elf_symbol) == 16, "large files have millions of symbols");
_Static_assert(KTALLY_ELF_STRINGS_MAX <= 8, "the table of a symbol has 3 bits");

int ktally_elf_push(struct ktally_elf *elf, const struct ktally_elf_symbol *symbol)
{
	size_t room = elf->room + elf->room / 2 + 512;
	struct ktally_elf_symbol *symbols;

	if (elf->nr == elf->room) {
		symbols = realloc(elf->symbols, room * sizeof(*symbols));
		if (!symbols)
			return -ENOMEM;
		elf->symbols = symbols;
		elf->room = room;
	}
	elf->symbols[elf->nr++] = *symbol;
	return 0;
}

int ktally_elf_keep_name(struct ktally_elf *elf, const char *name, uint32_t *at)
{
	struct ktally_elf_strings *own = &elf->strings[0];
	size_t need = strlen(name) + 1, room;
	char *text;

	if (!elf->nr_strings) {
		own->fd = -1;
		elf->nr_strings = 1;
	}
	if (need > own->room - own->size) {
		room = own->room * 2 + need + 16384;
		text = room > UINT32_MAX ? NULL : realloc(own->text, room);
		if (!text)
			return -ENOMEM;
		own->text = text;
		own->room = room;
	}
	*at = (uint32_t)own->size;
	memcpy(own->text + own->size, name, need);
	own->size += need;
	return 0;
}

int ktally_elf_add(struct ktally_elf *elf, uint64_t start, uint64_t end, unsigned int rank, const char *name)
{
	struct ktally_elf_symbol symbol = { .start = start, .rank = rank };

	symbol.size = end - start < KTALLY_ELF_SIZE_MAX ? end - start : KTALLY_ELF_SIZE_MAX;
	return ktally_elf_keep_name(elf, name, &symbol.name) ? -ENOMEM : ktally_elf_push(elf, &symbol);
}

#define DIGIT_BITS	11U
#define DIGITS		(1U << DIGIT_BITS)

static void sort_digit(const struct ktally_elf_symbol *from, struct ktally_elf_symbol *to, size_t nr, unsigned int shift)
{
	size_t counts[DIGITS] = { 0 }, sum = 0, count, i;
	unsigned int value;

	for (i = 0; i < nr; i++)
		counts[from[i].start >> shift & (DIGITS - 1)]++;
	for (value = 0; value < DIGITS; value++) {
		count = counts[value];
		counts[value] = sum;
		sum += count;
	}
	for (i = 0; i < nr; i++)
		to[counts[from[i].start >> shift & (DIGITS - 1)]++] = from[i];
}

/*
 * By address, least significant digit first; digits that all addresses have in common are passed over. Symbols at one address keep
 * their order.
 */
static int radix_sort(struct ktally_elf_symbol *symbols, size_t nr)
{
	struct ktally_elf_symbol *copy = malloc(nr * sizeof(*copy)), *from = symbols, *to = copy, *swap;
	uint64_t differ = 0;
	unsigned int shift;
	size_t i;

	if (!copy)
		return -ENOMEM;
	for (i = 1; i < nr; i++)
		differ |= symbols[i].start ^ symbols[0].start;
	for (shift = 0; shift < 64; shift += DIGIT_BITS) {
		if (!(differ >> shift & (DIGITS - 1)))
			continue;
		sort_digit(from, to, nr, shift);
		swap = from;
		from = to;
		to = swap;
	}
	if (from != symbols)
		memcpy(symbols, copy, nr * sizeof(*copy));
	free(copy);
	return 0;
}

/* Put the last @nr among those before them: all are sorted, and of one address the last come last. */
static int merge(struct ktally_elf_symbol *symbols, size_t first, size_t nr)
{
	struct ktally_elf_symbol *copy = malloc(nr * sizeof(*copy));

	if (!copy)
		return -ENOMEM;
	memcpy(copy, symbols + first, nr * sizeof(*copy));
	while (nr) {
		if (first && symbols[first - 1].start > copy[nr - 1].start) {
			symbols[first + nr - 1] = symbols[first - 1];
			first--;
		} else {
			symbols[first + nr - 1] = copy[nr - 1];
			nr--;
		}
	}
	free(copy);
	return 0;
}

/* Those that were sorted before are not sorted again: what is added to them is often little. */
static int sort_all(struct ktally_elf *elf)
{
	size_t more = elf->nr - elf->nr_sorted;

	if (!more)
		return 0;
	if (radix_sort(elf->symbols + elf->nr_sorted, more))
		return -ENOMEM;
	return elf->nr_sorted ? merge(elf->symbols, elf->nr_sorted, more) : 0;
}

/* The symbols at one address, from @first to @end: those of the greatest rank, and not too many, are moved to @to. Return: how many */
static size_t keep_best(struct ktally_elf_symbol *symbols, size_t first, size_t end, size_t to)
{
	size_t i, nr = 0;
	unsigned int rank = 0;

	for (i = first; i < end; i++)
		rank = symbols[i].rank > rank ? symbols[i].rank : rank;
	for (i = first; i < end && nr < ALIASES_MAX; i++)
		if (symbols[i].rank == rank)
			symbols[to + nr++] = symbols[i];
	return nr;
}

/* A symbol of no size was given the end of its section: it ends where the next one begins. */
static void end_unsized(struct ktally_elf *elf)
{
	uint64_t next = UINT64_MAX, at;
	size_t i;

	for (i = elf->nr; i--;) {
		at = elf->symbols[i].start;
		if (i + 1 < elf->nr && elf->symbols[i + 1].start != at)
			next = elf->symbols[i + 1].start;
		if (!(elf->symbols[i].rank & KTALLY_ELF_SIZED) && elf->symbols[i].size > next - at)
			elf->symbols[i].size = (uint32_t)(next - at);
	}
}

/* A binary search over all symbols touches memory in many places; this leaves one or two of them. */
static int make_places(struct ktally_elf *elf)
{
	uint64_t first = elf->symbols[0].start, span = elf->symbols[elf->nr - 1].start - first;
	size_t place = 0, i;

	elf->shift = 0;
	while (span >> elf->shift > elf->nr / 4 + 1)
		elf->shift++;
	elf->nr_places = (span >> elf->shift) + 1;
	free(elf->places);
	elf->places = malloc((elf->nr_places + 1) * sizeof(*elf->places));
	if (!elf->places)
		return -ENOMEM;
	for (i = 0; i < elf->nr; i++)
		while (place <= (elf->symbols[i].start - first) >> elf->shift)
			elf->places[place++] = (uint32_t)i;
	elf->places[place] = (uint32_t)elf->nr;
	return 0;
}

int ktally_elf_sort(struct ktally_elf *elf)
{
	struct ktally_elf_symbol *smaller;
	size_t first, end, kept = 0;

	if (!elf->nr)
		return 0;
	if (elf->nr > UINT32_MAX || sort_all(elf))
		return -ENOMEM;
	for (first = 0; first < elf->nr; first = end) {
		for (end = first + 1; end < elf->nr && elf->symbols[end].start == elf->symbols[first].start; end++)
			;
		kept += keep_best(elf->symbols, first, end, kept);
	}
	elf->nr = kept;
	elf->nr_sorted = kept;
	end_unsized(elf);
	smaller = realloc(elf->symbols, kept * sizeof(*smaller));
	if (smaller) {
		elf->symbols = smaller;
		elf->room = kept;
	}
	return make_places(elf);
}

/* How many symbols begin at @vaddr or before. */
static size_t count_until(const struct ktally_elf *elf, uint64_t vaddr)
{
	uint64_t place = elf->nr ? (vaddr - elf->symbols[0].start) >> elf->shift : 0;
	size_t low = 0, high = elf->nr, mid;

	if (!elf->nr || vaddr < elf->symbols[0].start)
		return 0;
	if (place >= elf->nr_places)
		return elf->nr;
	low = elf->places[place];
	high = elf->places[place + 1];
	while (low < high) {
		mid = low + (high - low) / 2;
		if (elf->symbols[mid].start <= vaddr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
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

/* The name most people know has the fewest underscores; without a name it is nothing to show. */
static unsigned int oddness(const struct ktally_elf *elf, const struct ktally_elf_symbol *symbol)
{
	char start[9];
	unsigned int nr = 0;

	if (!ktally_elf_name(elf, NAME(symbol), start, sizeof(start)))
		return UINT32_MAX;
	while (start[nr] == '_')
		nr++;
	return nr;
}

static const struct ktally_elf_symbol *best_alias(const struct ktally_elf *elf, size_t first, size_t end, uint64_t vaddr)
{
	const struct ktally_elf_symbol *best = NULL;
	unsigned int least = UINT32_MAX, odd;
	size_t i;

	/* The usual case, in which the names need not be read. */
	if (end - first == 1)
		return vaddr - elf->symbols[first].start < elf->symbols[first].size ? &elf->symbols[first] : NULL;
	for (i = first; i < end; i++) {
		const struct ktally_elf_symbol *symbol = &elf->symbols[i];

		if (vaddr - symbol->start >= symbol->size)
			continue;
		odd = oddness(elf, symbol);
		if (odd < least || (best && odd == least && symbol->size > best->size)) {
			least = odd;
			best = symbol;
		}
	}
	return best;
}

bool ktally_elf_find(const struct ktally_elf *elf, uint64_t vaddr, struct ktally_elf_hit *hit)
{
	const struct ktally_elf_symbol *symbol;
	size_t low = count_until(elf, vaddr), end;
	unsigned int tries;

	for (tries = 0; low && tries < NESTING; tries++) {
		end = low--;
		while (low && elf->symbols[low - 1].start == elf->symbols[low].start)
			low--;
		symbol = best_alias(elf, low, end, vaddr);
		if (!symbol)
			continue;
		*hit = (struct ktally_elf_hit){ symbol->start, symbol->start + symbol->size, NAME(symbol), (size_t)(symbol - elf->symbols) };
		return true;
	}
	return false;
}

/* Most names are short. */
#define FIRST_READ 256U

static size_t read_name(const struct ktally_elf_strings *strings, uint32_t at, char *buf, size_t size)
{
	size_t left = at < strings->size ? strings->size - at : 0, want = FIRST_READ, len = 0;
	ssize_t got;

	if (left > size - 1)
		left = size - 1;
	if (strings->text) {
		len = left ? strnlen(strings->text + at, left) : 0;
		memcpy(buf, left ? strings->text + at : "", len);
	}
	for (; !strings->text && len < left; want *= 4) {
		want = want < left - len ? want : left - len;
		got = pread(strings->fd, buf + len, want, (off_t)(strings->offset + at + len));
		if (got <= 0)
			break;
		want = strnlen(buf + len, got);
		len += want;
		if (want < (size_t)got)
			break;
	}
	buf[len] = 0;
	return len;
}

size_t ktally_elf_name(const struct ktally_elf *elf, uint64_t name, char *buf, size_t size)
{
	static const char plt[] = "@plt";
	size_t len;

	if (NAME_TABLE(name) >= elf->nr_strings)
		return 0;
	len = read_name(&elf->strings[NAME_TABLE(name)], (uint32_t)name, buf, size);
	if (!len || !NAME_PLT(name))
		return len;
	if (len + sizeof(plt) > size)
		len = size > sizeof(plt) ? size - sizeof(plt) : 0;
	snprintf(buf + len, size - len, "%s", plt);
	return strlen(buf);
}

void ktally_elf_name_soon(const struct ktally_elf *elf, uint64_t name)
{
	const struct ktally_elf_strings *strings = &elf->strings[NAME_TABLE(name)];

	if (NAME_TABLE(name) >= elf->nr_strings || !strings->text || (uint32_t)name >= strings->size)
		return;
	__builtin_prefetch(strings->text + (uint32_t)name);
	__builtin_prefetch(strings->text + (uint32_t)name + 64);
}

void ktally_elf_free(struct ktally_elf *elf)
{
	unsigned int i;

	if (!elf)
		return;
	for (i = 0; i < elf->nr_strings; i++) {
		free(elf->strings[i].text);
		if (elf->strings[i].fd >= 0)
			close(elf->strings[i].fd);
	}
	free(elf->symbols);
	free(elf->segments);
	free(elf->places);
	free(elf);
}
