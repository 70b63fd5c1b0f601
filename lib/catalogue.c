// SPDX-License-Identifier: LGPL-2.1-or-later
/* catalogue.c: the list of sources and their fields, plain data. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"

const struct ktally_source_info *ktally_catalogue_find(const struct ktally_catalogue *cat, const char *name)
{
	unsigned int i;

	for (i = 0; i < cat->nr_sources; i++)
		if (!strcmp(cat->sources[i].name, name))
			return &cat->sources[i];
	return NULL;
}

int ktally_catalogue_add(struct ktally_catalogue *cat, const struct ktally_source_info *info)
{
	struct ktally_source_info *sources, *copy;

	sources = reallocarray(cat->sources, cat->nr_sources + 1, sizeof(*sources));
	if (!sources)
		return -ENOMEM;
	cat->sources = sources;
	copy = &sources[cat->nr_sources];
	*copy = *info;
	copy->fields = NULL;
	if (info->nr_fields) {
		copy->fields = calloc(info->nr_fields, sizeof(*copy->fields));
		if (!copy->fields)
			return -ENOMEM;
		memcpy(copy->fields, info->fields, info->nr_fields * sizeof(*copy->fields));
	}
	cat->nr_sources++;
	return 0;
}

void ktally_catalogue_clear(struct ktally_catalogue *cat)
{
	unsigned int i;

	for (i = 0; i < cat->nr_sources; i++)
		free(cat->sources[i].fields);
	free(cat->sources);
	ktally_tracefs_close(cat->tracefs);
	memset(cat, 0, sizeof(*cat));
}
