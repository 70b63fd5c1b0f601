// SPDX-License-Identifier: GPL-2.0
/*
 * Tracepoint source: typed handlers, registered directly, without a trace record in between.
 *
 * A handler stores the tracepoint's arguments as compat/trace_protos.h puts them in order; fields say where in these
 * their values are. Adding one: a row in KTALLY_TP_EVENTS() with its prototypes, and its fields in the fields_*.c of its kind.
 */
#include <linux/kernel.h>
#include <linux/string.h>
#include "compat/tracepoint.h"
#include "source.h"
#include "source_tracepoint.h"

/*
 * Raw probes run with preemption on since 6.13 (system calls) and 7.0 (all). No stack protector: args is indexed by
 * numbers from the tables above only, and the canary would be a tenth of the cost of a hit.
 */
#define HANDLER(_system, _event, _nargs)						\
	static void __no_stack_protector hit_##_event(KTALLY_TP_PROTO(_event))		\
	{										\
		u64 args[KTALLY_TP_ARGS_MAX] __uninitialized;				\
											\
		preempt_disable_notrace();						\
		KTALLY_TP_FILL(_event, args);						\
		ktally_probe_hit_args(data, args, __builtin_frame_address(0));		\
		preempt_enable_notrace();						\
	}
KTALLY_TP_EVENTS(HANDLER)

/**
 * struct event - one typed tracepoint
 * @name: "system:event", as published
 * @tracepoint: the kernel's name
 * @handler: typed
 * @have: whether the prototype is known
 * @fields: what a program may read
 */
struct event {
	const char *name;
	const char *tracepoint;
	void *handler;
	bool have;
	const struct ktally_fields *fields;
};

#define EVENT(_system, _event, _nargs)							\
	{ #_system ":" #_event, #_event, hit_##_event, KTALLY_TP_HAVE(_event),		\
	  &ktally_fields_##_event },

static const struct event events[] = {
	KTALLY_TP_EVENTS(EVENT)
};

static bool event_available(const struct event *event)
{
	return event->have && ktally_tp_exists(event->tracepoint);
}

bool ktally_tracepoint_entry(unsigned int n, struct ktally_source_entry *entry)
{
	if (n >= ARRAY_SIZE(events))
		return false;
	entry->kind = KTALLY_SOURCE_TRACEPOINT;
	entry->name = events[n].name;
	entry->available = event_available(&events[n]);
	entry->fields = events[n].fields;
	return true;
}

static int tracepoint_init(struct ktally_probe *probe, const char **why)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(events); i++) {
		if (strcmp(events[i].name, probe->name))
			continue;
		if (!event_available(&events[i])) {
			*why = "this kernel does not have that tracepoint, or calls it in a way that is not known here";
			return -EOPNOTSUPP;
		}
		probe->source = (void *)&events[i];
		return 0;
	}
	*why = "no typed tracepoint of that name: `ktally list` shows those there are";
	return -ENOENT;
}

static void tracepoint_uninit(struct ktally_probe *probe)
{
}

static const struct ktally_fields *tracepoint_fields(const struct ktally_probe *probe)
{
	return ((const struct event *)probe->source)->fields;
}

static int tracepoint_attach(struct ktally_probe *probe)
{
	const struct event *event = probe->source;

	return ktally_tp_register(event->tracepoint, event->handler, probe);
}

static void tracepoint_detach(struct ktally_probe **probes, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		const struct event *event = probes[i]->source;

		ktally_tp_unregister(event->tracepoint, event->handler, probes[i]);
	}
	ktally_tp_synchronize();
}

const struct ktally_source_ops ktally_source_tracepoint = {
	.kind		= KTALLY_SOURCE_TRACEPOINT,
	.program	= true,
	.overhead	= 24,
	.init		= tracepoint_init,
	.uninit		= tracepoint_uninit,
	.fields		= tracepoint_fields,
	.attach		= tracepoint_attach,
	.detach		= tracepoint_detach,
};
