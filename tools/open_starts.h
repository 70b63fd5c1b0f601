/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts that found no end: a table for each pair, behind the tables of a snapshot, so that every format shows them. */
#ifndef _KTALLY_OPEN_STARTS_H
#define _KTALLY_OPEN_STARTS_H

#include <libktally.h>

/** struct open_starts - @snapshot: the one given, with more tables; the rest belongs to this file */
struct open_starts {
	struct ktally_snapshot snapshot;
	unsigned int nr_own;
	uint64_t **words;	/* of each own table: keys and cells of its rows */
};

/** open_starts_read - the starts of all pairs of @session that are open now; their stacks go into those of @snapshot. Return: 0 or -errno */
int open_starts_read(struct open_starts **open, struct ktally_client *client, struct ktally_device *dev, uint32_t session,
		     const struct ktally_snapshot *snapshot, struct ktally_error *err);
void open_starts_free(struct open_starts *open);

#endif /* _KTALLY_OPEN_STARTS_H */
