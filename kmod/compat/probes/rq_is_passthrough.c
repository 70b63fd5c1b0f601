// SPDX-License-Identifier: GPL-2.0
// blk_rq_is_passthrough(): "block: split scsi_request out of struct request", 4.11.
#include <linux/blkdev.h>
#include <linux/blk-mq.h>

int probe(struct request *rq);

int probe(struct request *rq)
{
	return blk_rq_is_passthrough(rq);
}
