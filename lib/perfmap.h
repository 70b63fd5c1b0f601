/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* perfmap.h: the text by which a JIT compiler tells the names of its code: a line each, "START SIZE NAME" in hex. */
#ifndef KTALLY_PERFMAP_H
#define KTALLY_PERFMAP_H

#include <sys/types.h>

#include "jit_code.h"
#include "jit_process.h"

struct ktally_perfmap;

/** ktally_perfmap_new - that puts what it reads into @codes. NULL: no memory */
struct ktally_perfmap *ktally_perfmap_new(struct ktally_jit_codes *codes);
void ktally_perfmap_free(struct ktally_perfmap *map);
/**
 * ktally_perfmap_feed - the next @size bytes of the text; a line may be told in pieces, and counts once its end is there
 * Numbers may begin with 0x. Lines that make no sense, and code of no length, are skipped.
 */
void ktally_perfmap_feed(struct ktally_perfmap *map, const char *text, size_t size);
/** ktally_perfmap_restart - the text begins again: what was read stays, what comes replaces it */
void ktally_perfmap_restart(struct ktally_perfmap *map);

/* ---- the file: perfmap_file.c ---- */

/** struct ktally_perfmap_file - how far a perf map was read; zeroed at first */
struct ktally_perfmap_file {
	dev_t dev;
	ino_t inode;
	off_t at;
};

#define KTALLY_PERFMAP_MAX (64U << 20)	/* bytes of a perf map that are read */

/**
 * ktally_perfmap_read - feed @map what is new in /tmp/perf-PID.map of @process
 * Return: 1: something was; 0: nothing; -ENOENT: there is none; -ELOOP, -EPERM: it is a link, or somebody else's; -ESTALE: it was written
 * before the process was born, by another of its number
 */
int ktally_perfmap_read(struct ktally_perfmap *map, struct ktally_perfmap_file *file, const struct ktally_jit_process *process);

#endif /* KTALLY_PERFMAP_H */
