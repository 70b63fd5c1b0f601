// SPDX-License-Identifier: LGPL-2.1-or-later
/* elf_file.c: opens an ELF file of this machine with libelf, finds its sections and where its addresses lie in the file. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"

Elf_Scn *ktally_elf_section(Elf *elf, const char *want, GElf_Shdr *header)
{
	Elf_Scn *scn = NULL;
	const char *name;
	size_t strings;

	if (elf_getshdrstrndx(elf, &strings))
		return NULL;
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, header))
			continue;
		name = elf_strptr(elf, strings, header->sh_name);
		if (name && !strcmp(name, want))
			return scn;
	}
	return NULL;
}

bool ktally_elf_offset(const struct ktally_elf_file *file, uint64_t vaddr, bool executable, uint64_t *offset)
{
	GElf_Phdr segment;
	size_t i, nr;

	if (elf_getphdrnum(file->elf, &nr))
		return false;
	for (i = 0; i < nr && i <= INT_MAX; i++) {
		if (!gelf_getphdr(file->elf, (int)i, &segment) || segment.p_type != PT_LOAD || (executable && !(segment.p_flags & PF_X)))
			continue;
		if (vaddr < segment.p_vaddr || vaddr - segment.p_vaddr >= segment.p_filesz)
			continue;
		*offset = vaddr - segment.p_vaddr + segment.p_offset;
		return true;
	}
	return false;
}

static int find(struct ktally_elf_file *file, const char *name, struct ktally_error *err)
{
	char found[PATH_MAX], whole[PATH_MAX];

	if (!strchr(name, '/')) {
		if (ktally_find_file(name, found, sizeof(found)))
			return ktally_fail(err, -ENOENT, "there is no program '%.200s' in PATH and no library of that name; write its whole path", name);
		name = found;
	}
	if (!realpath(name, whole))
		return ktally_fail(err, -errno, "%.300s: %s", name, strerror(errno));
	if (strlen(whole) >= sizeof(file->path))
		return ktally_fail(err, -ENAMETOOLONG, "%.300s: a path has at most %zu characters", whole, sizeof(file->path) - 1);
	memcpy(file->path, whole, strlen(whole) + 1);
	return 0;
}

static int check(struct ktally_elf_file *file, struct ktally_error *err)
{
	char start[2] = "";

	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &file->head)) {
		if (pread(file->fd, start, 2, 0) == 2 && !memcmp(start, "#!", 2))
			return ktally_fail(err, -ENOEXEC, "%s is a script; probe the program that runs it, named in its first line", file->path);
		return ktally_fail(err, -ENOEXEC, "%s is neither a program nor a library (no ELF file)", file->path);
	}
	if (file->head.e_machine == EM_386 || file->head.e_machine == EM_ARM || file->head.e_ident[EI_CLASS] != ELFCLASS64)
		return ktally_fail(err, -ENOEXEC, "%s is a 32-bit file, and only 64-bit programs and libraries can be probed", file->path);
	if (file->head.e_machine != KTALLY_ELF_MACHINE)
		return ktally_fail(err, -ENOEXEC, "%s is of another machine (ELF machine %u), its code never runs here", file->path, file->head.e_machine);
	if (file->head.e_type != ET_EXEC && file->head.e_type != ET_DYN)
		return ktally_fail(err, -ENOEXEC, "%s is neither a program nor a shared library (ELF type %u)", file->path, file->head.e_type);
	return 0;
}

int ktally_elf_open(struct ktally_elf_file *file, const char *name, struct ktally_error *err)
{
	int rc;

	memset(file, 0, sizeof(*file));
	file->fd = -1;
	rc = find(file, name, err);
	if (rc)
		return rc;
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return ktally_fail(err, -errno, "%s: %s", file->path, strerror(errno));
	elf_version(EV_CURRENT);
	file->elf = elf_begin(file->fd, ELF_C_READ_MMAP, NULL);
	rc = check(file, err);
	if (rc)
		ktally_elf_close(file);
	return rc;
}

void ktally_elf_close(struct ktally_elf_file *file)
{
	if (file->elf)
		elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	file->elf = NULL;
	file->fd = -1;
}
