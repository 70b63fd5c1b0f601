// SPDX-License-Identifier: GPL-2.0-or-later
/* Fuzzes the reader of call frame information: the first byte says of which kind and machine, the rest is the section. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>

#include "unwind_cfi.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Code is anywhere below 256 MB, at the same place in the file. */
static bool locate(void *arg, uint64_t address, uint64_t *offset, uint64_t *length)
{
	(void)arg;
	if (address < 0x1000 || address >= 0x10000000)
		return false;
	*offset = address - 0x1000;
	*length = 0x10000000 - address;
	return true;
}

static bool sigreturn(void *arg, uint64_t offset, uint64_t length)
{
	(void)arg;
	return (offset ^ length) & 1;
}

static int gap(void *arg, struct ktally_unwind_build *build, uint64_t start, uint64_t end)
{
	struct ktally_unwind_rule rule = { .cfa = KTALLY_CFA_FRAME };

	(void)arg;
	if (start >= end)
		__builtin_trap();
	if (end - start < 16)
		return 1;
	if (ktally_unwind_build_piece(build, start + 1, end) || ktally_unwind_build_row(build, start + 1, &rule))
		__builtin_trap();
	return 0;
}

/* Functions are code: what is said to be elsewhere must not come. */
static int visit(void *arg, uint64_t start, uint64_t length)
{
	uint64_t *nr = arg;

	if (start < 0x1000 || !length || length > 0x10000000 - start)
		__builtin_trap();
	return ++*nr == 100000 ? -E2BIG : 0;
}

/* A visitor is told of functions without the builder, and by more of the CIEs, for it needs not understand their instructions. */
static void visit_all(struct ktally_cfi cfi)
{
	uint64_t nr = 0;

	cfi.visit = visit;
	cfi.visitor = &nr;
	if (ktally_cfi_read(NULL, &cfi) != (nr == 100000 ? -E2BIG : 0))
		__builtin_trap();
}

/* Where signs are is in the code, one behind the other. */
static void sign_all(const uint8_t *data, size_t size)
{
	unsigned int nr, i;
	uint32_t offsets[8];

	nr = ktally_cfi_signs((struct ktally_bytes){ .at = data, .end = data + size }, offsets, 8);
	for (i = 0; i < nr; i++)
		if (nr > 8 || offsets[i] >= size || data[offsets[i]] != 0x2d || (i && offsets[i] <= offsets[i - 1]))
			__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ktally_unwind_table *table = NULL;
	struct ktally_unwind_build *build;
	struct ktally_cfi cfi = { .locate = locate, .sigreturn = sigreturn };
	size_t length;
	uint64_t at;
	int rc;

	if (!size)
		return 0;
	build = ktally_unwind_build_new(data[0] & 1 ? EM_AARCH64 : EM_X86_64);
	cfi.eh = data[0] & 2;
	cfi.open = data[0] & 4;
	cfi.data = cfi.bases.start = data + 1;
	cfi.size = size - 1;
	cfi.bases.address = 0x200000;
	visit_all(cfi);
	sign_all(cfi.data, cfi.size);
	rc = ktally_cfi_read(build, &cfi);
	if (rc)
		__builtin_trap();
	if (data[0] & 8 && ktally_unwind_build_gaps(build, 0, 0x1000000, gap, NULL))
		__builtin_trap();
	rc = ktally_unwind_build_finish(build, &table, &length);
	if (rc != -ENODATA && (rc || ktally_unwind_check(table, length)))
		__builtin_trap();
	for (at = 0; table && at < 0x300000; at += 0x1111)
		ktally_unwind_rule_at(table, at);
	ktally_unwind_build_free(build);
	free(table);
	return 0;
}
