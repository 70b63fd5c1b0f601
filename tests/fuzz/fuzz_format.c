// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the reader of the format files of trace events: what it accepts must be places that a program may name. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tracefs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libtraceevent forgets some words of a line that it gives up at. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libtraceevent.so";
}

static void check_field(const struct ktally_source_field *field)
{
	bool number = field->type != KTALLY_TYPE_STRING && !field->element;

	if (!memchr(field->name, 0, sizeof(field->name)) || field->offset + (field->flags ? 4 : field->size) > 0xffff ||
	    field->flags & ~(KTALLY_RECORD_DYNAMIC | KTALLY_RECORD_RELATIVE))
		__builtin_trap();
	if (number && field->size != 1 && field->size != 2 && field->size != 4 && field->size != 8)
		__builtin_trap();
	if (field->element && field->element != 1 && field->element != 2 && field->element != 4 && field->element != 8)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_source_info info = { .kind = 0 };
	unsigned int i;

	if (ktally_format_parse(&info, "system", (const char *)data, size)) {
		if (info.fields || info.nr_fields)
			__builtin_trap();
		return 0;
	}
	if (!info.id)
		__builtin_trap();
	for (i = 0; i < info.nr_fields; i++)
		check_field(&info.fields[i]);
	free(info.fields);
	return 0;
}
