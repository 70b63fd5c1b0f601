// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the notes of USDT probes, and the places of arguments that stand in them as text. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "usdt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_register(const char *name)
{
	static const char *const named[] = { "", "ax", "bx", "cx", "dx", "si", "di", "bp", "sp", "ip" };
	unsigned int i;
	char *end;

	for (i = 0; i < sizeof(named) / sizeof(named[0]); i++)
		if (!strcmp(named[i], name))
			return;
	if ((name[0] != 'r' && name[0] != 'x') || strtoul(name + 1, &end, 10) > 30 || *end || end == name + 1)
		__builtin_trap();
}

static void check_arguments(const char *text)
{
	unsigned int n, nr = ktally_usdt_count(text);
	struct ktally_usdt_arg arg;
	int rc;

	for (n = 0; n < nr && n < 16; n++) {
		rc = ktally_usdt_argument(&arg, text, n);
		if (rc && rc != -EINVAL && rc != -EOPNOTSUPP)
			__builtin_trap();
		if (rc)
			continue;
		if ((arg.size != 1 && arg.size != 2 && arg.size != 4 && arg.size != 8) || arg.scale > 4 || arg.shift > 8)
			__builtin_trap();
		check_register(arg.base);
		check_register(arg.index);
	}
	if (ktally_usdt_argument(&arg, text, nr) != -ENOENT)
		__builtin_trap();
}

static int each(const struct ktally_usdt_note *note, void *arg)
{
	size_t *left = arg;

	check_arguments(note->arguments);
	if (!*note->provider || !*note->name || !(*left)--)
		__builtin_trap();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	size_t notes = size / 12;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_arguments(text);
	free(text);
	ktally_usdt_notes(data, size, each, &notes);
	return 0;
}
