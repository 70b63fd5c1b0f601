// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Symbolizes many addresses in their order, ahead of those who ask for them one by one: in any other order each look-up is at another
 * place of the symbol tables, and waits for memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"
#include "symtab.h"

#define FEW		1000U	/* up to so many are not worth it */
#define ROOM_FIRST	262144U
#define BLOCK		64U

/* @key: of the image, the kernel's included; return addresses come after the others. */
struct ask {
	uint64_t word, key;
};

struct ktally_asks {
	struct ask *asks;
	size_t nr, room;
};

struct ktally_asks *ktally_asks_new(void)
{
	return calloc(1, sizeof(struct ktally_asks));
}

void ktally_asks_free(struct ktally_asks *asks)
{
	if (asks)
		free(asks->asks);
	free(asks);
}

/* ---- sorted, each once ---- */

/* By one digit of a word, which leaves equal ones in their order. */
static void sort_digit(const struct ask *from, struct ask *to, size_t nr, bool key, unsigned int shift)
{
	size_t counts[256] = { 0 }, sum = 0, count, i;
	unsigned int value;

	for (i = 0; i < nr; i++)
		counts[(key ? from[i].key : from[i].word) >> shift & 255]++;
	for (value = 0; value < 256; value++) {
		count = counts[value];
		counts[value] = sum;
		sum += count;
	}
	for (i = 0; i < nr; i++)
		to[counts[(key ? from[i].key : from[i].word) >> shift & 255]++] = from[i];
}

/* Least significant digit first; digits that all have in common are passed over. */
static int sort(struct ktally_asks *asks)
{
	struct ask *from = asks->asks, *to = malloc(asks->room * sizeof(*to)), *swap, differ = { 0 };
	unsigned int digit, shift;
	size_t i;

	if (!to)
		return -ENOMEM;
	for (i = 1; i < asks->nr; i++) {
		differ.word |= from[i].word ^ from[0].word;
		differ.key |= from[i].key ^ from[0].key;
	}
	for (digit = 0; digit < 16; digit++) {
		shift = 8 * (digit % 8);
		if (!((digit < 8 ? differ.word : differ.key) >> shift & 255))
			continue;
		sort_digit(from, to, asks->nr, digit >= 8, shift);
		swap = from;
		from = to;
		to = swap;
	}
	asks->asks = from;
	free(to);
	return 0;
}

static int sort_distinct(struct ktally_asks *asks)
{
	size_t kept = 0, i;

	if (!asks->nr)
		return 0;
	if (sort(asks))
		return -ENOMEM;
	for (i = 0; i < asks->nr; i++)
		if (!kept || memcmp(&asks->asks[kept - 1], &asks->asks[i], sizeof(*asks->asks)))
			asks->asks[kept++] = asks->asks[i];
	asks->nr = kept;
	return 0;
}

/* Room for one more. It stays in proportion to how many are distinct. */
static int make_room(struct ktally_asks *asks)
{
	size_t room = asks->room ? asks->room * 2 : ROOM_FIRST;
	struct ask *bigger;

	if (asks->nr < asks->room)
		return 0;
	if (sort_distinct(asks))
		return -ENOMEM;
	if (asks->room && asks->nr <= asks->room / 2)
		return 0;
	bigger = realloc(asks->asks, room * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	asks->asks = bigger;
	asks->room = room;
	return 0;
}

static int add(struct ktally_asks *asks, uint64_t key, uint64_t word)
{
	if (make_room(asks))
		return -ENOMEM;
	asks->asks[asks->nr++] = (struct ask){ word, key };
	return 0;
}

int ktally_asks_user(struct ktally_asks *asks, uint64_t image, uint64_t word, bool caller)
{
	return add(asks, ktally_frame_key(image, caller), word);
}

int ktally_asks_kernel(struct ktally_asks *asks, uint64_t ip, bool caller)
{
	return add(asks, ktally_frame_key(KTALLY_KERNEL_IMAGE, caller), ip);
}

/* @nr with the same key, one behind the other. */
static void symbolize(struct ktally_symbolizer *sym, const struct ask *asks, size_t nr)
{
	bool kernel = ktally_key_is_kernel(asks->key), caller = ktally_key_is_caller(asks->key);
	uint64_t image = ktally_frame_key(asks->key, caller), words[BLOCK] = { 0 };
	size_t i;

	for (i = 0; i < nr; i++)
		words[i] = asks[i].word;
	ktally_symbolize_soon(sym, image, words, nr, caller);
	for (i = 0; i < nr; i++) {
		if (kernel)
			ktally_symbolize_kernel(sym, words[i], caller);
		else
			ktally_symbolize_user(sym, image, words[i], caller);
	}
}

int ktally_symbolize_asks(struct ktally_symbolizer *sym, struct ktally_asks *asks)
{
	size_t i, nr;

	if (sort_distinct(asks) || ktally_symbolizer_expect(sym, asks->nr))
		return -ENOMEM;
	ktally_symbolizer_defer(sym, true);
	for (i = 0; i < asks->nr; i += nr) {
		for (nr = 1; nr < BLOCK && i + nr < asks->nr && asks->asks[i + nr].key == asks->asks[i].key; nr++)
			;
		symbolize(sym, &asks->asks[i], nr);
	}
	ktally_symbolizer_defer(sym, false);
	return 0;
}

/* ---- of a report ---- */

/* Frames of an interpreter lie in no file, and are left to those who ask for them. */
static int ask_user(struct ktally_asks *asks, uint64_t image, const uint64_t *words, unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret && !(words[i] & KTALLY_WORD_INTERP); i++)
		if (!KTALLY_WORD_IS_CUT(words[i]))
			ret = ktally_asks_user(asks, image, words[i], i > 0);
	return ret;
}

static int ask_kernel(struct ktally_asks *asks, const uint64_t *words, unsigned int nr)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < nr && !ret; i++)
		ret = ktally_asks_kernel(asks, words[i], i > 0);
	return ret;
}

static int ask_row(struct ktally_asks *asks, const struct ktally_snapshot *snapshot, const struct ktally_schema *schema, const uint64_t *key)
{
	const uint64_t *words;
	uint64_t image = 0;
	unsigned int nr, i;
	int ret = 0;

	for (i = 0; i < schema->nr_keys; i++)
		if (schema->keys[i].kind == KTALLY_KIND_IMAGE)
			image = key[schema->keys[i].word];
	for (i = 0; i < schema->nr_keys && !ret; i++) {
		enum ktally_kind kind = schema->keys[i].kind;

		if (kind != KTALLY_KIND_USTACK && kind != KTALLY_KIND_KSTACK)
			continue;
		words = ktally_stackset_get(snapshot->stacks, key[schema->keys[i].word], &nr);
		ret = kind == KTALLY_KIND_USTACK ? ask_user(asks, image, words, nr) : ask_kernel(asks, words, nr);
	}
	return ret;
}

static int ask_tables(struct ktally_asks *asks, const struct ktally_snapshot *snapshot)
{
	const struct ktally_table *table;
	unsigned int i;
	size_t r;
	int ret = 0;

	for (i = 0; i < snapshot->nr_tables && !ret; i++) {
		table = &snapshot->tables[i];
		for (r = 0; r < table->nr_rows && !ret; r++)
			ret = ask_row(asks, snapshot, &table->schema, table->rows[r].key);
	}
	return ret;
}

int ktally_symbolize_all(const struct ktally_report *report)
{
	struct ktally_asks *asks;
	int ret;

	if (!report->sym || !report->snapshot || !report->snapshot->stacks)
		return 0;
	asks = ktally_asks_new();
	if (!asks)
		return -ENOMEM;
	ret = ask_tables(asks, report->snapshot);
	if (!ret)
		ret = sort_distinct(asks);
	if (!ret && asks->nr > FEW)
		ret = ktally_symbolize_asks(report->sym, asks);
	ktally_asks_free(asks);
	return ret;
}
