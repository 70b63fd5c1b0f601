// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Writes a gzipped profile.proto: samples leave as they are walked; locations, functions, mappings and strings are collected
 * on the way and follow at the end, which the format allows (fields may come in any order).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "gzip.h"
#include "pprof_tables.h"
#include "protobuf.h"

/* Field numbers of profile.proto. */
enum { PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE, PROFILE_MAPPING, PROFILE_LOCATION, PROFILE_FUNCTION, PROFILE_STRING,
	PROFILE_TIME = 9, PROFILE_DURATION, PROFILE_PERIOD_TYPE, PROFILE_PERIOD, PROFILE_COMMENT, PROFILE_DEFAULT_TYPE };
enum { TYPE_TYPE = 1, TYPE_UNIT };
enum { SAMPLE_LOCATION = 1, SAMPLE_VALUE, SAMPLE_LABEL };
enum { LABEL_KEY = 1, LABEL_STR };

#define FLUSH_BYTES 65536

struct profile {
	const struct ktally_report *report;
	struct ktally_weight weight;
	struct ktally_pprof_tables *tables;
	struct ktally_strtab *strings;
	struct ktally_gzip gzip;
	struct ktally_pb pb;
	uint64_t *locations;
	const struct ktally_frame **frames;	/* of one location */
	uint32_t *names;
	unsigned int room;
	bool many;
};

static void flush_message(struct profile *profile)
{
	ktally_gzip_put(&profile->gzip, profile->pb.data, profile->pb.len);
	ktally_pb_reset(&profile->pb);
}

static uint64_t string(struct profile *profile, const char *text)
{
	return ktally_pprof_string(profile->tables, text);
}

static void put_type(struct profile *profile, unsigned int field, const char *type, const char *unit)
{
	size_t mark = ktally_pb_begin(&profile->pb, field);

	ktally_pb_u64(&profile->pb, TYPE_TYPE, string(profile, type));
	ktally_pb_u64(&profile->pb, TYPE_UNIT, string(profile, unit));
	ktally_pb_end(&profile->pb, mark);
}

/* Value 0 is always how often; value 1, if any, what that stands for. */
static void put_head(struct profile *profile)
{
	const struct ktally_report *report = profile->report;
	const char *second = NULL;

	put_type(profile, PROFILE_SAMPLE_TYPE, report->period_ns ? "samples" : "hits", "count");
	if (report->period_ns) {
		second = "cpu";
		put_type(profile, PROFILE_SAMPLE_TYPE, second, "nanoseconds");
		put_type(profile, PROFILE_PERIOD_TYPE, second, "nanoseconds");
		ktally_pb_u64(&profile->pb, PROFILE_PERIOD, report->period_ns);
	} else if (profile->weight.unit != KTALLY_KIND_UINT) {
		second = profile->weight.name;
		put_type(profile, PROFILE_SAMPLE_TYPE, second, profile->weight.unit == KTALLY_KIND_NS ? "nanoseconds" : "bytes");
	}
	ktally_pb_u64(&profile->pb, PROFILE_DEFAULT_TYPE, string(profile, second ? second : report->period_ns ? "samples" : "hits"));
	ktally_pb_u64(&profile->pb, PROFILE_TIME, report->start_real_ns);
	ktally_pb_u64(&profile->pb, PROFILE_DURATION, report->duration_ns);
}

static void put_comments(struct profile *profile)
{
	const struct ktally_report *report = profile->report;
	uint64_t ids[34];
	unsigned int nr = 0;
	char why[4096], *line, *rest;

	if (report->title)
		ids[nr++] = string(profile, report->title);
	if (!ktally_report_complete(report, why, sizeof(why)))
		for (line = strtok_r(why, "\n", &rest); line && nr < 34; line = strtok_r(NULL, "\n", &rest))
			ids[nr++] = string(profile, line);
	ktally_pb_packed(&profile->pb, PROFILE_COMMENT, ids, nr);
}

static void put_label(struct profile *profile, const char *key, const char *text)
{
	size_t mark = ktally_pb_begin(&profile->pb, SAMPLE_LABEL);

	ktally_pb_u64(&profile->pb, LABEL_KEY, string(profile, key));
	ktally_pb_u64(&profile->pb, LABEL_STR, string(profile, text));
	ktally_pb_end(&profile->pb, mark);
}

/* Labels are text even for numbers: a number 0 (CPU 0) cannot be told from no number in profile.proto. */
static void put_labels(struct profile *profile, const struct ktally_path *path)
{
	const struct ktally_schema *schema = &path->table->schema;
	char key[80], text[1024];
	unsigned int i;

	if (profile->many)
		put_label(profile, "table", schema->name);
	for (i = 0; i < schema->nr_keys && !path->other; i++) {
		if (ktally_kind_is_stack(schema->keys[i].kind))
			continue;
		ktally_key_label(schema, i, key, sizeof(key));
		if (ktally_format_field(profile->report->sym, &schema->keys[i], path->row->key, text, sizeof(text)) >= 0)
			put_label(profile, key, text);
	}
}

static int make_room(struct profile *profile, unsigned int nr)
{
	void *p;

	if (nr <= profile->room)
		return 0;
	p = realloc(profile->locations, nr * sizeof(*profile->locations));
	if (!p)
		return -ENOMEM;
	profile->locations = p;
	p = realloc(profile->frames, nr * sizeof(*profile->frames));
	if (!p)
		return -ENOMEM;
	profile->frames = p;
	p = realloc(profile->names, nr * sizeof(*profile->names));
	if (!p)
		return -ENOMEM;
	profile->names = p;
	profile->room = nr;
	return 0;
}

/* The leaf goes first. A function and what is inlined into it are one location of several lines. Return: how many locations */
static int locate(struct profile *profile, const struct ktally_path *path)
{
	unsigned int nr = 0, lines, i;
	int64_t id;

	if (make_room(profile, path->nr))
		return -ENOMEM;
	for (i = path->nr; i; i -= lines) {
		for (lines = 0; lines < i; ) {
			profile->frames[lines] = path->frames[i - 1 - lines];
			profile->names[lines] = path->steps[i - 1 - lines].name;
			lines++;
			if (lines == i || !profile->frames[lines - 1] || !profile->frames[lines - 1]->outer ||
			    profile->frames[lines - 1]->outer != path->frames[i - 1 - lines])
				break;
		}
		id = ktally_pprof_location(profile->tables, profile->frames, profile->names, lines);
		if (id < 0)
			return (int)id;
		profile->locations[nr++] = id;
	}
	return (int)nr;
}

static int put_sample(const struct ktally_path *path, void *arg, struct ktally_error *err)
{
	struct profile *profile = arg;
	uint64_t values[2] = { path->row->hits, path->weight };
	unsigned int nr = 1;
	size_t mark;
	int locations = locate(profile, path);

	if (locations < 0)
		return ktally_fail(err, locations, "no memory for the locations of a profile");
	if (profile->report->period_ns) {
		if (__builtin_mul_overflow(path->row->hits, profile->report->period_ns, &values[1]))
			return ktally_fail(err, -EOVERFLOW, "more CPU time than 64 bits of nanoseconds hold; measure for a shorter time");
		nr = 2;
	} else if (profile->weight.unit != KTALLY_KIND_UINT) {
		nr = 2;
	}
	mark = ktally_pb_begin(&profile->pb, PROFILE_SAMPLE);
	ktally_pb_packed(&profile->pb, SAMPLE_LOCATION, profile->locations, locations);
	ktally_pb_packed(&profile->pb, SAMPLE_VALUE, values, nr);
	put_labels(profile, path);
	ktally_pb_end(&profile->pb, mark);
	if (profile->pb.len > FLUSH_BYTES)
		flush_message(profile);
	return 0;
}

static void put_strings(struct profile *profile)
{
	uint32_t i;

	for (i = 0; i < ktally_strtab_count(profile->strings); i++) {
		const char *text = ktally_strtab_get(profile->strings, i);

		ktally_pb_string(&profile->pb, PROFILE_STRING, text, strlen(text));
		if (profile->pb.len > FLUSH_BYTES)
			flush_message(profile);
	}
}

static int write_profile(struct profile *profile, struct ktally_error *err)
{
	int ret;

	put_head(profile);
	put_comments(profile);
	ret = ktally_walk_stacks(profile->report, &profile->weight, 0, profile->strings, put_sample, profile, err);
	if (ret)
		return ret;
	ktally_pprof_put_mappings(profile->tables, &profile->pb, PROFILE_MAPPING);
	ktally_pprof_put_locations(profile->tables, &profile->pb, PROFILE_LOCATION);
	ktally_pprof_put_functions(profile->tables, &profile->pb, PROFILE_FUNCTION);
	put_strings(profile);
	flush_message(profile);
	ret = profile->pb.error ? profile->pb.error : ktally_strtab_error(profile->strings);
	if (ret)
		return ktally_fail(err, ret, "no memory for the tables of a profile");
	ret = ktally_gzip_end(&profile->gzip);
	if (ret)
		return ktally_fail(err, ret, "cannot compress and write the profile: %s", strerror(-ret));
	return 0;
}

int ktally_export_pprof(const struct ktally_report *report, FILE *out, struct ktally_error *err)
{
	struct profile profile = { .report = report };
	unsigned int i, with = 0;
	int ret = -ENOMEM;

	for (i = 0; i < report->snapshot->nr_tables; i++)
		with += ktally_table_has_stack(&report->snapshot->tables[i]);
	profile.many = with > 1;
	ktally_weight_choose(report, &profile.weight);
	profile.strings = ktally_strtab_new();
	profile.tables = profile.strings ? ktally_pprof_tables_new(profile.strings) : NULL;
	if (profile.tables && !ktally_gzip_begin(&profile.gzip, out))
		ret = write_profile(&profile, err);
	else
		ktally_fail(err, ret, "no memory to write a profile");
	ktally_gzip_free(&profile.gzip);
	ktally_pprof_tables_free(profile.tables);
	ktally_strtab_free(profile.strings);
	ktally_pb_free(&profile.pb);
	free(profile.locations);
	free(profile.frames);
	free(profile.names);
	return ret;
}
