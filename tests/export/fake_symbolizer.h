/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that the crafted symbolizer knows.
 */
#ifndef FAKE_SYMBOLIZER_H
#define FAKE_SYMBOLIZER_H

#include "libktally.h"

#define FAKE_KERNEL	0xffffffff81000000ULL
#define FAKE_USER	0x400000ULL
#define FAKE_FUNCTIONS	4096U

#endif
