/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fixed parts of a flame graph file: its style sheet and the script that zooms and searches.
 */
#ifndef KTALLY_FLAMEGRAPH_PAGE_H
#define KTALLY_FLAMEGRAPH_PAGE_H

extern const char ktally_flamegraph_style[];
extern const char ktally_flamegraph_script[];

#endif
