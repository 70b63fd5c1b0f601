/* SPDX-License-Identifier: GPL-2.0 */
/* Patterns as in fnmatch(3) without flags. */
#ifndef _KTALLY_GLOB_H
#define _KTALLY_GLOB_H

#include <linux/types.h>

/**
 * ktally_glob() - whether the whole text matches
 * @pattern: not terminated
 * @plen: its length
 * @text: not terminated
 * @tlen: its length
 *
 * Context: any. At most @plen * @tlen steps.
 */
bool ktally_glob(const u8 *pattern, unsigned int plen, const u8 *text, unsigned int tlen);

#endif /* _KTALLY_GLOB_H */
