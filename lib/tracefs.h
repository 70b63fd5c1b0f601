/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* tracefs.h: the parser of format files, for its test and its fuzzer. */
#ifndef KTALLY_TRACEFS_H
#define KTALLY_TRACEFS_H

#include "libktally.h"

/** ktally_format_parse - kind, id and fields of the event whose format file is @text; fields are malloc'ed. Return: 0, -EBADMSG, -ENOMEM */
int ktally_format_parse(struct ktally_source_info *info, const char *system, const char *text, size_t size);

/** ktally_format_valid - does @text have the shape that libtraceevent wants? */
bool ktally_format_valid(const char *text);

#endif
