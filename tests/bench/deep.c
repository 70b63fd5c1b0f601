// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * deep DEPTH ROUNDS: goes down DEPTH calls and spins there for ROUNDS rounds of about a million instructions; prints the nanoseconds of CPU
 * time that this took. Interrupts that land on it are part of them, what runs beside it is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FRAME	__attribute__((noipa))

static volatile unsigned long sink;

static long long now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

FRAME void bottom(unsigned long n)
{
	unsigned long x = sink;

	while (n--)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	sink = x;
}

/* Some room in each frame, as real ones have: two dozen of them are about what perf copies of a stack. */
FRAME void down(unsigned int depth, unsigned long n)
{
	volatile char room[200];

	room[depth % sizeof(room)] = 1;
	if (depth)
		down(depth - 1, n);
	else
		bottom(n);
	sink += room[depth % sizeof(room)];
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;
	long long start;

	if (!rounds) {
		fprintf(stderr, "usage: deep DEPTH ROUNDS\n");
		return 2;
	}
	start = now();
	down(strtoul(argv[1], NULL, 10), rounds * 250000);
	printf("%lld\n", now() - start);
	return 0;
}
