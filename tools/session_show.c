// SPDX-License-Identifier: GPL-2.0-or-later
/* Shows sessions as the kernel describes them: a table of all, or everything about one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "session_show.h"

static const char *const state_names[] = {
	[KTALLY_STATE_NEW]	= "new",
	[KTALLY_STATE_RUNNING]	= "running",
	[KTALLY_STATE_STOPPED]	= "stopped",
	[KTALLY_STATE_DEAD]	= "dead",
};
_Static_assert(sizeof(state_names) / sizeof(state_names[0]) == __KTALLY_STATE_END, "every state needs its row");

static const char *state_name(unsigned int state)
{
	return state < __KTALLY_STATE_END ? state_names[state] : "?";
}

static const char *ring_mode_name(unsigned int mode)
{
	return mode == KTALLY_RING_OVERWRITE ? "overwrite" : "discard";
}

/* The counters of a probe by name, for text and JSON alike. */
static const struct counter {
	const char *name;
	size_t offset;
} counters[] = {
	{ "hits", offsetof(struct ktally_probe_count, hits) },
	{ "filtered", offsetof(struct ktally_probe_count, filtered) },
	{ "gated", offsetof(struct ktally_probe_count, gated) },
	{ "folded", offsetof(struct ktally_probe_count, folded) },
	{ "other", offsetof(struct ktally_probe_count, other) },
	{ "recursion", offsetof(struct ktally_probe_count, recursion) },
	{ "nmi", offsetof(struct ktally_probe_count, nmi) },
	{ "fault", offsetof(struct ktally_probe_count, fault) },
};
#define NR_COUNTERS (sizeof(counters) / sizeof(counters[0]))
_Static_assert(NR_COUNTERS * sizeof(__u64) == sizeof(struct ktally_probe_count), "every counter needs its row");

static uint64_t counter_of(const struct ktally_probe_count *count, unsigned int n)
{
	return *(const __u64 *)((const char *)count + counters[n].offset);
}

/* The same of a pair. */
static const struct counter pair_counters[] = {
	{ "starts", offsetof(struct ktally_pair_count, starts) },
	{ "ended", offsetof(struct ktally_pair_count, ended) },
	{ "replaced", offsetof(struct ktally_pair_count, replaced) },
	{ "full", offsetof(struct ktally_pair_count, full) },
	{ "abandoned", offsetof(struct ktally_pair_count, abandoned) },
	{ "unmatched", offsetof(struct ktally_pair_count, unmatched) },
	{ "negative", offsetof(struct ktally_pair_count, negative) },
	{ "stayed", offsetof(struct ktally_pair_count, stayed) },
};
#define NR_PAIR_COUNTERS (sizeof(pair_counters) / sizeof(pair_counters[0]))
_Static_assert(NR_PAIR_COUNTERS * sizeof(__u64) == sizeof(struct ktally_pair_count), "every counter of a pair needs its row");

static uint64_t pair_counter_of(const struct ktally_pair_count *count, unsigned int n)
{
	return *(const __u64 *)((const char *)count + pair_counters[n].offset);
}

/* What user stacks came to. */
static const struct counter unwind_counters[] = {
	{ "processes", offsetof(struct ktally_unwind_count, processes) },
	{ "mappings", offsetof(struct ktally_unwind_count, mappings) },
	{ "lost", offsetof(struct ktally_unwind_count, lost) },
	{ "files", offsetof(struct ktally_unwind_count, files) },
	{ "tables", offsetof(struct ktally_unwind_count, tables) },
	{ "bytes", offsetof(struct ktally_unwind_count, bytes) },
	{ "stacks", offsetof(struct ktally_unwind_count, stacks) },
	{ "whole", offsetof(struct ktally_unwind_count, whole) },
	{ "by_table", offsetof(struct ktally_unwind_count, by_table) },
	{ "by_frame", offsetof(struct ktally_unwind_count, by_frame) },
	{ "guesses", offsetof(struct ktally_unwind_count, guesses) },
	{ "interp", offsetof(struct ktally_unwind_count, interp) },
};
#define NR_UNWIND_COUNTERS (sizeof(unwind_counters) / sizeof(unwind_counters[0]))
_Static_assert(NR_UNWIND_COUNTERS * sizeof(__u64) == offsetof(struct ktally_unwind_count, cut), "every counter of stacks needs its row");

/* Why stacks ended early: for text, and for JSON. */
static const struct cut {
	const char *text, *name;
} cuts[] = {
	[KTALLY_CUT_NONE]	= { "", "" },
	[KTALLY_CUT_DEPTH]	= { "depth", "depth" },
	[KTALLY_CUT_MAPPING]	= { "unknown code", "mapping" },
	[KTALLY_CUT_TABLE]	= { "no unwind table", "table" },
	[KTALLY_CUT_RULE]	= { "no unwind rule", "rule" },
	[KTALLY_CUT_FAULT]	= { "stack not in memory", "fault" },
	[KTALLY_CUT_LOOP]	= { "stack goes astray", "loop" },
};
_Static_assert(sizeof(cuts) / sizeof(cuts[0]) == __KTALLY_CUT_END, "every reason needs its row");

/** struct session_parts - what a session is made of */
struct session_parts {
	struct ktally_table_info *tables;
	struct ktally_probe_info *probes;
	struct ktally_pair_info *pairs;
	struct ktally_counter_info *counters;
	int nr_tables, nr_probes, nr_pairs, nr_counters;
};

static void json_unwind(struct ktally_json *json, const struct ktally_session_info *info)
{
	unsigned int n;

	ktally_json_u64(json, "mappings", info->mappings);
	if (!info->mappings)
		return;
	ktally_json_open(json, "unwind", '{');
	for (n = 0; n < NR_UNWIND_COUNTERS; n++)
		ktally_json_u64(json, unwind_counters[n].name, *(const __u64 *)((const char *)&info->unwind + unwind_counters[n].offset));
	ktally_json_open(json, "cut", '{');
	for (n = KTALLY_CUT_NONE + 1; n < __KTALLY_CUT_END; n++)
		ktally_json_u64(json, cuts[n].name, info->unwind.cut[n]);
	ktally_json_close(json, '}');
	ktally_json_close(json, '}');
}

static void json_session(struct ktally_json *json, const struct ktally_session_info *info)
{
	ktally_json_u64(json, "id", info->id);
	ktally_json_string(json, "name", info->name);
	ktally_json_string(json, "state", state_name(info->state));
	ktally_json_bool(json, "pinned", info->flags & KTALLY_SESSION_PINNED);
	ktally_json_u64(json, "owner_port", info->portid);
	ktally_json_u64(json, "tables", info->nr_tables);
	ktally_json_u64(json, "probes", info->nr_probes);
	ktally_json_u64(json, "memory_bytes", info->memory);
	ktally_json_u64(json, "ring_bytes", info->ring_size);
	ktally_json_string(json, "ring_mode", ring_mode_name(info->ring_mode));
	ktally_json_u64(json, "ring_watermark_bytes", info->ring_watermark);
	ktally_json_u64(json, "stack_entries", info->stack_entries);
	ktally_json_u64(json, "missed", info->missed);
	ktally_json_u64(json, "pairs", info->nr_pairs);
	ktally_json_u64(json, "counters", info->nr_counters);
	ktally_json_u64(json, "budget", info->budget);
	ktally_json_u64(json, "share", info->share);
	json_unwind(json, info);
}

static void json_sessions(const struct ktally_session_info *list, int nr)
{
	struct ktally_json json;
	int n;

	ktally_json_init(&json, stdout, true);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "schema", "ktally-sessions/1");
	ktally_json_open(&json, "sessions", '[');
	for (n = 0; n < nr; n++) {
		ktally_json_open(&json, NULL, '{');
		json_session(&json, &list[n]);
		ktally_json_close(&json, '}');
	}
	ktally_json_close(&json, ']');
	ktally_json_close(&json, '}');
}

static void text_sessions(const struct ktally_session_info *list, int nr)
{
	static const char *const headings[] = { ">ID", "NAME", "STATE", ">TABLES", ">PROBES", ">RING", ">MEMORY", NULL };
	struct out_table table;
	char ring[32], memory[32];
	int n;

	out_table_init(&table, headings);
	for (n = 0; n < nr; n++) {
		out_table_cell(&table, OUT_PLAIN, "%u", list[n].id);
		out_table_cell(&table, OUT_BOLD, "%s", list[n].name[0] ? list[n].name : "-");
		out_table_cell(&table, list[n].state == KTALLY_STATE_RUNNING ? OUT_GOOD : OUT_PLAIN, "%s", state_name(list[n].state));
		out_table_cell(&table, OUT_PLAIN, "%u", list[n].nr_tables);
		out_table_cell(&table, OUT_PLAIN, "%u", list[n].nr_probes);
		out_table_cell(&table, OUT_PLAIN, "%s", list[n].ring_size ? out_bytes(list[n].ring_size, ring, sizeof(ring)) : "-");
		out_table_cell(&table, OUT_PLAIN, "%s", out_bytes(list[n].memory, memory, sizeof(memory)));
	}
	out_table_print(&table, stdout);
}

int session_list(struct ktally_client *client, bool json, bool names)
{
	struct ktally_error err = { .pos = -1 };
	struct ktally_session_info *list = NULL;
	int nr = ktally_client_sessions(client, &list, &err), n;

	if (nr < 0)
		return out_failure(nr, &err);
	if (json)
		json_sessions(list, nr);
	else if (!names)
		text_sessions(list, nr);
	for (n = 0; names && !json && n < nr; n++)
		if (list[n].name[0])
			puts(list[n].name);
	free(list);
	return EXIT_SUCCESS;
}

static void json_table(struct ktally_json *json, const struct ktally_table_info *table)
{
	unsigned int n;

	ktally_json_open(json, NULL, '{');
	ktally_json_u64(json, "number", table->table);
	ktally_json_string(json, "name", table->schema.name);
	ktally_json_u64(json, "rows", table->rows);
	ktally_json_open(json, "keys", '[');
	for (n = 0; n < table->schema.nr_keys; n++) {
		ktally_json_open(json, NULL, '{');
		ktally_json_string(json, "name", table->schema.keys[n].name);
		ktally_json_string(json, "kind", ktally_kind_name(table->schema.keys[n].kind));
		ktally_json_close(json, '}');
	}
	ktally_json_close(json, ']');
	ktally_json_open(json, "values", '[');
	for (n = 0; n < table->schema.nr_values; n++)
		ktally_json_string(json, NULL, table->schema.values[n].name);
	ktally_json_close(json, ']');
	ktally_json_close(json, '}');
}

static void json_probe(struct ktally_json *json, const struct ktally_probe_info *probe)
{
	unsigned int n;

	ktally_json_open(json, NULL, '{');
	ktally_json_u64(json, "number", probe->probe);
	ktally_json_string(json, "event", probe->record.name);
	ktally_json_string(json, "source", probe->name);
	ktally_json_u64(json, "offset", probe->offset);
	ktally_json_u64(json, "period", probe->period);
	for (n = 0; n < NR_COUNTERS; n++)
		ktally_json_u64(json, counters[n].name, counter_of(&probe->count, n));
	ktally_json_u64(json, "missed", probe->missed);
	ktally_json_u64(json, "cost_ns", probe->cost);
	ktally_json_close(json, '}');
}

static void json_pair(struct ktally_json *json, const struct ktally_pair_info *pair)
{
	unsigned int n;

	ktally_json_open(json, NULL, '{');
	ktally_json_u64(json, "number", pair->pair);
	ktally_json_string(json, "name", pair->schema.name);
	ktally_json_u64(json, "room", pair->entries);
	for (n = 0; n < NR_PAIR_COUNTERS; n++)
		ktally_json_u64(json, pair_counters[n].name, pair_counter_of(&pair->count, n));
	ktally_json_close(json, '}');
}

/* Over all CPUs, as it was counted: what took turns is not scaled. */
static uint64_t counter_total(const struct ktally_counter_info *counter)
{
	uint64_t total = 0;
	unsigned int n;

	for (n = 0; n < counter->nr_values; n++)
		total += counter->values[n].value;
	return total;
}

static void json_counter(struct ktally_json *json, const struct ktally_counter_info *counter)
{
	ktally_json_open(json, NULL, '{');
	ktally_json_u64(json, "number", counter->counter);
	ktally_json_string(json, "name", counter->plan.name);
	ktally_json_u64(json, "counted", counter_total(counter));
	ktally_json_close(json, '}');
}

static void json_show(const struct ktally_session_info *info, const struct session_parts *parts)
{
	struct ktally_json json;
	int n;

	ktally_json_init(&json, stdout, true);
	ktally_json_open(&json, NULL, '{');
	ktally_json_string(&json, "schema", "ktally-session/1");
	json_session(&json, info);
	ktally_json_open(&json, "table_list", '[');
	for (n = 0; n < parts->nr_tables; n++)
		json_table(&json, &parts->tables[n]);
	ktally_json_close(&json, ']');
	ktally_json_open(&json, "probe_list", '[');
	for (n = 0; n < parts->nr_probes; n++)
		json_probe(&json, &parts->probes[n]);
	ktally_json_close(&json, ']');
	ktally_json_open(&json, "pair_list", '[');
	for (n = 0; n < parts->nr_pairs; n++)
		json_pair(&json, &parts->pairs[n]);
	ktally_json_close(&json, ']');
	ktally_json_open(&json, "counter_list", '[');
	for (n = 0; n < parts->nr_counters; n++)
		json_counter(&json, &parts->counters[n]);
	ktally_json_close(&json, ']');
	ktally_json_close(&json, '}');
}

static void text_tables(const struct ktally_table_info *tables, int nr)
{
	unsigned int k;
	int n;

	for (n = 0; n < nr; n++) {
		const struct ktally_schema *schema = &tables[n].schema;

		printf("\ntable %u: %s\n    rows    %u on each CPU\n    key    ", tables[n].table, schema->name, tables[n].rows);
		for (k = 0; k < schema->nr_keys; k++)
			if (schema->keys[k].kind != KTALLY_KIND_IMAGE)
				printf(" %s", schema->keys[k].name);
		printf("%s\n    values ", schema->nr_keys ? "" : " none");
		for (k = 0; k < schema->nr_values; k++)
			printf(" %s", schema->values[k].name);
		puts(schema->nr_values ? "" : " hits");
	}
}

static void text_probes(const struct ktally_probe_info *probes, int nr)
{
	unsigned int c;
	int n;

	for (n = 0; n < nr; n++) {
		printf("\nprobe %u: %s\n   ", probes[n].probe, probes[n].record.name[0] ? probes[n].record.name : probes[n].name);
		for (c = 0; c < NR_COUNTERS; c++)
			printf(" %s %" PRIu64, counters[c].name, counter_of(&probes[n].count, c));
		printf(" missed %" PRIu64 "\n", probes[n].missed);
	}
}

static void text_pairs(const struct session_parts *parts)
{
	unsigned int c;
	int n;

	for (n = 0; n < parts->nr_pairs; n++) {
		printf("\npair %u: %s\n    room for %u\n   ", parts->pairs[n].pair, parts->pairs[n].schema.name, parts->pairs[n].entries);
		for (c = 0; c < NR_PAIR_COUNTERS; c++)
			printf(" %s %" PRIu64, pair_counters[c].name, pair_counter_of(&parts->pairs[n].count, c));
		putchar('\n');
	}
	for (n = 0; n < parts->nr_counters; n++)
		printf("\ncounter %u: %s\n    %" PRIu64 " counted\n", parts->counters[n].counter, parts->counters[n].plan.name,
		       counter_total(&parts->counters[n]));
}

static void text_unwind(const struct ktally_session_info *info)
{
	const struct ktally_unwind_count *count = &info->unwind;
	const char *before = "    cut    ";
	char buf[32];
	unsigned int n;

	if (!info->mappings)
		return;
	printf("    mapped  %" PRIu64 " processes with %" PRIu64 " mappings of %" PRIu64 " files, room for %u, %" PRIu64 " lost\n", (uint64_t)count->processes,
	       (uint64_t)count->mappings, (uint64_t)count->files, info->mappings, (uint64_t)count->lost);
	printf("    tables  %" PRIu64 ", %s\n", (uint64_t)count->tables, out_bytes(count->bytes, buf, sizeof(buf)));
	printf("    walked  %" PRIu64 " user stacks, %" PRIu64 " of them whole: %" PRIu64 " steps by tables, %" PRIu64 " by frame pointers (%" PRIu64
	       " guesses), %" PRIu64 " frames of interpreters\n", (uint64_t)count->stacks, (uint64_t)count->whole, (uint64_t)count->by_table,
	       (uint64_t)count->by_frame, (uint64_t)count->guesses, (uint64_t)count->interp);
	for (n = KTALLY_CUT_NONE + 1; n < __KTALLY_CUT_END; n++) {
		if (!count->cut[n])
			continue;
		printf("%s %s %" PRIu64, before, cuts[n].text, (uint64_t)count->cut[n]);
		before = ",";
	}
	if (*before == ',')
		putchar('\n');
}

static void text_show(const struct ktally_session_info *info)
{
	char buf[32];

	printf("session %s%s%u: %s\n", info->name, info->name[0] ? ", id " : "", info->id, state_name(info->state));
	printf("    memory  %s\n", out_bytes(info->memory, buf, sizeof(buf)));
	if (info->ring_size)
		printf("    ring    %s on each CPU, %s when full\n", out_bytes(info->ring_size, buf, sizeof(buf)), ring_mode_name(info->ring_mode));
	if (info->stack_entries)
		printf("    stacks  %u on each CPU\n", info->stack_entries);
	text_unwind(info);
	if (info->portid)
		printf("    owner   netlink port %u\n", info->portid);
	if (info->budget)
		printf("    budget  %.1f %% of each CPU, now %.1f %%, %u steps of the governor\n", info->budget / 10.0, info->share / 10.0, info->nr_steps);
	if (info->missed)
		printf("    missed  %" PRIu64 " hits on CPUs that came later\n", info->missed);
}

static int read_parts(struct ktally_client *client, uint32_t id, struct session_parts *parts, struct ktally_error *err)
{
	parts->nr_tables = ktally_client_tables(client, id, &parts->tables, err);
	if (parts->nr_tables < 0)
		return parts->nr_tables;
	parts->nr_probes = ktally_client_probes(client, id, &parts->probes, err);
	if (parts->nr_probes < 0)
		return parts->nr_probes;
	parts->nr_pairs = ktally_client_pairs(client, id, &parts->pairs, err);
	if (parts->nr_pairs < 0)
		return parts->nr_pairs;
	parts->nr_counters = ktally_client_counters(client, id, &parts->counters, err);
	return parts->nr_counters < 0 ? parts->nr_counters : 0;
}

int session_show(struct ktally_client *client, const struct ktally_session_info *info, bool json)
{
	struct ktally_error err = { .pos = -1 };
	struct session_parts parts = { 0 };
	int ret = read_parts(client, info->id, &parts, &err), status = EXIT_SUCCESS;

	if (ret) {
		status = out_failure(ret, &err);
	} else if (json) {
		json_show(info, &parts);
	} else {
		text_show(info);
		text_tables(parts.tables, parts.nr_tables);
		text_pairs(&parts);
		text_probes(parts.probes, parts.nr_probes);
	}
	free(parts.tables);
	free(parts.probes);
	free(parts.pairs);
	if (parts.nr_counters > 0)
		ktally_client_counters_free(parts.counters, parts.nr_counters);
	return status;
}
