/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events.h: a catalogue as a module would publish it, with one source that has a field of every type. */
#ifndef TESTS_EVENTS_H
#define TESTS_EVENTS_H

#include <stdio.h>

#include "libktally.h"

/* Numbers of the fields of test:event. */
enum { F_A, F_B, F_C, F_D, F_E, F_F, F_TEXT, F_LONG, F_PTR, F_UPTR, F_PID, F_SIZE };

#define FIELD(n, t, s) { .name = n, .type = KTALLY_TYPE_##t, .size = s }
#define NR(array) (sizeof(array) / sizeof((array)[0]))

static inline void event_source(struct ktally_catalogue *cat, enum ktally_source_kind kind, const char *name, bool available,
				struct ktally_source_field *fields, unsigned int nr)
{
	struct ktally_source_info info = { .kind = kind, .available = available, .nr_fields = nr, .fields = fields };

	snprintf(info.name, sizeof(info.name), "%s", name);
	if (ktally_catalogue_add(cat, &info))
		abort();
}

static inline void event_catalogue(struct ktally_catalogue *cat)
{
	static struct ktally_source_field all[] = {
		[F_A] = FIELD("a", INT, 8), [F_B] = FIELD("b", UINT, 8), [F_C] = FIELD("c", INT, 4),
		[F_D] = FIELD("d", UINT, 4), [F_E] = FIELD("e", UINT, 1), [F_F] = FIELD("f", INT, 1),
		[F_TEXT] = FIELD("text", STRING, 16), [F_LONG] = FIELD("path", STRING, 100),
		[F_PTR] = FIELD("call_site", KPTR, 8), [F_UPTR] = FIELD("buf", UPTR, 8),
		[F_PID] = FIELD("next_pid", INT, 4), [F_SIZE] = FIELD("size", UINT, 8),
	};
	static struct ktally_source_field enter[] = {
		FIELD("id", INT, 8), FIELD("arg0", UINT, 8), FIELD("arg1", UINT, 8),
	};
	static struct ktally_source_field leave[] = { FIELD("id", INT, 8), FIELD("ret", INT, 8) };
	static struct ktally_source_field wakeup[] = {
		FIELD("comm", STRING, 16), FIELD("pid", INT, 4), FIELD("target_cpu", INT, 4),
	};
	static struct ktally_source_field kprobe[] = {
		FIELD("arg0", UINT, 8), FIELD("arg1", UINT, 8), FIELD("ip", KPTR, 8),
	};

	memset(cat, 0, sizeof(*cat));
	cat->features = ~0ULL;
	event_source(cat, KTALLY_SOURCE_TRACEPOINT, "test:event", true, all, NR(all));
	event_source(cat, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_enter", true, enter, NR(enter));
	event_source(cat, KTALLY_SOURCE_TRACEPOINT, "raw_syscalls:sys_exit", true, leave, NR(leave));
	event_source(cat, KTALLY_SOURCE_TRACEPOINT, "sched:sched_wakeup", true, wakeup, NR(wakeup));
	event_source(cat, KTALLY_SOURCE_TRACEPOINT, "sched:absent", false, NULL, 0);
	event_source(cat, KTALLY_SOURCE_TRACEPOINT, "one:twice", true, NULL, 0);
	event_source(cat, KTALLY_SOURCE_TRACEPOINT, "two:twice", true, NULL, 0);
	event_source(cat, KTALLY_SOURCE_KPROBE, "kprobe", true, kprobe, NR(kprobe));
	event_source(cat, KTALLY_SOURCE_TIMER, "timer", true, NULL, 0);
	event_source(cat, KTALLY_SOURCE_PERF, "perf", true, NULL, 0);
}

#endif
