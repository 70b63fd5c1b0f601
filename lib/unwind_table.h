/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unwind_table.h: inside of making unwind tables: of an image that is open already, of either machine. */
#ifndef KTALLY_UNWIND_TABLE_H
#define KTALLY_UNWIND_TABLE_H

#include "unwind_image.h"

/** ktally_unwind_compile_image - as ktally_unwind_compile() */
int ktally_unwind_compile_image(struct ktally_unwind_table **table, size_t *size, struct ktally_image *image,
				struct ktally_unwind_info *info, struct ktally_error *err);
/** ktally_unwind_check_machine - -ENOEXEC: the code of @image never runs on this machine */
int ktally_unwind_check_machine(const struct ktally_image *image, struct ktally_error *err);

#endif /* KTALLY_UNWIND_TABLE_H */
