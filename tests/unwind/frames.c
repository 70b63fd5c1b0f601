// SPDX-License-Identifier: GPL-2.0-or-later
/* frames.c: a program of stacks that few have: signal handlers, on a stack of their own too, aligned and growing frames, callbacks, exits. */
#include <alloca.h>
#include <search.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <ucontext.h>

#ifdef __x86_64__
#define WIDE		__attribute__((target("avx2")))
#define has_wide()	__builtin_cpu_supports("avx2")
#else
#define WIDE
#define has_wide()	1
#endif

static volatile unsigned long sink;
static ucontext_t outer, inner;

static __attribute__((noinline)) unsigned long burn(unsigned long n)
{
	unsigned long x = n | 1;

	while (n--)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	sink += x;
	return x;
}

/* The compiler aligns the stack, and finds its arguments through another register. */
static WIDE __attribute__((noinline)) double aligned(int depth, double a, ...)
{
	double room[8] __attribute__((aligned(64)));
	unsigned int i;

	for (i = 0; i < 8; i++)
		room[i] = a * i;
	burn(500);
	if (depth)
		room[depth & 7] += aligned(depth - 1, room[3], room[4]);
	sink += (unsigned long)(size_t)&room[depth & 7];
	return room[depth & 7];
}

static __attribute__((noinline)) unsigned long growing(int depth)
{
	char *room = alloca(64 + burn(100) % 512);

	memset(room, depth, 64);
	sink += (unsigned char)room[depth];
	return depth ? growing(depth - 1) + room[1] : burn(2000);
}

static int compare(const void *a, const void *b)
{
	burn(20);
	return *(const int *)a - *(const int *)b;
}

static __attribute__((noinline)) void callbacks(void)
{
	int numbers[64], i;
	void *tree = NULL;

	for (i = 0; i < 64; i++)
		numbers[i] = (i * 37) % 64;
	qsort(numbers, 64, sizeof(numbers[0]), compare);
	for (i = 0; i < 32; i++)
		tsearch(&numbers[i], &tree, compare);
	while (tree)
		tdelete(*(void **)tree, &tree, compare);
}

static void handler(int number)
{
	burn(number == SIGALRM ? 200000 : 100000);
	growing(3);
}

static void other_stack(void)
{
	for (;;) {
		aligned(2, 1.5, 2.0);
		swapcontext(&inner, &outer);
	}
}

static __attribute__((noinline)) void prepare(void)
{
	static char room[65536], context[65536];
	struct itimerval often = { { 0, 3000 }, { 0, 3000 } };
	struct sigaction action = { .sa_handler = handler };
	stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };

	sigaction(SIGALRM, &action, NULL);
	sigaltstack(&stack, NULL);
	action.sa_flags = SA_ONSTACK;
	sigaction(SIGPROF, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	setitimer(ITIMER_PROF, &often, NULL);
	getcontext(&inner);
	inner.uc_stack = (stack_t){ .ss_sp = context, .ss_size = sizeof(context) };
	makecontext(&inner, other_stack, 0);
}

int main(void)
{
	int i;

	prepare();
	for (i = 0;; i++) {
		callbacks();
		growing(i % 20);
		if (has_wide())
			aligned(i % 8, 1.0, 2.0);
		if (has_wide() && i % 4 == 0)
			swapcontext(&outer, &inner);
	}
}
