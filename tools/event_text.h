/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Puts event texts together: attributes behind what somebody wrote. All results are malloc'ed. */
#ifndef _KTALLY_EVENT_TEXT_H
#define _KTALLY_EVENT_TEXT_H

#include <stdbool.h>

/** event_with - @text, one event or several between ';', each with the attributes @attrs ("key=comm/hist=lat") behind its own */
char *event_with(const char *text, const char *attrs);
/** event_chain_with - @text, a chain "A -> B -> C" or one event: @start goes to the first, @end to the last, @middle to those between; each may be "" */
char *event_chain_with(const char *text, const char *start, const char *middle, const char *end);
/** event_is_chain - is there a "->" outside of quotes? */
bool event_is_chain(const char *text);
/** event_sources - "A -> B" of "A/filter/attr/ -> B//attr/": @text without filters and attributes */
char *event_sources(const char *text);
/** event_value - @expr as the value of an attribute: in parentheses if it has a '/' that would end it. Formats behind a ':' stay outside */
char *event_value(const char *expr);
/** event_time - "4ms" for 4000000: nanoseconds in the largest unit that is exact, as the language reads them */
char *event_time(unsigned long long ns);
/** event_join - "A/B" from the attribute lists @a and @b, of which either may be NULL or ""; frees @a */
char *event_join(char *a, const char *b);

#endif /* _KTALLY_EVENT_TEXT_H */
