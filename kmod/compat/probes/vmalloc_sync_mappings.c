// SPDX-License-Identifier: GPL-2.0
// vmalloc_sync_mappings(): x86 mapped its vmalloc area lazily until "x86/mm: Remove vmalloc
// faulting", 5.8.
#include <linux/vmalloc.h>

void probe(void);

void probe(void)
{
	vmalloc_sync_mappings();
}
