// SPDX-License-Identifier: LGPL-2.1-or-later
/* Mapped ELF files for the walk of dumped stacks: their segments, their table of unwind descriptions, and their bytes. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_file.h"
#include "hash.h"
#include "recording.h"
#include "unwind_file.h"

#define FILES_MAX	192U
#define SEGMENTS_MAX	16U
#define HEADERS_MAX	128U
#define BLOCK		4096U
#define BLOCKS		1024U
#define PE_OMIT		0xff
#define PE_UDATA4	0x03
#define PE_SDATA4	0x0b
#define PE_DATAREL	0x30
#define PE_TABLE	(PE_DATAREL | PE_SDATA4)	/* the one kind of sorted table that linkers make */

struct segment {
	uint64_t vaddr, offset, size;
	bool readable;
};

/* @memory: of the vDSO, else NULL. @number: never used again, so that blocks of a closed file are nobody's */
struct ktally_unwind_file {
	uint64_t dev, inode, number, used;
	int fd;
	const char *memory;
	uint64_t size;
	unsigned int refs;
	struct segment segments[SEGMENTS_MAX];
	unsigned int nr;
	uint64_t head, entries, nr_entries;
};

struct block {
	uint64_t number, index;
	unsigned int size;
	char bytes[BLOCK];
};

struct ktally_unwind_files {
	struct ktally_unwind_file *list[FILES_MAX];
	struct block *blocks[BLOCKS];
	uint64_t clock;
};

/* ---- bytes ---- */

static struct block *get_block(struct ktally_unwind_files *files, const struct ktally_unwind_file *file, uint64_t index)
{
	struct block **at = &files->blocks[ktally_hash_word(file->number, index) % BLOCKS];
	ssize_t got;

	if (*at && (*at)->number == file->number && (*at)->index == index)
		return *at;
	if (!*at)
		*at = malloc(sizeof(**at));
	if (!*at)
		return NULL;
	got = pread(file->fd, (*at)->bytes, BLOCK, index * BLOCK);
	(*at)->number = file->number;
	(*at)->index = index;
	(*at)->size = got < 0 ? 0 : got;
	return *at;
}

/* Bytes at @offset. Return: how many of them the file has */
static size_t read_bytes(struct ktally_unwind_files *files, const struct ktally_unwind_file *file, uint64_t offset, void *to, size_t size)
{
	struct block *block;
	size_t done = 0, part, at;

	if (offset >= file->size)
		return 0;
	size = size < file->size - offset ? size : file->size - offset;
	if (file->memory) {
		memcpy(to, file->memory + offset, size);
		return size;
	}
	for (; done < size; done += part) {
		at = (offset + done) % BLOCK;
		block = get_block(files, file, (offset + done) / BLOCK);
		if (!block || block->size <= at)
			return done;
		part = block->size - at < size - done ? block->size - at : size - done;
		memcpy((char *)to + done, block->bytes + at, part);
	}
	return done;
}

static const struct segment *find_segment(const struct ktally_unwind_file *file, uint64_t address)
{
	unsigned int i;

	for (i = 0; i < file->nr; i++)
		if (address >= file->segments[i].vaddr && address - file->segments[i].vaddr < file->segments[i].size)
			return &file->segments[i];
	return NULL;
}

bool ktally_unwind_file_word(struct ktally_unwind_files *files, struct ktally_unwind_file *file, uint64_t address, uint64_t *word)
{
	const struct segment *segment = find_segment(file, address);

	*word = 0;
	return segment && segment->readable && read_bytes(files, file, address - segment->vaddr + segment->offset, word, sizeof(*word));
}

/* ---- reading a file's head ---- */

static void add_segment(struct ktally_unwind_file *file, const Elf64_Phdr *header)
{
	if (file->nr == SEGMENTS_MAX || header->p_filesz > UINT64_MAX - header->p_vaddr || header->p_filesz > UINT64_MAX - header->p_offset)
		return;
	file->segments[file->nr++] = (struct segment){ .vaddr = header->p_vaddr, .offset = header->p_offset, .size = header->p_filesz,
						       .readable = header->p_flags & PF_R };
}

/* Bytes that an encoded value takes in .eh_frame_hdr, 0 if that is not to be known. */
static unsigned int encoded_size(unsigned int encoding)
{
	static const unsigned char sizes[16] = { [0] = 8, [2] = 2, [3] = 4, [4] = 8, [10] = 2, [11] = 4, [12] = 8 };

	return sizes[encoding & 15];
}

/* version, encodings of the pointer to .eh_frame, of the number of entries, of the entries; then these. */
static void read_table(struct ktally_unwind_files *files, struct ktally_unwind_file *file, const Elf64_Phdr *header)
{
	unsigned char head[4 + 8 + 4];
	unsigned int skip;
	uint32_t nr;

	if (header->p_filesz < sizeof(head) || read_bytes(files, file, header->p_offset, head, sizeof(head)) != sizeof(head))
		return;
	skip = 4 + encoded_size(head[1]);
	if (head[0] != 1 || head[1] == PE_OMIT || skip == 4 || head[2] != PE_UDATA4 || head[3] != PE_TABLE)
		return;
	memcpy(&nr, head + skip, sizeof(nr));
	skip += sizeof(nr);
	if (!nr || nr > (header->p_filesz - skip) / 8)
		return;
	file->head = header->p_vaddr;
	file->entries = header->p_vaddr + skip;
	file->nr_entries = nr;
}

static bool read_head(struct ktally_unwind_files *files, struct ktally_unwind_file *file)
{
	Elf64_Phdr header;
	Elf64_Ehdr head;
	unsigned int i;

	if (read_bytes(files, file, 0, &head, sizeof(head)) != sizeof(head) || memcmp(head.e_ident, ELFMAG, SELFMAG) ||
	    head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_machine != KTALLY_ELF_MACHINE || head.e_phentsize != sizeof(header))
		return false;
	for (i = 0; i < head.e_phnum && i < HEADERS_MAX; i++) {
		if (head.e_phoff > file->size ||
		    read_bytes(files, file, head.e_phoff + i * sizeof(header), &header, sizeof(header)) != sizeof(header))
			return false;
		if (header.p_type == PT_LOAD)
			add_segment(file, &header);
		if (header.p_type == PT_GNU_EH_FRAME)
			read_table(files, file, &header);
	}
	return file->nr;
}

/* ---- files ---- */

struct ktally_unwind_files *ktally_unwind_files_new(void)
{
	return calloc(1, sizeof(struct ktally_unwind_files));
}

static void free_file(struct ktally_unwind_file *file)
{
	if (file && file->fd >= 0)
		close(file->fd);
	free(file);
}

void ktally_unwind_files_free(struct ktally_unwind_files *files)
{
	unsigned int i;

	for (i = 0; files && i < FILES_MAX; i++)
		free_file(files->list[i]);
	for (i = 0; files && i < BLOCKS; i++)
		free(files->blocks[i]);
	free(files);
}

/* An empty place, or that of the unused file that was not asked for for the longest time. NULL: all are in use */
static struct ktally_unwind_file **find_place(struct ktally_unwind_files *files)
{
	struct ktally_unwind_file **best = NULL;
	unsigned int i;

	for (i = 0; i < FILES_MAX; i++) {
		if (!files->list[i])
			return &files->list[i];
		if (!files->list[i]->refs && (!best || files->list[i]->used < (*best)->used))
			best = &files->list[i];
	}
	return best;
}

static struct ktally_unwind_file *find_file(struct ktally_unwind_files *files, const struct ktally_unwind_file *want)
{
	unsigned int i;

	for (i = 0; i < FILES_MAX; i++)
		if (files->list[i] && files->list[i]->dev == want->dev && files->list[i]->inode == want->inode &&
		    files->list[i]->memory == want->memory)
			return files->list[i];
	return NULL;
}

/* Opens what @map shows; the vDSO is ours, so that of a recording is not known. */
static bool open_file(struct ktally_unwind_file *file, struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid)
{
	struct stat st;

	file->fd = -1;
	if (!strcmp(map->path, "[vdso]")) {
		file->memory = ktally_processes_recorded(procs) ? NULL : ktally_vdso_image(&file->size);
		return file->memory;
	}
	file->fd = ktally_processes_open(procs, map, pid);
	if (file->fd < 0 || fstat(file->fd, &st) || st.st_size < 0)
		return false;
	file->dev = st.st_dev;
	file->inode = st.st_ino;
	file->size = st.st_size;
	return true;
}

static struct ktally_unwind_file *add_file(struct ktally_unwind_files *files, const struct ktally_unwind_file *opened)
{
	struct ktally_unwind_file **place = find_place(files), *file = place ? malloc(sizeof(*file)) : NULL;

	if (!file)
		return NULL;
	*file = *opened;
	file->number = ++files->clock;
	if (!read_head(files, file)) {
		free(file);
		return NULL;
	}
	free_file(*place);
	*place = file;
	return file;
}

struct ktally_unwind_file *ktally_unwind_file_get(struct ktally_unwind_files *files, struct ktally_processes *procs, const struct ktally_map *map,
						   uint32_t pid)
{
	struct ktally_unwind_file opened = { .fd = -1 }, *file = NULL;

	if (open_file(&opened, procs, map, pid)) {
		file = find_file(files, &opened);
		if (!file) {
			file = add_file(files, &opened);
			opened.fd = file ? -1 : opened.fd;
		}
	}
	if (opened.fd >= 0)
		close(opened.fd);
	if (!file)
		return NULL;
	file->used = ++files->clock;
	file->refs++;
	return file;
}

void ktally_unwind_file_put(struct ktally_unwind_files *files, struct ktally_unwind_file *file)
{
	(void)files;
	if (file)
		file->refs--;
}

bool ktally_unwind_file_place(const struct ktally_unwind_file *file, const struct ktally_map *map, uint64_t *bias, uint64_t *start, uint64_t *end)
{
	uint64_t low = UINT64_MAX, high = 0, page = (uint64_t)sysconf(_SC_PAGESIZE) - 1;
	const struct segment *found = NULL;
	unsigned int i;

	for (i = 0; i < file->nr; i++) {
		const struct segment *segment = &file->segments[i];

		/* What is mapped begins at the page that the segment begins in. */
		if (map->offset >= (segment->offset & ~page) && map->offset < segment->offset + segment->size &&
		    (!found || segment->offset <= map->offset))
			found = segment;
		low = segment->vaddr < low ? segment->vaddr : low;
		high = segment->vaddr + segment->size > high ? segment->vaddr + segment->size : high;
	}
	if (!found)
		return false;
	*bias = map->start - (found->vaddr - found->offset + map->offset);
	*start = *bias + low;
	*end = *bias + high;
	return *start <= map->start && *end > *start && *end > map->start;
}

bool ktally_unwind_file_table(const struct ktally_unwind_file *file, uint64_t *head, uint64_t *entries, uint64_t *nr)
{
	*head = file->head;
	*entries = file->entries;
	*nr = file->nr_entries;
	return file->nr_entries;
}
