/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* elf_functions.h: where the functions of a file begin and end, also those that no symbol names. */
#ifndef KTALLY_ELF_FUNCTIONS_H
#define KTALLY_ELF_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ktally_functions;

/**
 * struct ktally_function_hit - the function at an address
 * @start: its first address
 * @name: what it is called if the file says so without a symbol (its entry is "_start"); NULL: nobody knows
 * @number: from 0, below ktally_functions_count(); the same for all addresses of it
 */
struct ktally_function_hit {
	uint64_t start;
	const char *name;
	size_t number;
};

/** ktally_functions_read - of an open file. NULL: it tells of none, or no memory */
struct ktally_functions *ktally_functions_read(int fd);
/** ktally_functions_read_memory - of an image in memory, which is not needed afterwards */
struct ktally_functions *ktally_functions_read_memory(const void *image, size_t size);
void ktally_functions_free(struct ktally_functions *functions);
size_t ktally_functions_count(const struct ktally_functions *functions);
/** ktally_functions_find - the function at @vaddr. Return: found; what lies between two functions is in none */
bool ktally_functions_find(const struct ktally_functions *functions, uint64_t vaddr, struct ktally_function_hit *hit);
/** ktally_functions_end - where code that begins at @vaddr ends at the latest: its end, or where the next function begins. UINT64_MAX: not known */
uint64_t ktally_functions_end(const struct ktally_functions *functions, uint64_t vaddr);

#endif /* KTALLY_ELF_FUNCTIONS_H */
