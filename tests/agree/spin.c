// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * spin: a steady load for profilers, until it is killed: three functions of its own and two of the kernel, each with its share of the time.
 *
 * Each worker measures how fast every part is, then does them in turn, in slices short against the distance of two samples.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS	2000000.0	/* of all parts together */
#define WORDS		4096

static uint64_t words[WORDS], sink;
static unsigned char bytes[1 << 16];
static int zero;

static __attribute__((noinline)) void spin_hash(long units)
{
	uint64_t h = sink;
	long i;

	for (i = 0; i < units * 64; i++)
		h = (h ^ (uint64_t)i) * 0x100000001b3ULL;
	sink = h;
}

static __attribute__((noinline)) void spin_walk(long units)
{
	uint64_t at = sink % WORDS;
	long i;

	for (i = 0; i < units * 64; i++)
		at = words[at];
	sink += at;
}

static __attribute__((noinline)) void spin_sum(long units)
{
	uint64_t sum = 0;
	long i;

	for (i = 0; i < units * 64; i++)
		sum += words[i % WORDS] >> 3;
	sink += sum;
}

static __attribute__((noinline)) void kernel_clear(long units)
{
	while (units-- > 0)
		if (read(zero, bytes, 16384) < 0)
			exit(1);
}

static __attribute__((noinline)) void kernel_random(long units)
{
	while (units-- > 0)
		if (getrandom(bytes, 2048, 0) < 0)
			exit(1);
}

static struct part {
	void (*run)(long units);
	double share, units;
} parts[] = {
	{ spin_hash, 0.30, 0 }, { spin_walk, 0.23, 0 }, { spin_sum, 0.17, 0 }, { kernel_clear, 0.15, 0 }, { kernel_random, 0.15, 0 },
};
#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

/* Doubles the work until it takes long enough to be timed. */
static double units_per_ns(const struct part *part)
{
	double start, took;
	long units = 1;

	do {
		units *= 2;
		start = now();
		part->run(units);
		took = now() - start;
	} while (took < 2e8);
	return units / took;
}

static void work(void)
{
	size_t n;

	for (n = 0; n < NR_PARTS; n++)
		parts[n].units = units_per_ns(&parts[n]) * parts[n].share * SLICE_NS;
	for (;;)
		for (n = 0; n < NR_PARTS; n++)
			parts[n].run((long)(parts[n].units + 0.5));
}

int main(int argc, char **argv)
{
	long workers = argc == 2 ? atol(argv[1]) : 0;
	uint64_t n;

	if (workers < 1) {
		fprintf(stderr, "usage: spin WORKERS\n");
		return 2;
	}
	zero = open("/dev/zero", O_RDONLY);
	if (zero < 0) {
		perror("/dev/zero");
		return 1;
	}
	/* One cycle through all words: the step is odd. */
	for (n = 0; n < WORDS; n++)
		words[n] = (n + 1667) % WORDS;
	while (--workers && fork() > 0)
		;
	work();
	return 0;
}
