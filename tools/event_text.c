// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts event texts together: attributes behind what somebody wrote. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "event_text.h"
#include "out.h"

/* The first @what outside of quotes and parentheses, from @text on; its end if there is none. */
static const char *find(const char *text, const char *what)
{
	unsigned int depth = 0;
	bool quoted = false;

	for (; *text; text++) {
		if (*text == '\\' && quoted && text[1])
			text++;
		else if (*text == '"')
			quoted = !quoted;
		else if (!quoted && *text == '(')
			depth++;
		else if (!quoted && *text == ')' && depth)
			depth--;
		else if (!quoted && !depth && !strncmp(text, what, strlen(what)))
			return text;
	}
	return text;
}

static bool is_pmu(const char *name, size_t len)
{
	char *path = out_text("/sys/bus/event_source/devices/%.*s", (int)len, name);
	bool there = len && !memchr(name, '.', len) && !access(path, F_OK);

	free(path);
	return there;
}

/* Behind SOURCE, which may have a '/' of its own: a path, the length of a breakpoint, the terms of a PMU. */
static const char *source_end(const char *text)
{
	static const char *const with_path[] = { "uprobe:", "uretprobe:", "usdt:" };
	const char *slash;
	size_t n;

	for (n = 0; n < sizeof(with_path) / sizeof(with_path[0]); n++)
		if (!strncmp(text, with_path[n], strlen(with_path[n])))
			return find(find(text + strlen(with_path[n]), ":"), "/");
	slash = find(text, "/");
	if (!strncmp(text, "mem:", 4) && *slash && isdigit((unsigned char)slash[1]))
		return find(slash + 1, "/");
	if (*slash && is_pmu(text, slash - text)) {
		slash = find(slash + 1, "/");
		slash += *slash == '/';
		while (isalpha((unsigned char)*slash) || *slash == ':')
			slash++;
	}
	return slash;
}

/* One event of @len bytes. A '/' at its end is no part: what follows brings its own. */
static char *one_with(const char *text, size_t len, const char *attrs)
{
	char *event, *whole;
	size_t source;

	while (len && isspace((unsigned char)*text)) {
		text++;
		len--;
	}
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	event = out_text("%.*s", (int)len, text);
	if (!*attrs || !len)
		return event;
	source = source_end(event) - event;
	if (len > source + 1 && event[len - 1] == '/')
		event[len - 1] = 0;
	whole = out_text(len == source ? "%s//%s/" : "%s/%s/", event, attrs);
	free(event);
	return whole;
}

char *event_with(const char *text, const char *attrs)
{
	char *all = out_text("%s", ""), *one, *longer;
	const char *end;

	for (;;) {
		end = find(text, ";");
		one = one_with(text, end - text, attrs);
		longer = out_text("%s%s%s", all, *all ? "; " : "", one);
		free(one);
		free(all);
		all = longer;
		if (!*end)
			return all;
		text = end + 1;
	}
}

bool event_is_chain(const char *text)
{
	return *find(text, "->");
}

char *event_chain_with(const char *text, const char *start, const char *middle, const char *end)
{
	const char *arrow = find(text, "->"), *attrs = *arrow ? start : end;
	char *chain = NULL, *part, *one, *longer;

	for (;;) {
		part = out_text("%.*s", (int)(arrow - text), text);
		one = event_with(part, attrs);
		longer = out_text("%s%s%s", chain ? chain : "", chain ? " -> " : "", one);
		free(one);
		free(part);
		free(chain);
		chain = longer;
		if (!*arrow)
			return chain;
		text = arrow + 2;
		arrow = find(text, "->");
		attrs = *arrow ? middle : end;
	}
}

char *event_sources(const char *text)
{
	char *all = out_text("%s", ""), *longer;
	const char *end, *arrow, *semicolon;

	for (;;) {
		text += strspn(text, " \t");
		arrow = find(text, "->");
		semicolon = find(text, ";");
		end = source_end(text);
		if (end > arrow || end > semicolon)
			end = arrow < semicolon ? arrow : semicolon;
		while (end > text && isspace((unsigned char)end[-1]))
			end--;
		longer = out_text("%s%.*s", all, (int)(end - text), text);
		free(all);
		all = longer;
		if (!*arrow && !*semicolon)
			return all;
		longer = out_text("%s%s", all, arrow < semicolon ? " -> " : "; ");
		free(all);
		all = longer;
		text = arrow < semicolon ? arrow + 2 : semicolon + 1;
	}
}

char *event_value(const char *expr)
{
	const char *colon = find(expr, ":");

	if (!*find(expr, "/"))
		return out_text("%s", expr);
	return out_text("(%.*s)%s", (int)(colon - expr), expr, colon);
}

char *event_time(unsigned long long ns)
{
	static const struct {
		unsigned long long ns;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" }, { 1, "ns" } };
	size_t n = 0;

	while (ns % units[n].ns)
		n++;
	return out_text("%llu%s", ns / units[n].ns, units[n].name);
}

char *event_join(char *a, const char *b)
{
	char *both;

	if (!b || !*b)
		return a ? a : out_text("%s", "");
	both = out_text("%s%s%s", a ? a : "", a && *a ? "/" : "", b);
	free(a);
	return both;
}
