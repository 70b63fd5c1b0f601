/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of process tracking: executable mappings, and how to find the one an address fell in. */
#ifndef KTALLY_PROCESS_H
#define KTALLY_PROCESS_H

#include "libktally.h"

/** struct ktally_map - one executable mapping; @path is "[vdso]" and the like, a file, or "" for anonymous memory */
struct ktally_map {
	uint64_t start, end, offset, inode;
	uint32_t dev_major, dev_minor;
	const char *path;
	bool deleted;		/* the file was unlinked after it was mapped */
	const char *build_id;	/* only of a recording, else NULL */
};

/** struct ktally_maps - sorted, without overlaps; shared by forked processes until one of them changes */
struct ktally_maps {
	unsigned int refs;
	unsigned int nr, room;
	uint64_t stamp;		/* of the last change; no two changes of any have the same */
	struct ktally_map *list;
};

/** ktally_maps_set - put @map in; what it overlaps is cut away, or wins if @keep. *@maps is replaced if it is shared. Return: 0, -ENOMEM */
int ktally_maps_set(struct ktally_maps **maps, const struct ktally_map *map, bool keep);
const struct ktally_map *ktally_maps_find(const struct ktally_maps *maps, uint64_t ip);
struct ktally_maps *ktally_maps_get(struct ktally_maps *maps);
void ktally_maps_put(struct ktally_maps *maps);

/** ktally_maps_fn - takes one executable mapping of a maps file; @map->path is @path_len bytes, not terminated */
typedef int (*ktally_maps_fn)(const struct ktally_map *map, size_t path_len, void *arg);
/** ktally_maps_parse - text of /proc/PID/maps; lines that cannot be understood are skipped. Return: 0 or what @fn returned */
int ktally_maps_parse(const char *text, size_t size, ktally_maps_fn fn, void *arg);

/** ktally_processes_find - the mapping of @ip in @image; looks into /proc as a last resort. NULL: unknown */
const struct ktally_map *ktally_processes_find(struct ktally_processes *procs, uint64_t image, uint64_t ip);

struct ktally_code_object;
/** ktally_processes_code - what CODE records told of the code object at @code (KTALLY_WORD_CODE()); NULL: unknown */
const struct ktally_code_object *ktally_processes_code(const struct ktally_processes *procs, uint64_t image, uint64_t code);

/**
 * ktally_processes_open - the file behind a mapping, for reading: kept open since it was mapped if there was a record of
 * that, else by way of process @pid if that still lives, else by its name. Return: a descriptor, or -1
 */
int ktally_processes_open(struct ktally_processes *procs, const struct ktally_map *map, uint32_t pid);

/** ktally_processes_file - @fd is the file @mapped; it stays the caller's */
void ktally_processes_file(struct ktally_processes *procs, const struct ktally_mapped *mapped, int fd);
/** ktally_processes_stamp - changes when what is known of the mappings of @image does */
uint64_t ktally_processes_stamp(const struct ktally_processes *procs, uint64_t image);

struct ktally_unwinder;
/** ktally_processes_unwinder - what ktally_unwind_dump() keeps; it dies with @procs. unwind_dump.c */
struct ktally_unwinder **ktally_processes_unwinder(struct ktally_processes *procs);
void ktally_unwinder_free(struct ktally_unwinder *unwinder);

/** ktally_processes_jit - the names of code that these processes make; belongs to @procs */
struct ktally_jit *ktally_processes_jit(struct ktally_processes *procs);

/** ktally_vdso_size - bytes of this process' vDSO mapping, 0 if it has none */
uint64_t ktally_vdso_size(void);
/** ktally_vdso_image - this process' vDSO, readable memory of @size bytes, as long as the process lives; NULL: it has none */
const void *ktally_vdso_image(uint64_t *size);

/** ktally_read_file - whole file, NUL behind it. Return: malloc'ed, or NULL with errno */
char *ktally_read_file(const char *path, size_t *size);

#endif /* KTALLY_PROCESS_H */
