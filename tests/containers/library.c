// SPDX-License-Identifier: GPL-2.0-or-later
/* A library that is only in the container. */
unsigned long library_work(unsigned long n);

__attribute__((noinline)) unsigned long library_work(unsigned long n)
{
	volatile unsigned long i, sum = 0;

	for (i = 0; i < 20000; i++)
		sum += i * n;
	return sum;
}
