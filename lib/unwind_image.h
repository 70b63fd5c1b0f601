/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unwind_image.h: an ELF file or image that an unwind table is made of: its code, and its bytes. */
#ifndef KTALLY_UNWIND_IMAGE_H
#define KTALLY_UNWIND_IMAGE_H

#include <gelf.h>
#include <libelf.h>

#include "libktally.h"

#define KTALLY_CODE_WINDOW	16384	/* bytes of code that are read at once */
#define KTALLY_CFI_MAX		(128U << 20)	/* bytes of descriptions; more than any program has */

/** struct ktally_segment - of code */
struct ktally_segment {
	uint64_t address, offset, size;
};

/**
 * struct ktally_image - @elf: open; @image, @length: in memory, else @fd
 * @segments: of code, sorted by offset; @last: the one asked for last
 * @window: code read ahead, from @window_at on
 */
struct ktally_image {
	Elf *elf;
	int fd;
	const uint8_t *image;
	size_t length;
	uint32_t machine;
	struct ktally_segment *segments;
	unsigned int nr_segments, last;
	uint64_t window_at;
	size_t window_length;
	uint8_t window[KTALLY_CODE_WINDOW];
};

/** ktally_image_open - file @fd, or if it is -1 what is in memory; zeroed by this. Return: 0; -ENOEXEC, -ENOMEM with @err told */
int ktally_image_open(struct ktally_image *image, int fd, const void *memory, size_t length, struct ktally_error *err);
void ktally_image_close(struct ktally_image *image);
/** ktally_image_read - bytes of the file. Return: how many there are, at most @size */
size_t ktally_image_read(struct ktally_image *image, uint64_t offset, void *buf, size_t size);
/** ktally_image_code - a piece of code, @size at most KTALLY_CODE_WINDOW, borrowed until the next call; NULL: the file is shorter */
const uint8_t *ktally_image_code(struct ktally_image *image, uint64_t offset, size_t size);
/** ktally_image_locate - struct ktally_cfi.locate */
bool ktally_image_locate(void *image, uint64_t address, uint64_t *offset, uint64_t *length);
/** ktally_image_section - header of the section @name; false: there is none, or it has no bytes in the file */
bool ktally_image_section(const struct ktally_image *image, const char *name, GElf_Shdr *header, Elf_Scn **scn);

#endif /* KTALLY_UNWIND_IMAGE_H */
