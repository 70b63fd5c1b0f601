// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * chain MILLISECONDS [unlink]: C whose stacks are known: main, alpha, beta, gamma, then delta or epsilon, then a leaf that burns time in a way
 * of its own: alone, in functions of libc, in a callback, in the vDSO, in a system call, in a signal handler, at the bottom of a recursion.
 * With 'unlink' it first takes its own file away.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Nothing is inlined, cloned, or turned into a jump: every call leaves a frame. */
#define FRAME	__attribute__((noipa))
#define WORK	20000
#define DEPTH	24

static volatile unsigned long sink;
static int zero;

/* Behind each call, so that it is not the last thing that its caller does. */
static inline void back(void)
{
	sink++;
}

static inline unsigned long churn(unsigned long x, unsigned int n)
{
	while (n--)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	return x;
}

FRAME void leaf_spin(void)
{
	sink = churn(sink, WORK);
}

FRAME void leaf_copy(void)
{
	static char from[32 << 10], to[32 << 10];
	volatile size_t size = sizeof(from);
	unsigned int i;

	for (i = 0; i < 8; i++) {
		memcpy(to, from, size);
		from[i] = to[i + 1];
	}
	back();
}

FRAME int compare(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

FRAME void leaf_sort(void)
{
	unsigned int numbers[256], i;

	for (i = 0; i < 256; i++)
		numbers[i] = i * 2654435761U;
	qsort(numbers, 256, sizeof(*numbers), compare);
	sink += numbers[7];
}

/* A frame whose size is not known to the compiler: counted from rbp. */
FRAME void leaf_sized(unsigned int size)
{
	unsigned char room[size];
	unsigned int i;

	memset(room, (int)sink, size);
	for (i = 0; i < WORK; i++)
		room[i % size] = room[(i * 7) % size] + i;
	sink += room[size / 2];
}

FRAME void fill(unsigned long *room, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < WORK; i++)
		room[i % nr] += churn(i, 2);
}

/* And one that is aligned as well: its CFA lies in memory. */
FRAME void leaf_aligned(unsigned int size)
{
	unsigned long line[16] __attribute__((aligned(128)));
	unsigned long room[size];

	memset(line, 0, sizeof(line));
	room[0] = 0;
	fill(line, 16);
	fill(room, 1);
	sink += line[3] + room[0];
}

FRAME void leaf_parse(void)
{
	char text[32];
	unsigned int i;

	for (i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "%u.%u4142135623730950488", i, i);
		sink += strtod(text, NULL) > 3;
	}
}

FRAME void leaf_read(void)
{
	static char buffer[256 << 10];

	if (read(zero, buffer, sizeof(buffer)) != sizeof(buffer))
		abort();
	back();
}

FRAME void leaf_clock(void)
{
	struct timespec ts;
	unsigned int i;

	for (i = 0; i < 300; i++) {
		clock_gettime(CLOCK_MONOTONIC, &ts);
		sink += ts.tv_nsec;
	}
}

FRAME void handle(int sig)
{
	sink = churn(sink + sig, WORK);
}

FRAME void leaf_signal(void)
{
	raise(SIGUSR1);
	back();
}

FRAME void descend(unsigned int depth)
{
	if (depth)
		descend(depth - 1);
	else
		leaf_spin();
	back();
}

FRAME void delta(unsigned int n)
{
	switch (n % 4) {
	case 0: leaf_copy(); break;
	case 1: leaf_sort(); break;
	case 2: leaf_sized(500 + n); break;
	case 3: leaf_aligned(20 + n); break;
	}
	back();
}

FRAME void epsilon(unsigned int n)
{
	switch (n % 5) {
	case 0: leaf_parse(); break;
	case 1: leaf_read(); break;
	case 2: leaf_clock(); break;
	case 3: leaf_signal(); break;
	case 4: descend(DEPTH - 1); break;
	}
	back();
}

FRAME void gamma_(unsigned int n)
{
	if (n < 4)
		delta(n);
	else
		epsilon(n - 4);
	back();
}

FRAME void beta(unsigned int n)
{
	gamma_(n);
	back();
}

FRAME void alpha(unsigned int n)
{
	beta(n);
	back();
}

FRAME long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long long end = now_ms() + (argc > 1 ? atoi(argv[1]) : 1000);
	unsigned int n = getpid();	/* short runs begin with another leaf each time */

	if (argc > 2 && unlink(argv[0])) {
		perror(argv[0]);
		return 1;
	}
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	signal(SIGUSR1, handle);
	do
		alpha(n++ % 9);
	while (now_ms() < end);
	return 0;
}
