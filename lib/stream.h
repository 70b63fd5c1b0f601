/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of streams: records as chunks of a recording. */
#ifndef KTALLY_STREAM_H
#define KTALLY_STREAM_H

#include <sys/types.h>

#include "recording.h"

/** ktally_stream_of - the records between two places of a recording, which must be whole chunks. NULL: no memory */
struct ktally_stream *ktally_stream_of(FILE *file, off_t begin, off_t end);
void ktally_stream_between(struct ktally_stream *stream, off_t begin, off_t end);
/** ktally_stream_layout_at - layout @n; NULL behind the last */
const struct ktally_schema *ktally_stream_layout_at(const struct ktally_stream *stream, unsigned int n, unsigned int *probe);

/** ktally_events_put - one record to @pending, which is written as a chunk when there is enough; ktally_events_flush: what is left */
void ktally_events_put(struct ktally_chunk_writer *writer, struct ktally_bytes *pending, const struct ktally_emitted *emitted);
void ktally_events_flush(struct ktally_chunk_writer *writer, struct ktally_bytes *pending);
/** ktally_events_each - the records of a chunk; @fn may be NULL: only checked. Return: 0, -EBADMSG, or what @fn returned */
int ktally_events_each(const struct ktally_chunk *chunk, int (*fn)(const struct ktally_emitted *emitted, void *arg), void *arg);

#endif /* KTALLY_STREAM_H */
