/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unwind_gaps.h: code that nothing describes: what can be told from looking at it. */
#ifndef KTALLY_UNWIND_GAPS_H
#define KTALLY_UNWIND_GAPS_H

#include "unwind_build.h"
#include "unwind_image.h"

/** ktally_gaps_fill - PLTs of linkers that do not describe them, what signal handlers return to, code that keeps frame pointers, padding */
int ktally_gaps_fill(struct ktally_unwind_build *build, struct ktally_image *image);
/** ktally_gaps_sigreturn - struct ktally_cfi.sigreturn, @arg is the image: does the code begin, after at most a word, with that system call? */
bool ktally_gaps_sigreturn(void *image, uint64_t offset, uint64_t length);

/** ktally_gaps_is_sigreturn - does @code, of @size bytes, begin with it? */
bool ktally_gaps_is_sigreturn(const struct ktally_image *image, const uint8_t *code, size_t size);

/**
 * ktally_vdso_unwind - the vDSO of arm64, which has no descriptions (unwind_vdso.c)
 * Return: 0; -ENODATA: this is none; or an error of the builder
 */
int ktally_vdso_unwind(struct ktally_unwind_build *build, struct ktally_image *image);

#endif /* KTALLY_UNWIND_GAPS_H */
