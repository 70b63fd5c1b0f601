// SPDX-License-Identifier: LGPL-2.1-or-later
/* Frames of a stack, from the words that the module gives. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stack_view.h"

/* The array is freed by ktally_stack_view_clear; its size is a power of two. */
int ktally_view_push(struct ktally_stack_view *view, const struct ktally_frame *frame)
{
	const struct ktally_frame **bigger;
	unsigned int nr = view->nr;

	if (!frame)
		return -ENOMEM;
	if (!(nr & (nr - 1)) && (nr >= 8 || !nr)) {
		bigger = realloc(view->frames, (nr ? nr * 2 : 8) * sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		view->frames = bigger;
	}
	view->frames[view->nr++] = frame;
	return 0;
}

void ktally_stack_view_clear(struct ktally_stack_view *view)
{
	free(view->frames);
	memset(view, 0, sizeof(*view));
}

/* The kernel's way into a probe is no part of what was measured. */
static bool is_trampoline(const struct ktally_frame *frame)
{
	static const char *const prefixes[] = { "__traceiter_", "__bpf_trace_", "perf_trace_", "trace_event_raw_event_" };
	unsigned int i;

	if (!strcmp(frame->module, "[ktally]"))
		return true;
	for (i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(frame->name, prefixes[i], strlen(prefixes[i])))
			return true;
	return false;
}

int ktally_view_kernel(struct ktally_stack_view *view, struct ktally_symbolizer *sym, const uint64_t *words, unsigned int nr)
{
	unsigned int first = 0, i;

	while (first + 1 < nr && is_trampoline(ktally_symbolize_kernel(sym, words[first], first > 0)))
		first++;
	for (i = nr; i-- > first;)
		if (ktally_view_push(view, ktally_symbolize_kernel(sym, words[i], i > 0)))
			return -ENOMEM;
	return 0;
}

/*
 * Where stacks are walked by frame pointers alone, a program built without them sends the walk astray. An address that nothing was
 * mapped at shows where: what lies outward of it is no part of the stack. Return: how many to believe, the first stray one included.
 */
static unsigned int believable(struct ktally_symbolizer *sym, uint64_t image, const uint64_t *words, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (!*ktally_symbolize_user(sym, image, words[i], i > 0)->module)
			return i + 1;
	return nr;
}

static const char *cut_name(uint64_t word)
{
	static const char *const names[] = {
		[KTALLY_CUT_NONE] = "[cut]",
		[KTALLY_CUT_DEPTH] = "[cut: depth]",
		[KTALLY_CUT_MAPPING] = "[cut: unknown code]",
		[KTALLY_CUT_TABLE] = "[cut: no unwind table]",
		[KTALLY_CUT_RULE] = "[cut: no unwind rule]",
		[KTALLY_CUT_FAULT] = "[cut: stack not in memory]",
		[KTALLY_CUT_LOOP] = "[cut: stack goes astray]",
	};
	uint64_t reason = KTALLY_WORD_CUT_REASON(word);

	return names[reason <= KTALLY_CUT_MAX ? reason : KTALLY_CUT_NONE];
}

/* A frame and those that it is inlined into, outermost first. */
static int push_inlined(struct ktally_stack_view *view, const struct ktally_frame *frame)
{
	int ret = frame && frame->outer ? push_inlined(view, frame->outer) : 0;

	return ret ? ret : ktally_view_push(view, frame);
}

int ktally_view_user(struct ktally_stack_view *view, struct ktally_symbolizer *sym, uint64_t image, const uint64_t *words, unsigned int nr)
{
	unsigned int nr_native = 0, i;
	bool cut;

	while (nr_native < nr && !(words[nr_native] & KTALLY_WORD_INTERP))
		nr_native++;
	cut = nr_native && KTALLY_WORD_IS_CUT(words[nr_native - 1]);
	if (cut && ktally_view_push(view, ktally_symbolize_mark(sym, cut_name(words[--nr_native]))))
		return -ENOMEM;
	for (i = believable(sym, image, words, nr_native); i-- > 0;)
		if (push_inlined(view, ktally_symbolize_user(sym, image, words[i], i > 0)))
			return -ENOMEM;
	return 0;
}
