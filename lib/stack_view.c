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
