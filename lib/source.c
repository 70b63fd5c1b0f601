// SPDX-License-Identifier: LGPL-2.1-or-later
/* source.c: SOURCE of an event text: which source fires, and which fields it has. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "compile.h"

#define NSEC_PER_SEC	1000000000ULL
#define PERIOD_MIN	10000ULL		/* the least the module takes */
#define PERIOD_MAX	(3600 * NSEC_PER_SEC)
#define DEFAULT_HZ	99
#define PERF_SOFTWARE	1			/* PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK of linux/perf_event.h */
#define PERF_CPU_CLOCK	0

/** struct source_text - the words of SOURCE and where they stand */
struct source_text {
	char text[KTALLY_SYMBOL_MAX * 2];
	int pos, len;
};

/** struct prefix - a source named PREFIX:REST; @parse NULL: a word of the language that this version does not do */
struct prefix {
	const char *name;
	int (*parse)(struct kt_compile *c, const struct source_text *source, int rest);
};

static int fail_source(struct kt_compile *c, int code, const struct source_text *s, const char *what)
{
	return kt_fail(c, code, s->pos, s->len, "%s", what);
}

/* What the module published for a kind of source; without it there are no fields to name. */
static int use_pseudo(struct kt_compile *c, const struct source_text *s, const char *name, uint64_t feature, const char *what)
{
	const struct ktally_source_info *info = ktally_catalogue_find(c->cat, name);

	if (!(c->cat->features & feature) || (info && !info->available))
		return kt_fail(c, -EOPNOTSUPP, s->pos, s->len, "the module on this kernel has no %s; `ktally doctor` says why", what);
	if (!info)
		return kt_fail(c, -EOPNOTSUPP, s->pos, s->len, "the module does not publish the fields of '%s'; are module and ktally of the same version?",
			       name);
	c->source = info;
	c->probe.kind = info->kind;
	return 0;
}

int kt_set_period(struct kt_compile *c, uint64_t value, enum kt_unit unit, int pos, int len)
{
	uint64_t period = value;

	if (unit == KT_UNIT_HZ && value)
		period = (NSEC_PER_SEC + value / 2) / value;
	if (!value || period < PERIOD_MIN || period > PERIOD_MAX)
		return kt_fail(c, -EINVAL, pos, len, "a period is between 10us and 3600s (a rate between 1hz and 100000hz)");
	c->probe.period = period;
	return 0;
}

static int parse_timer(struct kt_compile *c, const struct source_text *s, int rest)
{
	int pos = s->pos + rest, rc, slash = s->pos + s->len;
	struct kt_token tok;

	rc = kt_restart(c, pos);
	if (rc)
		return rc;
	tok = c->tok;
	if (tok.type != KT_TOK_NUMBER || tok.unit == KT_UNIT_NONE || tok.pos + tok.len != slash)
		return kt_fail(c, -EINVAL, pos, slash - pos, "expected a rate or a period after 'timer:', such as timer:99hz, timer:10ms or timer:100us");
	rc = use_pseudo(c, s, "timer", KTALLY_FEATURE_TIMER, "timers");
	return rc ? rc : kt_set_period(c, tok.value, tok.unit, tok.pos, tok.len);
}

static int parse_offset(struct kt_compile *c, const struct source_text *s, const char *text)
{
	int pos = s->pos + (int)(text - s->text);
	char *end;

	errno = 0;
	c->probe.offset = strtoull(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno)
		return kt_fail(c, -EINVAL, pos, strlen(text), "expected a number of bytes behind '+', such as kprobe:vfs_read+0x10");
	return 0;
}

static int parse_kprobe(struct kt_compile *c, const struct source_text *s, int rest)
{
	const char *symbol = s->text + rest, *p = symbol;
	int rc = use_pseudo(c, s, "kprobe", KTALLY_FEATURE_KPROBE, "kprobes");

	if (rc)
		return rc;
	while (isalnum((unsigned char)*p) || *p == '_' || *p == '.' || *p == '$')
		p++;
	if (p == symbol || isdigit((unsigned char)*symbol) || (*p && *p != '+'))
		return kt_fail(c, -EINVAL, s->pos + (int)(p - s->text), *p ? 1 : 0,
			       "expected the name of a kernel function after 'kprobe:', such as kprobe:vfs_read or kprobe:vfs_read+0x10");
	if ((size_t)(p - symbol) >= sizeof(c->probe.name))
		return kt_fail(c, -EINVAL, s->pos + rest, p - symbol, "the name of a function has at most %zu characters", sizeof(c->probe.name) - 1);
	memcpy(c->probe.name, symbol, p - symbol);
	return *p ? parse_offset(c, s, p + 1) : 0;
}

static int parse_cpu_clock(struct kt_compile *c, const struct source_text *s)
{
	int rc = use_pseudo(c, s, "perf", KTALLY_FEATURE_PERF, "perf counters");

	c->periodic = true;
	c->probe.perf_type = PERF_SOFTWARE;
	c->probe.perf_config = PERF_CPU_CLOCK;
	return rc ? rc : kt_set_period(c, DEFAULT_HZ, KT_UNIT_HZ, s->pos, s->len);
}

static const struct prefix prefixes[] = {
	{ "timer", parse_timer }, { "kprobe", parse_kprobe },
	{ "kretprobe", NULL }, { "uprobe", NULL }, { "uretprobe", NULL }, { "usdt", NULL },
};

/* Counters of perf that people will try. */
static const char *const counters[] = {
	"cycles", "cpu-cycles", "instructions", "cache-references", "cache-misses", "branches", "branch-instructions", "branch-misses",
	"bus-cycles", "ref-cycles", "stalled-cycles-frontend", "stalled-cycles-backend", "task-clock", "page-faults", "minor-faults",
	"major-faults", "context-switches", "cpu-migrations", "alignment-faults", "emulation-faults", "LLC-loads", "LLC-load-misses",
	"L1-dcache-loads", "L1-dcache-load-misses", "dTLB-loads", "dTLB-load-misses", "iTLB-load-misses", "cpu",
};

static const char *short_name(const struct ktally_source_info *info)
{
	const char *colon = strchr(info->name, ':');

	return colon && info->kind == KTALLY_SOURCE_TRACEPOINT ? colon + 1 : NULL;
}

static int unknown_tracepoint(struct kt_compile *c, const struct source_text *s)
{
	struct kt_near near = { .want = s->text };
	bool colon = strchr(s->text, ':');
	char near_text[512];
	unsigned int i;

	for (i = 0; i < c->cat->nr_sources; i++) {
		const struct ktally_source_info *info = &c->cat->sources[i];
		const char *name = colon ? info->name : short_name(info);

		if (info->kind == KTALLY_SOURCE_TRACEPOINT && name)
			kt_near_add(&near, name);
	}
	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && !colon; i++)
		kt_near_add(&near, prefixes[i].name);
	if (!colon)
		kt_near_add(&near, "cpu-clock");
	kt_near_text(&near, near_text, sizeof(near_text));
	return kt_fail(c, -ENOENT, s->pos, s->len,
		       "the module has no source '%.80s'%s (`ktally list` shows all; trace events without a typed handler are not supported by this version)",
		       s->text, near_text);
}

/* A name without its subsystem is enough when only one source has it. */
static const struct ktally_source_info *by_short_name(struct kt_compile *c, const struct source_text *s)
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

static int parse_tracepoint(struct kt_compile *c, const struct source_text *s)
{
	const struct ktally_source_info *info = ktally_catalogue_find(c->cat, s->text);

	if (info && info->kind != KTALLY_SOURCE_TRACEPOINT)
		info = NULL;
	if (!info)
		info = by_short_name(c, s);
	if (!info)
		return c->rc ? c->rc : unknown_tracepoint(c, s);
	if (!info->available)
		return kt_fail(c, -EOPNOTSUPP, s->pos, s->len, "this kernel has no tracepoint '%s' that the module could attach to; `ktally doctor` says why",
			       info->name);
	c->source = info;
	c->probe.kind = info->kind;
	memcpy(c->probe.name, info->name, sizeof(c->probe.name));
	return 0;
}

static int dispatch(struct kt_compile *c, const struct source_text *s)
{
	const char *colon = strchr(s->text, ':');
	size_t i, len = colon ? (size_t)(colon - s->text) : strlen(s->text);

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		if (strlen(prefixes[i].name) != len || memcmp(prefixes[i].name, s->text, len))
			continue;
		if (!prefixes[i].parse)
			return kt_fail(c, -EOPNOTSUPP, s->pos, (int)len, "%s is not supported by this version", prefixes[i].name);
		if (!colon)
			return kt_fail(c, -EINVAL, s->pos, s->len, "expected ':' after '%s'", prefixes[i].name);
		return prefixes[i].parse(c, s, (int)len + 1);
	}
	if (!strcmp(s->text, "cpu-clock"))
		return parse_cpu_clock(c, s);
	for (i = 0; i < sizeof(counters) / sizeof(counters[0]); i++)
		if (!strcmp(s->text, counters[i]))
			return kt_fail(c, -EOPNOTSUPP, s->pos, s->len, "the counter '%s' is not supported by this version; cpu-clock is", s->text);
	return parse_tracepoint(c, s);
}

int kt_parse_source(struct kt_compile *c)
{
	struct source_text s = { .pos = 0 };
	int end, rc;

	while (isspace((unsigned char)c->text[s.pos]))
		s.pos++;
	for (end = s.pos; c->text[end] && c->text[end] != '/'; end++)
		;
	c->next = end;
	while (end > s.pos && isspace((unsigned char)c->text[end - 1]))
		end--;
	s.len = end - s.pos;
	if (!s.len)
		return fail_source(c, -EINVAL, &s, "expected a source, such as sched:sched_switch, kprobe:vfs_read or timer:99hz");
	if (s.len >= (int)sizeof(s.text))
		return fail_source(c, -EINVAL, &s, "the name of the source is too long");
	memcpy(s.text, c->text + s.pos, s.len);
	end = c->next;
	rc = dispatch(c, &s);
	return rc ? rc : kt_restart(c, end);
}

void kt_use_site(struct kt_compile *c, unsigned int n)
{
	const struct ktally_uprobe_site *site = &c->sites[n];
	struct kt_node *node, *at;
	unsigned int i;

	memcpy(c->probe.path, site->path, sizeof(c->probe.path));
	c->probe.offset = site->offset;
	c->probe.semaphore = site->semaphore;
	for (node = c->nodes; node; node = node->next) {
		if (!node->per_site)
			continue;
		for (at = node->site, i = 0; i < n; i++)
			at = at->site;
		node->op = at->op;
		node->value = at->value;
		node->insn = at->insn;
		node->a = at->a;
		node->b = at->b;
	}
}
