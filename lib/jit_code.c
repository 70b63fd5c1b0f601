// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Ranges of generated code, in levels: level n has no range or about 2^n of them, sorted and without overlaps, and all of it is older than
 * what is in lower levels. A new range is a level of its own; two levels of one size are laid over each other and move up.
 */
#include <stdlib.h>
#include <string.h>

#include "jit_code.h"
#include "utf8.h"

#define LEVELS 40
#define CHUNK 65536U
#define NAME_MAX_BYTES 1024U
#define UNDER_STEPS 4096U

struct chunk {
	struct chunk *next;
	size_t used, size;
	_Alignas(16) char data[];
};

struct range {
	uint64_t start, end;
	struct ktally_jit_code *code;
};

struct level {
	struct range *list;
	size_t nr;
};

struct ktally_jit_under {
	struct ktally_jit_under *next;
	struct ktally_jit_code *code;
};

struct ktally_jit_codes {
	struct chunk *chunks;
	size_t *room, used;
	struct level levels[LEVELS];
	bool full;
};

struct ktally_jit_codes *ktally_jit_codes_new(size_t *room)
{
	struct ktally_jit_codes *codes = calloc(1, sizeof(*codes));

	if (codes)
		codes->room = room;
	return codes;
}

void ktally_jit_codes_free(struct ktally_jit_codes *codes)
{
	struct chunk *chunk;
	unsigned int i;

	if (!codes)
		return;
	while ((chunk = codes->chunks)) {
		codes->chunks = chunk->next;
		free(chunk);
	}
	for (i = 0; i < LEVELS; i++)
		free(codes->levels[i].list);
	*codes->room += codes->used;
	free(codes);
}

static bool take(struct ktally_jit_codes *codes, size_t size)
{
	if (size > *codes->room) {
		codes->full = true;
		return false;
	}
	*codes->room -= size;
	codes->used += size;
	return true;
}

void *ktally_jit_codes_alloc(struct ktally_jit_codes *codes, size_t size)
{
	struct chunk *chunk = codes->chunks;
	size_t want;

	if (size > SIZE_MAX / 2)
		return NULL;
	size = (size + 15) & ~(size_t)15;
	if (!chunk || size > chunk->size - chunk->used) {
		want = size > CHUNK ? size : CHUNK;
		if (!take(codes, want + sizeof(*chunk)))
			return NULL;
		chunk = calloc(1, sizeof(*chunk) + want);
		if (!chunk) {
			codes->full = true;
			return NULL;
		}
		chunk->size = want;
		chunk->next = codes->chunks;
		codes->chunks = chunk;
	}
	chunk->used += size;
	return chunk->data + chunk->used - size;
}

const char *ktally_jit_codes_text(struct ktally_jit_codes *codes, const char *text, size_t len)
{
	char raw[NAME_MAX_BYTES + 1], clean[3 * NAME_MAX_BYTES + 4], *kept;
	const char *at = raw;
	size_t nr = 0;
	uint32_t cp;

	len = strnlen(text, len < NAME_MAX_BYTES ? len : NAME_MAX_BYTES);
	memcpy(raw, text, len);
	raw[len] = 0;
	while ((cp = ktally_utf8_next(&at)))
		nr += ktally_utf8_put(clean + nr, cp < 0x20 || (cp >= 0x7f && cp < 0xa0) ? '?' : cp);
	clean[nr] = 0;
	kept = ktally_jit_codes_alloc(codes, nr + 1);
	if (kept)
		memcpy(kept, clean, nr + 1);
	return kept;
}

/* Remember what @code hides, so that an older moment finds it; without a time nobody can ask for that. */
static void hide(struct ktally_jit_codes *codes, struct ktally_jit_code *code, struct ktally_jit_code *old)
{
	struct ktally_jit_under *under;

	if (!code->time || !old->time || code == old || (code->under && code->under->code == old))
		return;
	under = ktally_jit_codes_alloc(codes, sizeof(*under));
	if (!under)
		return;
	under->code = old;
	under->next = code->under;
	code->under = under;
}

/* All of @new, and of @old what is not below it. */
static bool overlay(struct ktally_jit_codes *codes, const struct level *old, const struct level *new, struct level *out)
{
	size_t i = 0, j = 0, nr = 0;
	struct range *list = malloc((old->nr + 2 * new->nr) * sizeof(*list)), *fit;
	uint64_t at = 0;	/* old ranges are told up to here */

	if (!list)
		return false;
	while (i < old->nr || j < new->nr) {
		const struct range *o = i < old->nr ? &old->list[i] : NULL, *n = j < new->nr ? &new->list[j] : NULL;
		uint64_t start = o && o->start < at ? at : o ? o->start : 0;

		if (o && start >= o->end) {
			i++;
		} else if (o && (!n || start < n->start)) {
			uint64_t end = n && n->start < o->end ? n->start : o->end;

			list[nr++] = (struct range){ start, end, o->code };
			at = end;
		} else {
			if (o && start < n->end)
				hide(codes, n->code, o->code);
			if (o && o->end <= n->end) {
				i++;
				continue;
			}
			list[nr++] = *n;
			at = n->end;
			j++;
		}
	}
	fit = realloc(list, nr * sizeof(*list));
	*out = (struct level){ fit ? fit : list, nr };
	return true;
}

static bool push(struct ktally_jit_codes *codes, const struct range *range)
{
	struct level carry = { malloc(sizeof(*range)), 1 }, merged;
	unsigned int n;

	if (!carry.list)
		return false;
	*carry.list = *range;
	for (n = 0; n < LEVELS - 1 && codes->levels[n].nr; n++) {
		if (!overlay(codes, &codes->levels[n], &carry, &merged)) {
			/* What was merged so far keeps its place: the level below is free, and older than nothing in lower ones. */
			codes->full = true;
			if (n)
				codes->levels[n - 1] = carry;
			else
				free(carry.list);
			return n > 0;
		}
		free(codes->levels[n].list);
		free(carry.list);
		codes->levels[n] = (struct level){ NULL, 0 };
		carry = merged;
	}
	codes->levels[n] = carry;
	return true;
}

struct ktally_jit_code *ktally_jit_codes_add(struct ktally_jit_codes *codes, uint64_t start, uint64_t size, uint64_t time, const char *name)
{
	struct ktally_jit_code *code;
	struct range range = { start, start + size, NULL };

	if (!size || size > UINT64_MAX - start || codes->levels[LEVELS - 1].nr)
		return NULL;
	code = ktally_jit_codes_alloc(codes, sizeof(*code));
	/* A range, and the two that it may make of an older one. */
	if (!code || !take(codes, 2 * sizeof(range)))
		return NULL;
	code->start = start;
	code->size = size;
	code->time = time;
	code->name = name;
	range.code = code;
	return push(codes, &range) ? code : NULL;
}

static struct ktally_jit_code *find_in(const struct level *level, uint64_t ip)
{
	size_t low = 0, high = level->nr, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (level->list[mid].start <= ip)
			low = mid + 1;
		else
			high = mid;
	}
	return low && ip < level->list[low - 1].end ? level->list[low - 1].code : NULL;
}

/* The youngest code at @ip of those that @code hides, and of what these hide, that was there at @time. What hides it there is all at @ip. */
static const struct ktally_jit_code *find_under(const struct ktally_jit_code *code, uint64_t ip, uint64_t time, unsigned int *steps)
{
	const struct ktally_jit_code *best = NULL, *found;
	const struct ktally_jit_under *under;

	if (ip - code->start >= code->size)
		return NULL;
	if (code->time <= time)
		return code;
	for (under = code->under; under && *steps; under = under->next) {
		--*steps;
		found = find_under(under->code, ip, time, steps);
		if (found && (!best || found->time > best->time))
			best = found;
	}
	return best;
}

const struct ktally_jit_code *ktally_jit_codes_find(const struct ktally_jit_codes *codes, uint64_t ip, uint64_t time)
{
	const struct ktally_jit_code *first = NULL, *found;
	unsigned int n, steps = UNDER_STEPS;

	for (n = 0; n < LEVELS; n++) {
		found = find_in(&codes->levels[n], ip);
		if (!found)
			continue;
		if (!time || !found->time)
			return found;
		first = first ? first : found;
		found = find_under(found, ip, time, &steps);
		if (found)
			return found;
	}
	/* Code that was made later is better than no name: clocks are compared here, and a writer may be late. */
	return first;
}

bool ktally_jit_codes_full(const struct ktally_jit_codes *codes)
{
	return codes->full;
}
