// SPDX-License-Identifier: LGPL-2.1-or-later
/* names_list.c: a growing list of names that ends sorted and without doubles. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "names_list.h"

int ktally_names_add(struct ktally_names *list, const char *first, const char *between, const char *second)
{
	char **names;
	size_t room;

	if (list->nr == list->room) {
		room = list->room ? 2 * list->room : 256;
		names = room > INT_MAX ? NULL : reallocarray(list->names, room, sizeof(*names));
		if (!names)
			return -ENOMEM;
		list->names = names;
		list->room = room;
	}
	if (asprintf(&list->names[list->nr], "%s%s%s", first, between, second) < 0)
		return -ENOMEM;
	list->nr++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void ktally_names_free(char **names, unsigned int nr)
{
	while (nr)
		free(names[--nr]);
	free(names);
}

int ktally_names_take(struct ktally_names *list, int rc, char ***names, struct ktally_error *err)
{
	size_t i, kept = 0;

	*names = NULL;
	if (rc) {
		ktally_names_free(list->names, list->nr);
		return ktally_fail(err, rc, "out of memory");
	}
	if (list->nr)
		qsort(list->names, list->nr, sizeof(*list->names), compare);
	for (i = 0; i < list->nr; i++) {
		if (kept && !strcmp(list->names[kept - 1], list->names[i]))
			free(list->names[i]);
		else
			list->names[kept++] = list->names[i];
	}
	*names = list->names;
	return kept;
}
