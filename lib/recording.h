/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of recordings: the chunks a file is made of, and what the symbolizer and the mappings keep of a recorded machine.
 * The format is described in ktally-recording(5).
 */
#ifndef KTALLY_RECORDING_H
#define KTALLY_RECORDING_H

#include "libktally.h"

struct ktally_map;

/* ---- bytes: recording_bytes.c ---- */

/** struct ktally_bytes - bytes being written; @error: -ENOMEM once memory ran out: later puts do nothing */
struct ktally_bytes {
	unsigned char *data;
	size_t len, room;
	int error;
};
void ktally_put(struct ktally_bytes *bytes, const void *data, size_t len);
void ktally_put_u32(struct ktally_bytes *bytes, uint32_t value);
void ktally_put_u64(struct ktally_bytes *bytes, uint64_t value);
void ktally_put_words(struct ktally_bytes *bytes, const uint64_t *words, size_t nr);
void ktally_bytes_clear(struct ktally_bytes *bytes);	/* and give the memory back */

/** struct ktally_input - bytes being read; @bad: more was asked for than there is: everything reads as 0 since */
struct ktally_input {
	const unsigned char *at, *end;
	bool bad;
};
uint32_t ktally_get_u32(struct ktally_input *in);
uint64_t ktally_get_u64(struct ktally_input *in);
/** ktally_get_words - @nr words to @words (may be NULL: skipped) */
void ktally_get_words(struct ktally_input *in, uint64_t *words, size_t nr);
/** ktally_get_items - begin an array: how many items of @size bytes at least each; *@stride: of each. 0 with @bad set if they are not there */
uint64_t ktally_get_items(struct ktally_input *in, uint32_t size, uint32_t *stride);

/* ---- chunks: recording_chunk.c ---- */

#define KTALLY_CHUNK(a, b, c, d) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16 | (uint32_t)(d) << 24)
#define KTALLY_CHUNK_STRINGS	KTALLY_CHUNK('S', 'T', 'R', 'G')
#define KTALLY_CHUNK_HOST	KTALLY_CHUNK('H', 'O', 'S', 'T')
#define KTALLY_CHUNK_CLOCKS	KTALLY_CHUNK('C', 'L', 'O', 'K')
#define KTALLY_CHUNK_SESSION	KTALLY_CHUNK('S', 'E', 'S', 'S')
#define KTALLY_CHUNK_PROBES	KTALLY_CHUNK('P', 'R', 'O', 'B')
#define KTALLY_CHUNK_PAIRS	KTALLY_CHUNK('P', 'A', 'I', 'R')
#define KTALLY_CHUNK_STEPS	KTALLY_CHUNK('S', 'T', 'E', 'P')
#define KTALLY_CHUNK_UNWIND	KTALLY_CHUNK('U', 'N', 'W', 'D')
#define KTALLY_CHUNK_TEXTS	KTALLY_CHUNK('T', 'E', 'X', 'T')
#define KTALLY_CHUNK_STACKS	KTALLY_CHUNK('S', 'T', 'A', 'K')
#define KTALLY_CHUNK_FRAMES	KTALLY_CHUNK('F', 'R', 'A', 'M')
#define KTALLY_CHUNK_MAPPINGS	KTALLY_CHUNK('M', 'A', 'P', 'S')
#define KTALLY_CHUNK_PROCESSES	KTALLY_CHUNK('P', 'R', 'O', 'C')
#define KTALLY_CHUNK_TABLE	KTALLY_CHUNK('T', 'A', 'B', 'L')
#define KTALLY_CHUNK_ROWS	KTALLY_CHUNK('R', 'O', 'W', 'S')
#define KTALLY_CHUNK_EMITTER	KTALLY_CHUNK('E', 'M', 'I', 'T')
#define KTALLY_CHUNK_EVENTS	KTALLY_CHUNK('E', 'V', 'N', 'T')
#define KTALLY_CHUNK_END	KTALLY_CHUNK('E', 'N', 'D', ' ')

/* Flags of a session, bytes of the items of arrays. */
#define KTALLY_SESSION_SORTED		(1U << 0)
#define KTALLY_SESSION_QUANTILES	(1U << 1)
#define KTALLY_SESSION_FUNCTIONS	(1U << 2)
#define KTALLY_SESSION_HITS		(1U << 3)	/* hits have a name of their own */
#define KTALLY_SESSION_RINGS_CLOSED	(1U << 4)
#define KTALLY_PROBE_BYTES	80U
#define KTALLY_PAIR_BYTES	80U
#define KTALLY_STEP_BYTES	24U
#define KTALLY_TEXT_BYTES	16U
#define KTALLY_FRAME_BYTES	88U
#define KTALLY_MAPPING_BYTES	60U
#define KTALLY_PROCESS_BYTES	16U

/* Flags of a frame and of a mapping. */
#define KTALLY_FRAME_LOOKED_UP	(1U << 0)	/* image and word lead to it; else only frames that are inlined into it do */
#define KTALLY_FRAME_OF_KERNEL	(1U << 1)	/* the word is of a kernel stack */
#define KTALLY_FRAME_CALLER	(1U << 2)
#define KTALLY_FRAME_IN_KERNEL	(1U << 3)
#define KTALLY_FRAME_GUESS	(1U << 4)
#define KTALLY_FRAME_UNNAMED	(1U << 5)
#define KTALLY_MAPPING_DELETED	(1U << 0)

#define KTALLY_RECORDING_MAGIC	"KTALLYRC"
#define KTALLY_RECORDING_VERSION 1
#define KTALLY_CHUNK_BYTES	(1U << 20)	/* what a writer puts into one where there is more */
#define KTALLY_CHUNK_MAX	(64U << 20)	/* what a reader takes */

/** struct ktally_chunk_writer - @chunks: written so far; @error: -errno of the first failure: later puts do nothing */
struct ktally_chunk_writer {
	FILE *out;
	uint64_t chunks;
	int error;
};
/** ktally_recording_begin - the head of the file */
void ktally_recording_begin(struct ktally_chunk_writer *writer, FILE *out);
/** ktally_chunk_put - @bytes as a chunk, compressed where that pays; @bytes are emptied */
void ktally_chunk_put(struct ktally_chunk_writer *writer, uint32_t type, struct ktally_bytes *bytes);
/** ktally_recording_end - the last chunk. Return: 0 or -errno of whatever failed */
int ktally_recording_end(struct ktally_chunk_writer *writer);

/** struct ktally_chunk - one that was read; @data is malloc'ed, ktally_chunk_clear() frees it */
struct ktally_chunk {
	uint32_t type;
	unsigned char *data;
	size_t len;
};
/** ktally_recording_check - read the head of the file. Return: 0; -ENOEXEC: no recording; -EPROTO: of a version that is not known; -EIO */
int ktally_recording_check(FILE *file, struct ktally_error *err);
/**
 * ktally_chunk_next - Return: 0; -ENODATA: the file ends; -EBADMSG: damaged, *@why says how; -ENOMEM; -EIO
 * @chunk: data of an earlier one is freed
 */
int ktally_chunk_next(FILE *file, struct ktally_chunk *chunk, const char **why);
void ktally_chunk_clear(struct ktally_chunk *chunk);

/* ---- names of a recorded machine: symbolizer.c ---- */

/**
 * struct ktally_recorded_frame - what the symbolizer said of a word of a stack
 * @image: of user space
 * @caller: the address is a return address
 */
struct ktally_recorded_frame {
	uint64_t image, word;
	bool kernel, caller;
	const struct ktally_frame *frame;
};
typedef int (*ktally_frame_fn)(const struct ktally_recorded_frame *frame, void *arg);

/** ktally_symbolizer_new_recorded - knows what it is told and what files with the recorded build-id say, nothing else. NULL: no memory */
struct ktally_symbolizer *ktally_symbolizer_new_recorded(struct ktally_processes *procs);
/** ktally_symbolizer_each - every word that was asked for so far, in no order. Return: 0 or what @fn returned */
int ktally_symbolizer_each(struct ktally_symbolizer *sym, ktally_frame_fn fn, void *arg);
/** ktally_symbolizer_put - @recorded->frame is copied, what it points to must live as long as @sym. Return: 0, -ENOMEM */
int ktally_symbolizer_put(struct ktally_symbolizer *sym, const struct ktally_recorded_frame *recorded);
/** ktally_symbolizer_put_text - how @value of that kind was shown; @text must live as long as @sym. Return: 0, -ENOMEM */
int ktally_symbolizer_put_text(struct ktally_symbolizer *sym, enum ktally_kind kind, uint64_t value, const char *text);
/** ktally_symbolizer_text - NULL: it is not known, or @sym is of this machine */
const char *ktally_symbolizer_text(struct ktally_symbolizer *sym, enum ktally_kind kind, uint64_t value);
struct ktally_cgroups *ktally_symbolizer_get_cgroups(const struct ktally_symbolizer *sym);
bool ktally_symbolizer_recorded(const struct ktally_symbolizer *sym);
struct ktally_processes *ktally_symbolizer_processes(const struct ktally_symbolizer *sym);	/* may be NULL */

/* ---- mappings of a recorded machine: process.c, recorded_files.c ---- */

/** ktally_processes_new_recorded - @symfs: folder in which its files are looked for first, may be NULL. NULL: no memory */
struct ktally_processes *ktally_processes_new_recorded(const char *symfs);
bool ktally_processes_recorded(const struct ktally_processes *procs);	/* @procs may be NULL */
/** ktally_processes_put - texts of @map must live as long as @procs. Return: 0, -ENOMEM */
int ktally_processes_put(struct ktally_processes *procs, uint64_t image, const struct ktally_map *map);
/** ktally_processes_each - all that is known to be mapped in @image. Return: 0 or what @fn returned */
int ktally_processes_each(const struct ktally_processes *procs, uint64_t image, int (*fn)(const struct ktally_map *map, void *arg), void *arg);

/** ktally_recorded_open - a file of that path, in @symfs (may be NULL) or here, if its build-id is @build_id. Return: a descriptor, or -1 */
int ktally_recorded_open(const char *symfs, const char *path, const char *build_id);
/** ktally_file_build_id - of an ELF file as hex text, KTALLY_BUILD_ID_TEXT bytes of room; "" if it has none */
void ktally_file_build_id(int fd, char *text);

#endif /* KTALLY_RECORDING_H */
