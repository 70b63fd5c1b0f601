// SPDX-License-Identifier: GPL-2.0
/* Fields of the block layer's tracepoints. */
#include "compat/block.h"
#include "source_tracepoint.h"

static const struct request *request(const struct ktally_hit *hit)
{
	return (const void *)(unsigned long)hit->args[0];
}

static bool get_dev_number(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = ktally_request_device(request(hit));
	return true;
}

/* Requests that are commands to the device have no place on it. */
static bool get_sector(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	u64 sector = blk_rq_pos(request(hit));

	*dst = ktally_request_is_command(request(hit)) || sector == ~0ULL ? 0 : sector;
	return true;
}

static bool get_sectors(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = ktally_request_is_command(request(hit)) ? 0 : blk_rq_sectors(request(hit));
	return true;
}

static bool get_bytes(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = blk_rq_bytes(request(hit));
	return true;
}

static bool get_done_sectors(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	*dst = hit->args[2] >> 9;
	return true;
}

static bool get_rwbs(const struct ktally_hit *hit, u32 unused, u64 *dst, unsigned int words)
{
	ktally_request_letters(request(hit), (char *)dst);
	return true;
}

static const struct ktally_field request_fields[] = {
	FIELD_CALL("dev", KTALLY_TYPE_UINT, 4, 0, get_dev_number),
	FIELD_CALL("sector", KTALLY_TYPE_UINT, 8, 0, get_sector),
	FIELD_CALL("nr_sector", KTALLY_TYPE_UINT, 4, 0, get_sectors),
	FIELD_CALL("bytes", KTALLY_TYPE_UINT, 4, 0, get_bytes),
	FIELD_CALL("rwbs", KTALLY_TYPE_STRING, KTALLY_REQUEST_LETTERS, 0, get_rwbs),
	FIELD_ARG("rq", KTALLY_TYPE_KPTR, 8, 0),
};
KTALLY_FIELDS(block_rq_insert, request_fields);
KTALLY_FIELDS(block_rq_issue, request_fields);

static const struct ktally_field complete_fields[] = {
	FIELD_CALL("dev", KTALLY_TYPE_UINT, 4, 0, get_dev_number),
	FIELD_CALL("sector", KTALLY_TYPE_UINT, 8, 0, get_sector),
	FIELD_CALL("nr_sector", KTALLY_TYPE_UINT, 4, 0, get_done_sectors),
	FIELD_ARG("bytes", KTALLY_TYPE_UINT, 4, 2),
	FIELD_ARG("error", KTALLY_TYPE_INT, 4, 1),
	FIELD_CALL("rwbs", KTALLY_TYPE_STRING, KTALLY_REQUEST_LETTERS, 0, get_rwbs),
	FIELD_ARG("rq", KTALLY_TYPE_KPTR, 8, 0),
};
KTALLY_FIELDS(block_rq_complete, complete_fields);
