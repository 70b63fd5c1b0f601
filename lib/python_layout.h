/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* python_layout.h: where a CPython keeps its frames. */
#ifndef KTALLY_PYTHON_LAYOUT_H
#define KTALLY_PYTHON_LAYOUT_H

#include <linux/ktally_unwind.h>

#include "libktally.h"

#define KTALLY_PYTHON(minor) (3U << 8 | (minor))	/* struct ktally_interp.version */

/**
 * ktally_python_describe - describe the CPython in the ELF file @fd, a program or a libpython, as KTALLY_IOC_INTERPRETER takes it
 * Return: 0; -ENODATA: there is none in this file; -EOPNOTSUPP: there is one, of a version whose frames are not known; -ENOMEM
 */
int ktally_python_describe(int fd, struct ktally_interp *interp, struct ktally_error *err);

/** ktally_python_known - the layout of CPython 3.@minor, but for @runtime; false: there is none, or the file itself tells it */
bool ktally_python_known(unsigned int minor, struct ktally_interp *interp);

#endif /* KTALLY_PYTHON_LAYOUT_H */
