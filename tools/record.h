/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the records of a ring: a line, or a line of JSON, for each event. */
#ifndef _KTALLY_RECORD_H
#define _KTALLY_RECORD_H

#include <stdbool.h>

#include <libktally.h>

/** enum record_clock - how a record's time is shown */
enum record_clock {
	RECORD_LOCAL,		/* time of day here */
	RECORD_MONOTONIC,	/* seconds of CLOCK_MONOTONIC */
	RECORD_RELATIVE,	/* seconds since the first record */
};

/**
 * struct record_printer - how to print
 * @schemas: layout of the records of each probe, by its number
 * @reader: knows the stacks
 * @procs: unwinds dumps of stacks
 * @stacks: of a recording, instead of @reader and @procs
 * @real_ns: of a recording: what to add to CLOCK_MONOTONIC for the time of day; 0: the clocks are looked at
 * @first_ns: of the first record printed, kept by record_print
 */
struct record_printer {
	const struct ktally_schema *const *schemas;
	unsigned int nr_schemas;
	struct ktally_reader *reader;
	struct ktally_processes *procs;
	const struct ktally_stackset *stacks;
	struct ktally_symbolizer *sym;
	bool json;
	enum record_clock clock;
	uint64_t first_ns, real_ns;
};

/** record_clock_named - "local", "monotonic", "relative"; NULL gives the default */
enum record_clock record_clock_named(const char *name);
#define RECORD_CLOCKS "local|monotonic|relative"

/** record_print - an event record to stdout */
void record_print(struct record_printer *printer, const struct ktally_record *record, unsigned int cpu);

#endif /* _KTALLY_RECORD_H */
