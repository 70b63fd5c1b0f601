// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * source_event.c: "system:event": a tracepoint by the module's typed handler, or any trace event by the perf road.
 *
 * The typed handler is several times cheaper, so it is taken unless the text names a field that only the event's record has.
 * "event:system:event" takes the record in any case.
 */
#include <ctype.h>
#include <string.h>

#include "source.h"

/* ---- the perf road ---- */

static int use_event(struct kt_compile *c, const struct kt_source_text *s, const char *name)
{
	const struct ktally_source_info *info;
	struct ktally_error err;
	int rc;

	if (!(c->cat->features & KTALLY_FEATURE_EVENT))
		return kt_fail(c, -EOPNOTSUPP, s->pos, s->len, "the module on this kernel has no trace events without a typed handler; `ktally doctor` says why");
	if (!c->cat->tracefs)
		return kt_fail(c, -ENOENT, s->pos, s->len, "trace events are not to be seen: mount tracefs (mount -t tracefs nodev /sys/kernel/tracing) and run as root");
	rc = ktally_tracefs_find(c->cat->tracefs, name, &info, &err);
	if (rc)
		return kt_fail(c, rc, s->pos, s->len, "%s", err.text);
	c->source = info;
	c->probe.kind = KTALLY_SOURCE_EVENT;
	c->probe.perf_config = info->id;
	memcpy(c->probe.name, info->name, sizeof(c->probe.name));
	return 0;
}

int kt_parse_event(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	return use_event(c, s, s->text + rest);
}

/* ---- which road ---- */

static const struct ktally_source_info *peek_event(struct kt_compile *c, const char *name)
{
	const struct ktally_source_info *info;

	if (!c->cat->tracefs || !(c->cat->features & KTALLY_FEATURE_EVENT))
		return NULL;
	return ktally_tracefs_find(c->cat->tracefs, name, &info, NULL) ? NULL : info;
}

static bool has_field(const struct ktally_source_info *info, const char *name)
{
	unsigned int i;

	for (i = 0; i < info->nr_fields; i++)
		if (!strcmp(info->fields[i].name, name))
			return true;
	return false;
}

static bool name_char(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_' || ch == '.';
}

/* The next name of an expression in @text from *@pos on, none that is quoted, a function, an attribute, a format or the text of alias=. */
static bool next_name(const char *text, int *pos, char *name, size_t size)
{
	int at = *pos, start, after;

	for (;;) {
		while (text[at] && !isalpha((unsigned char)text[at]) && text[at] != '_' && text[at] != '"' && !isdigit((unsigned char)text[at]))
			at++;
		if (!text[at])
			return false;
		start = at++;
		if (text[start] == '"') {
			while (text[at] && text[at] != '"')
				at += text[at] == '\\' && text[at + 1] ? 2 : 1;
			at += !!text[at];
			continue;
		}
		while (name_char(text[at]))
			at++;
		for (after = at; isspace((unsigned char)text[after]); after++)
			;
		if (at - start == 5 && !memcmp(text + start, "alias", 5) && text[after] == '=')
			at += strcspn(text + at, "/");
		else if (!isdigit((unsigned char)text[start]) && text[after] != '(' && (text[after] != '=' || text[after + 1] == '=') &&
			 (!start || text[start - 1] != ':') && (size_t)(at - start) < size)
			break;
	}
	memcpy(name, text + start, at - start);
	name[at - start] = '\0';
	*pos = at;
	return true;
}

/* Is this name a field that the event's record has and the handler has not? A word of the context is such a word in any case. */
static bool only_in_record(struct kt_compile *c, const struct ktally_source_info *typed, const char *name)
{
	const struct ktally_source_info *event;

	if (has_field(typed, name) || kt_is_word(name))
		return false;
	event = peek_event(c, typed->name);
	return event && has_field(event, name);
}

/* The ends of a pair name fields of their start as start.NAME. */
static bool ends_need_record(struct kt_compile *c, const struct ktally_source_info *typed)
{
	const struct kt_compile *end;
	unsigned int i;
	char name[64];
	int pos;

	for (i = 0; c->opens && i < c->opens->nr_ends; i++) {
		end = c->opens->ends[i];
		pos = (int)(end->own - end->text);
		while (next_name(end->text, &pos, name, sizeof(name)))
			if (!strncmp(name, "start.", 6) && only_in_record(c, typed, name + 6))
				return true;
	}
	return false;
}

static bool needs_record(struct kt_compile *c, const struct ktally_source_info *typed)
{
	char name[64];
	int pos = c->next;

	while (next_name(c->text, &pos, name, sizeof(name)))
		if (only_in_record(c, typed, name))
			return true;
	return ends_need_record(c, typed);
}

/* ---- typed handlers ---- */

static const char *short_name(const struct ktally_source_info *info)
{
	const char *colon = strchr(info->name, ':');

	return colon && info->kind == KTALLY_SOURCE_TRACEPOINT ? colon + 1 : NULL;
}

/* Names of the handlers and, if there is a colon, of all trace events; without one also what stands alone. */
static int unknown_tracepoint(struct kt_compile *c, const struct kt_source_text *s)
{
	struct kt_near near = { .want = s->text };
	bool colon = strchr(s->text, ':');
	const char *name;
	char near_text[512];
	unsigned int i;

	for (i = 0; i < c->cat->nr_sources; i++) {
		const struct ktally_source_info *info = &c->cat->sources[i];

		name = colon ? info->name : short_name(info);
		if (info->kind == KTALLY_SOURCE_TRACEPOINT && name)
			kt_near_add(&near, name);
	}
	for (i = 0; c->cat->tracefs && (name = ktally_tracefs_name(c->cat->tracefs, i)); i++)
		kt_near_add(&near, colon ? name : strchr(name, ':') + 1);
	if (!colon) {
		kt_near_prefixes(&near);
		for (i = 0; (name = ktally_pmu_name(i)) && !strchr(name, '/'); i++)
			kt_near_add(&near, name);
	}
	kt_near_text(&near, near_text, sizeof(near_text));
	return kt_fail(c, -ENOENT, s->pos, s->len, "there is no source '%.80s'%s (`ktally list` shows all%s)", s->text, near_text,
		       c->cat->tracefs ? "" : "; trace events are not to be seen: mount tracefs and run as root");
}

/* A name without its subsystem is enough when only one source has it. */
static const struct ktally_source_info *by_short_name(struct kt_compile *c, const struct kt_source_text *s)
{
	const struct ktally_source_info *found = NULL;
	unsigned int i;

	for (i = 0; i < c->cat->nr_sources; i++) {
		const struct ktally_source_info *info = &c->cat->sources[i];
		const char *name = short_name(info);

		if (!name || strcmp(name, s->text))
			continue;
		if (found) {
			kt_fail(c, -EINVAL, s->pos, s->len, "'%s' could be '%s' or '%s'; write it with its subsystem", s->text, found->name, info->name);
			return NULL;
		}
		found = info;
	}
	return found;
}

/* The same for trace events. */
static const char *event_by_short_name(struct kt_compile *c, const struct kt_source_text *s)
{
	const char *name, *found = NULL;
	unsigned int i;

	if (!c->cat->tracefs)
		return NULL;
	for (i = 0; (name = ktally_tracefs_name(c->cat->tracefs, i)); i++) {
		if (strcmp(strchr(name, ':') + 1, s->text))
			continue;
		if (found) {
			kt_fail(c, -EINVAL, s->pos, s->len, "'%s' could be '%s' or '%s'; write it with its subsystem", s->text, found, name);
			return NULL;
		}
		found = name;
	}
	return found;
}

static int use_untyped(struct kt_compile *c, const struct kt_source_text *s)
{
	const char *name = strchr(s->text, ':') ? s->text : event_by_short_name(c, s);

	if (c->rc)
		return c->rc;
	if (name && peek_event(c, name))
		return use_event(c, s, name);
	if (name && c->cat->tracefs && !(c->cat->features & KTALLY_FEATURE_EVENT))
		return use_event(c, s, name);	/* which says why not */
	return unknown_tracepoint(c, s);
}

int kt_parse_tracepoint(struct kt_compile *c, const struct kt_source_text *s)
{
	const struct ktally_source_info *info = ktally_catalogue_find(c->cat, s->text);

	if (info && info->kind != KTALLY_SOURCE_TRACEPOINT)
		info = NULL;
	if (!info)
		info = by_short_name(c, s);
	if (!info)
		return c->rc ? c->rc : use_untyped(c, s);
	if (info->available ? needs_record(c, info) : !!peek_event(c, info->name))
		return use_event(c, s, info->name);
	if (!info->available)
		return kt_fail(c, -EOPNOTSUPP, s->pos, s->len, "this kernel has no tracepoint '%s' that the module could attach to; `ktally doctor` says why",
			       info->name);
	c->source = info;
	c->probe.kind = info->kind;
	memcpy(c->probe.name, info->name, sizeof(c->probe.name));
	return 0;
}
