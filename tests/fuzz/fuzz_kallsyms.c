// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the reader of /proc/kallsyms. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symtab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *copy_of(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = 0;
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_ksyms *ksyms;
	struct ktally_ksym found;
	uint64_t ip = 0;

	if (size >= sizeof(ip))
		memcpy(&ip, data, sizeof(ip));
	if (!ktally_ksyms_parse(&ksyms, copy_of(data, size), size, NULL)) {
		if (ktally_ksyms_find(ksyms, ip, &found) && (found.address > ip || !strlen(found.name) || !found.module))
			__builtin_trap();
		ktally_ksyms_find(ksyms, UINT64_MAX, &found);
		ktally_ksyms_free(ksyms);
	}
	return 0;
}
