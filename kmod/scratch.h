/* SPDX-License-Identifier: GPL-2.0 */
/* The scratch ring of a CPU: what just happened, soon overwritten, copied out when it turns out to matter. */
#ifndef _KTALLY_SCRATCH_H
#define _KTALLY_SCRATCH_H

#include <linux/types.h>

struct ktally_hot;
struct ktally_probe;
struct ktally_ring;

/** ktally_scratch_ring_new() - a ring of @size bytes that nobody maps; NULL: no memory. Context: process. */
struct ktally_ring *ktally_scratch_ring_new(unsigned int cpu, u32 size);
void ktally_scratch_ring_free(struct ktally_ring *ring);

/** ktally_scratch_keep() - KTALLY_OP_KEEP. Context: inside a handler (ktally_enter()), any context. */
void ktally_scratch_keep(const struct ktally_probe *probe, const struct ktally_hot *hot, const u64 *words, unsigned int nr);

/**
 * ktally_scratch_dump() - KTALLY_OP_DUMP
 * @hot: whose scratch ring and ring
 * @window: nanoseconds; a little more is copied
 * @ended: when the window did, by ktime_get_mono_fast_ns(), or 0: now. What was kept since is copied too
 *
 * Records of the scratch ring that do not fit the ring are counted there as dropped.
 * Context: as ktally_scratch_keep().
 */
void ktally_scratch_dump(const struct ktally_hot *hot, u64 window, u64 ended);

#endif /* _KTALLY_SCRATCH_H */
