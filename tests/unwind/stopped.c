// SPDX-License-Identifier: GPL-2.0-or-later
/* stopped.c: maps, tables and memory of a stopped process. */
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "stopped.h"

#define IMAGES_MAX 1024
#define MAPS_TEXT (1U << 20)

static struct image images[IMAGES_MAX];
static struct ktally_unwind_info infos[IMAGES_MAX];
static unsigned int nr_images;

/* Ours is that of every process. */
static void compile_vdso(unsigned int n)
{
	const Elf64_Ehdr *head = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);
	size_t size;

	if (head)
		ktally_unwind_compile_memory(&images[n].table, &size, head, head->e_shoff + (size_t)head->e_shnum * head->e_shentsize, &infos[n], NULL);
}

static struct image *image_of(pid_t pid, const char *path, uint64_t start, uint64_t end, uint64_t device, uint64_t inode)
{
	char link[128];
	size_t size;
	unsigned int n;
	int fd;

	for (n = 0; n < nr_images; n++)
		if (images[n].inode == inode && images[n].device == device && (inode || !strcmp(images[n].path, path)))
			return &images[n];
	if (nr_images == IMAGES_MAX)
		return NULL;
	nr_images++;
	images[n].device = device;
	images[n].inode = inode;
	snprintf(images[n].path, sizeof(images[n].path), "%s", path);
	if (!strcmp(path, "[vdso]"))
		compile_vdso(n);
	snprintf(link, sizeof(link), "/proc/%d/map_files/%llx-%llx", pid, (unsigned long long)start, (unsigned long long)end);
	fd = inode ? open(link, O_RDONLY | O_CLOEXEC) : -1;
	if (inode && fd < 0)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (ktally_unwind_compile(&images[n].table, &size, fd, &infos[n], NULL))
			images[n].table = NULL;
		close(fd);
	}
	return &images[n];
}

void images_list(void)
{
	unsigned int n;

	for (n = 0; n < nr_images; n++) {
		if (!images[n].table)
			printf("# %s: no table\n", images[n].path[0] ? images[n].path : "[anon]");
		else
			printf("# %s: %s, %llu functions, %llu not understood, %u rows, %u rules\n", images[n].path, infos[n].source,
			       (unsigned long long)infos[n].functions, (unsigned long long)infos[n].skipped, images[n].table->nr_rows,
			       images[n].table->nr_rules);
	}
}

static void add_map(struct process *process, const char *line)
{
	unsigned long long start, end, offset, inode;
	unsigned int major, minor;
	char flags[8], path[512] = "";
	struct map *map;

	if (sscanf(line, "%llx-%llx %7s %llx %x:%x %llu %511[^\n]", &start, &end, flags, &offset, &major, &minor, &inode, path) < 7)
		return;
	if (flags[2] != 'x' || process->nr_maps == MAPS_MAX)
		return;
	map = &process->maps[process->nr_maps++];
	*map = (struct map){ start, end, offset, NULL };
	map->image = image_of(process->pid, path, start, end, (uint64_t)major << 32 | minor, inode);
	if (!strcmp(path, "[vdso]"))
		map->offset = 0;
}

bool process_look(struct process *process)
{
	static char text[MAPS_TEXT];
	char name[64], *line, *save;
	uint64_t hash = 5381;
	size_t size = 0;
	ssize_t now;
	int fd;

	process->page_valid = 0;
	snprintf(name, sizeof(name), "/proc/%d/maps", process->pid);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((now = read(fd, text + size, sizeof(text) - 1 - size)) > 0)
		size += (size_t)now;
	close(fd);
	text[size] = 0;
	process->nr_maps = 0;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		unsigned int before = process->nr_maps;

		add_map(process, line);
		for (; before < process->nr_maps && *line; line++)
			hash = hash * 33 + (unsigned char)*line;
	}
	if (hash == process->maps_hash)
		return false;
	process->maps_hash = hash;
	return true;
}

const struct map *process_map(const struct process *process, uint64_t address)
{
	unsigned int i;

	for (i = 0; i < process->nr_maps; i++)
		if (address >= process->maps[i].start && address < process->maps[i].end)
			return &process->maps[i];
	return NULL;
}

static const struct ktally_unwind_rule *rule(void *arg, uint64_t address, bool *mapped)
{
	const struct map *map = process_map(arg, address);

	*mapped = map;
	if (!map || !map->image || !map->image->table)
		return NULL;
	return ktally_unwind_rule_at(map->image->table, address - map->start + map->offset);
}

static bool read_word(void *arg, uint64_t address, uint64_t *word)
{
	struct process *process = arg;
	uint64_t page = address & ~4095ULL;
	struct iovec local = { process->page, sizeof(process->page) }, remote = { (void *)(uintptr_t)page, sizeof(process->page) };

	if (address % 8) {
		local = (struct iovec){ word, 8 };
		remote = (struct iovec){ (void *)(uintptr_t)address, 8 };
		return process_vm_readv(process->pid, &local, 1, &remote, 1, 0) == 8;
	}
	if (!process->page_valid || process->page_at != page) {
		process->page_valid = process_vm_readv(process->pid, &local, 1, &remote, 1, 0) == sizeof(process->page);
		process->page_at = page;
	}
	if (process->page_valid)
		*word = process->page[(address - page) / 8];
	return process->page_valid;
}

struct walker process_walker(struct process *process)
{
	return (struct walker){ .machine = EM_X86_64, .rule = rule, .read = read_word, .arg = process };
}
