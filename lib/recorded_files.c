// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finds the files of a recorded machine here, and takes none whose build-id is another. */
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "recording.h"
#include "symtab.h"

#define NOTES_MAX (1U << 20)

static void read_notes(Elf *elf, char *text)
{
	GElf_Phdr header;
	Elf_Data *data;
	size_t nr, i;

	if (elf_getphdrnum(elf, &nr))
		return;
	for (i = 0; i < nr && !*text; i++) {
		if (!gelf_getphdr(elf, (int)i, &header) || header.p_type != PT_NOTE || !header.p_filesz || header.p_filesz > NOTES_MAX)
			continue;
		data = elf_getdata_rawchunk(elf, (int64_t)header.p_offset, header.p_filesz, ELF_T_BYTE);
		if (data && data->d_buf)
			ktally_notes_build_id(data->d_buf, data->d_size, text);
	}
}

void ktally_file_build_id(int fd, char *text)
{
	Elf *elf;

	*text = 0;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return;
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return;
	if (elf_kind(elf) == ELF_K_ELF)
		read_notes(elf, text);
	elf_end(elf);
}

static int open_checked(const char *path, const char *build_id)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char own[KTALLY_BUILD_ID_TEXT] = "";
	struct stat info;

	if (fd < 0)
		return -1;
	if (!fstat(fd, &info) && S_ISREG(info.st_mode))
		ktally_file_build_id(fd, own);
	if (!strcmp(own, build_id))
		return fd;
	close(fd);
	return -1;
}

int ktally_recorded_open(const char *symfs, const char *path, const char *build_id)
{
	const char *base = strrchr(path, '/');
	char place[KTALLY_PATH_MAX * 2];
	int fd = -1;

	if (!build_id || strlen(build_id) < 3)
		return -1;
	if (symfs) {
		snprintf(place, sizeof(place), "%s/%s", symfs, path);
		fd = open_checked(place, build_id);
	}
	if (fd < 0 && symfs && base) {
		snprintf(place, sizeof(place), "%s%s", symfs, base);
		fd = open_checked(place, build_id);
	}
	if (fd < 0 && symfs) {
		snprintf(place, sizeof(place), "%s/.build-id/%.2s/%s", symfs, build_id, build_id + 2);
		fd = open_checked(place, build_id);
	}
	return fd < 0 && *path == '/' ? open_checked(path, build_id) : fd;
}
