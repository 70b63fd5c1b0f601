// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes perf maps, told in pieces of a size that the first byte says, and what is kept of processes' status and of Java's replies. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jvm.h"
#include "perfmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ktally_jit_codes *codes, uint64_t ip)
{
	const struct ktally_jit_code *code = ktally_jit_codes_find(codes, ip, 0);

	if (code && (ip < code->start || ip - code->start >= code->size || !strlen(code->name)))
		__builtin_trap();
}

static void read_status(const uint8_t *data, size_t size)
{
	struct ktally_jit_status status;
	char *text = malloc(size + 1);

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = 0;
	ktally_jit_status_parse(&status, text);
	ktally_jvm_reply(1, text, size, NULL);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = 8U << 20, step = size ? 1 + data[0] : 1, at, len;
	struct ktally_jit_codes *codes = ktally_jit_codes_new(&room);
	struct ktally_perfmap *map = ktally_perfmap_new(codes);
	uint64_t ip = 0;

	for (at = 0; at < size; at += len) {
		len = size - at < step ? size - at : step;
		ktally_perfmap_feed(map, (const char *)data + at, len);
	}
	if (size >= sizeof(ip))
		memcpy(&ip, data + size - sizeof(ip), sizeof(ip));
	check(codes, ip);
	for (ip = 0; ip < 0x3000; ip += 16)
		check(codes, ip);
	check(codes, UINT64_MAX);
	ktally_perfmap_free(map);
	ktally_jit_codes_free(codes);
	if (room != 8U << 20)
		__builtin_trap();
	read_status(data, size);
	return 0;
}
