// SPDX-License-Identifier: LGPL-2.1-or-later
/* Takes a snapshot: two flips, so that both halves of every CPU are quiet once, and their merged content. */
#include <errno.h>
#include <stdlib.h>

#include "snapshot.h"

#define TRIES 16

/* What the kernel knows of the session and does not change while it is read. */
struct shape {
	struct ktally_table_info *tables;
	struct ktally_probe_info *probes;
	int nr_tables, nr_probes;
};

static int get_shape(struct shape *shape, struct ktally_client *client, uint32_t session, struct ktally_error *err)
{
	shape->nr_tables = ktally_client_tables(client, session, &shape->tables, err);
	if (shape->nr_tables < 0)
		return shape->nr_tables;
	shape->nr_probes = ktally_client_probes(client, session, &shape->probes, err);
	return shape->nr_probes < 0 ? shape->nr_probes : 0;
}

/* Total so far = one half when it is quiet + the other half after the next flip, if nobody flipped in between. */
static int flip_and_merge(struct ktally_merge *merge, struct ktally_client *client, const struct ktally_device *dev, uint32_t session,
			  uint64_t *time, struct ktally_error *err)
{
	struct ktally_snapshot_info first, second;
	int ret;

	ret = ktally_client_flip(client, session, 0, &first, err);
	if (!ret)
		ret = ktally_merge_half(merge, dev, first.half, first.generation, err);
	if (!ret)
		ret = ktally_client_flip(client, session, 0, &second, err);
	if (ret)
		return ret;
	if (second.half == first.half || !ktally_merge_flipped_once(dev, first.half, first.generation))
		return ktally_fail(err, -EAGAIN, "another reader of the session flips its tables all the time; stop it");
	*time = second.time;
	return ktally_merge_half(merge, dev, second.half, second.generation, err);
}

static int take(struct ktally_snapshot **snap, const struct shape *shape, struct ktally_client *client, const struct ktally_device *dev,
		uint32_t session, struct ktally_error *err)
{
	struct ktally_merge *merge;
	uint64_t time = 0;
	int ret;

	merge = ktally_merge_new(shape->tables, shape->nr_tables, shape->probes, shape->nr_probes);
	if (!merge)
		return ktally_fail(err, -ENOMEM, "out of memory");
	ret = flip_and_merge(merge, client, dev, session, &time, err);
	if (!ret) {
		*snap = ktally_merge_finish(merge, dev, time);
		if (*snap)
			return 0;
		ret = ktally_fail(err, -ENOMEM, "out of memory");
	}
	ktally_merge_free(merge);
	return ret;
}

int ktally_snapshot_take(struct ktally_snapshot **snap, struct ktally_client *client, struct ktally_device *dev, uint32_t session,
			 struct ktally_error *err)
{
	struct shape shape = { 0 };
	unsigned int tries = TRIES;
	int ret;

	ret = get_shape(&shape, client, session, err);
	if (!ret) {
		do
			ret = take(snap, &shape, client, dev, session, err);
		while (ret == -EAGAIN && --tries);
	}
	free(shape.tables);
	free(shape.probes);
	return ret;
}
