// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the readers of /proc/kallsyms and of /proc/modules: the same text to both. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symtab.h"
#include "trampoline.h"

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
	struct ktally_kmodules *modules;
	struct ktally_ksyms *ksyms;
	struct ktally_ksym found;
	uint64_t ip = 0;

	if (size >= sizeof(ip))
		memcpy(&ip, data, sizeof(ip));
	if (!ktally_ksyms_parse(&ksyms, copy_of(data, size), size, NULL)) {
		if (ktally_ksyms_find(ksyms, ip, &found) && (found.address > ip || !strlen(found.name) || !found.module))
			__builtin_trap();
		ktally_ksyms_find(ksyms, UINT64_MAX, &found);
		if (ktally_ksyms_name(ksyms, ip, true, &found) && (!strlen(found.name) || !ktally_ksyms_build_id(ksyms, found.module)))
			__builtin_trap();
		ktally_ksyms_free(ksyms);
	}
	modules = ktally_kmodules_parse(copy_of(data, size), size);
	if (modules) {
		ktally_kmodules_near(modules, ip);
		ktally_kmodules_find(modules, "[ext4]");
		ktally_kmodules_free(modules);
	}
	return 0;
}
