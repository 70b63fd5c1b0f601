/* SPDX-License-Identifier: GPL-2.0-or-later */
/* stopped.h: a stopped process, seen as the walker needs it: what is mapped where, the tables of these files, its memory. */
#ifndef STOPPED_H
#define STOPPED_H

#include <sys/types.h>

#include "walker.h"

#define MAPS_MAX 4096

/** struct image - a file and its table; @table: NULL if it has none */
struct image {
	char path[512];
	uint64_t device, inode;
	struct ktally_unwind_table *table;
};

struct map {
	uint64_t start, end, offset;
	struct image *image;
};

/** struct process - @maps: of code; @page: of its memory that was read last */
struct process {
	pid_t pid;
	struct map maps[MAPS_MAX];
	unsigned int nr_maps;
	uint64_t maps_hash;
	uint64_t page_at;
	unsigned int page_valid;
	uint64_t page[512];
};

/** process_look - read what is mapped now. Return: it changed */
bool process_look(struct process *process);
const struct map *process_map(const struct process *process, uint64_t address);
/** process_walker - callbacks for @process */
struct walker process_walker(struct process *process);
/** images_list - print a line a file: what its table is made of */
void images_list(void);

#endif
