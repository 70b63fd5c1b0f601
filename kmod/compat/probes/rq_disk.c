// SPDX-License-Identifier: GPL-2.0
// request.rq_disk, gone with "block: remove the ->rq_disk field in struct request", 5.17.
#include <linux/blkdev.h>
#include <linux/blk-mq.h>

struct gendisk *probe(struct request *rq);

struct gendisk *probe(struct request *rq)
{
	return rq->rq_disk;
}
