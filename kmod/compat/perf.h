/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's own perf counters: creation, the handler's signature, raw records, reading. */
#ifndef _KTALLY_COMPAT_PERF_H
#define _KTALLY_COMPAT_PERF_H

#include <linux/compiler.h>
#include <linux/irqflags.h>
#include <linux/perf_event.h>
#include <linux/types.h>
#include <asm/local64.h>

#define ktally_perf_fn	perf_overflow_handler_t

/**
 * KTALLY_PERF_HANDLER() - head of a static function that is called when a counter overflows
 * @name: of the function
 * @event: names the struct perf_event parameter
 * @data: names the struct perf_sample_data parameter, for ktally_perf_raw() only
 * @regs: names the struct pt_regs parameter: the interrupted context
 *
 * Context: any, NMI included.
 */
#define KTALLY_PERF_HANDLER(name, event, data, regs)			\
	static void name(struct perf_event *event,			\
			 struct perf_sample_data *data,			\
			 struct pt_regs *regs)

/**
 * ktally_perf_create() - a counter of our own on one CPU
 * @attr: as for perf_event_open(2); PERF_SAMPLE_RAW is added for a tracepoint, which newer
 *	kernels ("perf/core: Save raw sample data conditionally based on sample type", 6.13)
 *	hand no record otherwise
 * @cpu: an online CPU
 * @fn: called at an overflow, or NULL
 * @context: what ktally_perf_context() gives the handler
 *
 * Permissions are checked against the calling task, as for perf_event_open(2).
 *
 * Return: the counter or ERR_PTR(); -ENOENT where no PMU has such an event, -ENODEV for a CPU
 * that is offline, -EACCES or -EPERM.
 * Context: process, sleeps.
 */
struct perf_event *ktally_perf_create(struct perf_event_attr *attr, int cpu,
				      ktally_perf_fn fn, void *context);

/**
 * ktally_perf_context() - what the counter was created with
 * @event: from ktally_perf_create()
 *
 * Context: any.
 */
static inline void *ktally_perf_context(struct perf_event *event)
{
	return event->overflow_handler_context;
}

/**
 * ktally_perf_release() - end a counter; on return its handler runs no more
 * @event: from ktally_perf_create()
 *
 * For a tracepoint the handler may still be running: ktally_tp_synchronize() first.
 * Context: process, sleeps.
 */
static inline void ktally_perf_release(struct perf_event *event)
{
	perf_event_release_kernel(event);
}

/**
 * ktally_perf_enable() - let a counter that was created disabled, or disabled since, count
 * @event: from ktally_perf_create()
 *
 * Context: process; interrupts CPU @event is on.
 */
static inline void ktally_perf_enable(struct perf_event *event)
{
	perf_event_enable(event);
}

/**
 * ktally_perf_disable() - let a counter rest
 * @event: from ktally_perf_create()
 *
 * Context: process; interrupts CPU @event is on.
 */
static inline void ktally_perf_disable(struct perf_event *event)
{
	perf_event_disable(event);
}

/**
 * ktally_perf_raw() - the record of the trace event that a handler is called for
 * @data: the handler's
 * @size: how many bytes of it there are
 *
 * Whether it is there must be asked since "perf: Use sample_flags for raw_data", 6.1. It is
 * a fragment since "perf, events: add non-linear data support for raw records", 4.8.
 *
 * Return: the record, laid out as the event's format file says, or NULL.
 * Context: inside the handler.
 */
static inline const void *ktally_perf_raw(struct perf_sample_data *data, u32 *size)
{
	struct perf_raw_record *raw;

#ifdef KTALLY_HAVE_PERF_SAMPLE_FLAGS
	if (!(data->sample_flags & PERF_SAMPLE_RAW))
		return NULL;
#endif
	raw = data->raw;
	if (!raw)
		return NULL;
#ifdef KTALLY_HAVE_PERF_RAW_FRAG
	*size = raw->frag.size;
	return raw->frag.data;
#else
	*size = raw->size;
	return raw->data;
#endif
}

/**
 * ktally_perf_address() - the address that a sample is about: of a breakpoint, a page fault, a load
 * @data: the handler's
 *
 * Whether it is there must be asked since "perf: Use sample_flags for addr", 6.1.
 *
 * Return: the address, or 0.
 * Context: inside the handler.
 */
static inline u64 ktally_perf_address(const struct perf_sample_data *data)
{
#ifdef KTALLY_HAVE_PERF_SAMPLE_FLAGS
	if (!(data->sample_flags & PERF_SAMPLE_ADDR))
		return 0;
#endif
	return data->addr;
}

/*
 * Whether a module may have hardware breakpoints. On arm64 one is hit before the access, and only the kernel's own handler steps
 * over it (is_default_overflow_handler()): with another the access would be repeated, and hit, for ever.
 */
#if defined(CONFIG_HAVE_HW_BREAKPOINT) && !defined(CONFIG_ARM64)
#define KTALLY_PERF_BREAKPOINTS	1
#else
#define KTALLY_PERF_BREAKPOINTS	0
#endif

/**
 * ktally_perf_read() - what a counter of this CPU has counted until now
 * @event: a counter created for this CPU
 * @value: where to
 *
 * perf_event_read_local() is exported by no kernel; this does what it does: asks the PMU itself, for a counter that is on
 * the hardware right here (oncpu is -1 when it is not).
 *
 * Interrupts are off meanwhile, for what one could do in the middle: take the counter off the hardware or move it to
 * another place there (perf_event_open(2) of somebody else does), so that a foreign place would be read and added; or
 * read the same counter between the PMU's taking note of the new value and its adding of the difference, and find too
 * little. An NMI can do neither of the first two; the third it can, as in perf_event_read_local(): its own value is too
 * little then, never ours, and never less than one read before. raw_: tracers of interrupts need not hear of it.
 *
 * Return: false if the counter is not counting here, for instance because more of them
 * share the PMU than it has places.
 * Context: any, NMI included, with preemption off on the counter's CPU.
 */
static __always_inline bool ktally_perf_read(struct perf_event *event, u64 *value)
{
	unsigned long flags;
	bool counting;

	raw_local_irq_save(flags);
	counting = READ_ONCE(event->oncpu) >= 0;
	if (likely(counting)) {
		event->pmu->read(event);
		*value = local64_read(&event->count);
	}
	raw_local_irq_restore(flags);
	return counting;
}

#endif /* _KTALLY_COMPAT_PERF_H */
