/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * gopclntab.h: the table by which a Go program knows its own functions. It is part of what runs, so stripping leaves it: names, places in the
 * source, and how large each function's frame is at any address.
 */
#ifndef KTALLY_GOPCLNTAB_H
#define KTALLY_GOPCLNTAB_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ktally_elf;
struct ktally_gopclntab;

/**
 * struct ktally_go_function - one function; addresses are those in the file
 * @name: borrowed from the table
 * @top: the runtime says that nobody called it (Go 1.17 and newer tell)
 * @sets_sp: it sets the stack pointer by itself, so that the table does not know it (likewise)
 * @frames: where its frame's size stands, for ktally_go_pcvalue_begin()
 * @files, @lines: likewise, number of the file in @unit, and line
 */
struct ktally_go_function {
	uint64_t start, end;
	const char *name;
	bool top, sets_sp;
	uint32_t frames, files, lines, unit;
};

/** ktally_gopclntab_open - of an ELF file. Return: 0; -ENODATA: it is no Go program; -EBADMSG: damaged, or a version not known; -ENOMEM */
int ktally_gopclntab_open(struct ktally_gopclntab **out, Elf *elf);
/**
 * ktally_gopclntab_parse - of the table itself, whose bytes are copied
 * @text: address that functions count from where the table does not tell; 0 if unknown
 */
int ktally_gopclntab_parse(struct ktally_gopclntab **out, const void *data, size_t size, uint64_t text);
void ktally_gopclntab_free(struct ktally_gopclntab *table);

size_t ktally_gopclntab_count(const struct ktally_gopclntab *table);
/** ktally_gopclntab_get - function @n. Return: false if it makes no sense; so much of the table is damaged */
bool ktally_gopclntab_get(const struct ktally_gopclntab *table, size_t n, struct ktally_go_function *function);
/** ktally_gopclntab_find - the function at @address. Return: found */
bool ktally_gopclntab_find(const struct ktally_gopclntab *table, uint64_t address, struct ktally_go_function *function);
/** ktally_gopclntab_place - file and line of @address in @function. Return: found; @file is borrowed from the table */
bool ktally_gopclntab_place(const struct ktally_gopclntab *table, const struct ktally_go_function *function, uint64_t address,
			    const char **file, unsigned int *line);

/** struct ktally_go_pcvalue - a value that changes along a function: it is @value from @from up to, not including, @to */
struct ktally_go_pcvalue {
	const uint8_t *at, *stop;
	uint64_t from, to, end;
	unsigned int quantum;
	int32_t value;
	bool begun;
};

/** ktally_go_pcvalue_begin - walk the values at @offset of @function; call ktally_go_pcvalue_next() for the first */
void ktally_go_pcvalue_begin(const struct ktally_gopclntab *table, const struct ktally_go_function *function, uint32_t offset,
			     struct ktally_go_pcvalue *walk);
/** ktally_go_pcvalue_next - Return: false at the end of the function, or where the table is damaged */
bool ktally_go_pcvalue_next(struct ktally_go_pcvalue *walk);

/** ktally_go_symbols - add all functions of a Go program to @elf, unsorted. Return: 0, -ENODATA, -EBADMSG, -ENOMEM */
int ktally_go_symbols(struct ktally_elf *elf, Elf *file);

#endif /* KTALLY_GOPCLNTAB_H */
