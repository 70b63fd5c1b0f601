/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unwind_cfi.h: call frame information (.eh_frame, .debug_frame), from bytes to rows of an unwind table. All input is hostile. */
#ifndef KTALLY_UNWIND_CFI_H
#define KTALLY_UNWIND_CFI_H

#include "unwind_build.h"

/* ---- bytes: unwind_bytes.c ---- */

/** struct ktally_bytes - what is left to read; @bad: more was wanted than there is, all that was read since is 0 */
struct ktally_bytes {
	const uint8_t *at, *end;
	bool bad;
};
/** ktally_bytes_le - a little-endian number of @size bytes, at most 8 */
uint64_t ktally_bytes_le(struct ktally_bytes *bytes, unsigned int size);
uint64_t ktally_bytes_uleb(struct ktally_bytes *bytes);
int64_t ktally_bytes_sleb(struct ktally_bytes *bytes);
/** ktally_bytes_cut - take the next @size as something of its own */
struct ktally_bytes ktally_bytes_cut(struct ktally_bytes *bytes, uint64_t size);

/** struct ktally_bases - what encoded pointers count from: address of byte @start, of the code, of the data */
struct ktally_bases {
	const uint8_t *start;
	uint64_t address, text, data;
};
/** ktally_bytes_pointer - of DWARF encoding @encoding; bad if that is not known, or leads through memory */
uint64_t ktally_bytes_pointer(struct ktally_bytes *bytes, uint8_t encoding, const struct ktally_bases *bases);
#define KTALLY_POINTER_OMIT	0xff
#define KTALLY_POINTER_FORMAT	0x0f

/* ---- expressions: unwind_expr.c ---- */

enum ktally_place_kind {
	KTALLY_PLACE_UNSET = 0,	/* nothing was said: as the caller had it */
	KTALLY_PLACE_SAME,
	KTALLY_PLACE_UNDEFINED,
	KTALLY_PLACE_CFA,	/* for a register in memory at the CFA + offset; an expression that counts from the CFA */
	KTALLY_PLACE_REGISTER,	/* for a register in register @reg; for the CFA register @reg + offset; an expression of this value */
	KTALLY_PLACE_MEMORY,	/* for a register in memory at @reg + offset */
	KTALLY_PLACE_DEREF,	/* *(@reg + offset) + offset2 */
	KTALLY_PLACE_PLT,	/* @reg + offset, 8 more from byte offset2 of 16 on */
	KTALLY_PLACE_OTHER,	/* not understood */
};

/** struct ktally_place - where something is, or how much it is */
struct ktally_place {
	uint8_t kind, reg;
	int32_t offset, offset2;
};
/** ktally_expr - what the expression @bytes comes to: CFA, REGISTER, DEREF, PLT or OTHER. @counter: DWARF number of the instruction pointer */
struct ktally_place ktally_expr(struct ktally_bytes bytes, unsigned int counter);

/* ---- instructions: unwind_cfa.c ---- */

struct ktally_cfa_state {
	struct ktally_place cfa, ret, stack, saved[KTALLY_SAVED_MAX];
};

/** struct ktally_cie - what functions have in common; @offset: in the section; @usable: understood */
struct ktally_cie {
	uint64_t offset, code_align;
	int64_t data_align;
	uint64_t ret;
	uint8_t encoding;
	bool usable, sized, signal;
	struct ktally_cfa_state first;
};

/** struct ktally_function - that instructions are run for; @start: its address, @file: where that is in the file, @length: bytes of code there */
struct ktally_function {
	const struct ktally_cie *cie;
	const struct ktally_bases *bases;
	uint64_t start, file, length;
	bool sigreturn;
};
/** ktally_cfa_first - run the instructions of @cie, to its @first. Return: false if they are not understood */
bool ktally_cfa_first(struct ktally_cie *cie, struct ktally_bytes code, uint32_t machine);
/** ktally_cfa_run - run those of a function, whose piece was begun, into rows. Return: 0; -EBADMSG: not understood; or an error of the builder */
int ktally_cfa_run(struct ktally_unwind_build *build, const struct ktally_function *function, struct ktally_bytes code);

/* ---- signed return addresses: unwind_signed.c ---- */

/** ktally_cfi_signs - where among the instructions @code those are that say so (DW_CFA_AARCH64_negate_ra_state). Return: how many, at most @max */
unsigned int ktally_cfi_signs(struct ktally_bytes code, uint32_t *offsets, unsigned int max);

/* ---- sections: unwind_cfi.c ---- */

/**
 * struct ktally_cfi - a section
 * @eh: .eh_frame, else .debug_frame
 * @open: its end is not known; it ends with its terminator, or where it makes no sense
 * @locate: where the code at an address is in the file, and how much is there from that on; false: it is no code of the file
 * @sigreturn: is the code there what a signal handler returns to?
 * @visit: told of each function instead of the builder, with @visitor; what it returns but 0 ends it all. NULL: the builder gets them
 */
struct ktally_cfi {
	const uint8_t *data;
	size_t size;
	struct ktally_bases bases;
	bool eh, open;
	bool (*locate)(void *arg, uint64_t address, uint64_t *offset, uint64_t *length);
	bool (*sigreturn)(void *arg, uint64_t offset, uint64_t length);
	int (*visit)(void *visitor, uint64_t start, uint64_t length);
	void *arg, *visitor;
};
/** ktally_cfi_read - all functions of @cfi. Return: 0 or an error of the builder (NULL: there is a visitor); what is damaged is counted there */
int ktally_cfi_read(struct ktally_unwind_build *build, const struct ktally_cfi *cfi);

#endif /* KTALLY_UNWIND_CFI_H */
