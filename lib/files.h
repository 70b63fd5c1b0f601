/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mapped files, opened while their process lives. */
#ifndef KTALLY_FILES_H
#define KTALLY_FILES_H

#include "process.h"

struct ktally_files;

struct ktally_files *ktally_files_new(void);
void ktally_files_free(struct ktally_files *files);
/** ktally_files_keep - open the file behind a fresh mapping of process @pid, unless it is open or there are too many */
void ktally_files_keep(struct ktally_files *files, const struct ktally_map *map, uint32_t pid);
/** ktally_files_add - @fd is the file of that device and inode; it stays the caller's */
void ktally_files_add(struct ktally_files *files, const struct ktally_map *map, int fd);
/** ktally_files_open - a descriptor of the caller's own, or -1; @files may be NULL */
int ktally_files_open(struct ktally_files *files, const struct ktally_map *map, uint32_t pid);

#endif /* KTALLY_FILES_H */
