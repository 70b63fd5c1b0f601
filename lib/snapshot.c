// SPDX-License-Identifier: LGPL-2.1-or-later
/* Takes a snapshot: two flips, so that both halves of every CPU are quiet once, and their merged content. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot.h"

#define TRIES 16

/* A count of replies, or the error that it is. */
static int counted(int nr, unsigned int *to)
{
	*to = nr < 0 ? 0 : nr;
	return nr < 0 ? nr : 0;
}

static int get_shape(struct ktally_shape *shape, struct ktally_client *client, uint32_t session, struct ktally_error *err)
{
	int ret = counted(ktally_client_tables(client, session, &shape->tables, err), &shape->nr_tables);

	if (!ret)
		ret = counted(ktally_client_probes(client, session, &shape->probes, err), &shape->nr_probes);
	if (!ret)
		ret = counted(ktally_client_pairs(client, session, &shape->pairs, err), &shape->nr_pairs);
	return ret;
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

static int take(struct ktally_snapshot **snap, const struct ktally_shape *shape, struct ktally_client *client, const struct ktally_device *dev,
		uint32_t session, struct ktally_error *err)
{
	struct ktally_merge *merge;
	uint64_t time = 0;
	int ret;

	merge = ktally_merge_new(shape);
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

/* The governor; and while the session runs, starts come and go between the flip and the look at those that are open. */
static int add_state(struct ktally_snapshot *snap, struct ktally_client *client, uint32_t session, struct ktally_error *err)
{
	struct ktally_session_info info;
	char id[16];
	unsigned int i;
	int ret;

	snprintf(id, sizeof(id), "%u", session);
	ret = ktally_client_find(client, id, &info, err);
	if (ret)
		return ret;
	snap->budget = info.budget;
	snap->share = info.share;
	snap->nr_steps = info.nr_steps;
	memcpy(snap->steps, info.steps, sizeof(snap->steps));
	for (i = 0; i < snap->nr_pairs && info.state == KTALLY_STATE_RUNNING; i++)
		snap->pairs[i].closed = true;
	return 0;
}

int ktally_snapshot_take(struct ktally_snapshot **snap, struct ktally_client *client, struct ktally_device *dev, uint32_t session,
			 struct ktally_error *err)
{
	struct ktally_shape shape = { 0 };
	unsigned int tries = TRIES;
	int ret;

	ret = get_shape(&shape, client, session, err);
	if (!ret) {
		do
			ret = take(snap, &shape, client, dev, session, err);
		while (ret == -EAGAIN && --tries);
	}
	if (!ret) {
		ret = add_state(*snap, client, session, err);
		if (ret)
			ktally_snapshot_free(*snap);
	}
	free(shape.tables);
	free(shape.probes);
	free(shape.pairs);
	return ret;
}
