/* SPDX-License-Identifier: GPL-2.0 */
/* Includes the header of the page fault tracepoints, wherever the kernel has it, if at all. */
#ifndef _KTALLY_COMPAT_TRACE_EXCEPTIONS_H
#define _KTALLY_COMPAT_TRACE_EXCEPTIONS_H

#include <linux/ptrace.h>

/* That of x86 does not expect to be the second of its kind. */
#undef TRACE_INCLUDE_PATH
#undef TRACE_INCLUDE_FILE

/* "x86/tracing, x86/mm: Move page fault tracepoints to generic", 6.16. A compiler before gcc 5 cannot ask, nor has it 6.16. */
#ifdef __has_include
#if __has_include(<trace/events/exceptions.h>)
#include <trace/events/exceptions.h>
#elif __has_include(<asm/trace/exceptions.h>)
#include <asm/trace/exceptions.h>
#endif
#elif defined(CONFIG_X86)
#include <asm/trace/exceptions.h>
#endif

#endif /* _KTALLY_COMPAT_TRACE_EXCEPTIONS_H */
