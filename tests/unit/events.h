/* SPDX-License-Identifier: GPL-2.0-or-later */
/* events.h: a catalogue as a module would publish it, with one source that has a field of every type. */
#ifndef TESTS_EVENTS_H
#define TESTS_EVENTS_H

#include <stdio.h>

#include "libktally.h"

/* Numbers of the fields of test:event. */
enum { F_A, F_B, F_C, F_D, F_E, F_F, F_TEXT, F_LONG, F_PTR, F_UPTR, F_PID, F_SIZE };

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
		[F_A] = { .name = "a", .type = KTALLY_TYPE_INT, .size = 8 }, [F_B] = { .name = "b", .type = KTALLY_TYPE_UINT, .size = 8 }, [F_C] = { .name = "c", .type = KTALLY_TYPE_INT, .size = 4 },
		[F_D] = { .name = "d", .type = KTALLY_TYPE_UINT, .size = 4 }, [F_E] = { .name = "e", .type = KTALLY_TYPE_UINT, .size = 1 }, [F_F] = { .name = "f", .type = KTALLY_TYPE_INT, .size = 1 },
		[F_TEXT] = { .name = "text", .type = KTALLY_TYPE_STRING, .size = 16 }, [F_LONG] = { .name = "path", .type = KTALLY_TYPE_STRING, .size = 100 },
		[F_PTR] = { .name = "call_site", .type = KTALLY_TYPE_KPTR, .size = 8 }, [F_UPTR] = { .name = "buf", .type = KTALLY_TYPE_UPTR, .size = 8 },
		[F_PID] = { .name = "next_pid", .type = KTALLY_TYPE_INT, .size = 4 }, [F_SIZE] = { .name = "size", .type = KTALLY_TYPE_UINT, .size = 8 },
	};
	static struct ktally_source_field enter[] = {
		{ .name = "id", .type = KTALLY_TYPE_INT, .size = 8 }, { .name = "arg0", .type = KTALLY_TYPE_UINT, .size = 8 }, { .name = "arg1", .type = KTALLY_TYPE_UINT, .size = 8 },
	};
	static struct ktally_source_field leave[] = { { .name = "id", .type = KTALLY_TYPE_INT, .size = 8 }, { .name = "ret", .type = KTALLY_TYPE_INT, .size = 8 } };
	static struct ktally_source_field wakeup[] = {
		{ .name = "comm", .type = KTALLY_TYPE_STRING, .size = 16 }, { .name = "pid", .type = KTALLY_TYPE_INT, .size = 4 }, { .name = "target_cpu", .type = KTALLY_TYPE_INT, .size = 4 },
	};
	static struct ktally_source_field kprobe[] = {
		{ .name = "arg0", .type = KTALLY_TYPE_UINT, .size = 8 }, { .name = "arg1", .type = KTALLY_TYPE_UINT, .size = 8 }, { .name = "ip", .type = KTALLY_TYPE_KPTR, .size = 8 },
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
