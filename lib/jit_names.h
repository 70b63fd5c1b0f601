/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* jit_names.h: names of code that processes make while they run, from what their runtimes say of it. */
#ifndef KTALLY_JIT_NAMES_H
#define KTALLY_JIT_NAMES_H

#include "process.h"

struct ktally_jit;

/** ktally_jit_new - for the processes of @procs, which owns it. NULL: no memory */
struct ktally_jit *ktally_jit_new(struct ktally_processes *procs);
void ktally_jit_free(struct ktally_jit *jit);

/** ktally_jit_mapping - is the code of such a mapping generated, so that there is no file to ask? */
bool ktally_jit_mapping(const struct ktally_map *map);
/**
 * ktally_jit_process_maps - process @pid has mapped something executable
 * Where that says that it runs generated code, what its names can be read from is kept open: it may be gone when they are asked for.
 */
void ktally_jit_process_maps(struct ktally_jit *jit, uint32_t pid, const struct ktally_map *map);
/** ktally_jit_process_exits - process @pid has ended or runs another program: read now what it says, for its number will be another's */
void ktally_jit_process_exits(struct ktally_jit *jit, uint32_t pid);
/**
 * ktally_jit_process_sampled - there are samples of @pid, so names of its code will be asked for
 * To be called while it lives, once or often: a Java machine cannot be asked for names any more when it has ended. May take some
 * seconds if it is one, else cheap.
 */
void ktally_jit_process_sampled(struct ktally_jit *jit, uint32_t pid);

/* ---- who has samples: jit_peek.c ---- */

/** struct ktally_jit_range - code of process @pid */
struct ktally_jit_range {
	uint64_t start, end;
	uint32_t pid;
};
/** ktally_jit_waiting - generated code of processes that can only be asked while they live, and may be asked now. Return: how many, at most @max */
unsigned int ktally_jit_waiting(const struct ktally_jit *jit, struct ktally_jit_range *ranges, unsigned int max);

struct ktally_jit_peek;
/** ktally_jit_peeked - where it is kept how far stacks were looked at */
struct ktally_jit_peek **ktally_jit_peeked(struct ktally_jit *jit);
void ktally_jit_peek_free(struct ktally_jit_peek *peek);

/** struct ktally_jit_name - @address: where the code begins; @file, @line: "" and 0 if unknown. Texts live as long as the struct ktally_jit */
struct ktally_jit_name {
	const char *name, *file;
	unsigned int line;
	uint64_t address;
};
/** ktally_jit_find - what was at @ip in process @pid at @time (CLOCK_MONOTONIC ns; 0: unknown). Return: found */
bool ktally_jit_find(struct ktally_jit *jit, uint32_t pid, uint64_t ip, uint64_t time, struct ktally_jit_name *found);
/** ktally_jit_trouble - why names of some process could not be had: the first reason; NULL: there was none */
const char *ktally_jit_trouble(const struct ktally_jit *jit);

#endif /* KTALLY_JIT_NAMES_H */
