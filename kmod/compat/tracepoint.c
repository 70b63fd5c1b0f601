// SPDX-License-Identifier: GPL-2.0
/* Finds tracepoints by name and attaches typed handlers to them. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "compat/sync.h"
#include "compat/tracepoint.h"

#ifdef KTALLY_HAVE_TRACEPOINT_POINTER

/* "tracepoint: Use struct pointer instead of name hash for reg/unreg tracepoints", 3.15. */
struct search {
	const char *name;
	struct tracepoint *found;
};

static void compare(struct tracepoint *tp, void *context)
{
	struct search *search = context;

	if (!strcmp(tp->name, search->name))
		search->found = tp;
}

static struct tracepoint *find(const char *name)
{
	struct search search = { .name = name };

	for_each_kernel_tracepoint(compare, &search);
	return search.found;
}

int ktally_tp_register(const char *name, void *fn, void *data)
{
	struct tracepoint *tp = find(name);

	return tp ? tracepoint_probe_register(tp, fn, data) : -ENOENT;
}

void ktally_tp_unregister(const char *name, void *fn, void *data)
{
	struct tracepoint *tp = find(name);

	if (tp)
		tracepoint_probe_unregister(tp, fn, data);
}

bool ktally_tp_exists(const char *name)
{
	return find(name);
}

#else

int ktally_tp_register(const char *name, void *fn, void *data)
{
	return tracepoint_probe_register(name, fn, data);
}

void ktally_tp_unregister(const char *name, void *fn, void *data)
{
	tracepoint_probe_unregister(name, fn, data);
}

bool ktally_tp_exists(const char *name)
{
	return true;
}

#endif

void ktally_tp_synchronize(void)
{
	tracepoint_synchronize_unregister();
	/* Ours disable preemption themselves, which the line above no longer waits for. */
	ktally_synchronize();
}
