/* SPDX-License-Identifier: GPL-2.0 */
/* What a block request is about: its disk, its kind. */
#ifndef _KTALLY_COMPAT_BLOCK_H
#define _KTALLY_COMPAT_BLOCK_H

#include <linux/blkdev.h>
#include <linux/blk-mq.h>
#include <linux/types.h>

/* Bytes that ktally_request_letters() fills. */
#define KTALLY_REQUEST_LETTERS 8

/**
 * ktally_request_device() - number of the disk, as struct kdev_t has it; 0: none
 * @rq: any the caller may dereference
 *
 * Context: any.
 */
u32 ktally_request_device(const struct request *rq);

/**
 * ktally_request_is_command() - whether it is a command to the device, not data at a place
 * @rq: as above
 *
 * Context: any.
 */
bool ktally_request_is_command(const struct request *rq);

/**
 * ktally_request_letters() - what blktrace says of it: "R", "W", "FWS", ...
 * @rq: as above
 * @text: KTALLY_REQUEST_LETTERS bytes, padded with NUL
 *
 * F flush before; W write, D discard, E erase, F flush, R read, N none of these; then F written through, A read ahead, S
 * waited for, M of the file system itself.
 * Context: any.
 */
void ktally_request_letters(const struct request *rq, char *text);

#endif /* _KTALLY_COMPAT_BLOCK_H */
