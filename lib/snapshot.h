/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a snapshot: merging halves, apart from the flips, so that a test can merge crafted halves. */
#ifndef KTALLY_SNAPSHOT_H
#define KTALLY_SNAPSHOT_H

#include "device.h"
#include "libktally.h"

struct ktally_merge;

/** struct ktally_shape - what a session is made of, which does not change while it is read */
struct ktally_shape {
	struct ktally_table_info *tables;
	struct ktally_probe_info *probes;
	struct ktally_pair_info *pairs;
	unsigned int nr_tables, nr_probes, nr_pairs;
};

/** ktally_merge_new - empty totals for a session of this @shape (copied) */
struct ktally_merge *ktally_merge_new(const struct ktally_shape *shape);
void ktally_merge_free(struct ktally_merge *merge);
/**
 * ktally_merge_half - add half @half of every CPU, which must be quiet at @generation
 * Return: 0; -EAGAIN: not quiet, or flipped meanwhile, the merge is spoilt; -EBADMSG; -ENOMEM
 */
int ktally_merge_half(struct ktally_merge *merge, const struct ktally_device *dev, unsigned int half, uint64_t generation,
		      struct ktally_error *err);
/** ktally_merge_flipped_once - whether half @half was flipped exactly once since it was quiet at @generation, on every CPU */
bool ktally_merge_flipped_once(const struct ktally_device *dev, unsigned int half, uint64_t generation);
/**
 * ktally_snapshot_rekey - change keys, and make rows one whose keys are then equal
 * @rekey: changes the words of a key of a table with this schema; NULL @key: says whether it would ever do so
 * Return: 0 or -ENOMEM; then some tables may have been changed, each as a whole
 */
int ktally_snapshot_rekey(struct ktally_snapshot *snap, bool (*rekey)(const struct ktally_schema *schema, uint64_t *key, void *arg), void *arg);
/** ktally_merge_finish - the totals as a snapshot that owns @merge. NULL: -ENOMEM, @merge is still the caller's */
struct ktally_snapshot *ktally_merge_finish(struct ktally_merge *merge, const struct ktally_device *dev, uint64_t time);

#endif /* KTALLY_SNAPSHOT_H */
