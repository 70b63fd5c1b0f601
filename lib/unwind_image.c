// SPDX-License-Identifier: LGPL-2.1-or-later
/* unwind_image.c: opens what an unwind table is made of, and finds its code. It is not mapped: files may shrink while they are read. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_file.h"
#include "unwind_image.h"

/* Of code; there is one, or a few. */
#define SEGMENTS_MAX 64

static int compare(const void *left, const void *right)
{
	const struct ktally_segment *a = left, *b = right;

	if (a->offset != b->offset)
		return a->offset < b->offset ? -1 : 1;
	return a->address < b->address ? -1 : a->address > b->address;
}

static int find_segments(struct ktally_image *image)
{
	GElf_Phdr head;
	size_t i, nr;

	if (elf_getphdrnum(image->elf, &nr))
		return -ENOEXEC;
	image->segments = calloc(SEGMENTS_MAX, sizeof(*image->segments));
	if (!image->segments)
		return -ENOMEM;
	for (i = 0; i < nr && i <= INT_MAX; i++) {
		if (!gelf_getphdr(image->elf, (int)i, &head) || head.p_type != PT_LOAD || !(head.p_flags & PF_X) || !head.p_filesz)
			continue;
		if (head.p_offset > INT64_MAX || head.p_filesz > INT64_MAX - head.p_offset || head.p_filesz > UINT64_MAX - head.p_vaddr)
			continue;
		if (image->nr_segments == SEGMENTS_MAX)
			return -ENOEXEC;
		image->segments[image->nr_segments++] = (struct ktally_segment){ head.p_vaddr, head.p_offset, head.p_filesz };
	}
	qsort(image->segments, image->nr_segments, sizeof(*image->segments), compare);
	return 0;
}

static int check_head(struct ktally_image *image, struct ktally_error *err)
{
	GElf_Ehdr head;

	if (!image->elf || elf_kind(image->elf) != ELF_K_ELF || !gelf_getehdr(image->elf, &head))
		return ktally_fail(err, -ENOEXEC, "this is neither a program nor a library (no ELF file)");
	if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_ident[EI_DATA] != ELFDATA2LSB ||
	    (head.e_machine != EM_X86_64 && head.e_machine != EM_AARCH64))
		return ktally_fail(err, -ENOEXEC, "this ELF file is of another machine (%u), neither x86_64 nor arm64", head.e_machine);
	if (head.e_type != ET_EXEC && head.e_type != ET_DYN)
		return ktally_fail(err, -ENOEXEC, "this ELF file is neither a program nor a shared library (type %u)", head.e_type);
	image->machine = head.e_machine;
	return 0;
}

int ktally_image_open(struct ktally_image *image, int fd, const void *memory, size_t length, struct ktally_error *err)
{
	int rc;

	memset(image, 0, offsetof(struct ktally_image, window));
	image->fd = fd;
	image->image = memory;
	image->length = length;
	elf_version(EV_CURRENT);
	image->elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : elf_memory((char *)(uintptr_t)memory, length);
	rc = check_head(image, err);
	if (rc)
		goto out;
	rc = find_segments(image);
	if (rc)
		ktally_fail(err, rc, rc == -ENOMEM ? "no memory" : "this ELF file's program headers are damaged, or it has too many segments of code");
out:
	if (rc)
		ktally_image_close(image);
	return rc;
}

void ktally_image_close(struct ktally_image *image)
{
	if (image->elf)
		elf_end(image->elf);
	free(image->segments);
	image->elf = NULL;
	image->segments = NULL;
}

size_t ktally_image_read(struct ktally_image *image, uint64_t offset, void *buf, size_t size)
{
	size_t done = 0;
	ssize_t now;

	if (offset > INT64_MAX - size)
		return 0;
	if (image->fd < 0) {
		if (offset >= image->length)
			return 0;
		done = size < image->length - offset ? size : image->length - offset;
		memcpy(buf, image->image + offset, done);
		return done;
	}
	while (done < size) {
		now = pread(image->fd, (char *)buf + done, size - done, (off_t)(offset + done));
		if (now < 0 && errno == EINTR)
			continue;
		if (now <= 0)
			break;
		done += (size_t)now;
	}
	return done;
}

const uint8_t *ktally_image_code(struct ktally_image *image, uint64_t offset, size_t size)
{
	if (offset < image->window_at || offset - image->window_at > image->window_length ||
	    size > image->window_length - (offset - image->window_at)) {
		image->window_at = offset;
		image->window_length = ktally_image_read(image, offset, image->window, sizeof(image->window));
	}
	return size > image->window_length - (offset - image->window_at) ? NULL : image->window + (offset - image->window_at);
}

bool ktally_image_locate(void *arg, uint64_t address, uint64_t *offset, uint64_t *length)
{
	struct ktally_image *image = arg;
	const struct ktally_segment *segment;
	unsigned int i;

	for (i = 0; i < image->nr_segments; i++) {
		unsigned int n = (image->last + i) % image->nr_segments;

		segment = &image->segments[n];
		if (address < segment->address || address - segment->address >= segment->size)
			continue;
		*offset = segment->offset + (address - segment->address);
		*length = segment->size - (address - segment->address);
		image->last = n;
		return true;
	}
	return false;
}

bool ktally_image_section(const struct ktally_image *image, const char *name, GElf_Shdr *header, Elf_Scn **found)
{
	*found = ktally_elf_section(image->elf, name, header);
	return *found && header->sh_type != SHT_NOBITS && header->sh_size;
}
