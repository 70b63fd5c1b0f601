/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unwind_table.h: inside of making unwind tables: of an image that is open already, of either machine. */
#ifndef KTALLY_UNWIND_TABLE_H
#define KTALLY_UNWIND_TABLE_H

#include "unwind_cfi.h"
#include "unwind_image.h"

/** ktally_unwind_compile_image - as ktally_unwind_compile() */
int ktally_unwind_compile_image(struct ktally_unwind_table **table, size_t *size, struct ktally_image *image,
				struct ktally_unwind_info *info, struct ktally_error *err);
/** ktally_unwind_check_machine - -ENOEXEC: the code of @image never runs on this machine */
int ktally_unwind_check_machine(const struct ktally_image *image, struct ktally_error *err);
/**
 * ktally_unwind_eh_frame - the .eh_frame of @image, to be read before that is closed; by its section, else by PT_GNU_EH_FRAME
 * @data: to be freed after that
 * Return: 0; -ENODATA: it has none; -E2BIG; -ENOMEM
 */
int ktally_unwind_eh_frame(struct ktally_image *image, struct ktally_cfi *cfi, void **data);

#endif /* KTALLY_UNWIND_TABLE_H */
