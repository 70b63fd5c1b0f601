// SPDX-License-Identifier: LGPL-2.1-or-later
/* Decodes, encodes and cleans UTF-8. */
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

static unsigned int tail_bytes(unsigned char first)
{
	if (first >= 0xc2 && first <= 0xdf)
		return 1;
	if (first >= 0xe0 && first <= 0xef)
		return 2;
	if (first >= 0xf0 && first <= 0xf4)
		return 3;
	return 0;
}

uint32_t ktally_utf8_next(const char **text)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)*text;
	unsigned int more = tail_bytes(*s), i;
	uint32_t cp;

	if (!*s)
		return 0;
	(*text)++;
	if (*s < 0x80)
		return *s;
	if (!more)
		return KTALLY_UTF8_BAD;
	cp = *s & (0x3f >> more);
	for (i = 1; i <= more; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return KTALLY_UTF8_BAD;
		cp = cp << 6 | (s[i] & 0x3f);
	}
	if (cp < least[more] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff) || (cp & 0xfffe) == 0xfffe)
		return KTALLY_UTF8_BAD;
	*text += more;
	return cp;
}

unsigned int ktally_utf8_put(char *to, uint32_t cp)
{
	if (cp < 0x80) {
		to[0] = cp;
		return 1;
	}
	if (cp < 0x800) {
		to[0] = 0xc0 | cp >> 6;
		to[1] = 0x80 | (cp & 0x3f);
		return 2;
	}
	if (cp < 0x10000) {
		to[0] = 0xe0 | cp >> 12;
		to[1] = 0x80 | (cp >> 6 & 0x3f);
		to[2] = 0x80 | (cp & 0x3f);
		return 3;
	}
	to[0] = 0xf0 | cp >> 18;
	to[1] = 0x80 | (cp >> 12 & 0x3f);
	to[2] = 0x80 | (cp >> 6 & 0x3f);
	to[3] = 0x80 | (cp & 0x3f);
	return 4;
}

char *ktally_utf8_clean(const char *text, char from, char to)
{
	char *copy = malloc(strlen(text) * 3 + 1), *at = copy;
	uint32_t cp;

	if (!copy)
		return NULL;
	while ((cp = ktally_utf8_next(&text))) {
		if (from && cp == (unsigned char)from)
			cp = (unsigned char)to;
		else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0))
			cp = '?';
		at += ktally_utf8_put(at, cp);
	}
	*at = '\0';
	return copy;
}

size_t ktally_utf8_width(const char *text)
{
	size_t width = 0;

	while (ktally_utf8_next(&text))
		width++;
	return width;
}
