// SPDX-License-Identifier: GPL-2.0
// save_stack_trace(): until "x86/stacktrace: Use common infrastructure", 5.2.
#include <linux/stacktrace.h>

void probe(struct stack_trace *trace);

void probe(struct stack_trace *trace)
{
	save_stack_trace(trace);
}
