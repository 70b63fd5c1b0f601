/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* names_list.h: a growing list of names that ends sorted and without doubles. */
#ifndef KTALLY_NAMES_LIST_H
#define KTALLY_NAMES_LIST_H

#include "libktally.h"

struct ktally_names {
	char **names;
	size_t nr, room;
};

/** ktally_names_add - the text of all three. Return: 0, -ENOMEM */
int ktally_names_add(struct ktally_names *list, const char *first, const char *between, const char *second);
/** ktally_names_take - sort it and give it away, if @rc says that it is whole. Return: how many, or -errno */
int ktally_names_take(struct ktally_names *list, int rc, char ***names, struct ktally_error *err);

#endif
