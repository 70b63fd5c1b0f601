/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How one frame is written in folded text; other formats that hold a folded stack use the same.
 */
#ifndef KTALLY_EXPORT_FOLDED_H
#define KTALLY_EXPORT_FOLDED_H

#include <stdio.h>

#include "calltree.h"

/** ktally_folded_put - @name with ';' as ':', and the suffix _[k] for the kernel and its modules, _[i] for what is inlined */
void ktally_folded_put(FILE *out, const char *name, enum ktally_frame_class class);
/** ktally_folded_line - the path to node @leaf as text; @path: room for as many numbers as the tree is deep. malloc'ed; NULL: no memory */
char *ktally_folded_line(const struct ktally_calltree *tree, const struct ktally_strtab *names, uint32_t leaf, uint32_t *path);

#endif
