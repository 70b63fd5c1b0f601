// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reads the names of a recording: texts of values, frames, mappings. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "process.h"
#include "recording_read.h"

#define INLINED_MAX 255U

int ktally_read_texts(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t stride;
	uint64_t nr = ktally_get_items(in, KTALLY_TEXT_BYTES, &stride), value;
	int ret = 0;

	while (nr-- && !ret) {
		struct ktally_input item = { .at = in->at, .end = in->at + stride };
		enum ktally_kind kind = ktally_recording_kind(recording, &item);
		const char *text = ktally_recording_text(recording, &item, true);

		value = ktally_get_u64(&item);
		in->at += stride;
		if (item.bad)
			return -EBADMSG;
		if (kind < KTALLY_KIND_END)
			ret = ktally_symbolizer_put_text(recording->report.sym, kind, value, text);
	}
	return ret;
}

static int need_frames(struct ktally_recording *recording, uint64_t more)
{
	size_t room = recording->nr_frames + more + 1;
	struct ktally_frame **frames;
	unsigned char *depths;

	frames = realloc(recording->frames, room * sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	recording->frames = frames;
	depths = realloc(recording->depths, room);
	if (!depths)
		return -ENOMEM;
	recording->depths = depths;
	return 0;
}

/* Frames it is inlined into come before it, so there is no circle. */
static int set_outer(struct ktally_recording *recording, struct ktally_frame *frame, uint32_t outer)
{
	if (outer > recording->nr_frames || (outer && recording->depths[outer] >= INLINED_MAX))
		return -EBADMSG;
	frame->outer = outer ? recording->frames[outer] : NULL;
	recording->frames[recording->nr_frames + 1] = frame;
	recording->depths[recording->nr_frames + 1] = outer ? recording->depths[outer] + 1 : 0;
	recording->nr_frames++;
	return 0;
}

static int read_frame(struct ktally_recording *recording, struct ktally_input *in, struct ktally_frame *frame)
{
	struct ktally_recorded_frame recorded = { .frame = frame };
	uint32_t outer, kind, flags;

	recorded.image = ktally_get_u64(in);
	recorded.word = ktally_get_u64(in);
	frame->address = ktally_get_u64(in);
	frame->symbol_address = ktally_get_u64(in);
	frame->map_start = ktally_get_u64(in);
	frame->map_end = ktally_get_u64(in);
	frame->map_offset = ktally_get_u64(in);
	frame->name = ktally_recording_text(recording, in, false);
	frame->module = ktally_recording_text(recording, in, false);
	frame->build_id = ktally_recording_text(recording, in, true);
	frame->file = ktally_recording_text(recording, in, false);
	frame->line = ktally_get_u32(in);
	outer = ktally_get_u32(in);
	kind = ktally_get_u32(in);
	flags = ktally_get_u32(in);
	if (in->bad || kind > KTALLY_FRAME_MARK || recorded.image >> 63 || set_outer(recording, frame, outer))
		return -EBADMSG;
	frame->kind = kind;
	frame->kernel = flags & KTALLY_FRAME_IN_KERNEL;
	frame->guess = flags & KTALLY_FRAME_GUESS;
	frame->unnamed = flags & KTALLY_FRAME_UNNAMED;
	recorded.kernel = flags & KTALLY_FRAME_OF_KERNEL;
	recorded.caller = flags & KTALLY_FRAME_CALLER;
	return flags & KTALLY_FRAME_LOOKED_UP ? ktally_symbolizer_put(recording->report.sym, &recorded) : 0;
}

int ktally_read_frames(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t stride;
	uint64_t nr = ktally_get_items(in, KTALLY_FRAME_BYTES, &stride), i;
	struct ktally_frame *frames = calloc(nr + 1, sizeof(*frames));
	int ret = ktally_recording_block(recording, frames);

	if (!ret)
		ret = need_frames(recording, nr);
	for (i = 0; i < nr && !ret; i++, in->at += stride) {
		struct ktally_input item = { .at = in->at, .end = in->at + stride };

		ret = read_frame(recording, &item, &frames[i]);
	}
	return ret;
}

int ktally_read_mappings(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t stride;
	uint64_t nr = ktally_get_items(in, KTALLY_MAPPING_BYTES, &stride), image;
	int ret = 0;

	for (; nr && !ret; nr--, in->at += stride) {
		struct ktally_input item = { .at = in->at, .end = in->at + stride };
		struct ktally_map map = { 0 };

		image = ktally_get_u64(&item);
		map.start = ktally_get_u64(&item);
		map.end = ktally_get_u64(&item);
		map.offset = ktally_get_u64(&item);
		map.inode = ktally_get_u64(&item);
		map.dev_major = ktally_get_u32(&item);
		map.dev_minor = ktally_get_u32(&item);
		map.path = ktally_recording_text(recording, &item, false);
		map.build_id = ktally_recording_text(recording, &item, true);
		map.deleted = ktally_get_u32(&item) & KTALLY_MAPPING_DELETED;
		if (item.bad || map.start >= map.end)
			return -EBADMSG;
		ret = ktally_processes_put(recording->procs, image, &map);
	}
	return ret;
}

int ktally_read_processes(struct ktally_recording *recording, struct ktally_input *in)
{
	uint32_t stride;
	uint64_t nr = ktally_get_items(in, KTALLY_PROCESS_BYTES, &stride);
	int ret = 0;

	for (; nr && !ret; nr--, in->at += stride) {
		struct ktally_input item = { .at = in->at, .end = in->at + stride };
		struct ktally_process process = { .record = { .size = sizeof(process), .type = KTALLY_RECORD_COMM } };

		process.image = ktally_get_u64(&item);
		strncpy(process.comm, ktally_recording_text(recording, &item, true), sizeof(process.comm) - 1);
		if (item.bad)
			return -EBADMSG;
		ret = ktally_processes_record(recording->procs, &process.record);
	}
	return ret;
}
