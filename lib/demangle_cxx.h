/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of readable names: the usual names of C++. */
#ifndef KTALLY_DEMANGLE_CXX_H
#define KTALLY_DEMANGLE_CXX_H

#include <stdbool.h>

/**
 * ktally_demangle_usual - @name of C++ readable, in @buf of KTALLY_DEMANGLED_MAX bytes, as libiberty writes it
 * Return: done; if not, it may be a name all the same, and @buf is undefined
 */
bool ktally_demangle_usual(const char *name, char *buf);

#endif /* KTALLY_DEMANGLE_CXX_H */
