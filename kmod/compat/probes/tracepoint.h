/* SPDX-License-Identifier: GPL-2.0 */
/* Asks whether a candidate of trace_candidates.h is the prototype that this kernel calls. */
#ifndef _KTALLY_PROBE_TRACEPOINT_H
#define _KTALLY_PROBE_TRACEPOINT_H

#include <linux/types.h>
#include <linux/kernel.h>
#include <linux/sched.h>
#include <linux/tracepoint.h>
#include "trace_candidates.h"

/* The header of the workqueue events uses it; on old kernels without a declaration. */
struct pool_workqueue;

/*
 * tracepoint_probe_register() takes a void pointer and checks nothing; the header of the event
 * declares a function for this purpose, whose type we compare. A warning about a wrong handler
 * would depend on the compiler, a false static assertion does not.
 */
#define KTALLY_PROBE_TRACEPOINT(event, candidate)				\
_Static_assert(__builtin_types_compatible_p(					\
	typeof(&check_trace_callback_type_##event),				\
	void (*)(void (*)(KTALLY_TP_PROTO_##event##_##candidate))), #event)

#endif /* _KTALLY_PROBE_TRACEPOINT_H */
