// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the records of a measurement for the recording that was asked for. */
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "run_plan.h"
#include "run_stream.h"

/* Beside the first file that is written: where there is room for the recording there is room for this. */
static char *folder_of(const struct run *run)
{
	const char *path = run->cfg->files.nr ? run->cfg->files.items[0] : NULL, *slash = path ? strrchr(path, '/') : NULL;

	if (!path)
		return NULL;
	return slash == path ? out_text("/") : slash ? out_text("%.*s", (int)(slash - path), path) : out_text(".");
}

int run_stream_open(struct run *run, bool recording)
{
	struct ktally_error err = { .pos = -1 };
	const struct ktally_plan *plan = run->plan;
	unsigned int n;
	char *folder;
	int ret;

	if (!recording || run->gather || !run_plan_emits(plan))
		return EXIT_OK;
	folder = folder_of(run);
	ret = ktally_stream_new(&run->stream, folder, &err);
	free(folder);
	for (n = 0; n < plan->nr_probes && !ret; n++)
		if (plan->probes[n].record.nr_keys)
			ret = ktally_stream_layout(run->stream, n, &plan->probes[n].record);
	return ret ? out_failure(ret, &err) : EXIT_OK;
}

/* The number in @stacks of the stack of a field; of a dump at most @depth frames. */
static uint64_t keep_stack(struct run *run, const struct ktally_field *field, uint64_t id, unsigned int cpu, struct ktally_stackset *stacks,
			   unsigned int depth)
{
	uint64_t ips[KTALLY_STACK_DEPTH_MAX + 1];
	const struct ktally_user *user;
	const uint64_t *words = NULL;
	unsigned int nr = 0;
	int64_t kept;

	if (!id)
		return 0;
	if (field->kind == KTALLY_KIND_UDUMP) {
		user = ktally_reader_user(run->reader, cpu, id);
		kept = user ? ktally_unwind_dump(run->procs, user, ips, depth) : -1;
		nr = kept > 0 ? (unsigned int)kept : 0;
		words = ips;
	} else if (id != KTALLY_STACK_LOST) {
		words = ktally_reader_stack(run->reader, cpu, id, &nr);
	}
	kept = words && nr ? ktally_stackset_add(stacks, words, nr) : -1;
	return kept > 0 ? (uint64_t)kept : KTALLY_STACKSET_LOST;
}

unsigned int run_stream_words(struct run *run, const struct ktally_record *record, unsigned int cpu, const struct ktally_schema *schema,
			      struct ktally_stackset *stacks, unsigned int depth, uint64_t words[KTALLY_REGS])
{
	const struct ktally_event *event = (const struct ktally_event *)record;
	unsigned int nr = (record->size - sizeof(*record)) / sizeof(uint64_t), n;

	if (nr > KTALLY_REGS)
		nr = KTALLY_REGS;
	memcpy(words, event->words, nr * sizeof(*words));
	for (n = 0; schema && n < schema->nr_keys; n++) {
		const struct ktally_field *field = &schema->keys[n];

		if ((field->kind == KTALLY_KIND_KSTACK || field->kind == KTALLY_KIND_USTACK || field->kind == KTALLY_KIND_UDUMP) && field->word < nr)
			words[field->word] = keep_stack(run, field, words[field->word], cpu, stacks, depth);
	}
	return nr;
}

void run_stream_keep(struct run *run, const struct ktally_record *record, unsigned int cpu)
{
	uint64_t words[KTALLY_REGS];
	struct ktally_emitted emitted = { .time = record->time, .cpu = cpu, .probe = record->probe, .pid = record->pid, .tid = record->tid,
					  .words = words };

	emitted.nr_words = run_stream_words(run, record, cpu, ktally_stream_schema(run->stream, record->probe), ktally_stream_stacks(run->stream),
					    KTALLY_STACK_DEPTH_MAX + 1, words);
	ktally_stream_add(run->stream, &emitted);
}

static int nothing(const struct ktally_emitted *emitted, void *arg)
{
	(void)emitted;
	(void)arg;
	return 1;
}

int run_stream_check(const struct run *run)
{
	int ret = run->stream ? ktally_stream_each(run->stream, nothing, NULL) : 0;

	if (ret >= 0)
		return EXIT_OK;
	out_error("records could not be kept for the recording: %s", strerror(-ret));
	return EXIT_FAILED;
}
