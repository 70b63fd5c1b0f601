// SPDX-License-Identifier: LGPL-2.1-or-later
/* The vDSO: code that the kernel maps into every process; ours is that of every 64-bit process. */
#include <stdlib.h>
#include <sys/auxv.h>

#include "process.h"
#include "symtab.h"

static int find_vdso(const struct ktally_map *map, size_t path_len, void *arg)
{
	struct ktally_map *want = arg;

	(void)path_len;
	if (map->start != want->start)
		return 0;
	want->end = map->end;
	return 1;
}

static struct ktally_map own_vdso(void)
{
	struct ktally_map vdso = { .start = getauxval(AT_SYSINFO_EHDR) };
	char *text;
	size_t size;

	text = vdso.start ? ktally_read_file("/proc/self/maps", &size) : NULL;
	if (text)
		ktally_maps_parse(text, size, find_vdso, &vdso);
	free(text);
	if (vdso.end < vdso.start)
		vdso.end = vdso.start;
	return vdso;
}

uint64_t ktally_vdso_size(void)
{
	struct ktally_map vdso = own_vdso();

	return vdso.end - vdso.start;
}

const void *ktally_vdso_image(uint64_t *size)
{
	struct ktally_map vdso = own_vdso();

	*size = vdso.end - vdso.start;
	return *size ? (const void *)(uintptr_t)vdso.start : NULL;
}

struct ktally_elf *ktally_elf_vdso(void)
{
	struct ktally_map vdso = own_vdso();

	return vdso.end > vdso.start ? ktally_elf_read_memory((const void *)(uintptr_t)vdso.start, vdso.end - vdso.start) : NULL;
}
