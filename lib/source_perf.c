// SPDX-License-Identifier: LGPL-2.1-or-later
/* source_perf.c: counters of perf that overflow, and hardware breakpoints. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "pmu.h"
#include "source.h"

#define DEFAULT_HZ	99

/* enum of linux/hw_breakpoint.h */
#define WATCH_READ	1
#define WATCH_WRITE	2
#define WATCH_EXECUTE	4

/* ---- breakpoints: mem:ADDR[/LEN][:rwx] ---- */

/* The '/' of a length is one that digits follow, and after them a ':', a '/' or the end. */
int kt_mem_end(const char *text, int pos)
{
	int at = pos + (int)strcspn(text + pos, "/"), end;

	if (!text[at] || memchr(text + pos, ':', at - pos))
		return at;
	for (end = at + 1; isdigit((unsigned char)text[end]); end++)
		;
	if (end == at + 1 || (text[end] && !strchr(":/ ", text[end])))
		return at;
	return end + (int)strcspn(text + end, "/");
}

/* Address of a kernel symbol. Return: 0, -ENOENT, -EPERM: addresses are hidden from us */
static int kernel_address(const char *symbol, uint64_t *address)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char *line = NULL, name[KTALLY_SYMBOL_MAX];
	unsigned long long at;
	size_t size = 0;
	int rc = -ENOENT;

	while (file && rc == -ENOENT && getline(&line, &size, file) > 0) {
		if (sscanf(line, "%llx %*c %127s", &at, name) != 2 || strcmp(name, symbol))
			continue;
		*address = at;
		rc = at ? 0 : -EPERM;
	}
	free(line);
	if (file)
		fclose(file);
	return rc;
}

/* ADDR: a number, or SYMBOL[+NUMBER]. */
static int parse_address(struct kt_compile *c, const struct kt_source_text *s, int rest, int len)
{
	char symbol[KTALLY_SYMBOL_MAX], *end;
	const char *text = s->text + rest;
	int name = (int)strcspn(text, "+/:"), rc;
	uint64_t more = 0;

	errno = 0;
	if (isdigit((unsigned char)*text)) {
		c->probe.perf_config1 = strtoull(text, &end, 0);
		if (errno || end != text + len)
			return kt_fail(c, -EINVAL, s->pos + rest, len, "expected an address or a symbol of the kernel, such as mem:0xffffffff81000000/8:w or mem:jiffies:rw");
		return 0;
	}
	if (!name || name >= (int)sizeof(symbol))
		return kt_fail(c, -EINVAL, s->pos + rest, len, "expected an address or a symbol of the kernel after 'mem:', such as mem:jiffies:rw");
	memcpy(symbol, text, name);
	symbol[name] = '\0';
	if (name < len) {
		more = strtoull(text + name + 1, &end, 0);
		if (!isdigit((unsigned char)text[name + 1]) || errno || end != text + len)
			return kt_fail(c, -EINVAL, s->pos + rest + name, len - name, "expected a number of bytes behind '+'");
	}
	rc = kernel_address(symbol, &c->probe.perf_config1);
	if (rc == -EPERM)
		return kt_fail(c, rc, s->pos + rest, name, "the addresses of kernel symbols are hidden from you (kernel.kptr_restrict); run as root");
	if (rc)
		return kt_fail(c, rc, s->pos + rest, name, "the kernel has no symbol '%.100s' in /proc/kallsyms; of a program's memory write the address", symbol);
	c->probe.perf_config1 += more;
	return 0;
}

static int parse_access(struct kt_compile *c, const struct kt_source_text *s, int at)
{
	const char *p;

	c->probe.perf_config = 0;
	for (p = s->text + at; *p; p++) {
		if (!strchr("rwx", *p))
			break;
		c->probe.perf_config |= *p == 'r' ? WATCH_READ : *p == 'w' ? WATCH_WRITE : WATCH_EXECUTE;
	}
	if (*p || !c->probe.perf_config || (c->probe.perf_config > WATCH_EXECUTE))
		return kt_fail(c, -EINVAL, s->pos + at, s->len - at, "expected r, w, rw or x behind the address: what to watch for");
#ifdef __x86_64__
	if (c->probe.perf_config == WATCH_READ)
		return kt_fail(c, -EOPNOTSUPP, s->pos + at, s->len - at, "this processor cannot watch for reads alone; use rw");
#endif
	return 0;
}

int kt_parse_mem(struct kt_compile *c, const struct kt_source_text *s, int rest)
{
	int len = (int)strcspn(s->text + rest, "/:"), at = rest + len, rc;
	char *end;

	rc = kt_use_pseudo(c, s, "perf", KTALLY_FEATURE_PERF, "perf counters");
	if (!rc)
		rc = parse_address(c, s, rest, len);
	if (rc)
		return rc;
	c->probe.perf_type = KTALLY_PERF_TYPE_BREAKPOINT;
	c->probe.perf_config = WATCH_READ | WATCH_WRITE;
	c->probe.perf_config2 = 0;
	if (s->text[at] == '/') {
		c->probe.perf_config2 = strtoul(s->text + at + 1, &end, 10);
		if (!memchr("\1\2\4\10", (int)c->probe.perf_config2, 4) || c->probe.perf_config2 > 8)
			return kt_fail(c, -EINVAL, s->pos + at + 1, (int)(end - s->text) - at - 1, "a breakpoint watches 1, 2, 4 or 8 bytes");
		at = (int)(end - s->text);
	}
	if (s->text[at] == ':')
		rc = parse_access(c, s, at + 1);
	else if (s->text[at])
		rc = kt_fail(c, -EINVAL, s->pos + at, s->len - at, "expected ':' and r, w, rw or x here");
	if (rc)
		return rc;
	if (!c->probe.perf_config2)
		c->probe.perf_config2 = c->probe.perf_config == WATCH_EXECUTE ? sizeof(long) : 4;
	if (c->probe.perf_config != WATCH_EXECUTE && c->probe.perf_config1 % c->probe.perf_config2)
		return kt_fail(c, -EINVAL, s->pos + rest, at - rest, "the address is not a multiple of the %u bytes to watch", (unsigned int)c->probe.perf_config2);
	c->periodic = c->counted = true;
	c->probe.period = 1;
	return 0;
}

/* ---- counters ---- */

int kt_counter_end(const struct kt_compile *c, int pos)
{
	struct ktally_counter_plan counter;
	const char *text = c->text + pos;
	size_t len = strcspn(text, "/");
	char name[64];
	int end;

	if (!text[len] || len >= sizeof(name) || memchr(text, ':', len))
		return -1;
	memcpy(name, text, len);
	name[len] = '\0';
	if (strcmp(name, "cpu") && !ktally_pmu_exists(text, len, c->cat->sysfs))	/* that "cpu" is missing is worth a word */
		return -1;
	if (ktally_pmu_generic(&counter, name))
		return -1;
	end = pos + (int)len + 1 + (int)strcspn(text + len + 1, "/");
	if (!c->text[end])
		return end;
	end++;
	if (c->text[end] == ':')
		end += 1 + (int)strspn(c->text + end + 1, "ukhGHpPDSWeIbR");
	return end;
}

/* rNNN could as well be the short name of a tracepoint. */
static bool is_raw(const struct kt_compile *c, const char *text)
{
	size_t len = 1 + strspn(text + 1, "0123456789abcdefABCDEF");
	unsigned int i;

	if (text[0] != 'r' || len < 2 || (text[len] && text[len] != ':'))
		return false;
	for (i = 0; i < c->cat->nr_sources; i++) {
		const char *colon = strchr(c->cat->sources[i].name, ':');

		if (colon && !strcmp(colon + 1, text))
			return false;
	}
	return true;
}

bool kt_is_counter(const struct kt_compile *c, const char *text)
{
	struct ktally_counter_plan counter;
	size_t len = strcspn(text, ":");
	char name[64];

	if (strchr(text, '/'))
		return true;
	if (len >= sizeof(name))
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	return ktally_pmu_generic(&counter, name) || is_raw(c, text);
}

static bool is_clock(const struct ktally_counter_plan *counter)
{
	return counter->perf_type == KTALLY_PERF_TYPE_SOFTWARE &&
	       (counter->config == KTALLY_PERF_CPU_CLOCK || counter->config == KTALLY_PERF_TASK_CLOCK);
}

/* Clocks count time. Of what happens in software (faults, switches) each is a hit; the rest is sampled. */
int kt_parse_counter(struct kt_compile *c, const struct kt_source_text *s)
{
	struct ktally_counter_plan counter;
	struct ktally_error err;
	int rc = kt_use_pseudo(c, s, "perf", KTALLY_FEATURE_PERF, "perf counters");

	if (rc)
		return rc;
	rc = ktally_pmu_find(&counter, s->text, c->cat->sysfs, &err);
	if (rc)
		return kt_fail(c, rc, s->pos, s->len, "%s", err.text);
	if (counter.flags & KTALLY_PERF_PINNED)
		return kt_fail(c, -EINVAL, s->pos, s->len, "the modifier D (pinned) is for counters that are read (pmu=), not for those that sample");
	c->probe.perf_type = counter.perf_type;
	c->probe.perf_config = counter.config;
	c->probe.perf_config1 = counter.config1;
	c->probe.perf_config2 = counter.config2;
	c->probe.perf_flags = counter.flags;
	c->periodic = true;
	c->counted = !is_clock(&counter);
	if (c->counted && counter.perf_type == KTALLY_PERF_TYPE_SOFTWARE)
		return kt_set_period(c, 1, KT_UNIT_NONE, s->pos, s->len);
	return kt_set_period(c, DEFAULT_HZ, KT_UNIT_HZ, s->pos, s->len);
}
