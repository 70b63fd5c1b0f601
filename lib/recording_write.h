/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the writer of recordings: what its parts share. */
#ifndef KTALLY_RECORDING_WRITE_H
#define KTALLY_RECORDING_WRITE_H

#include "recording.h"
#include "strtab.h"

/** struct ktally_pending - a chunk that is kept until the texts it refers to are written */
struct ktally_pending {
	struct ktally_pending *next;
	uint32_t type;
	struct ktally_bytes bytes;
};

/** struct ktally_recorder - @error: -errno of the first failure */
struct ktally_recorder {
	const struct ktally_report *report;
	struct ktally_strtab *strings;
	struct ktally_pending *first, **last;
	struct ktally_chunk_writer writer;
	int error;
};

/** ktally_recorder_keep - a chunk that refers to texts; @bytes are emptied */
void ktally_recorder_keep(struct ktally_recorder *recorder, uint32_t type, struct ktally_bytes *bytes);
/** ktally_recorder_text - put the number of @text (NULL: "") */
void ktally_recorder_text(struct ktally_recorder *recorder, struct ktally_bytes *bytes, const char *text);

/** ktally_record_names - all that the exporters could ask the symbolizer of this report: recording_names.c */
void ktally_record_names(struct ktally_recorder *recorder);

/** ktally_record_layouts - of tables and records: recording_tables.c */
void ktally_record_layouts(struct ktally_recorder *recorder);
/** ktally_record_stacks, ktally_record_rows, ktally_record_events - written at once: they refer to no text */
void ktally_record_stacks(struct ktally_recorder *recorder);
void ktally_record_rows(struct ktally_recorder *recorder);
void ktally_record_events(struct ktally_recorder *recorder);

/** ktally_row_cells - cells of a row, all columns */
unsigned int ktally_row_cells(const struct ktally_schema *schema);

#endif /* KTALLY_RECORDING_WRITE_H */
