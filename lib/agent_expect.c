// SPDX-License-Identifier: LGPL-2.1-or-later
/* Gives tables of a program that is about to start, and of the libraries it names: its first samples come sooner than any table could. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent.h"
#include "elf_file.h"

#define NAMES_MAX	512U
#define DYNAMIC_MAX	4096U

/* Files that are mapped for a moment, for the module to see. @names: still to be looked at, from @next on; all are looked at once */
struct expected {
	char *names[NAMES_MAX];
	unsigned int nr, next;
	struct {
		void *base;
		size_t length;
	} maps[NAMES_MAX];
	unsigned int nr_maps;
};

static void add_name(struct expected *expected, const char *name)
{
	unsigned int i;

	for (i = 0; i < expected->nr; i++)
		if (!strcmp(expected->names[i], name))
			return;
	if (expected->nr < NAMES_MAX && *name)
		expected->names[expected->nr] = strdup(name);
	if (expected->nr < NAMES_MAX && *name && expected->names[expected->nr])
		expected->nr++;
}

/* "#!/usr/bin/env python3": what is run in place of a script, both. */
static void add_interpreter(struct expected *expected, const char *path)
{
	char line[256], *name, *argument, *rest;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	if (fd >= 0)
		close(fd);
	if (got < 3 || memcmp(line, "#!", 2))
		return;
	line[got] = 0;
	line[strcspn(line, "\n")] = 0;
	name = strtok_r(line + 2, " \t", &rest);
	argument = name ? strtok_r(NULL, " \t", &rest) : NULL;
	if (name)
		add_name(expected, name);
	if (name && argument && strlen(name) >= 4 && !strcmp(name + strlen(name) - 4, "/env"))
		add_name(expected, argument);
}

static void add_libraries(struct expected *expected, const struct ktally_elf_file *file, const GElf_Phdr *segment)
{
	Elf_Data *data = elf_getdata_rawchunk(file->elf, segment->p_offset, segment->p_filesz, ELF_T_DYN);
	uint64_t strings = 0, offset;
	const char *name;
	size_t i, size;
	GElf_Dyn entry;
	char *text = elf_rawfile(file->elf, &size);

	for (i = 0; data && i < DYNAMIC_MAX && gelf_getdyn(data, (int)i, &entry) && entry.d_tag != DT_NULL; i++)
		if (entry.d_tag == DT_STRTAB)
			strings = entry.d_un.d_ptr;
	if (!strings || !text || !ktally_elf_offset(file, strings, false, &offset))
		return;
	for (i = 0; i < DYNAMIC_MAX && gelf_getdyn(data, (int)i, &entry) && entry.d_tag != DT_NULL; i++) {
		if (entry.d_tag != DT_NEEDED || entry.d_un.d_val >= size || offset >= size - entry.d_un.d_val)
			continue;
		name = text + offset + entry.d_un.d_val;
		if (memchr(name, 0, size - offset - entry.d_un.d_val))
			add_name(expected, name);
	}
}

static void add_loader(struct expected *expected, const struct ktally_elf_file *file, const GElf_Phdr *segment)
{
	size_t size;
	char *text = elf_rawfile(file->elf, &size);

	if (text && segment->p_offset < size && segment->p_filesz <= size - segment->p_offset &&
	    memchr(text + segment->p_offset, 0, segment->p_filesz))
		add_name(expected, text + segment->p_offset);
}

static void look_at(struct expected *expected, const char *name)
{
	struct ktally_elf_file file;
	GElf_Phdr segment;
	struct stat st;
	size_t i, nr;
	void *base;

	if (ktally_elf_open(&file, name, NULL)) {
		if (strchr(name, '/'))
			add_interpreter(expected, name);
		else if (!ktally_find_file(name, file.path, sizeof(file.path)))
			add_interpreter(expected, file.path);
		return;
	}
	if (!fstat(file.fd, &st) && st.st_size > 0) {
		base = mmap(NULL, st.st_size, PROT_READ | PROT_EXEC, MAP_PRIVATE, file.fd, 0);
		if (base != MAP_FAILED) {
			expected->maps[expected->nr_maps].base = base;
			expected->maps[expected->nr_maps++].length = st.st_size;
		}
	}
	for (i = 0; !elf_getphdrnum(file.elf, &nr) && i < nr && gelf_getphdr(file.elf, (int)i, &segment); i++) {
		if (segment.p_type == PT_DYNAMIC)
			add_libraries(expected, &file, &segment);
		if (segment.p_type == PT_INTERP)
			add_loader(expected, &file, &segment);
	}
	ktally_elf_close(&file);
}

int ktally_agent_expect(struct ktally_agent *agent, const char *program, struct ktally_error *err)
{
	struct ktally_follow follow = { .size = sizeof(follow), .pid = getpid() };
	struct expected *expected = calloc(1, sizeof(*expected));
	int ret = 0;

	if (!expected)
		return ktally_fail(err, -ENOMEM, "out of memory");
	add_name(expected, program);
	while (expected->next < expected->nr)
		look_at(expected, expected->names[expected->next++]);
	if (expected->nr_maps && agent->ioctl(agent->fd, KTALLY_IOC_PROCESS, &follow) < 0 && errno != ESRCH)
		ret = ktally_fail(err, -errno, "the module cannot tell the mappings of '%s': %s", program, strerror(errno));
	while (expected->nr_maps--)
		munmap(expected->maps[expected->nr_maps].base, expected->maps[expected->nr_maps].length);
	while (expected->nr)
		free(expected->names[--expected->nr]);
	free(expected);
	return ret;
}
