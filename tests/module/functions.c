// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions to be probed: what they are called with, what they return and how long they take is known. */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/perf_event.h>
#include <linux/ptrace.h>
#include "ktally_test.h"

u64 ktally_test_word __aligned(8);

KTALLY_TEST_TARGET unsigned long ktally_test_call(unsigned long a, unsigned long b, unsigned long c,
						  unsigned long d, unsigned long e, unsigned long f)
{
	barrier();
	return b + a + (c + d + e + f - 4 * a - 14);
}

KTALLY_TEST_TARGET unsigned long ktally_test_text(const char *text, unsigned long len)
{
	barrier();
	return text[len] ? 0 : len;
}

KTALLY_TEST_TARGET unsigned long ktally_test_spin(unsigned long loops)
{
	unsigned long left = loops;

	if (!left)
		return 0;
#if defined(__x86_64__)
	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (left) : : "cc");
#elif defined(__aarch64__)
	asm volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r" (left) : : "cc");
#else
#error "write a loop of two instructions for this architecture"
#endif
	return loops - left;
}

/* Behind each call stands a barrier, so that none of them becomes a jump. */

KTALLY_TEST_TARGET unsigned long ktally_test_recurse(unsigned long depth)
{
	unsigned long below = 0;

	if (depth) {
		below = ktally_test_recurse(depth - 1) + 1;
		barrier();
	}
	return below;
}

KTALLY_TEST_TARGET unsigned long ktally_test_c(unsigned long n)
{
	ktally_test_spin(1000);
	barrier();
	return n;
}

KTALLY_TEST_TARGET unsigned long ktally_test_b(unsigned long n)
{
	unsigned long sum = 0, i;

	ktally_test_spin(2000);
	for (i = 0; i < 3; i++)
		sum += ktally_test_c(n + i);
	barrier();
	return sum;
}

KTALLY_TEST_TARGET unsigned long ktally_test_a(unsigned long n)
{
	unsigned long sum = 0, i;

	ktally_test_spin(3000);
	for (i = 0; i < 2; i++)
		sum += ktally_test_b(n + i);
	barrier();
	return sum;
}

KTALLY_TEST_TARGET unsigned long ktally_test_burn(unsigned long n, unsigned int event, u64 delta)
{
	struct pt_regs regs;
	unsigned long i;

	for (i = 0; i < n; i++) {
		perf_fetch_caller_regs(&regs);
		/* The address that called us was taken; the one that is meant is here. */
		instruction_pointer_set(&regs, _THIS_IP_);
		if (ktally_test_pmu_count(event, delta, false, &regs))
			break;
	}
	return i;
}
