// SPDX-License-Identifier: GPL-2.0
/* What a block request is about: its disk, its kind. */
#include <linux/types.h>
#include <linux/kdev_t.h>
#include <linux/string.h>

#include "compat/block.h"

/* In the queue since "block: remove the ->rq_disk field in struct request", 5.17. */
static const struct gendisk *disk_of(const struct request *rq)
{
#ifdef KTALLY_HAVE_RQ_DISK
	return rq->rq_disk;
#else
	return rq->q->disk;
#endif
}

u32 ktally_request_device(const struct request *rq)
{
	const struct gendisk *disk = disk_of(rq);

	return disk ? MKDEV(disk->major, disk->first_minor) : 0;
}

#ifdef KTALLY_HAVE_REQ_OP

/* A type of their own for sparse since 6.0. */
#define OP(name) ((__force unsigned int)REQ_OP_##name)

/* "block: add REQ_OP definitions and helpers", 4.8; commands are operations since 4.11. */
bool ktally_request_is_command(const struct request *rq)
{
	switch ((__force unsigned int)req_op(rq)) {
	case OP(READ):
	case OP(WRITE):
	case OP(FLUSH):
	case OP(DISCARD):
	case OP(SECURE_ERASE):
		return false;
	}
#ifdef KTALLY_HAVE_RQ_IS_PASSTHROUGH
	return blk_rq_is_passthrough((struct request *)rq);
#else
	return rq->cmd_type != REQ_TYPE_FS;
#endif
}

static char letter(const struct request *rq)
{
	switch ((__force unsigned int)req_op(rq)) {
	case OP(READ):
		return 'R';
	case OP(WRITE):
		return 'W';
	case OP(FLUSH):
		return 'F';
	case OP(DISCARD):
		return 'D';
	case OP(SECURE_ERASE):
		return 'E';
	}
	return 'N';
}

#define flushes(flags)		((flags) & (__force u64)REQ_PREFLUSH)

#else

bool ktally_request_is_command(const struct request *rq)
{
	return rq->cmd_type != REQ_TYPE_FS;
}

static char letter(const struct request *rq)
{
	if (rq->cmd_flags & REQ_DISCARD)
		return rq->cmd_flags & REQ_SECURE ? 'E' : 'D';
	if (rq->cmd_flags & REQ_WRITE)
		return 'W';
	if (rq->cmd_type != REQ_TYPE_FS)
		return 'N';
	return blk_rq_bytes(rq) ? 'R' : 'N';
}

#define flushes(flags)		((flags) & REQ_FLUSH)

#endif

void ktally_request_letters(const struct request *rq, char *text)
{
	u64 flags = (__force u64)rq->cmd_flags;

	memset(text, 0, KTALLY_REQUEST_LETTERS);
	if (flushes(flags))
		*text++ = 'F';
	*text++ = letter(rq);
	if (flags & (__force u64)REQ_FUA)
		*text++ = 'F';
	if (flags & (__force u64)REQ_RAHEAD)
		*text++ = 'A';
	if (flags & (__force u64)REQ_SYNC)
		*text++ = 'S';
	if (flags & (__force u64)REQ_META)
		*text++ = 'M';
}
