// SPDX-License-Identifier: LGPL-2.1-or-later
/* near.c: which known names are near one that is unknown. */
#include <ctype.h>
#include <string.h>

#include "compile.h"

#define LENGTH_MAX 128

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions and changes that turn @a into @b; letters' case is free. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int row[LENGTH_MAX + 1], i, j, la = strlen(a), lb = strlen(b);

	if (la > LENGTH_MAX || lb > LENGTH_MAX)
		return LENGTH_MAX;
	for (j = 0; j <= lb; j++)
		row[j] = j;
	for (i = 1; i <= la; i++) {
		unsigned int diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= lb; j++) {
			unsigned int above = row[j];
			unsigned int change = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[j - 1]);

			row[j] = min3(above + 1, row[j - 1] + 1, diagonal + change);
			diagonal = above;
		}
	}
	return row[lb];
}

void kt_near_add(struct kt_near *near, const char *name)
{
	unsigned int d = distance(near->want, name), i, len = strlen(near->want);

	if (len >= 3 && d > 1 && strlen(name) > len && strstr(name, near->want))
		d = 1;
	if (d > (len < 6 ? 2 : len / 3) || d >= len)
		return;
	for (i = 0; i < near->nr; i++)
		if (!strcmp(near->best[i].name, name))
			return;
	for (i = near->nr; i > 0 && near->best[i - 1].distance > d; i--)
		if (i < KT_NEAR_MAX)
			near->best[i] = near->best[i - 1];
	if (i >= KT_NEAR_MAX)
		return;
	near->best[i].name = name;
	near->best[i].distance = d;
	if (near->nr < KT_NEAR_MAX)
		near->nr++;
}

const char *kt_near_text(const struct kt_near *near, char *buf, size_t size)
{
	size_t used = 0;
	unsigned int i;

	buf[0] = '\0';
	for (i = 0; i < near->nr && used < size; i++)
		used += snprintf(buf + used, size - used, "%s'%s'", !i ? "; did you mean " : i + 1 < near->nr ? ", " : " or ",
				 near->best[i].name);
	if (near->nr && used < size)
		snprintf(buf + used, size - used, "?");
	return buf;
}
