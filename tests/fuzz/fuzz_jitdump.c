// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes jitdumps: files that are there by half when they are read first. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "jitdump.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ktally_jit_codes *codes, uint64_t ip, uint64_t time)
{
	const struct ktally_jit_code *code = ktally_jit_codes_find(codes, ip, time);
	uint32_t i;

	if (!code)
		return;
	if (ip < code->start || ip - code->start >= code->size || !strlen(code->name))
		__builtin_trap();
	for (i = 0; i < code->nr_lines; i++)
		if (!code->lines[i].file || (i && code->lines[i].delta < code->lines[i - 1].delta))
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t room = 8U << 20, half = size / 2;
	struct ktally_jit_codes *codes = ktally_jit_codes_new(&room);
	struct ktally_jitdump *dump = ktally_jitdump_new(codes);
	int fd = memfd_create("jitdump", MFD_CLOEXEC);
	uint64_t ip;

	if (fd < 0 || write(fd, data, half) != (ssize_t)half)
		abort();
	ktally_jitdump_read(dump, fd);
	if (write(fd, data + half, size - half) != (ssize_t)(size - half))
		abort();
	ktally_jitdump_read(dump, fd);
	for (ip = 0; ip < 0x6000; ip += 16)
		check(codes, ip, ip & 0x70 ? 0 : ip / 64);
	ktally_jitdump_free(dump);
	ktally_jit_codes_free(codes);
	close(fd);
	return 0;
}
