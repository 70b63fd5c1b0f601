/* SPDX-License-Identifier: GPL-2.0 */
/* Frames of an interpreter (CPython): read out of the running task's memory at a hit, as struct ktally_interp says. */
#ifndef _KTALLY_INTERP_H
#define _KTALLY_INTERP_H

#include <linux/types.h>
#include <linux/ktally_unwind.h>

struct ktally_codes;
struct ktally_probe;
struct ktally_ring;

/* Code objects are aligned to 8 bytes at least (those that are compiled into the interpreter on arm64; others to 16). */
#define KTALLY_CODE_FREE_BITS	3

/** ktally_code_address() - of the code object that a word or a pointer tells. Context: any. */
static inline unsigned long ktally_code_address(unsigned long word)
{
	return KTALLY_WORD_CODE(word) & ~((1UL << KTALLY_CODE_FREE_BITS) - 1);
}

/**
 * ktally_interp_check() - whether a description of an interpreter can be used at all
 * @interp: from user space; may hold anything
 *
 * Nothing it says is trusted at a hit either: what it leads to is read as user memory of the task, in bounds.
 *
 * Return: 0 or -EINVAL. Context: any.
 */
int ktally_interp_check(const struct ktally_interp *interp);

/**
 * ktally_interp_walk() - the frames of the interpreter that the running task is in
 * @interp: what it looks like, checked
 * @runtime: where its global state is in this task's memory
 * @words: out: KTALLY_WORD_INTERP words, innermost first
 * @max: how many fit; no more than KTALLY_INTERP_DEPTH_MAX are given
 *
 * If there are more frames than that, or one cannot be read, the last word is KTALLY_WORD_INTERP_CUT.
 *
 * Return: how many were stored; 0 if the task runs no code of the language, or is no thread the interpreter knows.
 * Context: any, NMI included, with preemption off. Takes no lock, never faults a page in.
 */
unsigned int ktally_interp_walk(const struct ktally_interp *interp, unsigned long runtime,
				unsigned long *words, unsigned int max);

/** ktally_codes_new() - what a session on @cpu remembers of code objects it told of, or NULL. Context: process. */
struct ktally_codes *ktally_codes_new(unsigned int cpu);
void ktally_codes_free(struct ktally_codes *codes);

/** ktally_codes_length() - bytes of one. Context: any. */
size_t ktally_codes_length(void);

/**
 * ktally_interp_codes() - complete the words of code objects, and tell of those that the reader of the ring was not
 * told of yet (KTALLY_RECORD_CODE)
 * @probe: whose hit it is
 * @ring: of this CPU, or NULL: there is nobody to tell
 * @codes: of this CPU and session, or NULL likewise
 * @image: KTALLY_CTX_IMAGE of the running task
 * @interp: checked
 * @words: as ktally_interp_walk() gave them; hashes are put in
 * @nr: how many
 *
 * At most KTALLY_CODES_PER_HIT of them in one hit; what found no room in the ring, or was not in memory, is tried
 * again at the next hit. What was told may be told again.
 *
 * Context: between ktally_probe_begin() and ktally_probe_end().
 */
void ktally_interp_codes(const struct ktally_probe *probe, struct ktally_ring *ring, struct ktally_codes *codes,
			 u64 image, const struct ktally_interp *interp, unsigned long *words, unsigned int nr);

#define KTALLY_CODES_PER_HIT	64

/* ---- inside: which bytes of a structure are needed, to be read in one piece ---- */

/** struct ktally_piece - bytes @from up to @end of a structure */
struct ktally_piece {
	u32 from;
	u32 end;
};

#define KTALLY_PIECE_EMPTY	{ U32_MAX, 0 }

/** ktally_piece_add() - @size more bytes at @offset are needed. Context: any. */
static inline void ktally_piece_add(struct ktally_piece *piece, u32 offset, u32 size)
{
	piece->from = min(piece->from, offset);
	piece->end = max(piece->end, offset + size);
}

/** ktally_piece_read() - read a checked piece of what is at @at into KTALLY_INTERP_SPAN_MAX bytes. Context: any. */
bool ktally_piece_read(const struct ktally_piece *piece, unsigned long at, u8 *bytes);

/** ktally_piece_u64() - a word at @offset of the structure. Context: any. */
u64 ktally_piece_u64(const struct ktally_piece *piece, const u8 *bytes, u32 offset);

/** ktally_piece_u32() - likewise. Context: any. */
u32 ktally_piece_u32(const struct ktally_piece *piece, const u8 *bytes, u32 offset);

/** ktally_interp_code_piece() - what is needed of a code object. Context: any. */
void ktally_interp_code_piece(const struct ktally_interp *interp, struct ktally_piece *piece);

/** ktally_interp_text_piece() - what is needed of a text. Context: any. */
void ktally_interp_text_piece(const struct ktally_interp *interp, struct ktally_piece *piece);

#endif /* _KTALLY_INTERP_H */
