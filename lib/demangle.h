/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Readable forms of the names that compilers of C++ and Rust make. */
#ifndef KTALLY_DEMANGLE_H
#define KTALLY_DEMANGLE_H

#include <stddef.h>

#define KTALLY_MANGLED_MAX	4096U	/* longer names stay as they are */
#define KTALLY_DEMANGLED_MAX	4096U	/* longer ones are cut, and end in "..." */

/** ktally_demangle - @name readable, in @buf of KTALLY_DEMANGLED_MAX bytes; @name itself if it is not mangled or cannot be understood */
const char *ktally_demangle(const char *name, char *buf);

#endif /* KTALLY_DEMANGLE_H */
