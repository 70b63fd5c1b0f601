// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads Go's pclntab, of Go 1.2 to today's. Every offset in it is checked where it is used. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gopclntab.h"
#include "symtab.h"

/* What the first word says the layout is. */
#define MAGIC_1_2	0xfffffffbU
#define MAGIC_1_16	0xfffffffaU
#define MAGIC_1_18	0xfffffff0U
#define MAGIC_1_20	0xfffffff1U

#define NAME_LONGEST	65536U
#define FUNCTIONS_MAX	(1U << 24)
#define FLAG_TOP	1
#define FLAG_SETS_SP	2

/* Where things are in a version: in the head, and in what is kept of a function. 0: it has none. */
struct layout {
	uint32_t magic;
	bool relative;		/* functions count from the beginning of the code, by 32 bits */
	uint8_t text, names, units, files, values, functions;	/* words in the head behind the first 8 bytes */
	uint8_t name, sp, file, line, unit, flag;		/* bytes in a function */
};

static const struct layout layouts[] = {
	{ MAGIC_1_2, false, 0, 0, 0, 0, 0, 0, 8, 20, 24, 28, 0, 0 },
	{ MAGIC_1_16, false, 0, 2, 3, 4, 5, 6, 8, 20, 24, 28, 36, 41 },
	{ MAGIC_1_18, true, 2, 3, 4, 5, 6, 7, 4, 16, 20, 24, 32, 37 },
	{ MAGIC_1_20, true, 2, 3, 4, 5, 6, 7, 4, 16, 20, 24, 32, 41 },
};

/* Parts of @data, as offsets; @index: of the entries that are sorted by address. */
struct ktally_gopclntab {
	const struct layout *layout;
	uint8_t *data;
	size_t size;
	uint64_t text, nr, names, units, files, values, functions, index;
	unsigned int quantum, entry;
};

static uint64_t word(const struct ktally_gopclntab *table, uint64_t at, unsigned int bytes)
{
	uint64_t value = 0;

	if (at > table->size || bytes > table->size - at)
		return 0;
	while (bytes--)
		value = value << 8 | table->data[at + bytes];
	return value;
}

static bool read_head(struct ktally_gopclntab *table, uint64_t text)
{
	const struct layout *layout = table->layout;
	uint64_t head = 8;

	table->quantum = table->data[6];
	if (table->data[4] || table->data[5] || (table->quantum != 1 && table->quantum != 2 && table->quantum != 4) || table->data[7] != 8)
		return false;
	table->nr = word(table, head, 8);
	table->entry = layout->relative ? 4 : 8;
	table->text = layout->text ? word(table, head + 8 * layout->text, 8) : 0;
	if (layout->text && !table->text)
		table->text = text;
	if (layout->functions) {
		table->names = word(table, head + 8 * layout->names, 8);
		table->units = word(table, head + 8 * layout->units, 8);
		table->files = word(table, head + 8 * layout->files, 8);
		table->values = word(table, head + 8 * layout->values, 8);
		table->functions = word(table, head + 8 * layout->functions, 8);
		table->index = table->functions;
	} else {
		table->index = 16;
	}
	if (!table->nr || table->nr > FUNCTIONS_MAX || table->names > table->size || table->units > table->size || table->files > table->size ||
	    table->values > table->size || table->index > table->size)
		return false;
	/* The end of the last function stands behind the last entry. */
	if ((table->size - table->index) / (2 * table->entry) < table->nr || table->size - table->index - table->nr * 2 * table->entry < table->entry)
		return false;
	if (!layout->functions)
		table->files = word(table, table->index + table->nr * 16 + 8, 4);
	return true;
}

int ktally_gopclntab_parse(struct ktally_gopclntab **out, const void *data, size_t size, uint64_t text)
{
	struct ktally_gopclntab *table;
	uint32_t magic;
	unsigned int i;

	if (size < 64)
		return -EBADMSG;
	memcpy(&magic, data, sizeof(magic));
	for (i = 0; i < sizeof(layouts) / sizeof(*layouts) && layouts[i].magic != magic; i++)
		;
	if (i == sizeof(layouts) / sizeof(*layouts))
		return -EBADMSG;
	table = calloc(1, sizeof(*table));
	if (table)
		table->data = malloc(size);
	if (!table || !table->data) {
		free(table);
		return -ENOMEM;
	}
	memcpy(table->data, data, size);
	table->size = size;
	table->layout = &layouts[i];
	if (!read_head(table, text)) {
		ktally_gopclntab_free(table);
		return -EBADMSG;
	}
	*out = table;
	return 0;
}

void ktally_gopclntab_free(struct ktally_gopclntab *table)
{
	if (table)
		free(table->data);
	free(table);
}

/* ---- functions ---- */

size_t ktally_gopclntab_count(const struct ktally_gopclntab *table)
{
	return table->nr;
}

static uint64_t address_at(const struct ktally_gopclntab *table, size_t n)
{
	return table->text + word(table, table->index + n * 2 * table->entry, table->entry);
}

/* A text with an end, or NULL. */
static const char *text_at(const struct ktally_gopclntab *table, uint64_t at)
{
	size_t most;

	if (at >= table->size)
		return NULL;
	most = table->size - at < NAME_LONGEST ? table->size - at : NAME_LONGEST;
	return memchr(table->data + at, 0, most) ? (const char *)table->data + at : NULL;
}

bool ktally_gopclntab_get(const struct ktally_gopclntab *table, size_t n, struct ktally_go_function *function)
{
	const struct layout *layout = table->layout;
	uint64_t at;

	if (n >= table->nr)
		return false;
	function->start = address_at(table, n);
	function->end = address_at(table, n + 1);
	at = table->functions + word(table, table->index + n * 2 * table->entry + table->entry, table->entry);
	if (function->end <= function->start || at > table->size || table->size - at < 36)
		return false;
	function->name = text_at(table, table->names + word(table, at + layout->name, 4));
	function->frames = (uint32_t)word(table, at + layout->sp, 4);
	function->files = (uint32_t)word(table, at + layout->file, 4);
	function->lines = (uint32_t)word(table, at + layout->line, 4);
	function->unit = layout->unit ? (uint32_t)word(table, at + layout->unit, 4) : 0;
	function->top = layout->flag && word(table, at + layout->flag, 1) & FLAG_TOP;
	function->sets_sp = layout->flag && word(table, at + layout->flag, 1) & FLAG_SETS_SP;
	return function->name && *function->name;
}

bool ktally_gopclntab_find(const struct ktally_gopclntab *table, uint64_t address, struct ktally_go_function *function)
{
	size_t low = 0, high = table->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (address_at(table, mid) <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low && ktally_gopclntab_get(table, low - 1, function) && address >= function->start && address < function->end;
}

/* ---- values ---- */

void ktally_go_pcvalue_begin(const struct ktally_gopclntab *table, const struct ktally_go_function *function, uint32_t offset,
			     struct ktally_go_pcvalue *walk)
{
	uint64_t at = table->values + offset;

	*walk = (struct ktally_go_pcvalue){ .from = function->start, .to = function->start, .end = function->end,
					    .quantum = table->quantum, .value = -1 };
	/* There is nothing at 0. */
	if (!offset || at >= table->size)
		at = table->size;
	walk->at = table->data + at;
	walk->stop = table->data + table->size;
}

static bool take_number(struct ktally_go_pcvalue *walk, uint32_t *number)
{
	unsigned int shift;

	*number = 0;
	for (shift = 0; shift < 35 && walk->at < walk->stop; shift += 7) {
		*number |= (uint32_t)((uint64_t)(*walk->at & 0x7f) << shift);
		if (!(*walk->at++ & 0x80))
			return true;
	}
	return false;
}

bool ktally_go_pcvalue_next(struct ktally_go_pcvalue *walk)
{
	uint32_t value, step;

	if (walk->to >= walk->end || !take_number(walk, &value) || (!value && walk->begun) || !take_number(walk, &step))
		return false;
	walk->begun = true;
	walk->value = (int32_t)((uint32_t)walk->value + (value & 1 ? ~(value >> 1) : value >> 1));
	walk->from = walk->to;
	walk->to += (uint64_t)step * walk->quantum;
	if (walk->to > walk->end)
		walk->to = walk->end;
	return walk->to > walk->from || !step;
}

static bool value_at(const struct ktally_gopclntab *table, const struct ktally_go_function *function, uint32_t offset, uint64_t address,
		     int32_t *value)
{
	struct ktally_go_pcvalue walk;

	ktally_go_pcvalue_begin(table, function, offset, &walk);
	while (ktally_go_pcvalue_next(&walk)) {
		if (address >= walk.to)
			continue;
		*value = walk.value;
		return true;
	}
	return false;
}

bool ktally_gopclntab_place(const struct ktally_gopclntab *table, const struct ktally_go_function *function, uint64_t address,
			    const char **file, unsigned int *line)
{
	int32_t number;
	uint64_t at;

	if (!value_at(table, function, function->lines, address, &number) || number < 0)
		return false;
	*line = (unsigned int)number;
	if (!value_at(table, function, function->files, address, &number) || number < 0)
		return false;
	if (!table->layout->functions) {
		*file = text_at(table, word(table, table->files + (uint64_t)number * 4, 4));
	} else {
		at = word(table, table->units + ((uint64_t)function->unit + (uint32_t)number) * 4, 4);
		*file = at == UINT32_MAX ? NULL : text_at(table, table->files + at);
	}
	return *file && **file;
}

/* ---- symbols ---- */

int ktally_go_symbols(struct ktally_elf *elf, Elf *file)
{
	struct ktally_go_function function;
	struct ktally_gopclntab *table;
	size_t n;
	int ret = ktally_gopclntab_open(&table, file);

	if (ret)
		return ret;
	for (n = 0; !ret && n < table->nr; n++)
		if (ktally_gopclntab_get(table, n, &function))
			ret = ktally_elf_add(elf, function.start, function.end, KTALLY_ELF_FUNCTION | KTALLY_ELF_SIZED, function.name);
	ktally_gopclntab_free(table);
	return ret;
}
