/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the reader of recordings: what its parts share. */
#ifndef KTALLY_RECORDING_READ_H
#define KTALLY_RECORDING_READ_H

#include <sys/types.h>

#include "recording.h"

/** struct ktally_block - memory that rows, texts or frames point into */
struct ktally_block {
	struct ktally_block *next;
	void *data;
};

/** struct ktally_recorded_table - @told: rows the file says there are; @room: for rows; @other: cells of that row */
struct ktally_recorded_table {
	uint64_t told;
	size_t room;
	uint64_t *other;
};

struct ktally_recording {
	FILE *file;
	struct ktally_report report;
	struct ktally_snapshot snapshot;
	struct ktally_host host;
	struct ktally_processes *procs;
	struct ktally_block *blocks;
	char **strings;
	size_t nr_strings, room_strings;
	struct ktally_frame **frames;	/* by number, from 1 */
	unsigned char *depths;		/* frames that it is inlined into */
	size_t nr_frames;
	struct ktally_recorded_table tables[KTALLY_TABLES_MAX * 2];
	off_t events_begin, events_end;
	bool session;
	char damage[256];
};

/** ktally_recording_text - the next text; damage if there is none of that number. @shown: on a terminal: no control characters */
const char *ktally_recording_text(struct ktally_recording *recording, struct ktally_input *in, bool shown);
/** ktally_recording_kind - the next text as a kind; KTALLY_KIND_END: it is not known */
enum ktally_kind ktally_recording_kind(struct ktally_recording *recording, struct ktally_input *in);
/** ktally_recording_block - @data (malloc'ed, may be NULL) lives as long as @recording, and is freed if that fails. Return: 0, -ENOMEM */
int ktally_recording_block(struct ktally_recording *recording, void *data);

/* Each reads one chunk. Return: 0, -EBADMSG (or @in->bad), -ENOMEM */
int ktally_read_table(struct ktally_recording *recording, struct ktally_input *in);
int ktally_read_rows(struct ktally_recording *recording, struct ktally_input *in);
int ktally_read_stacks(struct ktally_recording *recording, struct ktally_input *in);
int ktally_read_emitter(struct ktally_recording *recording, struct ktally_input *in);
int ktally_read_texts(struct ktally_recording *recording, struct ktally_input *in);
int ktally_read_frames(struct ktally_recording *recording, struct ktally_input *in);
int ktally_read_processes(struct ktally_recording *recording, struct ktally_input *in);
int ktally_read_mappings(struct ktally_recording *recording, struct ktally_input *in);

#endif /* KTALLY_RECORDING_READ_H */
