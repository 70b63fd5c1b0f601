// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_build.c: makes a table of how to unwind a file from functions that come in any order: sorts, merges, fills what is between. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "unwind_build.h"

#define PIECES_MAX	(1U << 22)
#define RULE_UNKNOWN	0	/* the first rule of every table */

/* A function; its rows are rows[row .. row + nr - 1]. @order: of two that start at once the first counts. */
struct piece {
	uint64_t start, end;
	uint32_t row, nr;
	uint32_t order;
};

/* @delta: from the start of the piece */
struct row {
	uint32_t delta;
	uint32_t rule;
};

/* @described: pieces of closed layers, sorted; @ignore: rows that come now are of no use */
struct ktally_unwind_build {
	uint32_t machine;
	struct piece *pieces;
	uint32_t nr_pieces, room_pieces, described;
	struct row *rows;
	uint32_t nr_rows, room_rows;
	struct ktally_unwind_rule *rules;
	uint32_t nr_rules, room_rules;
	uint32_t *slots, mask;	/* number of a rule + 1, 0 is free */
	uint32_t last_rule;
	uint64_t skipped, lost;
	bool ignore, counted;
};

/* Room for one more of @size bytes each. */
static int grow(void **array, uint32_t nr, uint32_t *room, size_t size, uint32_t most)
{
	uint64_t more = *room ? (uint64_t)*room + *room / 2 : 1024;
	void *now;

	if (nr < *room)
		return 0;
	if (nr >= most)
		return -E2BIG;
	now = realloc(*array, more * size);
	if (!now)
		return -ENOMEM;
	*array = now;
	*room = more;
	return 0;
}

/* ---- rules ---- */

static uint32_t hash_rule(const struct ktally_unwind_rule *rule)
{
	uint64_t words[sizeof(*rule) / 8];

	_Static_assert(sizeof(words) == sizeof(*rule), "a rule is whole words");
	memcpy(words, rule, sizeof(words));
	return ktally_hash_words(words, sizeof(words) / 8);
}

/* So that rules that mean the same are the same. */
static struct ktally_unwind_rule canonical(const struct ktally_unwind_rule *rule)
{
	struct ktally_unwind_rule out = { .cfa = rule->cfa };
	unsigned int nr = rule->nr_saved < KTALLY_SAVED_MAX ? rule->nr_saved : KTALLY_SAVED_MAX;

	if (rule->cfa != KTALLY_CFA_REGISTER && rule->cfa != KTALLY_CFA_DEREF && rule->cfa != KTALLY_CFA_PLT && rule->cfa != KTALLY_CFA_LEFT)
		return out;
	while (nr && rule->saved[nr - 1] == KTALLY_SAVED_SAME)
		nr--;
	out.reg = rule->reg;
	out.ret = rule->ret;
	out.offset = rule->offset;
	out.offset2 = rule->cfa == KTALLY_CFA_REGISTER ? 0 : rule->offset2;
	out.return_offset = rule->return_offset;
	out.nr_saved = nr;
	out.flags = nr ? rule->flags : rule->flags & ~KTALLY_RULE_SAVED_FRAME;
	memcpy(out.saved, rule->saved, nr * sizeof(out.saved[0]));
	return out;
}

static int grow_slots(struct ktally_unwind_build *build)
{
	uint32_t size = build->slots ? (build->mask + 1) * 2 : 1024, at, i;
	uint32_t *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (i = 0; i < build->nr_rules; i++) {
		at = hash_rule(&build->rules[i]) & (size - 1);
		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = i + 1;
	}
	free(build->slots);
	build->slots = slots;
	build->mask = size - 1;
	return 0;
}

static void count_skipped(struct ktally_unwind_build *build)
{
	build->skipped += !build->counted;
	build->counted = true;
}

/* Where there are too many of them, those that come last are not known. Return: its number or -errno */
static int64_t add_rule(struct ktally_unwind_build *build, const struct ktally_unwind_rule *raw)
{
	struct ktally_unwind_rule rule = canonical(raw);
	uint32_t at;
	int rc;

	if (build->nr_rules && !memcmp(&build->rules[build->last_rule], &rule, sizeof(rule)))
		return build->last_rule;
	if (build->nr_rules * 2 >= build->mask) {
		rc = grow_slots(build);
		if (rc)
			return rc;
	}
	for (at = hash_rule(&rule) & build->mask; build->slots[at]; at = (at + 1) & build->mask)
		if (!memcmp(&build->rules[build->slots[at] - 1], &rule, sizeof(rule)))
			return build->last_rule = build->slots[at] - 1;
	if (build->nr_rules == KTALLY_UNWIND_RULES_MAX) {
		count_skipped(build);
		return RULE_UNKNOWN;
	}
	rc = grow((void **)&build->rules, build->nr_rules, &build->room_rules, sizeof(*build->rules), KTALLY_UNWIND_RULES_MAX);
	if (rc)
		return rc;
	build->last_rule = build->nr_rules;
	build->rules[build->nr_rules++] = rule;
	build->slots[at] = build->nr_rules;
	return build->last_rule;
}

/* ---- pieces and rows ---- */

struct ktally_unwind_build *ktally_unwind_build_new(uint32_t machine)
{
	static const struct ktally_unwind_rule unknown = { .cfa = KTALLY_CFA_UNKNOWN };
	struct ktally_unwind_build *build = calloc(1, sizeof(*build));

	if (!build)
		return NULL;
	build->machine = machine;
	build->ignore = true;
	if (add_rule(build, &unknown) != RULE_UNKNOWN) {
		ktally_unwind_build_free(build);
		return NULL;
	}
	return build;
}

void ktally_unwind_build_free(struct ktally_unwind_build *build)
{
	if (!build)
		return;
	free(build->pieces);
	free(build->rows);
	free(build->rules);
	free(build->slots);
	free(build);
}

uint32_t ktally_unwind_build_machine(const struct ktally_unwind_build *build)
{
	return build->machine;
}

uint64_t ktally_unwind_build_pieces(const struct ktally_unwind_build *build, uint64_t *skipped)
{
	if (skipped)
		*skipped = build->skipped + build->lost;
	return build->nr_pieces + build->lost;
}

/* The last of the described pieces that starts at @offset or before; -1: none. */
static int64_t last_before(const struct ktally_unwind_build *build, uint64_t offset)
{
	uint32_t low = 0, high = build->described, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (build->pieces[mid].start <= offset)
			low = mid + 1;
		else
			high = mid;
	}
	return (int64_t)low - 1;
}

int ktally_unwind_build_piece(struct ktally_unwind_build *build, uint64_t start, uint64_t end)
{
	int64_t before = last_before(build, start);
	int rc;

	build->ignore = true;
	build->counted = false;
	if (end <= start || end > INT64_MAX)
		return -EINVAL;
	if (end - start > UINT32_MAX)
		return -E2BIG;
	if (before >= 0 && build->pieces[before].end > start)
		return 1;
	rc = grow((void **)&build->pieces, build->nr_pieces, &build->room_pieces, sizeof(*build->pieces), PIECES_MAX);
	if (rc)
		return rc;
	build->pieces[build->nr_pieces] = (struct piece){ start, end, build->nr_rows, 0, build->nr_pieces };
	build->nr_pieces++;
	build->ignore = false;
	return 0;
}

static int set_row(struct ktally_unwind_build *build, struct piece *piece, uint32_t delta, uint32_t rule)
{
	struct row *last = piece->nr ? &build->rows[build->nr_rows - 1] : NULL;
	int rc;

	if (last && last->delta > delta)
		return -EINVAL;
	if (last && last->delta == delta) {
		last->rule = rule;
		return 0;
	}
	if (last && last->rule == rule)
		return 0;
	rc = grow((void **)&build->rows, build->nr_rows, &build->room_rows, sizeof(*build->rows), KTALLY_UNWIND_ROWS_MAX);
	if (rc)
		return rc;
	build->rows[build->nr_rows++] = (struct row){ delta, rule };
	piece->nr++;
	return 0;
}

int ktally_unwind_build_row(struct ktally_unwind_build *build, uint64_t offset, const struct ktally_unwind_rule *rule)
{
	struct piece *piece;
	int64_t number;

	if (build->ignore)
		return build->nr_pieces ? 0 : -EINVAL;
	piece = &build->pieces[build->nr_pieces - 1];
	if (offset < piece->start || offset >= piece->end)
		return -EINVAL;
	number = add_rule(build, rule);
	return number < 0 ? (int)number : set_row(build, piece, offset - piece->start, number);
}

int ktally_unwind_build_unknown(struct ktally_unwind_build *build)
{
	struct piece *piece;

	if (build->ignore)
		return build->nr_pieces ? 0 : -EINVAL;
	piece = &build->pieces[build->nr_pieces - 1];
	build->nr_rows = piece->row;
	piece->nr = 0;
	count_skipped(build);
	return set_row(build, piece, 0, RULE_UNKNOWN);
}

void ktally_unwind_build_skip(struct ktally_unwind_build *build)
{
	if (!build->ignore)
		count_skipped(build);
}

void ktally_unwind_build_lost(struct ktally_unwind_build *build)
{
	build->lost++;
}

/* ---- order ---- */

static int compare(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* Linkers mostly write them in order already. */
static void sort(struct ktally_unwind_build *build)
{
	uint32_t i;

	for (i = 1; i < build->nr_pieces; i++)
		if (compare(&build->pieces[i - 1], &build->pieces[i]) > 0)
			break;
	if (i < build->nr_pieces)
		qsort(build->pieces, build->nr_pieces, sizeof(*build->pieces), compare);
}

/* Of pieces that start at once only the first stays; each ends where the next one starts. */
static void separate(struct ktally_unwind_build *build)
{
	uint32_t i, kept = 0;

	sort(build);
	for (i = 0; i < build->nr_pieces; i++) {
		if (kept && build->pieces[kept - 1].start == build->pieces[i].start)
			continue;
		if (kept && build->pieces[kept - 1].end > build->pieces[i].start)
			build->pieces[kept - 1].end = build->pieces[i].start;
		build->pieces[kept++] = build->pieces[i];
	}
	build->nr_pieces = kept;
}

void ktally_unwind_build_layer(struct ktally_unwind_build *build)
{
	separate(build);
	build->described = build->nr_pieces;
	build->ignore = true;
}

int ktally_unwind_build_gaps(struct ktally_unwind_build *build, uint64_t start, uint64_t end, ktally_unwind_gap_fn fn, void *arg)
{
	uint64_t at = start, next;
	int64_t before;
	uint32_t i, nr;
	int rc;

	ktally_unwind_build_layer(build);
	nr = build->described;
	before = last_before(build, start);
	if (before >= 0 && build->pieces[before].end > at)
		at = build->pieces[before].end;
	for (i = before + 1; at < end; i++) {
		next = i < nr && build->pieces[i].start < end ? build->pieces[i].start : end;
		rc = next > at ? fn(arg, build, at, next) : 0;
		if (rc < 0)
			return rc;
		if (rc > 0 && i && i <= nr && build->pieces[i - 1].end == at)
			build->pieces[i - 1].end = next;
		if (i >= nr)
			break;
		at = build->pieces[i].end;
	}
	return 0;
}

/* ---- the table ---- */

/* What is written: nothing while it is only counted. */
struct output {
	uint64_t start;
	uint32_t *rows;
	uint16_t *rules;
	uint32_t nr, last_rule;
	bool write, too_far;
};

static void put(struct output *out, uint64_t offset, uint32_t rule)
{
	if (out->nr && out->last_rule == rule)
		return;
	if (offset - out->start > UINT32_MAX)
		out->too_far = true;
	if (out->write) {
		out->rows[out->nr] = offset - out->start;
		out->rules[out->nr] = rule;
	}
	out->last_rule = rule;
	out->nr++;
}

static void put_all(const struct ktally_unwind_build *build, struct output *out)
{
	uint64_t at = out->start;
	uint32_t i, j;

	for (i = 0; i < build->nr_pieces; i++) {
		const struct piece *piece = &build->pieces[i];
		const struct row *rows = &build->rows[piece->row];

		if (piece->start > at)
			put(out, at, RULE_UNKNOWN);
		if (!piece->nr || rows[0].delta)
			put(out, piece->start, RULE_UNKNOWN);
		for (j = 0; j < piece->nr && rows[j].delta < piece->end - piece->start; j++)
			put(out, piece->start + rows[j].delta, rows[j].rule);
		at = piece->end;
	}
	put(out, at, RULE_UNKNOWN);
}

int ktally_unwind_build_finish(struct ktally_unwind_build *build, struct ktally_unwind_table **table, size_t *size)
{
	struct output out = { 0 };
	struct ktally_unwind_table *made;
	size_t rules;

	separate(build);
	if (!build->nr_rows)
		return -ENODATA;
	out.start = build->pieces[0].start;
	put_all(build, &out);
	if (out.too_far || out.nr > KTALLY_UNWIND_ROWS_MAX)
		return -E2BIG;
	rules = (sizeof(*made) + (size_t)out.nr * 6 + 7) & ~(size_t)7;
	*size = rules + build->nr_rules * sizeof(*build->rules);
	made = calloc(1, *size);
	if (!made)
		return -ENOMEM;
	*made = (struct ktally_unwind_table){ .magic = KTALLY_UNWIND_MAGIC, .machine = build->machine, .nr_rows = out.nr,
					      .nr_rules = build->nr_rules, .rules_offset = rules, .start = out.start };
	out.rows = (uint32_t *)(made + 1);
	out.rules = (uint16_t *)(out.rows + out.nr);
	out.nr = 0;
	out.write = true;
	put_all(build, &out);
	memcpy((char *)made + rules, build->rules, build->nr_rules * sizeof(*build->rules));
	*table = made;
	return 0;
}
