/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trace events of the test module, with a field of every shape that trace events have. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ktally_test

#if !defined(_KTALLY_TEST_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KTALLY_TEST_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#define KTALLY_TEST_WORDS 3

TRACE_EVENT(fire,

	TP_PROTO(int number, u64 value, const char *text),

	TP_ARGS(number, value, text),

	TP_STRUCT__entry(
		__field(int, number)
		__field(u64, value)
		__field(short, negative)
		__array(char, fixed, 16)
		__array(u32, pair, 2)
		/* As __string() has it, whose assignment kernels do not agree about. */
		__dynamic_array(char, text, strlen(text) + 1)
		__dynamic_array(int, words, KTALLY_TEST_WORDS)
	),

	TP_fast_assign(
		int *words = __get_dynamic_array(words);

		__entry->number = number;
		__entry->value = value;
		__entry->negative = -number;
		memset(__entry->fixed, 0, sizeof(__entry->fixed));
		memcpy(__entry->fixed, "fixed", 5);
		__entry->pair[0] = value;
		__entry->pair[1] = value + 1;
		memcpy(__get_dynamic_array(text), text, strlen(text) + 1);
		words[0] = number;
		words[1] = number * 10;
		words[2] = number * 100;
	),

	TP_printk("number=%d value=%llu fixed=%s text=%s", __entry->number, __entry->value, __entry->fixed,
		  __get_str(text))
);

DECLARE_EVENT_CLASS(step,

	TP_PROTO(u64 id),

	TP_ARGS(id),

	TP_STRUCT__entry(
		__field(u64, id)
	),

	TP_fast_assign(
		__entry->id = id;
	),

	TP_printk("id=%llu", __entry->id)
);

DEFINE_EVENT(step, begin, TP_PROTO(u64 id), TP_ARGS(id));
DEFINE_EVENT(step, middle, TP_PROTO(u64 id), TP_ARGS(id));
DEFINE_EVENT(step, end, TP_PROTO(u64 id), TP_ARGS(id));

#endif /* _KTALLY_TEST_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
