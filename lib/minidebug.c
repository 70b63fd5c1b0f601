// SPDX-License-Identifier: LGPL-2.1-or-later
/* Symbols that a distribution left in a stripped file: .gnu_debugdata, an ELF file packed by xz. */
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>

#include "elf_file.h"
#include "elf_load.h"

#define PACKED_MAX	(64U << 20)
#define UNPACKED_MAX	(256U << 20)
#define DECODER_MEMORY	(128U << 20)

/* A few bytes may say that they unpack to terabytes: room grows with what has come out. */
static char *unpack(const char *packed, size_t packed_size, size_t *size)
{
	lzma_stream stream = LZMA_STREAM_INIT;
	lzma_ret status = lzma_stream_decoder(&stream, DECODER_MEMORY, LZMA_CONCATENATED);
	size_t room = packed_size * 4 + 4096;
	char *out = malloc(room), *bigger;

	stream.next_in = (const uint8_t *)packed;
	stream.avail_in = packed_size;
	while (status == LZMA_OK && out) {
		stream.next_out = (uint8_t *)out + stream.total_out;
		stream.avail_out = room - stream.total_out;
		status = lzma_code(&stream, LZMA_FINISH);
		if (status != LZMA_OK || stream.avail_out)
			continue;
		bigger = room < UNPACKED_MAX ? realloc(out, room *= 2) : NULL;
		if (!bigger)
			break;
		out = bigger;
	}
	*size = stream.total_out;
	lzma_end(&stream);
	if (status == LZMA_STREAM_END)
		return out;
	free(out);
	return NULL;
}

int ktally_elf_load_minidebug(struct ktally_elf_load *load)
{
	char *packed, *image;
	GElf_Shdr section;
	size_t size;
	int ret;

	packed = ktally_elf_section(load->file, ".gnu_debugdata", &section) ? ktally_elf_whole(load, &section, PACKED_MAX, &size) : NULL;
	image = packed ? unpack(packed, size, &size) : NULL;
	free(packed);
	if (!image)
		return 0;
	ret = ktally_elf_load_image(load->elf, image, size);
	free(image);
	return ret == -ENOEXEC ? 0 : ret;
}
