// SPDX-License-Identifier: GPL-2.0-or-later
/* A program that is only in its container: it works in a function of its own and in one of its library, until it is told to end. */
#include <stdlib.h>
#include <time.h>

unsigned long library_work(unsigned long n);

__attribute__((noinline)) unsigned long hidden_inner(unsigned long n)
{
	volatile unsigned long i, sum = 0;

	for (i = 0; i < 20000; i++)
		sum += i ^ n;
	return sum;
}

__attribute__((noinline)) unsigned long hidden_middle(unsigned long n)
{
	volatile unsigned long sum = hidden_inner(n);

	return sum + library_work(n);
}

__attribute__((noinline)) unsigned long hidden_outer(unsigned long n)
{
	volatile unsigned long sum = hidden_middle(n);

	return sum;
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	volatile unsigned long sum = 0;

	while (time(NULL) < end)
		sum += hidden_outer(sum);
	return 0;
}
