// SPDX-License-Identifier: GPL-2.0
// struct_size(): "overflow.h: Add allocation size calculation helpers", 4.18.
#include <linux/kernel.h>
#include <linux/overflow.h>

struct some { int n; int each[]; };
size_t probe(struct some *some, size_t n);

size_t probe(struct some *some, size_t n)
{
	return struct_size(some, each, n) + array_size(n, n);
}
