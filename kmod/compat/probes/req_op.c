// SPDX-License-Identifier: GPL-2.0
// req_op() and REQ_PREFLUSH: "block, drivers, fs: rename REQ_FLUSH to REQ_PREFLUSH", 4.8.
#include <linux/blkdev.h>
#include <linux/blk-mq.h>

unsigned int probe(struct request *rq);

unsigned int probe(struct request *rq)
{
	return (__force unsigned int)req_op(rq) | (__force unsigned int)REQ_PREFLUSH;
}
