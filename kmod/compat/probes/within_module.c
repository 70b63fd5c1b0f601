// SPDX-License-Identifier: GPL-2.0
// within_module(): "module: add within_module() function", 3.18.
#include <linux/module.h>

bool probe(unsigned long address);

bool probe(unsigned long address)
{
	return within_module(address, THIS_MODULE);
}
