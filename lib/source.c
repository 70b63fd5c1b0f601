// SPDX-License-Identifier: LGPL-2.1-or-later
/* source.c: SOURCE of an event text: where it ends, what kind it is; timers. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

#define NSEC_PER_SEC	1000000000ULL
#define PERIOD_MIN	10000ULL		/* the least the module takes */
#define PERIOD_MAX	(3600 * NSEC_PER_SEC)
#define HZ_MAX		100000ULL

static int fail_source(struct kt_compile *c, int code, const struct kt_source_text *s, const char *what)
{
	return kt_fail(c, code, s->pos, s->len, "%s", what);
}

int kt_use_pseudo(struct kt_compile *c, const struct kt_source_text *s, const char *name, uint64_t feature, const char *what)
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

/* Of a counter: hits a second, which the kernel steers to, or a number of counts. */
static int set_counts(struct kt_compile *c, uint64_t value, enum kt_unit unit, int pos, int len)
{
	if (!value || (unit == KT_UNIT_HZ && value > HZ_MAX))
		return kt_fail(c, -EINVAL, pos, len, unit == KT_UNIT_HZ ? "a rate is between 1 and 100000 a second" : "a period is at least 1");
	c->probe.perf_flags &= ~KTALLY_PERF_FREQ;
	c->probe.perf_flags |= unit == KT_UNIT_HZ ? KTALLY_PERF_FREQ : 0;
	c->probe.period = value;
	return 0;
}

int kt_set_period(struct kt_compile *c, uint64_t value, enum kt_unit unit, int pos, int len)
{
	uint64_t period = value;

	if (c->counted)
		return set_counts(c, value, unit, pos, len);
	if (unit == KT_UNIT_HZ && value)
		period = (NSEC_PER_SEC + value / 2) / value;
	if (!value || period < PERIOD_MIN || period > PERIOD_MAX)
		return kt_fail(c, -EINVAL, pos, len, "a period is between 10us and 3600s (a rate between 1hz and 100000hz)");
	c->probe.period = period;
	return 0;
}

/* The kernel has a subsystem "timer" as well. */
static bool is_timer_event(const struct kt_compile *c, const char *name)
{
	const struct ktally_source_info *info;

	return ktally_catalogue_find(c->cat, name) || (c->cat->tracefs && !ktally_tracefs_find(c->cat->tracefs, name, &info, NULL));
}

static int parse_timer(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	int pos = s->pos + rest, rc, slash = s->pos + s->len;
	struct kt_token tok;

	if (!isdigit((unsigned char)s->text[rest]) && is_timer_event(c, s->text))
		return kt_parse_tracepoint(c, s);
	rc = kt_restart(c, pos);
	if (rc)
		return rc;
	tok = c->tok;
	if (tok.type != KT_TOK_NUMBER || tok.unit == KT_UNIT_NONE || tok.pos + tok.len != slash)
		return kt_fail(c, -EINVAL, pos, slash - pos, "expected a rate or a period after 'timer:', such as timer:99hz, timer:10ms or timer:100us");
	rc = kt_use_pseudo(c, s, "timer", KTALLY_FEATURE_TIMER, "timers");
	return rc ? rc : kt_set_period(c, tok.value, tok.unit, tok.pos, tok.len);
}

static const struct kt_prefix prefixes[] = {
	{ "timer", parse_timer },
	{ "event", kt_parse_event },
	{ "kprobe", kt_parse_kprobe },
	{ "kretprobe", kt_parse_kretprobe },
	{ "uprobe", kt_parse_uprobe },
	{ "uretprobe", kt_parse_uretprobe },
	{ "usdt", kt_parse_usdt },
	{ "mem", kt_parse_mem },
};
#define NR_PREFIXES (sizeof(prefixes) / sizeof(prefixes[0]))

void kt_near_prefixes(struct kt_near *near)
{
	size_t i;

	for (i = 0; i < NR_PREFIXES; i++)
		kt_near_add(near, prefixes[i].name);
}

static const struct kt_prefix *find_prefix(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < NR_PREFIXES; i++)
		if (strlen(prefixes[i].name) == len && !memcmp(prefixes[i].name, text, len))
			return &prefixes[i];
	return NULL;
}

static int dispatch(struct kt_compile *c, const struct kt_source_text *s)
{
	size_t len = strcspn(s->text, ":");
	const struct kt_prefix *prefix = find_prefix(s->text, len);

	if (prefix && !s->text[len])
		return kt_fail(c, -EINVAL, s->pos, s->len, "expected ':' after '%s'", prefix->name);
	if (prefix)
		return prefix->parse(c, s, (int)len + 1);
	return kt_is_counter(c, s->text) ? kt_parse_counter(c, s) : kt_parse_tracepoint(c, s);
}

/* A '/' ends the source, but for those whose own name has some. */
static int find_end(const struct kt_compile *c, int pos)
{
	const char *text = c->text + pos;
	const struct kt_prefix *prefix;
	size_t len = strcspn(text, ":/");
	int end;

	prefix = text[len] == ':' ? find_prefix(text, len) : NULL;
	if (prefix && (prefix->parse == kt_parse_uprobe || prefix->parse == kt_parse_uretprobe || prefix->parse == kt_parse_usdt))
		return kt_path_end(c->text, pos + (int)len + 1);
	if (prefix && prefix->parse == kt_parse_mem)
		return kt_mem_end(c->text, pos + (int)len + 1);
	end = text[len] == '/' ? kt_counter_end(c, pos) : -1;
	return end >= 0 ? end : pos + (int)strcspn(text, "/");
}

int ktally_source_length(const char *text, const char *sysfs)
{
	const struct ktally_catalogue cat = { .sysfs = sysfs };
	const struct kt_compile c = { .text = (char *)text, .cat = &cat };
	int end = find_end(&c, 0);

	while (end > 0 && isspace((unsigned char)text[end - 1]))
		end--;
	return end;
}

/* The '/' that closes PMU/TERMS/ opens the parts as well: cpu/event=0x3c/key=pid/ is cpu/event=0x3c//key=pid/. */
static int parts_begin(const struct kt_compile *c, int end)
{
	int next = end;

	while (isspace((unsigned char)c->text[next]))
		next++;
	return c->text[next] && c->text[next] != '/' && end > 0 && c->text[end - 1] == '/' ? end - 1 : end;
}

int kt_parse_source(struct kt_compile *c)
{
	struct kt_source_text s = { .pos = 0 };
	int end, rc;

	while (isspace((unsigned char)c->text[s.pos]))
		s.pos++;
	end = find_end(c, s.pos);
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
	if (rc)
		return rc;
	rc = kt_restart(c, parts_begin(c, end));
	if (!rc && c->tok.type != '/' && c->tok.type != KT_TOK_END)
		return kt_fail(c, -EINVAL, c->tok.pos, c->tok.len, "expected '/' behind the source");
	return rc;
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
