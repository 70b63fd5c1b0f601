// SPDX-License-Identifier: LGPL-2.1-or-later
/* Collects the distinct mappings, locations and functions of a profile and encodes them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pprof_tables.h"
#include "utf8.h"

enum { MAPPING_ID = 1, MAPPING_START, MAPPING_LIMIT, MAPPING_OFFSET, MAPPING_FILE, MAPPING_BUILD_ID, MAPPING_HAS_FUNCTIONS,
	MAPPING_HAS_FILES, MAPPING_HAS_LINES, MAPPING_HAS_INLINED };
enum { LOCATION_ID = 1, LOCATION_MAPPING, LOCATION_ADDRESS, LOCATION_LINE };
enum { LINE_FUNCTION = 1, LINE_LINE };
enum { FUNCTION_ID = 1, FUNCTION_NAME, FUNCTION_FILE = 4 };

#define ENTRY_WORDS 6

/*
 * One kind of thing: entries of six words, distinct in their first @identity ones.
 *	mapping		file, build id, start, limit, offset; what its locations have (HAS_*)
 *	location	address, mapping, function, line; first of its lines, how many
 *	function	name, file
 */
struct set {
	uint64_t (*entries)[ENTRY_WORDS];
	uint32_t nr, cap, mask;
	uint32_t *slots;	/* number, 0 is free */
	unsigned int identity;
};

#define HAS_FILES	1U
#define HAS_INLINED	2U

/* A function of a location, and where in it. */
struct line {
	uint64_t function, line;
};

struct ktally_pprof_tables {
	struct ktally_strtab *strings;
	struct set mappings, locations, functions;
	struct line *lines;
	size_t nr_lines, room_lines;
};

static uint32_t hash(const uint64_t *words, unsigned int nr)
{
	uint64_t h = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		h = (h ^ words[i] ^ (h >> 29)) * 0x9e3779b97f4a7c15ULL;
	return h >> 32;
}

static uint32_t *find(const struct set *set, const uint64_t *words)
{
	uint32_t at = hash(words, set->identity) & set->mask;

	while (set->slots[at] && memcmp(set->entries[set->slots[at] - 1], words, set->identity * sizeof(*words)))
		at = (at + 1) & set->mask;
	return &set->slots[at];
}

static int grow(struct set *set)
{
	uint32_t cap = set->cap ? set->cap * 2 : 512, i;
	uint64_t (*entries)[ENTRY_WORDS] = realloc(set->entries, cap * sizeof(*entries));
	uint32_t *slots;

	if (!entries)
		return -ENOMEM;
	set->entries = entries;
	slots = calloc(cap * 2, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(set->slots);
	set->slots = slots;
	set->cap = cap;
	set->mask = cap * 2 - 1;
	for (i = 0; i < set->nr; i++)
		*find(set, entries[i]) = i + 1;
	return 0;
}

static int64_t number(struct set *set, const uint64_t *words)
{
	uint32_t *slot = find(set, words);

	if (*slot)
		return *slot;
	if (set->nr == set->cap) {
		if (grow(set))
			return -ENOMEM;
		slot = find(set, words);
	}
	memcpy(set->entries[set->nr], words, sizeof(set->entries[0]));
	*slot = ++set->nr;
	return set->nr;
}

struct ktally_pprof_tables *ktally_pprof_tables_new(struct ktally_strtab *strings)
{
	struct ktally_pprof_tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		return NULL;
	tables->strings = strings;
	tables->mappings.identity = 5;
	tables->locations.identity = 4;
	tables->functions.identity = 2;
	if (grow(&tables->mappings) || grow(&tables->locations) || grow(&tables->functions)) {
		ktally_pprof_tables_free(tables);
		return NULL;
	}
	return tables;
}

static void set_free(struct set *set)
{
	free(set->entries);
	free(set->slots);
}

void ktally_pprof_tables_free(struct ktally_pprof_tables *tables)
{
	if (!tables)
		return;
	set_free(&tables->mappings);
	set_free(&tables->locations);
	set_free(&tables->functions);
	free(tables->lines);
	free(tables);
}

uint32_t ktally_pprof_string(struct ktally_pprof_tables *tables, const char *text)
{
	char *clean = ktally_utf8_clean(text, 0, 0);
	uint32_t id = clean ? ktally_strtab_add(tables->strings, clean) : 0;

	free(clean);
	return id;
}

static int64_t mapping(struct ktally_pprof_tables *tables, const struct ktally_frame *frame)
{
	uint64_t words[ENTRY_WORDS] = { 0 };
	const char *file = frame->module;

	if (frame->kernel && (!*file || !strcmp(file, "[kernel]")))
		file = "[kernel.kallsyms]";
	words[0] = ktally_pprof_string(tables, file);
	words[1] = ktally_pprof_string(tables, frame->build_id ? frame->build_id : "");
	words[2] = frame->map_start;
	words[3] = frame->map_end;
	words[4] = frame->map_offset;
	return number(&tables->mappings, words);
}

static int add_line(struct ktally_pprof_tables *tables, const struct ktally_frame *frame, uint32_t name)
{
	size_t room = tables->room_lines ? tables->room_lines * 2 : 1024;
	uint64_t function[ENTRY_WORDS] = { name };
	struct line *lines;
	int64_t id;

	if (tables->nr_lines == tables->room_lines) {
		lines = realloc(tables->lines, room * sizeof(*lines));
		if (!lines)
			return -ENOMEM;
		tables->lines = lines;
		tables->room_lines = room;
	}
	if (frame && frame->file && *frame->file)
		function[1] = ktally_pprof_string(tables, frame->file);
	id = number(&tables->functions, function);
	if (id < 0)
		return -ENOMEM;
	tables->lines[tables->nr_lines++] = (struct line){ (uint64_t)id, frame ? frame->line : 0 };
	return 0;
}

int64_t ktally_pprof_location(struct ktally_pprof_tables *tables, const struct ktally_frame *const *frames, const uint32_t *names, unsigned int nr)
{
	uint64_t location[ENTRY_WORDS] = { 0 };
	size_t first = tables->nr_lines;
	uint32_t known = tables->locations.nr;
	int64_t id;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (add_line(tables, frames[i], names[i]))
			return -ENOMEM;
	location[2] = tables->lines[first].function;
	location[3] = tables->lines[first].line;
	location[4] = first;
	location[5] = nr;
	if (frames[0]) {
		id = mapping(tables, frames[0]);
		if (id < 0)
			return id;
		location[0] = frames[0]->address;
		location[1] = id;
		if (frames[0]->file && *frames[0]->file)
			tables->mappings.entries[id - 1][5] |= HAS_FILES;
		if (nr > 1)
			tables->mappings.entries[id - 1][5] |= HAS_INLINED;
	}
	id = number(&tables->locations, location);
	if (tables->locations.nr == known)	/* its lines are known */
		tables->nr_lines = first;
	return id;
}

/* A program, not a library or "[anon]": readers call the first mapping the profiled program. */
static bool is_program(const struct ktally_pprof_tables *tables, uint32_t n)
{
	const char *file = ktally_strtab_get(tables->strings, tables->mappings.entries[n][0]);

	return *file && *file != '[' && !strstr(file, ".so");
}

/* Functions are known, or known to be unknown, for every mapping: a reader has nothing to look up. */
static void put_mapping(const struct ktally_pprof_tables *tables, struct ktally_pb *pb, unsigned int field, uint32_t n)
{
	const uint64_t *words = tables->mappings.entries[n];
	size_t mark = ktally_pb_begin(pb, field);

	ktally_pb_u64(pb, MAPPING_ID, n + 1);
	ktally_pb_u64(pb, MAPPING_START, words[2]);
	ktally_pb_u64(pb, MAPPING_LIMIT, words[3]);
	ktally_pb_u64(pb, MAPPING_OFFSET, words[4]);
	ktally_pb_u64(pb, MAPPING_FILE, words[0]);
	ktally_pb_u64(pb, MAPPING_BUILD_ID, words[1]);
	ktally_pb_u64(pb, MAPPING_HAS_FUNCTIONS, 1);
	ktally_pb_u64(pb, MAPPING_HAS_FILES, !!(words[5] & HAS_FILES));
	ktally_pb_u64(pb, MAPPING_HAS_LINES, !!(words[5] & HAS_FILES));
	ktally_pb_u64(pb, MAPPING_HAS_INLINED, !!(words[5] & HAS_INLINED));
	ktally_pb_end(pb, mark);
}

void ktally_pprof_put_mappings(const struct ktally_pprof_tables *tables, struct ktally_pb *pb, unsigned int field)
{
	uint32_t first = 0, i;

	while (first < tables->mappings.nr && !is_program(tables, first))
		first++;
	if (first == tables->mappings.nr)
		first = 0;
	if (tables->mappings.nr)
		put_mapping(tables, pb, field, first);
	for (i = 0; i < tables->mappings.nr; i++)
		if (i != first)
			put_mapping(tables, pb, field, i);
}

void ktally_pprof_put_locations(const struct ktally_pprof_tables *tables, struct ktally_pb *pb, unsigned int field)
{
	const struct line *lines;
	size_t mark, line;
	uint64_t n;
	uint32_t i;

	for (i = 0; i < tables->locations.nr; i++) {
		const uint64_t *words = tables->locations.entries[i];

		mark = ktally_pb_begin(pb, field);
		ktally_pb_u64(pb, LOCATION_ID, i + 1);
		ktally_pb_u64(pb, LOCATION_MAPPING, words[1]);
		ktally_pb_u64(pb, LOCATION_ADDRESS, words[0]);
		lines = tables->lines + words[4];
		for (n = 0; n < words[5]; n++) {
			line = ktally_pb_begin(pb, LOCATION_LINE);
			ktally_pb_u64(pb, LINE_FUNCTION, lines[n].function);
			ktally_pb_u64(pb, LINE_LINE, lines[n].line);
			ktally_pb_end(pb, line);
		}
		ktally_pb_end(pb, mark);
	}
}

/* system_name stays empty: a reader that finds it equal to the name would demangle, and cut "<...>" and "(...)" out of it. */
void ktally_pprof_put_functions(const struct ktally_pprof_tables *tables, struct ktally_pb *pb, unsigned int field)
{
	uint32_t i;

	for (i = 0; i < tables->functions.nr; i++) {
		size_t mark = ktally_pb_begin(pb, field);

		ktally_pb_u64(pb, FUNCTION_ID, i + 1);
		ktally_pb_u64(pb, FUNCTION_NAME, tables->functions.entries[i][0]);
		ktally_pb_u64(pb, FUNCTION_FILE, tables->functions.entries[i][1]);
		ktally_pb_end(pb, mark);
	}
}
