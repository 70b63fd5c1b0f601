// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts event texts together: attributes behind what somebody wrote. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libktally.h>

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

static bool begins_with_path(const char *text)
{
	static const char *const prefixes[] = { "uprobe:", "uretprobe:", "usdt:" };
	size_t n;

	text += strspn(text, " \t\n");
	for (n = 0; n < sizeof(prefixes) / sizeof(prefixes[0]); n++)
		if (!strncmp(text, prefixes[n], strlen(prefixes[n])))
			return true;
	return false;
}

/* The next "->" or ';' that joins events; in a path it needs a blank before it. Its length, 0 at the end, goes to @len. */
static const char *find_joint(const char *text, size_t *len)
{
	bool path = begins_with_path(text), quoted = false;
	const char *at = path ? strchr(text, ':') + 1 : text;
	int depth = 0;

	for (; *at; at++) {
		if ((path || quoted) && *at == '\\' && at[1])
			at++;
		else if (*at == '"')
			quoted = !quoted;
		if (quoted)
			continue;
		*len = *at == ';' ? 1 : !strncmp(at, "->", 2) ? 2 : 0;
		if (*len && !depth && (!path || isspace((unsigned char)at[-1])))
			return at;
		if (path && *at == ':')
			path = false;
		depth += (*at == '(') - (*at == ')' && depth);
	}
	*len = 0;
	return at;
}

/* The next "->", past all ';'. Its end if there is none. */
static const char *find_arrow(const char *text)
{
	size_t len;

	for (;;) {
		text = find_joint(text, &len);
		if (len != 1)
			return text;
		text++;
	}
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
	source = ktally_source_length(event, NULL);
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
	size_t len;

	for (;;) {
		end = find_joint(text, &len);
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
	return *find_arrow(text);
}

char *event_chain_with(const char *text, const char *start, const char *middle, const char *end)
{
	const char *arrow = find_arrow(text), *attrs = *arrow ? start : end;
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
		arrow = find_arrow(text);
		attrs = *arrow ? middle : end;
	}
}

char *event_sources(const char *text)
{
	char *all = out_text("%s", ""), *longer;
	const char *end, *joint;
	size_t len;

	for (;;) {
		text += strspn(text, " \t\n");
		joint = find_joint(text, &len);
		end = text + ktally_source_length(text, NULL);
		end = end > joint ? joint : end;
		while (end > text && isspace((unsigned char)end[-1]))
			end--;
		longer = out_text("%s%.*s%s", all, (int)(end - text), text, len == 2 ? " -> " : len ? "; " : "");
		free(all);
		all = longer;
		if (!len)
			return all;
		text = joint + len;
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
