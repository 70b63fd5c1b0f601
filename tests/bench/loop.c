// SPDX-License-Identifier: GPL-2.0-or-later
/* loop CALLS ROUNDS: calls getppid CALLS times in each of ROUNDS rounds and prints the nanoseconds a call took in the median round. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MAX 1000

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	static long long took[ROUNDS_MAX];
	long calls, rounds, round, i;

	calls = argc == 3 ? atol(argv[1]) : 0;
	rounds = argc == 3 ? atol(argv[2]) : 0;
	if (calls < 1 || rounds < 1 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: loop CALLS ROUNDS\n");
		return 2;
	}
	/* A round is short against the timer tick: most have none, and the median is one of those. */
	for (round = 0; round < rounds; round++) {
		long long start = now();

		for (i = 0; i < calls; i++)
			syscall(SYS_getppid);
		took[round] = now() - start;
	}
	qsort(took, rounds, sizeof(took[0]), by_size);
	printf("%.2f\n", (double)took[rounds / 2] / calls);
	return 0;
}
