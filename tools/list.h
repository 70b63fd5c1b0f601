/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of `ktally list` share. */
#ifndef _KTALLY_LIST_H
#define _KTALLY_LIST_H

#include <libktally.h>

/** list_begin - not before it is known that there is something to say: a failed list has no output; @what is the key of the JSON array */
void list_begin(struct ktally_json *json, bool as_json, const char *what);
void list_end(struct ktally_json *json, bool as_json);

/** list_is_names - does @arg ask for names to probe: kprobe:GLOB, uprobe:FILE:GLOB, usdt:FILE:GLOB? */
bool list_is_names(const char *arg);
/** list_names - list them. Return: exit code */
int list_names(const char *arg, bool as_json);

#endif /* _KTALLY_LIST_H */
