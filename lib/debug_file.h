/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of symbolizing: the files that distributions put symbols and lines in after taking them out of programs. */
#ifndef KTALLY_DEBUG_FILE_H
#define KTALLY_DEBUG_FILE_H

#include <stdbool.h>
#include <stdint.h>

/**
 * struct ktally_debug_wish - whose debug file is wanted
 * @path: of the program or library, as its process sees it; may be ""
 * @pid: process in whose root folder to look as well; 0: none
 * @build_id: hex text or ""
 * @link, @crc: what .gnu_debuglink says, or ""
 */
struct ktally_debug_wish {
	const char *path, *build_id, *link;
	uint32_t pid, crc;
};

/**
 * ktally_debug_file_open - find it on this machine: by build-id, then by the link (beside the program, in .debug, in /usr/lib/debug)
 * Return: a descriptor, or -1. The file has the build-id that is asked for, or where there is none to compare, the checksum.
 */
int ktally_debug_file_open(const struct ktally_debug_wish *wish);
/**
 * ktally_debuginfod_open - ask the servers of DEBUGINFOD_URLS, through their client's library and its cache
 * @executable: the program itself instead of its debug file
 * Return: a descriptor; -1: no servers, no library, or they do not know it
 */
int ktally_debuginfod_open(const char *build_id, bool executable);
/** ktally_debuginfod_retry - ask again after servers were given up */
void ktally_debuginfod_retry(void);

#endif /* KTALLY_DEBUG_FILE_H */
