// SPDX-License-Identifier: LGPL-2.1-or-later
/* format_check.c: whether a text has the shape of a format file; libtraceevent takes that for granted and falls over anything else. */
#include <ctype.h>
#include <string.h>

#include "tracefs.h"

static bool ident_char(char ch)
{
	return isalnum((unsigned char)ch) || ch == '_';
}

static bool skip(const char **at, const char *text)
{
	size_t len = strlen(text);

	if (strncmp(*at, text, len))
		return false;
	*at += len;
	return true;
}

static bool skip_number(const char **at)
{
	size_t len = strspn(*at, "0123456789");

	*at += len;
	return len && len < 7;
}

static bool skip_ident(const char **at)
{
	const char *start = *at;

	while (ident_char(**at))
		(*at)++;
	return *at > start && !isdigit((unsigned char)*start);
}

/* The length of an array may be an expression, or missing. */
static bool skip_brackets(const char **at)
{
	size_t len = strspn(*at + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_ +-*/()");

	if ((*at)[1 + len] != ']')
		return false;
	*at += len + 2;
	return true;
}

/* "unsigned long args[6]", "__data_loc char[] name", "const struct page * page": at least two words, a name last. */
static bool skip_declaration(const char **at)
{
	unsigned int words = 0;
	bool name = false;

	while (**at != ';') {
		if (**at == ' ') {
			(*at)++;
		} else if (**at == '*') {
			(*at)++;
			name = false;
		} else if (**at == '[' && words) {
			if (!skip_brackets(at))
				return false;
		} else if (skip_ident(at)) {
			words++;
			name = true;
		} else {
			return false;
		}
	}
	return words > 1 && name;
}

static bool skip_field(const char **at)
{
	if (!skip(at, "\tfield:") || !skip_declaration(at) || !skip(at, ";\toffset:") || !skip_number(at) || !skip(at, ";\tsize:") ||
	    !skip_number(at) || !skip(at, ";"))
		return false;
	if (skip(at, "\tsigned:") && !((skip(at, "0") || skip(at, "1")) && skip(at, ";")))
		return false;
	return skip(at, "\n");
}

/* Fields that all events have, an empty line, and the event's own. */
bool ktally_format_valid(const char *text)
{
	unsigned int common = 0;

	if (!skip(&text, "name: "))
		return false;
	text += strspn(text, "0123456789");	/* 9p_client_req */
	if (!skip_ident(&text) || !skip(&text, "\nID: ") || !skip_number(&text) || !skip(&text, "\nformat:\n"))
		return false;
	for (; *text == '\t'; common++)
		if (!skip_field(&text))
			return false;
	if (!common || !skip(&text, "\n"))
		return false;
	while (*text == '\t')
		if (!skip_field(&text))
			return false;
	while (*text == '\n')
		text++;
	return skip(&text, "print fmt:");
}
