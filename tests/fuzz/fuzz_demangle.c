// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes readable names: they end, and stay in their buffer. What is not left to libiberty is as libiberty writes it. */
#include <libiberty/demangle.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "demangle.h"
#include "demangle_cxx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct text {
	char buf[KTALLY_DEMANGLED_MAX];
	size_t len;
};

static void take(const char *part, size_t len, void *arg)
{
	struct text *text = arg;

	if (len >= sizeof(text->buf) - text->len)
		__builtin_trap();	/* longer than what was to be the same */
	memcpy(text->buf + text->len, part, len);
	text->len += len;
}

static void compare(const char *name)
{
	char buf[KTALLY_DEMANGLED_MAX];
	struct text text = { .len = 0 };

	if (!ktally_demangle_usual(name, buf))
		return;
	if (!cplus_demangle_v3_callback(name, DMGL_PARAMS | DMGL_ANSI | DMGL_NO_RECURSE_LIMIT, take, &text))
		__builtin_trap();
	if (text.len != strlen(buf) || memcmp(text.buf, buf, text.len))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *name = malloc(size + 1), *buf = malloc(KTALLY_DEMANGLED_MAX);
	const char *readable;

	if (name && buf) {
		memcpy(name, data, size);
		name[size] = 0;
		readable = ktally_demangle(name, buf);
		if (readable == buf && strlen(buf) >= KTALLY_DEMANGLED_MAX)
			__builtin_trap();
		compare(name);
	}
	free(name);
	free(buf);
	return 0;
}
