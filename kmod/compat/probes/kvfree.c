// SPDX-License-Identifier: GPL-2.0
// kvfree(): "nick kvfree() from apparmor", 3.15.
#include <linux/mm.h>
#include <linux/slab.h>

void probe(void *memory);

void probe(void *memory)
{
	kvfree(memory);
}
