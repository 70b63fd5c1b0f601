// SPDX-License-Identifier: GPL-2.0
// tracepoints are registered by pointer: "tracepoint: Use struct pointer instead of name hash
// for reg/unreg tracepoints", 3.15.
#include <linux/tracepoint.h>

int probe(struct tracepoint *tp, void *fn, void *data);

int probe(struct tracepoint *tp, void *fn, void *data)
{
	for_each_kernel_tracepoint(NULL, NULL);
	return tracepoint_probe_register(tp, fn, data);
}
