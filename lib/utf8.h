/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text that came from a kernel or a file may hold any bytes; these make it valid UTF-8 without control characters.
 */
#ifndef KTALLY_UTF8_H
#define KTALLY_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define KTALLY_UTF8_BAD 0xfffdU

/** ktally_utf8_next - decode one character and step over it. Return: the code point, KTALLY_UTF8_BAD for a bad byte, 0 at the end */
uint32_t ktally_utf8_next(const char **text);
/** ktally_utf8_put - encode @cp. Return: bytes written, at most 4 */
unsigned int ktally_utf8_put(char *to, uint32_t cp);
/** ktally_utf8_clean - copy of @text in malloc'ed memory: bad bytes become U+FFFD, control characters '?', @from becomes @to. NULL: no memory */
char *ktally_utf8_clean(const char *text, char from, char to);
/** ktally_utf8_width - characters in valid UTF-8 */
size_t ktally_utf8_width(const char *text);

#endif
