// SPDX-License-Identifier: GPL-2.0-or-later
/* Adds the records of a measurement up as the kernel adds up others: for keys that only we can make, which are stacks unwound from dumps. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdlib.h>

#include "out.h"
#include "run_gather.h"
#include "run_stream.h"

/* @error: -errno of the first record that could not be added */
struct run_gather {
	struct ktally_gather *gather;
	struct ktally_stackset *stacks;
	struct ktally_schema record;
	struct ktally_table table;
	struct ktally_snapshot snapshot;
	unsigned int probe, depth;
	int error;
};

int run_gather_open(struct run *run, unsigned int probe, unsigned int depth)
{
	struct run_gather *gather = out_realloc(NULL, sizeof(*gather));
	int ret;

	memset(gather, 0, sizeof(*gather));
	run->gather = gather;
	gather->record = run->plan->probes[probe].record;
	gather->probe = probe;
	gather->depth = depth + 1;	/* with the mark that there was more */
	gather->stacks = ktally_stackset_new();
	ret = gather->stacks ? ktally_gather_new(&gather->gather, &gather->record) : -ENOMEM;
	if (!ret)
		return EXIT_OK;
	out_error("records cannot be added up: %s", strerror(-ret));
	return EXIT_FAILED;
}

void run_gather_add(struct run *run, const struct ktally_record *record, unsigned int cpu)
{
	struct run_gather *gather = run->gather;
	uint64_t words[KTALLY_REGS] = { 0 };
	int ret;

	if (record->probe != gather->probe)
		return;
	run_stream_words(run, record, cpu, &gather->record, gather->stacks, gather->depth, words);
	ret = ktally_gather_add(gather->gather, words);
	if (!gather->error)
		gather->error = ret;
}

/* In a table of the kernel a hit that is let through weighs as much as those that are not; a record has no weight. */
static void tell_gates(const struct ktally_snapshot *snapshot)
{
	unsigned int i;

	for (i = 0; i < snapshot->nr_steps; i++) {
		if (snapshot->steps[i].kind != KTALLY_STEP_GATE || snapshot->steps[i].number < 2)
			continue;
		out_warn("the governor let only one sample in %u through for a while, and those of a dump do not stand for the others: give it more "
			 "with --budget, or sample less often", snapshot->steps[i].number);
		return;
	}
}

int run_gather_finish(struct run *run)
{
	struct run_gather *gather = run->gather;
	const struct ktally_table *table = ktally_gather_table(gather->gather);

	if (!table || gather->error) {
		out_error("samples could not be added up: %s", strerror(gather->error ? -gather->error : ENOMEM));
		return EXIT_FAILED;
	}
	tell_gates(run->snapshot);
	gather->table = *table;
	gather->snapshot = *run->snapshot;
	gather->snapshot.tables = &gather->table;
	gather->snapshot.nr_tables = 1;
	gather->snapshot.stacks = gather->stacks;
	return EXIT_OK;
}

struct ktally_snapshot *run_gather_snapshot(struct run *run)
{
	return &run->gather->snapshot;
}

void run_gather_free(struct run *run)
{
	if (!run->gather)
		return;
	ktally_gather_free(run->gather->gather);
	ktally_stackset_free(run->gather->stacks);
	free(run->gather);
	run->gather = NULL;
}
