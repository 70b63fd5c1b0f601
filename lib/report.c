// SPDX-License-Identifier: LGPL-2.1-or-later
/* Whether a result is complete, and the frames of a row's stacks in the order exporters want them. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "libktally.h"
#include "stack_view.h"

/* Lines of reasons, as many as fit. */
struct why {
	char *text;
	size_t size, used;
	bool complete;
};

static void say(struct why *why, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void say(struct why *why, const char *fmt, ...)
{
	va_list args;
	int len;

	why->complete = false;
	if (!why->text || why->used >= why->size)
		return;
	va_start(args, fmt);
	len = vsnprintf(why->text + why->used, why->size - why->used, fmt, args);
	va_end(args);
	if (len > 0)
		why->used += len;
}

static void check_probe(struct why *why, const struct ktally_accounting *acc)
{
	const struct ktally_probe_count *count = &acc->count;

	if (!acc->closed)
		say(why, "%s: its accounting does not close: a mistake in ktally, please report it\n", acc->name);
	if (count->other)
		say(why, "%s: %" PRIu64 " hits found no room for their key; give it more rows=\n", acc->name, (uint64_t)count->other);
	if (count->recursion)
		say(why, "%s: %" PRIu64 " hits came from inside ktally's own work and were not run\n", acc->name,
		    (uint64_t)count->recursion);
	if (count->nmi)
		say(why, "%s: %" PRIu64 " hits came in an NMI inside an NMI's work and were not run\n", acc->name, (uint64_t)count->nmi);
	if (count->fault)
		say(why, "%s: %" PRIu64 " hits met memory that could not be read\n", acc->name, (uint64_t)count->fault);
	if (acc->missed)
		say(why, "%s: %" PRIu64 " hits were lost by the kernel before they reached ktally\n", acc->name, acc->missed);
}

static void check_rings(struct why *why, const struct ktally_ring_accounting *rings)
{
	bool used = rings->offered || rings->reserved;

	if (used && !rings->closed)
		say(why, "rings: their accounting does not close\n");
	if (rings->dropped)
		say(why, "rings: %" PRIu64 " of %" PRIu64 " records were dropped; use bigger rings\n", rings->dropped, rings->offered);
	if (rings->overwritten)
		say(why, "rings: %" PRIu64 " of %" PRIu64 " records were overwritten by newer ones\n", rings->overwritten, rings->reserved);
	if (rings->unread)
		say(why, "rings: %" PRIu64 " records were not read\n", rings->unread);
}

static void check_pair(struct why *why, const struct ktally_pair_accounting *acc)
{
	if (!acc->closed)
		say(why, "%s: the accounting of its pair does not close: a mistake in ktally, please report it\n", acc->name);
	if (acc->count.full)
		say(why, "%s: %" PRIu64 " starts found no room\n", acc->name, (uint64_t)acc->count.full);
	if (acc->count.negative)
		say(why, "%s: %" PRIu64 " ends came before their start and were not used\n", acc->name, (uint64_t)acc->count.negative);
}

/* What the governor took away is missing, also if it was given back. */
static void check_steps(struct why *why, const struct ktally_snapshot *snap)
{
	bool stacks = false, counters = false;
	unsigned int i, gate = 0;

	for (i = 0; i < snap->nr_steps; i++) {
		const struct ktally_step *step = &snap->steps[i];

		stacks |= step->kind == KTALLY_STEP_STACKS && !step->number;
		counters |= step->kind == KTALLY_STEP_COUNTERS && !step->number;
		if (step->kind == KTALLY_STEP_GATE && step->number > gate)
			gate = step->number;
		if (step->kind == KTALLY_STEP_PROBE)
			say(why, "governor: it switched probe %u off (%s)\n", step->number,
			    step->number < snap->nr_probes ? snap->probes[step->number].name : "?");
	}
	if (stacks)
		say(why, "governor: it took stacks away for a while\n");
	if (counters)
		say(why, "governor: it took counters away for a while\n");
	if (gate > 1)
		say(why, "governor: for a while one hit in %u stood for all: totals are estimates\n", gate);
}

bool ktally_report_complete(const struct ktally_report *report, char *text, size_t size)
{
	struct why why = { text, size, 0, true };
	const struct ktally_snapshot *snap = report->snapshot;
	unsigned int i;

	if (text && size)
		*text = 0;
	for (i = 0; snap && i < snap->nr_probes; i++)
		check_probe(&why, &snap->probes[i]);
	for (i = 0; snap && i < snap->nr_pairs; i++)
		check_pair(&why, &snap->pairs[i]);
	if (snap)
		check_steps(&why, snap);
	if (snap && snap->stacks_lost)
		say(&why, "stacks: %" PRIu64 " found no room; give the session more stack entries\n", snap->stacks_lost);
	if (report->unwind.lost)
		say(&why, "user stacks: %" PRIu64 " mappings or processes found no room, stacks through them are cut\n", (uint64_t)report->unwind.lost);
	check_rings(&why, &report->rings);
	if (report->damage)
		say(&why, "%s\n", report->damage);
	if (text && why.used && why.used < size && text[why.used - 1] == '\n')
		text[why.used - 1] = 0;
	return why.complete;
}

static const struct ktally_frame lost_kernel_stack = { .name = "[lost stack]", .module = "[kernel]", .build_id = "", .file = "",
							.kind = KTALLY_FRAME_MARK, .kernel = true };

static int push_user(const struct ktally_report *report, uint64_t id, uint64_t image, struct ktally_stack_view *view)
{
	const uint64_t *words;
	unsigned int nr;

	if (id == KTALLY_STACKSET_LOST)
		return ktally_view_push(view, ktally_symbolize_mark(report->sym, "[lost stack]"));
	words = ktally_stackset_get(report->snapshot->stacks, id, &nr);
	return ktally_view_user(view, report->sym, image, words, nr);
}

static int push_kernel(const struct ktally_report *report, uint64_t id, struct ktally_stack_view *view)
{
	const uint64_t *words;
	unsigned int nr;

	if (id == KTALLY_STACKSET_LOST)
		return ktally_view_push(view, &lost_kernel_stack);
	words = ktally_stackset_get(report->snapshot->stacks, id, &nr);
	return ktally_view_kernel(view, report->sym, words, nr);
}

static const struct ktally_field *find_field(const struct ktally_schema *schema, enum ktally_kind kind)
{
	unsigned int i;

	for (i = 0; i < schema->nr_keys; i++)
		if (schema->keys[i].kind == kind)
			return &schema->keys[i];
	return NULL;
}

int ktally_row_stack(const struct ktally_report *report, const struct ktally_table *table, const struct ktally_row *row,
		     struct ktally_stack_view *view)
{
	const struct ktally_field *user = find_field(&table->schema, KTALLY_KIND_USTACK);
	const struct ktally_field *kernel = find_field(&table->schema, KTALLY_KIND_KSTACK);
	const struct ktally_field *image = find_field(&table->schema, KTALLY_KIND_IMAGE);
	int ret = 0;

	view->nr = 0;
	view->nr_user = 0;
	if (!report->sym)
		return -EINVAL;
	if (user)
		ret = push_user(report, row->key[user->word], image ? row->key[image->word] : 0, view);
	view->nr_user = view->nr;
	if (!ret && kernel)
		ret = push_kernel(report, row->key[kernel->word], view);
	if (!ret && !view->nr) {
		ret = ktally_view_push(view, ktally_symbolize_mark(report->sym, "[no stack]"));
		view->nr_user = view->nr;
	}
	return ret ? ret : (int)view->nr;
}

int ktally_exemplar_stack(const struct ktally_report *report, const struct ktally_value *value, const struct ktally_exemplar *exemplar,
			  struct ktally_stack_view *view)
{
	uint64_t id = exemplar->stack == KTALLY_STACK_LOST ? KTALLY_STACKSET_LOST : exemplar->stack;
	int ret = 0;

	view->nr = 0;
	view->nr_user = 0;
	if (!id)
		return 0;
	if (!report->sym)
		return -EINVAL;
	if (value->column.flags & KTALLY_COLUMN_KSTACK)
		ret = push_kernel(report, id, view);
	else
		ret = push_user(report, id, exemplar->image, view);
	view->nr_user = value->column.flags & KTALLY_COLUMN_KSTACK ? 0 : view->nr;
	return ret ? ret : (int)view->nr;
}
