// SPDX-License-Identifier: GPL-2.0-or-later
/* A plugin of host: plugin_beta, then gamma_NAME, then leaf_NAME or qsort with compare_NAME. NAME is given by the compiler's command line. */
#include <stdlib.h>

#define FRAME		__attribute__((noipa))
#define JOIN2(a, b)	a##_##b
#define JOIN(a, b)	JOIN2(a, b)
#define OWN(name)	JOIN(name, NAME)

static volatile unsigned long sink;

FRAME int OWN(compare)(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

FRAME void OWN(sort)(void)
{
	unsigned int numbers[256], i;

	for (i = 0; i < 256; i++)
		numbers[i] = i * 2654435761U;
	qsort(numbers, 256, sizeof(*numbers), OWN(compare));
	sink += numbers[7];
}

FRAME void OWN(leaf)(unsigned int n)
{
	unsigned long x = sink;

	while (n--)
		x = x * 6364136223846793005UL + 1442695040888963407UL;
	sink = x;
}

FRAME void OWN(gamma)(unsigned int n)
{
	if (n)
		OWN(leaf)(20000);
	else
		OWN(sort)();
	sink++;
}

FRAME void plugin_beta(unsigned int n)
{
	OWN(gamma)(n);
	sink++;
}
