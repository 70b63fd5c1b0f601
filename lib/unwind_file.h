/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of walking dumped stacks: mapped ELF files, read piece by piece through a cache of bounded size. */
#ifndef KTALLY_UNWIND_FILE_H
#define KTALLY_UNWIND_FILE_H

#include "process.h"

struct ktally_unwind_files;
struct ktally_unwind_file;

struct ktally_unwind_files *ktally_unwind_files_new(void);
/** ktally_unwind_files_free - and all files, which nobody may use any more */
void ktally_unwind_files_free(struct ktally_unwind_files *files);
/** ktally_unwind_file_get - the ELF file behind @map of process @pid, or the vDSO. NULL: it cannot be had, is none, or too many are in use */
struct ktally_unwind_file *ktally_unwind_file_get(struct ktally_unwind_files *files, struct ktally_processes *procs, const struct ktally_map *map,
						   uint32_t pid);
/** ktally_unwind_file_put - not used any more by the caller; NULL is fine */
void ktally_unwind_file_put(struct ktally_unwind_files *files, struct ktally_unwind_file *file);
/** ktally_unwind_file_place - what to add to the file's addresses where @map has it, and which addresses all of it covers. Return: false if it does not fit */
bool ktally_unwind_file_place(const struct ktally_unwind_file *file, const struct ktally_map *map, uint64_t *bias, uint64_t *start, uint64_t *end);
/** ktally_unwind_file_table - addresses in the file of .eh_frame_hdr and of its sorted table, and how many entries that has. Return: false: it has none */
bool ktally_unwind_file_table(const struct ktally_unwind_file *file, uint64_t *head, uint64_t *entries, uint64_t *nr);
/**
 * ktally_unwind_file_word - 8 bytes at @address, as the file has them; what is behind the end of the file is 0
 * What the process wrote since is not seen: descriptions of functions may point there, to a personality routine, but no walk needs that.
 */
bool ktally_unwind_file_word(struct ktally_unwind_files *files, struct ktally_unwind_file *file, uint64_t address, uint64_t *word);

#endif /* KTALLY_UNWIND_FILE_H */
